package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Server answers requests; the methods below run on many goroutines at once.
type Server struct {
	store    *Store
	lastSeen map[string]time.Time
	sessions *Sessions
}

func (s *Server) handleTicket(w http.ResponseWriter, r *http.Request) {
	// No go statement is near: net/http runs every handler on its own goroutine.
	s.lastSeen[r.RemoteAddr] = time.Now()
	if t, ok := s.store.Get(r.URL.Query().Get("id")); ok {
		fmt.Fprintln(w, t.ID)
	}
}

func (s *Server) handleCreate(w http.ResponseWriter, r *http.Request) {
	s.store.Put(&Ticket{ID: r.FormValue("id"), Labels: map[string]string{}})
}

func (s *Server) handleClose(w http.ResponseWriter, r *http.Request) {
	s.store.Remove(r.FormValue("id"))
}

func (s *Server) handleCount(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, s.store.Count())
	for user := range s.sessions.All() {
		fmt.Fprintln(w, user)
	}
}

// Sessions hands its guarded map out: whoever gets it uses it without the lock.
type Sessions struct {
	mu    sync.Mutex
	users map[string]time.Time
}

func (s *Sessions) Touch(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[user] = time.Now()
}

func (s *Sessions) All() map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users
}

func (s *Server) handleLogin(w http.ResponseWriter, r *http.Request) {
	s.sessions.Touch(r.FormValue("user"))
}
