"""Which waits and signals order two accesses, and which only seem to. Each program is as the race detector says."""

import pytest

from engine.stated import Engine
from engine.test_locks import declarations_reversed

HEAD = """package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

var _ sync.Mutex
var _ atomic.Bool
var _ context.Context
var _ time.Duration
"""

RACE: set[tuple[str, ...]] = {("in", "out")}

ORDER: dict[str, tuple[str, set[tuple[str, ...]]]] = {
    "a send is waited for": (
        """
func main() {
	m, done := map[string]int{}, make(chan bool)
	go func() { m["a"] = 1; done <- true }() // @in
	<-done
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "a message that a loop of one round waits for": (
        """
func main() {
	m, done := map[string]int{}, make(chan bool, 1)
	go func() { m["a"] = 1; done <- true }() // @in
	for range 1 { <-done }
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "another thread passes the word on by a method": (
        """
type group struct{ wg sync.WaitGroup }
func (g *group) end() { g.wg.Done() }
func (g *group) wait() { g.wg.Wait() }
func main() {
	m, done, g := map[string]int{}, make(chan bool), &group{}
	g.wg.Add(1)
	go func() {
		defer g.end()
		go func() { m["a"] = 1; done <- true }() // @in
		<-done
	}()
	g.wait()
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "another thread has passed the word on already": (
        """
type group struct{ wg sync.WaitGroup }
func (g *group) end() { g.wg.Done() }
func (g *group) wait() { g.wg.Wait() }
func main() {
	m, done, g := map[string]int{}, make(chan bool), &group{}
	g.wg.Add(1)
	go func() {
		go func() { time.Sleep(time.Millisecond); m["a"] = 1; done <- true }() // @in
		g.end()
		<-done
	}()
	g.wait()
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "a helper runs functions of a caller and waits for them": (
        """
func all(fs ...func()) {
	var wg sync.WaitGroup
	for _, f := range fs {
		wg.Add(1)
		go func() { defer wg.Done(); f() }()
	}
	wg.Wait()
}
func fill(m map[string]int) {
	var fs []func()
	for range 2 { fs = append(fs, func() { _ = m["a"] }) } // @in
	all(fs...)
}
func main() {
	m := map[string]int{}
	fill(m)
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "a helper runs functions of a caller and waits for one of them": (
        """
func all(fs ...func()) {
	done := make(chan bool, len(fs))
	for _, f := range fs {
		go func() { f(); done <- true }()
	}
	<-done
}
func fill(m map[string]int) {
	var fs []func()
	for range 2 { fs = append(fs, func() { _ = m["a"] }) } // @in
	all(fs...)
}
func main() {
	m := map[string]int{}
	fill(m)
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "a receive on an unbuffered channel is waited for": (
        """
func main() {
	m, done := map[string]int{}, make(chan bool)
	go func() { m["a"] = 1; <-done }() // @in
	done <- true
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "a receive on a buffered channel is not waited for": (
        """
func main() {
	m, done := map[string]int{}, make(chan bool, 1)
	go func() { m["a"] = 1; <-done }() // @in
	done <- true
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "a signal before the access": (
        """
func main() {
	m, done := map[string]int{}, make(chan bool)
	go func() { done <- true; m["a"] = 1 }() // @in
	<-done
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "a request and its reply are not the end": (
        """
func main() {
	m, in, reply := map[string]int{}, make(chan int), make(chan int)
	go func() {
		for k := range in { m["a"] += k; reply <- k } // @in
	}()
	go func() { in <- 1; in <- 2 }()
	<-reply
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "a signal in a deferred closure, in a callee": (
        """
func work(m map[string]int, done chan bool) {
	defer func() { say(done) }()
	m["a"] = 1 // @in
}
func say(done chan bool) { done <- true }
func wait(done chan bool) { <-done }
func main() {
	m, done := map[string]int{}, make(chan bool)
	go work(m, done)
	wait(done)
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "deferred calls run backwards": (
        """
func main() {
	m, done := map[string]int{}, make(chan bool)
	go func() {
		defer func() { m["a"] = 1 }() // @in
		defer close(done)
	}()
	<-done
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "another thread passes the word on": (
        """
func main() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	m, done := map[string]int{}, make(chan bool)
	for range 3 {
		wg.Add(1)
		go func() { defer wg.Done(); mu.Lock(); m["a"] = 1; mu.Unlock() }() // @in
	}
	go func() { wg.Wait(); close(done) }()
	<-done
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "another thread says so without waiting": (
        """
func main() {
	var wg sync.WaitGroup
	m, done := map[string]int{}, make(chan bool)
	wg.Add(1)
	go func() { defer wg.Done(); m["a"] = 1 }() // @in
	go func() { close(done); wg.Wait() }()
	<-done
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "as many messages as threads": (
        """
func main() {
	var mu sync.Mutex
	m, done := map[string]int{}, make(chan bool)
	for range 3 {
		go func() { mu.Lock(); m["a"] = 1; mu.Unlock(); done <- true }() // @in
	}
	for range 3 { <-done }
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "one message of many": (
        """
func main() {
	var mu sync.Mutex
	m, done := map[string]int{}, make(chan bool, 3)
	for range 3 {
		go func() { mu.Lock(); m["a"] = 1; mu.Unlock(); done <- true }() // @in
	}
	<-done
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "two messages from two threads": (
        """
func main() {
	m, n, done := map[string]int{}, map[string]int{}, make(chan bool)
	go func() { m["a"] = 1; done <- true }()
	go func() { n["a"] = 1; done <- true }()
	<-done
	<-done
	m["b"], n["b"] = 1, 1
}
""",
        set(),
    ),
    "one message from two threads": (
        """
func main() {
	m, done := map[string]int{}, make(chan bool, 2)
	go func() { m["a"] = 1; done <- true }() // @in
	go func() { done <- true }()
	<-done
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "Add in the thread": (
        """
func main() {
	var wg sync.WaitGroup
	m := map[string]int{}
	go func() { wg.Add(1); defer wg.Done(); m["a"] = 1 }() // @in
	wg.Wait()
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "a condition": (
        """
type Gate struct { c *sync.Cond; open bool; left int }
func main() {
	g := &Gate{c: sync.NewCond(&sync.Mutex{})}
	m := map[string]int{}
	go func() {
		m["a"] = 1 // @in
		g.c.L.Lock()
		g.open = true
		g.c.Broadcast()
		g.c.L.Unlock()
	}()
	g.c.L.Lock()
	for !g.open { g.c.Wait() }
	g.c.L.Unlock()
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "a flag without its lock": (
        """
type Gate struct { mu sync.Mutex; open bool }
func main() {
	g, m := &Gate{}, map[string]int{}
	go func() {
		m["a"] = 1 // @in
		g.open = true
	}()
	for !g.open { time.Sleep(1) }
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "an atomic flag, asked once": (
        """
func main() {
	var done atomic.Bool
	m := map[string]int{}
	go func() { m["a"] = 1; done.Store(true) }() // @in
	if done.Load() { m["b"] = 1 } // @out
}
""",
        set(),
    ),
    "an atomic flag, asked the other way": (
        """
func main() {
	var done atomic.Bool
	m := map[string]int{}
	go func() { m["a"] = 1; done.Store(true) }() // @in
	if !done.Load() { m["b"] = 1 } // @out
}
""",
        RACE,
    ),
    "a counter that a loop waits for": (
        """
func main() {
	var left atomic.Int32
	var mu sync.Mutex
	m := map[string]int{}
	for range 3 {
		go func() { mu.Lock(); m["a"] = 1; mu.Unlock(); left.Add(1) }() // @in
	}
	for left.Load() < 3 { time.Sleep(1) }
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "a select that may go on": (
        """
func main() {
	m, done := map[string]int{}, make(chan bool)
	go func() { m["a"] = 1; close(done) }() // @in
	select {
	case <-done:
	default:
	}
	m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "a select that gives up": (
        """
func main() {
	m, done := map[string]int{}, make(chan bool)
	go func() { m["a"] = 1; close(done) }() // @in
	select {
	case <-done:
		m["b"] = 1 // @out
	case <-time.After(time.Second):
	}
}
""",
        set(),
    ),
    "a context that is cancelled": (
        """
func main() {
	ctx, cancel := context.WithCancel(context.Background())
	m := map[string]int{}
	go func() { m["a"] = 1; cancel() }() // @in
	<-ctx.Done()
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "what a Once runs, and who did not run it": (
        """
var once sync.Once
var m = map[string]int{}
func use() int { once.Do(func() { m["a"] = 1 }); return m["a"] }
func main() { go use(); go use(); use() }
""",
        set(),
    ),
    "a go inside a go": (
        """
func main() {
	m, done := map[string]int{}, make(chan bool)
	go func() {
		go func() { m["a"] = 1; done <- true }() // @in
	}()
	<-done
	m["b"] = 1 // @out
}
""",
        set(),
    ),
    "each function of a slice is started once": (
        """
func all(fs ...func()) { for _, f := range fs { go f() } }
func main() {
	m, n := map[string]int{}, map[string]int{}
	all(func() { m["a"] = 1 }, func() { n["a"] = 1 })
}
""",
        set(),
    ),
    "one function is started twice": (
        """
func start(f func()) { go f() }
func main() {
	m := map[string]int{}
	f := func() { m["a"] = 1 } // @in
	start(f)
	start(f)
}
""",
        {("in",)},
    ),
    "one function for each round": (
        """
func start(f func()) { go f() }
func main() {
	m := map[string]int{}
	for range 3 { start(func() { m["a"] = 1 }) } // @in
}
""",
        {("in",)},
    ),
    "one worker of a pool of one": (
        """
func main() {
	jobs, m := make(chan func()), map[string]int{}
	for range 1 {
		go func() { for f := range jobs { f() } }()
	}
	for range 3 { jobs <- func() { m["a"] = 1 } }
}
""",
        set(),
    ),
    "elements on threads of their own, again after a wait": (
        """
func round(ms []map[string]int, wg *sync.WaitGroup) {
	for i := range ms {
		wg.Add(1)
		go func() { defer wg.Done(); ms[i]["a"] = 1 }()
	}
}
func main() {
	var wg sync.WaitGroup
	ms := []map[string]int{{}, {}}
	round(ms, &wg)
	wg.Wait()
	round(ms, &wg)
	wg.Wait()
}
""",
        set(),
    ),
    "a constructor's thread, and the method that waits for it": (
        """
type T struct { wg sync.WaitGroup; m map[string]int }
func New() *T {
	t := &T{m: map[string]int{}}
	t.wg.Add(1)
	go func() { defer t.wg.Done(); t.m["a"] = 1 }()
	return t
}
func (t *T) Close() map[string]int { t.wg.Wait(); return t.m }
func count() { t := New(); t.Close()["b"] = 1 }
func main() { go count(); count() }
""",
        set(),
    ),
    "the other one is waited for": (
        """
type T struct { done chan bool; m map[string]int }
func New() *T {
	t := &T{m: map[string]int{}, done: make(chan bool)}
	go func() { t.m["a"] = 1; close(t.done) }() // @in
	return t
}
func main() {
	t, other := New(), New()
	<-other.done
	t.m["b"] = 1 // @out
}
""",
        RACE,
    ),
    "built under the lock by whoever is first": (
        """
type T struct { mu sync.Mutex; built bool; m map[string]int }
func (t *T) all() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.built {
		t.m["a"] = 1
		t.built = true
	}
	return t.m
}
func main() {
	t := &T{m: map[string]int{}}
	go func() { _ = t.all()["a"] }()
	_ = t.all()["a"]
}
""",
        set(),
    ),
    "built again": (
        """
type T struct { mu sync.Mutex; built bool; m map[string]int }
func (t *T) all() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.built {
		t.m["a"] = 1 // @in
		t.built = true
	}
	return t.m
}
func (t *T) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.built = false
}
func main() {
	t := &T{m: map[string]int{}}
	go func() { _ = t.all()["a"] }() // @out
	t.forget()
	t.all()
}
""",
        RACE,
    ),
}


@pytest.mark.parametrize("name", ORDER)
def test_order(name: str) -> None:
    source, races = ORDER[name]
    assert Engine(HEAD + source).races() == races


@pytest.mark.parametrize("name", ORDER)
def test_order_does_not_depend_on_the_order_of_declarations(name: str) -> None:
    source, races = ORDER[name]
    assert Engine(HEAD + declarations_reversed(source)).races() == races
