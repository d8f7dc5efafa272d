"""Which programs race, and on which lines: threads, order, locks and objects together."""

import random
from collections.abc import Iterable

import pytest

from engine.stated import Engine
from engine.test_locks import declarations_reversed
from ir.lowering import program_of
from mapguard.base.stack import deep_stack
from mapguard.models.load import load
from mapguard.races.engine import judge_of

HEAD = """package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

var _ context.Context
var _ net.Conn
var _ http.Handler
var _ sync.Mutex
"""

RACES: dict[str, tuple[str, set[tuple[str, ...]]]] = {
    "before and after the start": (
        """
func main() {
	m := map[string]int{}
	m["a"] = 1
	go func() { m["b"] = 1 }() // @in
	m["c"] = 1 // @after
}
""",
        {("after", "in")},
    ),
    "nothing after the start": (
        """
func main() {
	m := map[string]int{}
	m["a"] = 1
	go func() { m["b"] = 1 }()
}
""",
        set(),
    ),
    "after the wait": (
        """
func main() {
	var wg sync.WaitGroup
	m := map[string]int{}
	wg.Add(1)
	go func() { defer wg.Done(); m["b"] = 1 }()
	wg.Wait()
	m["c"] = 1
}
""",
        set(),
    ),
    "before the wait": (
        """
func main() {
	var wg sync.WaitGroup
	m := map[string]int{}
	wg.Add(1)
	go func() { defer wg.Done(); m["b"] = 1 }() // @in
	m["c"] = 1 // @between
	wg.Wait()
}
""",
        {("between", "in")},
    ),
    "done too early": (
        """
func main() {
	var wg sync.WaitGroup
	m := map[string]int{}
	wg.Add(1)
	go func() { wg.Done(); m["b"] = 1 }() // @in
	wg.Wait()
	m["c"] = 1 // @after
}
""",
        {("after", "in")},
    ),
    "the wait for another group": (
        """
func main() {
	var one, two sync.WaitGroup
	m := map[string]int{}
	one.Add(1)
	go func() { defer one.Done(); m["b"] = 1 }() // @in
	two.Wait()
	m["c"] = 1 // @after
}
""",
        {("after", "in")},
    ),
    "two groups, two waits": (
        """
func main() {
	var one, two sync.WaitGroup
	m := map[string]int{}
	one.Add(1)
	go func() { defer one.Done(); m["a"] = 1 }()
	one.Wait()
	two.Add(1)
	go func() { defer two.Done(); m["b"] = 1 }()
	two.Wait()
	m["c"] = 1
}
""",
        set(),
    ),
    "a loop that starts them": (
        """
func main() {
	m := map[string]int{}
	for range 3 {
		go func() { m["b"] = 1 }() // @in
	}
}
""",
        {("in",)},
    ),
    "a loop that waits in each round": (
        """
func main() {
	m := map[string]int{}
	for range 3 {
		done := make(chan bool)
		go func() { m["b"] = 1; close(done) }()
		<-done
	}
	m["c"] = 1
}
""",
        set(),
    ),
    "a map for each round": (
        """
func main() {
	for range 3 {
		m := map[string]int{}
		go func() { m["b"] = 1 }()
	}
}
""",
        set(),
    ),
    "a channel that is closed at the end": (
        """
func main() {
	done := make(chan bool)
	m := map[string]int{}
	go func() { defer close(done); m["b"] = 1 }()
	<-done
	m["c"] = 1
}
""",
        set(),
    ),
    "a signal between siblings": (
        """
func main() {
	ready := make(chan bool)
	m := map[string]int{}
	go func() { m["a"] = 1; close(ready) }()
	go func() { <-ready; m["b"] = 1 }()
}
""",
        set(),
    ),
    "siblings without a signal": (
        """
func main() {
	m := map[string]int{}
	go func() { m["a"] = 1 }() // @one
	go func() { m["b"] = 1 }() // @two
}
""",
        {("one", "two")},
    ),
    "a signal that comes before the access": (
        """
func main() {
	ready := make(chan bool)
	m := map[string]int{}
	go func() { close(ready); m["a"] = 1 }() // @one
	go func() { <-ready; m["b"] = 1 }() // @two
}
""",
        {("one", "two")},
    ),
    "a start in a function that is called": (
        """
func start(m map[string]int) { go func() { m["b"] = 1 }() } // @in
func main() {
	m := map[string]int{}
	m["a"] = 1
	start(m)
	m["c"] = 1 // @after
}
""",
        {("after", "in")},
    ),
    "a wait in a function that is called": (
        """
func wait(wg *sync.WaitGroup) { wg.Wait() }
func main() {
	var wg sync.WaitGroup
	m := map[string]int{}
	wg.Add(1)
	go func() { defer wg.Done(); m["b"] = 1 }()
	wait(&wg)
	m["c"] = 1
}
""",
        set(),
    ),
    "a wait on one way only": (
        """
func main() {
	var wg sync.WaitGroup
	m := map[string]int{}
	wg.Add(1)
	go func() { defer wg.Done(); m["b"] = 1 }() // @in
	if len(m) > 3 { // @len
		wg.Wait()
	}
	m["c"] = 1 // @after
}
""",
        {("after", "in")},
    ),
    "a start and an access in one function that is called": (
        """
func both(m map[string]int) {
	go func() { m["b"] = 1 }() // @in
	m["c"] = 1 // @after
}
func main() {
	m := map[string]int{}
	both(m)
}
""",
        {("after", "in")},
    ),
    "a start and an access in one function, after others had the map": (
        """
func both(m map[string]int) {
	go func() { m["b"] = 1 }() // @in
	m["c"] = 1 // @after
}
func main() {
	var wg sync.WaitGroup
	m := map[string]int{}
	wg.Add(1)
	go func() { defer wg.Done(); m["a"] = 1 }()
	wg.Wait()
	both(m)
}
""",
        {("after", "in")},
    ),
    "one lock": (
        """
func main() {
	var mu sync.Mutex
	m := map[string]int{}
	go func() { mu.Lock(); m["b"] = 1; mu.Unlock() }()
	mu.Lock()
	m["c"] = 1
	mu.Unlock()
}
""",
        set(),
    ),
    "two locks": (
        """
func main() {
	var one, two sync.Mutex
	m := map[string]int{}
	go func() { one.Lock(); m["b"] = 1; one.Unlock() }() // @in
	two.Lock()
	m["c"] = 1 // @after
	two.Unlock()
}
""",
        {("after", "in")},
    ),
    "a write under a read lock": (
        """
func main() {
	var mu sync.RWMutex
	m := map[string]int{}
	go func() { mu.RLock(); m["b"] = 1; mu.RUnlock() }() // @in
	mu.RLock()
	_ = m["c"] // @after
	mu.RUnlock()
}
""",
        {("after", "in")},
    ),
    "reads only": (
        """
func main() {
	m := map[string]int{"a": 1}
	go func() { _ = m["b"] }()
	_ = m["c"]
}
""",
        set(),
    ),
    "each goroutine its own object": (
        """
type T struct{ m map[string]int }
func New() *T { return &T{m: map[string]int{}} }
func (t *T) run() { t.m["a"]++ }
func main() {
	a, b := New(), New()
	go a.run()
	go b.run()
}
""",
        set(),
    ),
    "two goroutines on one object": (
        """
type T struct{ m map[string]int }
func New() *T { return &T{m: map[string]int{}} }
func (t *T) run() { t.m["a"]++ } // @run
func main() {
	a := New()
	go a.run()
	go a.run()
}
""",
        {("run",)},
    ),
    "the lock of the object": (
        """
type T struct{ mu sync.Mutex; m map[string]int }
func (t *T) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.m[r.URL.Path]++
}
""",
        set(),
    ),
    "a lock of another object of the type": (
        """
type part struct{ mu sync.Mutex; m map[string]int }
type T struct{ a, b part }
func (t *T) count(k string) {
	t.b.mu.Lock()
	defer t.b.mu.Unlock()
	t.a.m[k]++ // @one
}
func (t *T) reset() {
	t.a.mu.Lock()
	defer t.a.mu.Unlock()
	clear(t.a.m) // @two
}
func main() {
	t := &T{}
	t.a.m = map[string]int{}
	go t.count("a")
	t.reset()
}
""",
        {("one", "two")},
    ),
    "a handler": (
        """
type T struct{ m map[string]int }
func (t *T) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.m[r.URL.Path]++ } // @serve
""",
        {("serve",)},
    ),
    "a constructor before anyone can have it": (
        """
type T struct{ mu sync.Mutex; m map[string]int }
func New() *T {
	t := &T{m: map[string]int{}}
	t.m["a"] = 1
	return t
}
func (t *T) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	t.m[r.URL.Path]++
	t.mu.Unlock()
}
""",
        set(),
    ),
    "a constructor that starts a goroutine first": (
        """
type T struct{ m map[string]int }
func (t *T) loop() { t.m["b"]++ } // @loop
func New() *T {
	t := &T{m: map[string]int{}}
	go t.loop()
	t.m["a"] = 1 // @new
	return t
}
func main() { New() }
""",
        {("loop", "new")},
    ),
    "once": (
        """
type T struct{ once sync.Once; m map[string]int }
func (t *T) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.once.Do(func() { t.m["a"] = 1 })
	_ = t.m["a"]
}
""",
        set(),
    ),
    "handed over on a channel": (
        """
func main() {
	c := make(chan map[string]int)
	go func() {
		for m := range c { m["b"] = 1 }
	}()
	for range 3 {
		m := map[string]int{}
		m["a"] = 1
		c <- m
	}
}
""",
        set(),
    ),
    "used after it was handed over": (
        """
func main() {
	c := make(chan map[string]int)
	go func() { m := <-c; m["b"] = 1 }() // @got
	m := map[string]int{}
	c <- m
	m["a"] = 1 // @sent
}
""",
        {("got", "sent")},
    ),
    "a variable that is set while its map is used": (
        """
var m = map[string]int{}
func main() {
	go func() { m["a"] = 1 }() // @in
	m = map[string]int{} // @set
}
""",
        {("in", "set")},
    ),
    "a field that is set while its map is used": (
        """
type T struct{ mu sync.Mutex; m map[string]int }
func (t *T) reset() { t.m = map[string]int{} } // @set
func main() {
	t := &T{m: map[string]int{}}
	go t.reset()
	t.mu.Lock()
	t.m["a"] = 1 // @use
	t.mu.Unlock()
}
""",
        {("set", "use")},
    ),
    "a field that is set while another variable's map is used": (
        """
type T struct{ m map[string]int }
func (t *T) reset() { t.m = map[string]int{} }
func main() {
	t := &T{m: map[string]int{}}
	own := t.m
	go t.reset()
	own["a"] = 1
}
""",
        set(),
    ),
    "a struct that is replaced with its map": (
        """
type config struct{ limits map[string]int }
type T struct{ cfg config }
func (t *T) load() { t.cfg = config{limits: map[string]int{}} } // @set
func main() {
	t := &T{}
	go t.load()
	_ = t.cfg.limits["a"] // @use
}
""",
        {("set", "use")},
    ),
    "a struct that is copied while its map is set": (
        """
type T struct{ n int; m map[string]int }
func main() {
	t := &T{m: map[string]int{}}
	go func() { t.m = nil }() // @set
	c := *t // @copy
	_ = c.n
}
""",
        {("copy", "set")},
    ),
    "a map that is set before it is shared": (
        """
type T struct{ parts [2]struct{ m map[string]int } }
func New() *T {
	t := &T{}
	for i := range t.parts { t.parts[i].m = map[string]int{} }
	return t
}
func (t *T) ServeHTTP(w http.ResponseWriter, r *http.Request) { _ = t.parts[0].m["a"] }
""",
        set(),
    ),
    "a map that others have when it is put into a new object": (
        """
type T struct{ m map[string]int }
func main() {
	m := map[string]int{}
	go func() { m["a"] = 1 }() // @in
	t := &T{m: m}
	t.m["b"] = 1 // @new
}
""",
        {("in", "new")},
    ),
    "maps of callers, one for each": (
        """
func Fill(m map[string]int) { m["a"] = 1 }
func Each(m map[string]int, names []string) {
	for range names {
		go func() { m["a"] = 1 }() // @in
	}
}
""",
        {("in",)},
    ),
    "a map that a helper is given": (
        """
type T struct{ m, other map[string]int }
func put(m map[string]int) { m["a"] = 1 } // @put
func (t *T) ServeHTTP(w http.ResponseWriter, r *http.Request) { put(t.m) }
""",
        {("put",)},
    ),
    "a map in a channel, given back after use": (
        """
type T struct{ box chan map[string]int }
func (t *T) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := <-t.box
	m["a"]++
	t.box <- m
}
""",
        set(),
    ),
    "a context that carries an object": (
        """
type key struct{}
type T struct{ m map[string]int }
func run(c context.Context) { c.Value(key{}).(*T).m["a"]++ } // @run
func main() {
	t := &T{m: map[string]int{}}
	c, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, t))
	defer cancel()
	go run(c)
	t.m["b"] = 1 // @main
}
""",
        {("main", "run")},
    ),
    "encoders walk exported fields, printing also others": (
        """
type inner struct{ Labels map[string]int }
type T struct{ Meta *inner; hidden map[string]int; Shown map[string]int }
func main() {
	t := &T{Meta: &inner{Labels: map[string]int{}}, hidden: map[string]int{}, Shown: map[string]int{}}
	go func() { json.Marshal(t) }() // @json
	go func() { fmt.Println("t", t) }() // @print
	t.Meta.Labels["a"] = 1 // @labels
	t.hidden["a"] = 1 // @hidden
	t.Shown["a"] = 1 // @shown
}
""",
        {("json", "labels"), ("hidden", "print"), ("json", "shown")},
    ),
    "what only an address is printed of": (
        """
func main() {
	m := map[string]int{}
	go func() { fmt.Printf("%d %p %T\\n"+"%p", 1, m, m, m) }()
	m["a"] = 1
	n := map[string]int{}
	go func() { fmt.Printf("%p %v\\n", m, n) }() // @print
	n["a"] = 1 // @set
}
""",
        {("print", "set")},
    ),
    "a value that writes itself": (
        """
type T struct{ mu sync.Mutex; Shown map[string]int }
func (t *T) MarshalJSON() ([]byte, error) { t.mu.Lock(); defer t.mu.Unlock(); return json.Marshal(t.Shown) }
func main() {
	t := &T{Shown: map[string]int{}}
	go func() { json.Marshal(t) }()
	t.mu.Lock()
	t.Shown["a"] = 1
	t.mu.Unlock()
}
""",
        set(),
    ),
    "a shallow copy has the elements of the original": (
        """
type T struct{ rules map[string]map[string]bool }
func (t *T) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	own := maps.Clone(t.rules)
	own["new"] = map[string]bool{}
	own["read"][r.Host] = true // @write
}
""",
        {("write",)},
    ),
    "a pointer to a map in an atomic value": (
        """
type T struct{ p atomic.Pointer[map[string]int] }
func (t *T) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*t.p.Load())["a"]++ } // @write
func New() *T { t := &T{}; t.p.Store(&map[string]int{}); return t }
""",
        {("write",)},
    ),
    "one of its own, and one that others may have": (
        """
type T struct{ m map[string]int }
func New() *T {
	t := &T{m: map[string]int{}}
	go t.loop()
	return t
}
func (t *T) loop() { t.m["a"]++ } // @loop
func (t *T) ServeHTTP(w http.ResponseWriter, r *http.Request) { _ = t.m["a"] } // @serve
func work() {
	t := &T{m: map[string]int{}}
	t.m["b"] = 1
}
""",
        {("loop", "serve")},
    ),
    "a method of what an interface's value embeds": (
        """
type store interface{ Put() }
type base struct{ m map[string]int }
func (b *base) Put() { b.m["a"]++ } // @put
type disk struct{ base }
var s store = &disk{base{map[string]int{}}}
func Serve(w http.ResponseWriter, r *http.Request) { s.Put() }
""",
        {("put",)},
    ),
    "a function in a field of a library's struct": (
        """
func Server() *http.Server {
	m := map[string]int{}
	s := &http.Server{}
	s.ConnState = func(c net.Conn, state http.ConnState) { m["a"]++ } // @state
	return s
}
""",
        {("state",)},
    ),
    "structs that are put into a slice share their maps": (
        """
type entry struct{ m map[string]int }
func main() {
	e := &entry{map[string]int{}}
	var list []entry
	list = append(list, *e)
	go func() { e.m["a"] = 1 }() // @in
	for _, one := range list {
		_ = one.m["a"] // @list
	}
}
""",
        {("in", "list")},
    ),
    "two calls of one function, the second beside a goroutine": (
        """
func add(m map[string]int) { m["a"]++ } // @add
func main() {
	m := map[string]int{}
	add(m)
	done := make(chan bool)
	go func() {
		_ = m["a"] // @read
		done <- true
	}()
	add(m)
	<-done
}
""",
        {("add", "read")},
    ),
    "recursion that starts": (
        """
func walk(m map[string]int, n int) {
	if n == 0 { return }
	go walk(m, n-1)
	m["a"] = n // @walk
}
func main() { walk(map[string]int{}, 3) }
""",
        {("walk",)},
    ),
}


