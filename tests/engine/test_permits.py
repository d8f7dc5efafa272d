"""Which locks keep two accesses apart: the same lock seen from both, decided by values, handed over, and what works like a lock."""

import pytest

from engine.stated import Engine

HEAD = """package main

import (
	"errors"
	"net/http"
	"sync"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

var _ http.Handler
var _ = errors.New
var _ sync.Mutex
var _ semaphore.Weighted
var _ singleflight.Group
"""

ONE = """
type S struct {
	mu sync.Mutex
	m map[string]int
}
func main() {
	s := &S{m: map[string]int{}}
	http.HandleFunc("/", s.serve)
	http.ListenAndServe("", nil)
}
"""

Lines = set[tuple[str, ...]]
SAME: Lines = {("a",)}

LOCKS: dict[str, tuple[str, Lines]] = {
    "the lock of a copy": (
        ONE
        + """
func (s S) add() {
	s.mu.Lock()
	s.m["a"] = 1 // @a
	s.mu.Unlock()
}
func (s *S) serve(w http.ResponseWriter, r *http.Request) { s.add() }
""",
        SAME,
    ),
    "a pointer to the lock in a copy": (
        """
type P struct {
	mu *sync.Mutex
	m map[string]int
}
func (p P) add() {
	p.mu.Lock()
	p.m["a"] = 1
	p.mu.Unlock()
}
func main() {
	p := P{&sync.Mutex{}, map[string]int{}}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { p.add() })
	http.ListenAndServe("", nil)
}
""",
        set(),
    ),
    "a lock of each call": (
        ONE
        + """
func (s *S) serve(w http.ResponseWriter, r *http.Request) {
	var mu sync.Mutex
	mu.Lock()
	s.m["a"] = 1 // @a
	mu.Unlock()
}
""",
        SAME,
    ),
    "a lock that is passed as a value": (
        """
func set(mu sync.Mutex, m map[string]int) {
	mu.Lock()
	m["a"] = 1 // @a
	mu.Unlock()
}
func main() {
	var mu sync.Mutex
	m := map[string]int{}
	for range 3 {
		go set(mu, m)
	}
}
""",
        SAME,
    ),
    "a lock and a wait of one call": (
        """
func fill(names []string, m map[string]int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Add(1)
		go func() {
			defer wg.Done()
			mu.Lock()
			m[name] = 1
			mu.Unlock()
		}()
	}
	wg.Wait()
}
func main() {
	m := map[string]int{}
	fill([]string{"a"}, m)
	fill([]string{"b"}, m)
}
""",
        set(),
    ),
    "a lock of one call that does not wait": (
        """
func fill(names []string, m map[string]int) {
	var mu sync.Mutex
	for _, name := range names {
		go func() {
			mu.Lock()
			m[name] = 1 // @a
			mu.Unlock()
		}()
	}
}
func main() {
	m := map[string]int{}
	fill([]string{"a"}, m)
	fill([]string{"b"}, m)
}
""",
        SAME,
    ),
    "one of many locks, by a key": (
        """
type K struct {
	locks map[string]*sync.Mutex
	m map[string]int
}
func (k *K) serve(w http.ResponseWriter, r *http.Request) {
	mu := k.locks[r.Host]
	mu.Lock()
	k.m["a"] = 1 // @a
	mu.Unlock()
}
func main() {
	k := &K{map[string]*sync.Mutex{"a": {}, "b": {}}, map[string]int{}}
	http.HandleFunc("/", k.serve)
	http.ListenAndServe("", nil)
}
""",
        SAME,
    ),
    "the lock of a shard, by the index of the map": (
        """
type Shard struct {
	mu sync.Mutex
	m map[string]int
}
var shards = []*Shard{{m: map[string]int{}}, {m: map[string]int{}}}
func serve(w http.ResponseWriter, r *http.Request) {
	s := shards[len(r.Host)%2]
	s.mu.Lock()
	s.m["a"] = 1
	s.mu.Unlock()
}
func main() {
	http.HandleFunc("/", serve)
	http.ListenAndServe("", nil)
}
""",
        set(),
    ),
    "two holders of one map": (
        """
type S struct {
	mu sync.Mutex
	m map[string]int
}
func (s *S) add() {
	s.mu.Lock()
	s.m["a"] = 1 // @a
	s.mu.Unlock()
}
func main() {
	s := &S{m: map[string]int{}}
	sub := &S{m: s.m}
	go s.add()
	sub.add()
}
""",
        SAME,
    ),
    "a helper with the address of its owner's mutex": (
        """
type Part struct {
	mu *sync.Mutex
	m map[string]int
}
func (p *Part) add() {
	p.mu.Lock()
	p.m["a"] = 1
	p.mu.Unlock()
}
type Owner struct {
	mu sync.Mutex
	part *Part
}
func New() *Owner {
	o := &Owner{}
	o.part = &Part{mu: &o.mu, m: map[string]int{}}
	return o
}
func (o *Owner) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.part.m)
}
func main() {
	o := New()
	go o.part.add()
	o.clear()
}
""",
        set(),
    ),
    "an object that comes locked": (
        ONE
        + """
type Batch struct{ s *S }
func (s *S) begin() *Batch {
	s.mu.Lock()
	return &Batch{s}
}
func (b *Batch) put() { b.s.m["a"] = 1 }
func (b *Batch) end() { b.s.mu.Unlock() }
func (s *S) serve(w http.ResponseWriter, r *http.Request) {
	b := s.begin()
	defer b.end()
	b.put()
}
""",
        set(),
    ),
    "an object that comes locked, after its end": (
        ONE
        + """
type Batch struct{ s *S }
func (s *S) begin() *Batch {
	s.mu.Lock()
	return &Batch{s}
}
func (b *Batch) put() { b.s.m["a"] = 1 } // @a
func (b *Batch) end() { b.s.mu.Unlock() }
func (s *S) serve(w http.ResponseWriter, r *http.Request) {
	b := s.begin()
	b.end()
	b.put()
}
""",
        SAME,
    ),
    "a lock that the goroutine gives back": (
        ONE
        + """
func (s *S) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	go func() {
		defer s.mu.Unlock()
		s.m["a"] = 1
	}()
}
""",
        set(),
    ),
    "a lock that was handed to a goroutine": (
        ONE
        + """
func (s *S) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	go func() {
		defer s.mu.Unlock()
		_ = s.m["a"]
	}()
	s.m["a"] = 1 // @a
}
""",
        SAME,
    ),
    "a flag that a literal captured": (
        ONE
        + """
func (s *S) put(lock bool) {
	enter := func() {
		if lock { s.mu.Lock() }
	}
	leave := func() {
		if lock { s.mu.Unlock() }
	}
	enter()
	defer leave()
	s.m["a"] = 1
}
func (s *S) serve(w http.ResponseWriter, r *http.Request) {
	s.put(true)
	s.mu.Lock()
	s.put(false)
	s.mu.Unlock()
}
""",
        set(),
    ),
    "a constant that decides": (
        """
const (
	look = iota
	change
)
type S struct {
	mu sync.RWMutex
	m map[string]int
}
func (s *S) do(what int) {
	if what == change {
		s.m["a"] = 1
	}
	_ = s.m["a"]
}
func (s *S) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	s.do(look)
	s.mu.RUnlock()
	s.mu.Lock()
	s.do(change)
	s.mu.Unlock()
}
func main() {
	s := &S{m: map[string]int{}}
	http.HandleFunc("/", s.serve)
	http.ListenAndServe("", nil)
}
""",
        set(),
    ),
    "an error that says that the lock is not held": (
        ONE
        + """
var errClosed = errors.New("closed")
func (s *S) enter() error {
	s.mu.Lock()
	if s.m == nil {
		s.mu.Unlock()
		return errClosed
	}
	return nil
}
func (s *S) serve(w http.ResponseWriter, r *http.Request) {
	if err := s.enter(); err != nil {
		return
	}
	s.m["a"] = 1
	s.mu.Unlock()
}
""",
        set(),
    ),
    "an error that is ignored": (
        ONE
        + """
var errClosed = errors.New("closed")
func (s *S) enter() error {
	s.mu.Lock()
	if len(s.m) > 3 {
		s.mu.Unlock()
		return errClosed
	}
	return nil
}
func (s *S) serve(w http.ResponseWriter, r *http.Request) {
	_ = s.enter()
	s.m["a"] = 1 // @a
}
""",
        SAME,
    ),
    "one flight": (
        """
type F struct {
	flight singleflight.Group
	m map[string]int
}
func (f *F) serve(w http.ResponseWriter, r *http.Request) {
	f.flight.Do("all", func() (any, error) {
		f.m["a"] = 1
		return nil, nil
	})
}
func main() {
	f := &F{m: map[string]int{}}
	http.HandleFunc("/", f.serve)
	http.ListenAndServe("", nil)
}
""",
        set(),
    ),
    "a flight for each key": (
        """
type F struct {
	flight singleflight.Group
	m map[string]int
}
func (f *F) serve(w http.ResponseWriter, r *http.Request) {
	f.flight.Do(r.Host, func() (any, error) {
		f.m["a"] = 1 // @a
		return nil, nil
	})
}
func main() {
	f := &F{m: map[string]int{}}
	http.HandleFunc("/", f.serve)
	http.ListenAndServe("", nil)
}
""",
        SAME,
    ),
    "a semaphore for one": (
        """
type F struct {
	sem *semaphore.Weighted
	m map[string]int
}
func (f *F) serve(w http.ResponseWriter, r *http.Request) {
	f.sem.Acquire(r.Context(), 1)
	f.m["a"] = 1
	f.sem.Release(1)
}
func main() {
	f := &F{semaphore.NewWeighted(1), map[string]int{}}
	http.HandleFunc("/", f.serve)
	http.ListenAndServe("", nil)
}
""",
        set(),
    ),
    "a semaphore for two": (
        """
type F struct {
	sem *semaphore.Weighted
	m map[string]int
}
func (f *F) serve(w http.ResponseWriter, r *http.Request) {
	f.sem.Acquire(r.Context(), 1)
	f.m["a"] = 1 // @a
	f.sem.Release(1)
}
func main() {
	f := &F{semaphore.NewWeighted(2), map[string]int{}}
	http.HandleFunc("/", f.serve)
	http.ListenAndServe("", nil)
}
""",
        SAME,
    ),
}

LOOP = """
type Loop struct{ ops chan func() }
func New() *Loop {
	l := &Loop{make(chan func())}
	WORKERS
	return l
}
func (l *Loop) run() {
	for f := range l.ops {
		f()
	}
}
func (l *Loop) Do(f func()) {
	done := make(chan bool)
	l.ops <- func() {
		f()
		done <- true
	}
	<-done
}
type S struct {
	loop *Loop
	m map[string]int
}
func (s *S) serve(w http.ResponseWriter, r *http.Request) {
	s.loop.Do(func() { s.m["a"] = 1 }) // @a
}
func main() {
	s := &S{New(), map[string]int{}}
	http.HandleFunc("/", s.serve)
	http.ListenAndServe("", nil)
}
"""
LOCKS["an event loop"] = (LOOP.replace("WORKERS", "go l.run()"), set())
LOCKS["an event loop with two workers"] = (LOOP.replace("WORKERS", "go l.run()\n\tgo l.run()"), SAME)


@pytest.mark.parametrize("name", LOCKS)
def test_locks(name: str) -> None:
    source, races = LOCKS[name]
    assert Engine(HEAD + source).races() == races
