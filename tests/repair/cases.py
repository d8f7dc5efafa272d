"""Functions with a race, as they are and as they are to become: one of each form that a lock can take in a text."""

from typing import NamedTuple

HEAD = """package p

import (
	"net/http"
	"sync"
)

type S struct {
	mu sync.RWMutex
	m  map[string]int // guarded by mu
	n  int
}

func (s *S) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[r.Host]++
}

func (s *S) slow() int { s.mu.RLock(); defer s.mu.RUnlock(); return s.n }

"""


class Case(NamedTuple):
    """The body of ``func (s *S) Get(w http.ResponseWriter, r *http.Request)``, which an HTTP server runs."""

    name: str
    before: str
    after: str


CASES = (
    Case(
        "the end of a function",
        """
	s.n = 1
	s.m["a"] = 2
""",
        """
	s.n = 1
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m["a"] = 2
""",
    ),
    Case(
        "a reader",
        """
	_, _ = w.Write([]byte{byte(len(s.m))})
""",
        """
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, _ = w.Write([]byte{byte(len(s.m))})
""",
    ),
    Case(
        "before other work",
        """
	s.m["a"] = 2
	http.Error(w, "", 400)
""",
        """
	s.mu.Lock()
	s.m["a"] = 2
	s.mu.Unlock()
	http.Error(w, "", 400)
""",
    ),
    Case(
        "check and fill",
        """
	if _, ok := s.m["a"]; !ok {
		s.m["a"] = 1
	}
	http.Error(w, "", 400)
""",
        """
	s.mu.Lock()
	if _, ok := s.m["a"]; !ok {
		s.m["a"] = 1
	}
	s.mu.Unlock()
	http.Error(w, "", 400)
""",
    ),
    Case(
        "a function that takes the lock in between",
        """
	if v, ok := s.m["a"]; ok {
		s.n = v + s.slow()
		return
	}
	s.m["a"] = s.slow()
""",
        """
	s.mu.RLock()
	v, ok := s.m["a"]
	s.mu.RUnlock()
	if ok {
		s.n = v + s.slow()
		return
	}
	value := s.slow()
	s.mu.Lock()
	s.m["a"] = value
	s.mu.Unlock()
""",
    ),
    Case(
        "ways out before what waits",
        """
	for k := range s.m {
		if k == "" {
			return
		}
		s.n++
	}
	<-r.Context().Done()
""",
        """
	s.mu.RLock()
	for k := range s.m {
		if k == "" {
			s.mu.RUnlock()
			return
		}
		s.n++
	}
	s.mu.RUnlock()
	<-r.Context().Done()
""",
    ),
    Case(
        "an iteration that waits",
        """
	for range s.m {
		<-r.Context().Done()
	}
""",
        """
	s.mu.RLock()
	copied := maps.Clone(s.m)
	s.mu.RUnlock()
	for range copied {
		<-r.Context().Done()
	}
""",
    ),
    Case(
        "a loop",
        """
	for i := 0; i < 3; i++ {
		if i == 1 {
			continue
		}
		s.m["a"] = i
		<-r.Context().Done()
	}
""",
        """
	for i := 0; i < 3; i++ {
		if i == 1 {
			continue
		}
		s.mu.Lock()
		s.m["a"] = i
		s.mu.Unlock()
		<-r.Context().Done()
	}
""",
    ),
    Case(
        "right after a region",
        """
	s.mu.Lock()
	s.n = 1
	s.mu.Unlock()
	s.m["a"] = 2
	http.Error(w, "", 400)
""",
        """
	s.mu.Lock()
	s.n = 1
	s.m["a"] = 2
	s.mu.Unlock()
	http.Error(w, "", 400)
""",
    ),
    Case(
        "a write under the read lock",
        """
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.m["a"] = 2
""",
        """
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m["a"] = 2
""",
    ),
    Case(
        "a case",
        """
	switch r.Method {
	case "GET":
		s.n = s.m["a"]
	case "PUT":
		<-r.Context().Done()
		s.m["a"] = 1
	}
""",
        """
	switch r.Method {
	case "GET":
		s.mu.RLock()
		s.n = s.m["a"]
		s.mu.RUnlock()
	case "PUT":
		<-r.Context().Done()
		s.mu.Lock()
		s.m["a"] = 1
		s.mu.Unlock()
	}
""",
    ),
)
