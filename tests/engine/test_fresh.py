"""Whether a map is made for one goroutine alone: variables with several values, results of calls, what an entry point is given."""

import pytest

from engine.stated import TWICE, Engine

HEAD = (
    """package main
import (
	"encoding/json"
	"net"
	"net/http"
	"sync"
)
var (
	_ http.Handler
	_ = json.Marshal
	_ = net.Listen
)
"""
    + TWICE
)

PROGRAMS = {
    "a new map, or another new one in its place": (
        """
func build(n int) map[string]int {
	m := make(map[string]int)
	if n > 1 {
		m = map[string]int{"a": n}
	}
	for range n {
		m["b"]++
	}
	return m
}
func main() {
	twice(func() { build(2)["c"] = 1 })
}
""",
        set(),
    ),
    "a new map, or one that others have in its place": (
        """
var common = map[string]int{}
func build(n int) map[string]int {
	m := make(map[string]int)
	if n > 1 {
		m = common
	}
	m["b"]++ // @common
	return m
}
func main() {
	twice(func() { build(2) })
}
""",
        {("common",)},
    ),
    "a new map, or what a decoder makes": (
        """
func parse(b []byte) (any, error) {
	var v any
	err := json.Unmarshal(b, &v)
	return v, err
}
func main() {
	twice(func() {
		m := make(map[string]any)
		v, err := parse([]byte(`{"a": 1}`))
		if err == nil {
			if given, ok := v.(map[string]any); ok {
				m = given
			} else {
				m[""] = v
			}
		}
		m["b"] = 1
	})
}
""",
        set(),
    ),
    "the map of the round before": (
        """
func main() {
	last := make(map[string]int)
	var wg sync.WaitGroup
	for range 3 {
		now := make(map[string]int)
		wg.Add(1)
		go func() {
			defer wg.Done()
			now["a"] = 1 // @now
		}()
		last["a"] = 2 // @last
		last = now
	}
	wg.Wait()
}
""",
        {("last", "now")},
    ),
    "the map of this round": (
        """
func main() {
	var wg sync.WaitGroup
	for n := range 3 {
		now := make(map[string]int)
		if n > 1 {
			now = map[string]int{"b": 1}
		}
		now["a"] = 2
		wg.Add(1)
		go func() {
			defer wg.Done()
			now["a"] = 1
		}()
	}
	wg.Wait()
}
""",
        set(),
    ),
    "an element of a new map, or a new one that is put there": (
        """
func group(items []string) map[string]map[string]int {
	found := map[string]map[string]int{}
	for _, item := range items {
		inner, ok := found[item]
		if !ok {
			inner = map[string]int{}
		}
		inner[item]++
		found[item] = inner
	}
	return found
}
func main() {
	twice(func() { group([]string{"a", "b", "a"})["a"]["c"] = 1 })
}
""",
        set(),
    ),
    "an element of a map that others have, or a new one that is put there": (
        """
var mu sync.Mutex
func group(found map[string]map[string]int, items []string) {
	for _, item := range items {
		mu.Lock()
		inner, ok := found[item]
		if !ok {
			inner = map[string]int{}
			found[item] = inner
		}
		mu.Unlock()
		inner[item]++ // @inner
	}
}
func main() {
	found := map[string]map[string]int{}
	twice(func() { group(found, []string{"a", "b", "a"}) })
}
""",
        {("inner",)},
    ),
    "what is put into a struct only after others have it": (
        """
type box struct{ m map[string]int }
func (b *box) clone() *box {
	c := &box{}
	c.m = make(map[string]int)
	for k, v := range b.m {
		c.m[k] = v
	}
	return c
}
func main() {
	b := &box{map[string]int{"a": 1}}
	shared := map[string]int{"x": 1}
	twice(func() {
		c := b.clone()
		c.m = shared
		_ = c.m["x"]
	})
}
""",
        set(),
    ),
    "what is put into a clone, and changed": (
        """
type box struct{ m map[string]int }
func (b *box) clone() *box {
	c := &box{}
	c.m = make(map[string]int)
	return c
}
func main() {
	b := &box{map[string]int{"a": 1}}
	shared := map[string]int{"x": 1}
	twice(func() {
		c := b.clone()
		c.m = shared
		c.m["x"] = 1 // @put
	})
}
""",
        {("put",)},
    ),
    "a new struct with a new map": (
        """
type lit struct{ m map[string]int }
func fill(l *lit, more *lit) {
	for k, v := range more.m {
		l.m[k] = v
	}
}
func main() {
	input := &lit{map[string]int{"a": 1}}
	twice(func() {
		l := &lit{m: map[string]int{}}
		l.m["b"] = 1
		fill(l, input)
	})
}
""",
        set(),
    ),
    "a new struct that may get the map of another one": (
        """
type lit struct{ m map[string]int }
func fill(l *lit, more *lit) {
	if len(l.m) == 0 {
		l.m = more.m
	}
	l.m["c"] = 2 // @given
}
func main() {
	input := &lit{map[string]int{"a": 1}}
	twice(func() {
		l := &lit{m: map[string]int{}}
		fill(l, input)
	})
}
""",
        {("given",)},
    ),
    "the header of a handler's own response": (
        """
func respond(w http.ResponseWriter, code int) {
	w.Header().Set("a", "b")
	w.WriteHeader(code)
}
func handle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("c", "d")
	r.Header.Set("x", "y")
	respond(w, 200)
}
func main() {
	http.HandleFunc("/", handle)
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(l, nil)
	twice(func() { http.Get("http://" + l.Addr().String()) })
}
""",
        set(),
    ),
    "the fields of a handler's request, through a copy with another context": (
        """
func wrapped(f http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(r.Context())
		f(w, r)
	}
}
func form(w http.ResponseWriter, r *http.Request) {
	if r.Form == nil {
		r.Form = map[string][]string{}
	}
	r.Form["a"] = nil
	r.Header["A"] = nil
}
func other(w http.ResponseWriter, r *http.Request) { r.Header["B"] = nil }
func main() {
	http.HandleFunc("/", wrapped(form))
	http.HandleFunc("/other", wrapped(other))
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(l, nil)
	twice(func() { http.Get("http://" + l.Addr().String()) })
}
""",
        set(),
    ),
    "a handler that is also called by another one": (
        """
func inner(w http.ResponseWriter, r *http.Request) { r.Header["A"] = nil }
func outer(w http.ResponseWriter, r *http.Request) {
	r.Header["B"] = nil
	inner(w, r)
}
func main() {
	http.HandleFunc("/", outer)
	http.HandleFunc("/inner", inner)
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(l, nil)
	twice(func() { http.Get("http://" + l.Addr().String()) })
}
""",
        set(),
    ),
    "a handler that is also called by another one, beside a goroutine": (
        """
func inner(w http.ResponseWriter, r *http.Request) { r.Header["A"] = nil } // @inner
func outer(w http.ResponseWriter, r *http.Request) {
	done := make(chan bool)
	go func() {
		r.Header["B"] = nil // @beside
		close(done)
	}()
	inner(w, r)
	<-done
}
func main() {
	http.HandleFunc("/", outer)
	http.HandleFunc("/inner", inner)
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(l, nil)
	twice(func() { http.Get("http://" + l.Addr().String()) })
}
""",
        {("beside", "inner")},
    ),
    "the header of one request with two contexts": (
        """
func handle(w http.ResponseWriter, r *http.Request) {
	twice(func() {
		r := r.WithContext(r.Context())
		r.Header["A"] = nil // @header
	})
}
func main() {
	http.HandleFunc("/", handle)
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(l, nil)
	twice(func() { http.Get("http://" + l.Addr().String()) })
}
""",
        {("header",)},
    ),
    "what each of several functions gives back, the argument": (
        """
type box struct{ m map[string]int }
type filler interface{ fill(b *box) (*box, error) }
type one struct{}
type two struct{}
func (one) fill(b *box) (*box, error) { b.m["one"] = 1; return b, nil }
func (two) fill(b *box) (*box, error) {
	if b == nil {
		return nil, nil
	}
	b.m["two"] = 1
	return b, nil
}
func all(b *box, fillers []filler) *box {
	for _, f := range fillers {
		var err error
		b, err = f.fill(b)
		if err != nil {
			return nil
		}
		b.m["all"] = 1
	}
	return b
}
func main() {
	fillers := []filler{one{}, two{}}
	twice(func() { all(&box{map[string]int{}}, fillers) })
}
""",
        set(),
    ),
    "what each of several functions gives back, the argument that others have": (
        """
type box struct{ m map[string]int }
type filler interface{ fill(b *box) (*box, error) }
type one struct{}
type two struct{}
func (one) fill(b *box) (*box, error) { return b, nil }
func (two) fill(b *box) (*box, error) {
	if b == nil {
		return nil, nil
	}
	return b, nil
}
func all(b *box, fillers []filler) *box {
	for _, f := range fillers {
		var err error
		b, err = f.fill(b)
		if err != nil {
			return nil
		}
		b.m["all"] = 1 // @all
	}
	return b
}
func main() {
	fillers := []filler{one{}, two{}}
	b := &box{map[string]int{}}
	twice(func() { all(b, fillers) })
}
""",
        {("all",)},
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_races(name: str) -> None:
    source, expected = PROGRAMS[name]
    assert Engine(HEAD + source).races() == expected
