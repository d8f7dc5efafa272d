"""Which object holds a map and its lock: one lock where each map lies in one holder, however many places make holders and maps.

Of each program the analysis sees the first part, whose methods are called from outside; the second part is a main that calls them, so
that the race detector can be asked.
"""

import pytest

from engine.stated import Engine

HEAD = """package main

import (
	"context"
	"sync"
)

type UnimplementedSetServer struct{}

type S struct {
	UnimplementedSetServer
	sync.Mutex
	m map[string]int
}

func (s *S) Set(ctx context.Context, k string) (int, error) {
	s.Lock()
	defer s.Unlock()
	s.m[k] = 1 // @set
	return 0, nil
}
"""

MAIN = """
var all sync.WaitGroup
func run(f func()) {
	all.Add(1)
	go func() { defer all.Done(); f() }()
}
func two(s ...*S) {
	for _, s := range s {
		for range 2 {
			run(func() { s.Set(context.Background(), "a") })
		}
	}
	all.Wait()
}
"""

MADE = """
func NewA() *S { return &S{m: map[string]int{}} }
func NewB() *S { return &S{m: map[string]int{}} }
"""

KEPT = """
var mu sync.Mutex
var known = map[string]*S{}
func SetOf(name string) {
	mu.Lock()
	s, ok := known[name]
	mu.Unlock()
	if !ok {
		mu.Lock()
		s, ok = known[name]
		if !ok {
			s = &S{m: MAP}
			known[name] = s
		}
		mu.Unlock()
	}
	s.Set(context.Background(), name)
}
"""

SILENT = {
    "a map that a method puts into its receiver": (
        MADE
        + """
func (s *S) reset() {
	s.Lock()
	defer s.Unlock()
	s.m = map[string]int{}
}
func (s *S) Reset(ctx context.Context) error { s.reset(); return nil }
""",
        """
func main() {
	a, b := NewA(), NewB()
	run(a.reset)
	two(a, b)
}
""",
    ),
    "a map that a helper makes": (
        MADE
        + """
func fresh() map[string]int { return map[string]int{} }
func (s *S) Reset(ctx context.Context) error {
	s.Lock()
	defer s.Unlock()
	s.m = fresh()
	return nil
}
""",
        """
func main() {
	a, b := NewA(), NewB()
	run(func() { a.Reset(context.Background()) })
	two(a, b)
}
""",
    ),
    "a map that is made when there is none": (
        """
func New() *S { return &S{} }
func With(m map[string]int) *S { return &S{m: map[string]int{}} }
func (s *S) Fill(ctx context.Context) error {
	s.Lock()
	defer s.Unlock()
	if s.m == nil {
		m := make(map[string]int)
		s.m = m
	}
	s.m["b"] = 1
	return nil
}
""",
        """
func main() {
	a, b := New(), With(nil)
	a.Fill(context.Background())
	run(func() { b.Fill(context.Background()) })
	two(a, b)
}
""",
    ),
    "holders in holders": (
        """
type T struct {
	UnimplementedSetServer
	in *S
}
func NewA() *T { return &T{in: &S{m: map[string]int{}}} }
func NewB() *T { t := &T{}; t.renew(); return t }
func (t *T) renew() { t.in = &S{m: map[string]int{}} }
func (t *T) Put(ctx context.Context, k string) error {
	t.in.Set(ctx, k)
	return nil
}
""",
        """
func main() {
	for _, t := range []*T{NewA(), NewB()} {
		for range 2 {
			run(func() { t.Put(context.Background(), "a") })
		}
	}
	all.Wait()
}
""",
    ),
    "a holder that is found or made": (
        KEPT.replace("MAP", "map[string]int{}"),
        """
func main() {
	for range 4 {
		run(func() { SetOf("a") })
	}
	two()
}
""",
    ),
}

REPORT = {
    "a map that a method puts into its receiver and another object": (
        MADE
        + """
func (s *S) share(other *S) {
	m := map[string]int{}
	s.m = m
	other.m = m
}
func Two() (*S, *S) {
	a, b := NewA(), NewB()
	a.share(b)
	return a, b
}
""",
        """
func main() {
	a, b := Two()
	two(a, b)
}
""",
    ),
    "a map that a loop puts into many": (
        MADE
        + """
func Fill(all []*S) {
	m := map[string]int{}
	for _, s := range all {
		s.m = m
	}
}
""",
        """
func main() {
	a, b := NewA(), NewB()
	Fill([]*S{a, b})
	two(a, b)
}
""",
    ),
    "a map that goes from one holder to another": (
        MADE
        + """
func (s *S) From(other *S) { s.m = other.m }
""",
        """
func main() {
	a, b := NewA(), NewB()
	b.From(a)
	two(a, b)
}
""",
    ),
    "a copy of the holder": (
        MADE
        + """
func Start() {
	s := NewA()
	t := *s
	go s.Set(context.Background(), "a")
	go t.Set(context.Background(), "b")
}
""",
        """
func main() {
	Start()
	two(NewA(), NewB())
}
""",
    ),
    "a map that is made once for all": (
        """
var once sync.Once
var shared map[string]int
func common() map[string]int {
	once.Do(func() { shared = map[string]int{} })
	return shared
}
func NewA() *S { return &S{m: common()} }
func NewB() *S { s := &S{}; s.reset(); return s }
func (s *S) reset() { s.m = common() }
""",
        """
func main() { two(NewA(), NewB()) }
""",
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_one_holder(name: str) -> None:
    assert Engine(HEAD + SILENT[name][0]).races() == set()


@pytest.mark.parametrize("name", REPORT)
def test_several_holders(name: str) -> None:
    assert ("set",) in Engine(HEAD + REPORT[name][0]).races()


WRAPPED = """package main

import (
	"net/http"
	"sync"
)

type Store struct {
	mu    sync.Mutex
	items map[string]int
}

func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.items["a"]++ // @set
	s.mu.Unlock()
}

func Log(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) })
}

func Trace(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) })
}

func Site(other http.Handler) (found []http.Handler) {
	for _, h := range []http.Handler{http.NotFoundHandler(), other} {
		found = append(found, Log(h), Trace(h))
	}
	return found
}
"""


def test_what_two_unknown_holders_had_before_is_not_one_map() -> None:
    """What wrappers get from outside, or from a library, may be a Store: none has another one's map."""
    assert Engine(WRAPPED).races() == set()
