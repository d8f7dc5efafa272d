// Package main is a small ticket service: correct code beside five unguarded maps. See README.md of the project.
package main

import "sync"

// Ticket is one request for help.
type Ticket struct {
	ID     string
	Labels map[string]string
}

// Store keeps all tickets.
type Store struct {
	mu      sync.RWMutex
	tickets map[string]*Ticket // guarded by mu
	views   map[string]int     // guarded by mu
}

func NewStore() *Store {
	return &Store{tickets: map[string]*Ticket{}, views: map[string]int{}}
}

// Put is right: the write lock is held.
func (s *Store) Put(t *Ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tickets[t.ID] = t
}

// Remove is right too.
func (s *Store) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tickets, id)
}

// Get counts views while it holds only the read lock: two readers write views at once.
func (s *Store) Get(id string) (*Ticket, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.views[id]++
	t, ok := s.tickets[id]
	return t, ok
}

// Count forgets the lock that every other access of tickets holds.
func (s *Store) Count() int {
	n := 0
	for range s.tickets {
		n++
	}
	return n
}
