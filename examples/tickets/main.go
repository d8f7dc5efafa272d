package main

import (
	"net/http"
	"time"
)

func main() {
	store := NewStore()
	server := &Server{
		store:    store,
		lastSeen: map[string]time.Time{},
		sessions: &Sessions{users: map[string]time.Time{}},
	}
	fetch := func(id string) *Ticket { return &Ticket{ID: id, Labels: map[string]string{}} }
	for _, t := range importAll([]string{"1", "2"}, fetch) {
		store.Put(t)
	}
	for _, t := range importGuarded([]string{"3", "4"}, fetch) {
		store.Put(t)
	}
	http.HandleFunc("/ticket", server.handleTicket)
	http.HandleFunc("/create", server.handleCreate)
	http.HandleFunc("/close", server.handleClose)
	http.HandleFunc("/count", server.handleCount)
	http.HandleFunc("/login", server.handleLogin)
	_ = http.ListenAndServe("localhost:8080", nil)
}