MISSING: dict[str, str] = {}


def known(names: Iterable[str]) -> list[object]:
    """The names of programs, those with what the engine does not know yet marked."""
    return [pytest.param(n, marks=pytest.mark.xfail(reason=MISSING[n], strict=True)) if n in MISSING else n for n in names]


@pytest.mark.parametrize("name", known(RACES))
def test_races(name: str) -> None:
    source, races = RACES[name]
    assert Engine(HEAD + source).races() == races


@pytest.mark.parametrize("name", known(RACES))
def test_races_do_not_depend_on_the_order_of_declarations(name: str) -> None:
    source, races = RACES[name]
    assert Engine(HEAD + declarations_reversed(source)).races() == races


def test_races_do_not_depend_on_the_order_of_files() -> None:
    parts = [
        "package main\nfunc main() { t := New(); go t.put(); go t.drop(); other() }",
        "package main\ntype T struct{ m map[string]int }\nfunc New() *T { return &T{m: map[string]int{}} }",
        'package main\nfunc (t *T) put() { t.m["a"] = 1 }\nfunc (t *T) drop() { delete(t.m, "a") }',
        'package main\nvar all = map[string]int{}\nfunc other() { go count(); count() }\nfunc count() { all["n"]++ }',
    ]

    def found(order: list[str]) -> list[tuple[str, str]]:
        judge = judge_of(program_of(*order), load())
        with deep_stack():
            return sorted((judge.index.bodies[r.a.access.func].func, judge.index.bodies[r.b.access.func].func) for r in judge.races())

    right = found(parts)
    assert len(right) == 2
    for seed in range(6):
        other = parts.copy()
        random.Random(seed).shuffle(other)
        assert found(other) == right
