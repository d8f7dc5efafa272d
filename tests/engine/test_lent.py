"""Locks that whoever starts goroutines holds until they are over, and what runs for a sender who waits for the reply."""

import pytest

from engine.stated import Engine

HEAD = """package main
import (
	"sync"
	"sync/atomic"
	"time"
)
var _ atomic.Bool
var _ time.Duration
type S struct { mu sync.Mutex; on atomic.Bool; ended bool; m map[string]int }
func (s *S) add() { s.mu.Lock(); defer s.mu.Unlock(); if !s.ended { s.m["a"]++ } }
func (s *S) locked() { s.mu.Lock(); defer s.mu.Unlock(); s.m["a"]++ }
var wg sync.WaitGroup
func twice(f func()) { for range 2 { wg.Add(1); go func() { defer wg.Done(); for range 100 { f() } }() } }
"""

SILENT = {
    "a lock that is held until the goroutine is over": """
func (s *S) load() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start()
}
func (s *S) start() {
	done := make(chan bool)
	go func() { s.m["b"]++; done <- true }()
	<-done
}
func main() { s := &S{m: map[string]int{}}; twice(s.load); twice(s.locked); wg.Wait() }
""",
    "a flag that lets one call go on, for good": """
func (s *S) start() {
	if !s.on.CompareAndSwap(false, true) { return }
	s.m["b"] = 1
	wg.Add(1)
	go s.run()
}
func (s *S) run() { defer wg.Done(); for range 100 { s.m["b"]++ } }
func main() { s := &S{m: map[string]int{}}; twice(s.start); wg.Wait() }
""",
    "what is added only until the flag is set": """
func (s *S) finish() {
	s.mu.Lock()
	if s.ended { s.mu.Unlock(); return }
	s.ended = true
	s.mu.Unlock()
	wg.Add(1)
	go func() { defer wg.Done(); for range 100 { s.m["b"]++ } }()
}
func main() { s := &S{m: map[string]int{}}; twice(s.add); twice(s.finish); wg.Wait() }
""",
    "a loop that answers, a sender that signals then": """
type loop struct{ c chan func() }
func (l *loop) do(f func()) { done := make(chan bool); l.c <- func() { f(); done <- true }; <-done }
func main() {
	l, m := &loop{make(chan func())}, map[string]int{}
	go func() { for f := range l.c { f() } }()
	wg.Add(1)
	go func() { defer wg.Done(); for range 100 { l.do(func() { m["a"]++ }) } }()
	wg.Wait()
	m["b"]++
}
""",
    "a loop that was there before the map was filled": """
type loop struct{ c chan func() }
func (l *loop) do(f func()) { done := make(chan bool); l.c <- func() { f(); done <- true }; <-done }
var l = start()
func start() *loop { l := &loop{make(chan func())}; go func() { for f := range l.c { f() } }(); return l }
var m = map[string]int{}
func main() {
	m["b"]++
	twice(func() { l.do(func() { m["a"]++ }) })
	wg.Wait()
}
""",
}

RACING = {
    "a lock that is given up before the goroutine is over": """
func (s *S) load() {
	done := make(chan bool)
	s.mu.Lock()
	go func() { s.m["b"]++; done <- true }()
	s.mu.Unlock()
	<-done
}
func main() { s := &S{m: map[string]int{}}; twice(s.load); twice(s.locked); wg.Wait() }
""",
    "two goroutines under one lock": """
func (s *S) load() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var both sync.WaitGroup
	for range 2 { both.Add(1); go func() { defer both.Done(); s.m["b"]++ }() }
	both.Wait()
}
func main() { s := &S{m: map[string]int{}}; s.load() }
""",
    "the starter itself meanwhile": """
func (s *S) load() {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := make(chan bool)
	go func() { s.m["b"]++; done <- true }()
	s.m["a"]++
	<-done
}
func main() { s := &S{m: map[string]int{}}; s.load() }
""",
    "a goroutine that nobody waits for": """
func (s *S) load() {
	s.mu.Lock()
	defer s.mu.Unlock()
	go func() { s.m["b"]++ }()
}
func main() { s := &S{m: map[string]int{}}; twice(s.load); twice(s.locked); wg.Wait(); time.Sleep(time.Millisecond) }
""",
    "a flag that is given back": """
func (s *S) start() {
	if !s.on.CompareAndSwap(false, true) { return }
	wg.Add(1)
	go s.run()
	s.on.Store(false)
}
func (s *S) run() { defer wg.Done(); for range 100 { s.m["b"]++ } }
func main() { s := &S{m: map[string]int{}}; twice(s.start); wg.Wait() }
""",
    "what is added whether the flag is set or not": """
func (s *S) finish() {
	s.mu.Lock()
	if s.ended { s.mu.Unlock(); return }
	s.ended = true
	s.mu.Unlock()
	wg.Add(1)
	go func() { defer wg.Done(); for range 100 { s.m["b"]++ } }()
}
func main() { s := &S{m: map[string]int{}}; twice(s.locked); twice(s.finish); wg.Wait() }
""",
    "a loop that answers before it has run": """
type loop struct{ c chan func() }
func (l *loop) do(f func()) { done := make(chan bool); l.c <- func() { done <- true; f() }; <-done }
func main() {
	l, m := &loop{make(chan func())}, map[string]int{}
	go func() { for f := range l.c { f() } }()
	wg.Add(1)
	go func() { defer wg.Done(); l.do(func() { time.Sleep(time.Millisecond); m["a"]++ }) }()
	wg.Wait()
	m["b"]++
	time.Sleep(3 * time.Millisecond)
}
""",
    "a sender that signals before the answer": """
type loop struct{ c chan func() }
func (l *loop) do(f func()) { done := make(chan bool); l.c <- func() { f(); done <- true }; wg.Done(); <-done }
func main() {
	l, m := &loop{make(chan func())}, map[string]int{}
	go func() { for f := range l.c { f() } }()
	wg.Add(1)
	go func() { l.do(func() { time.Sleep(time.Millisecond); m["a"]++ }) }()
	wg.Wait()
	m["b"]++
	time.Sleep(3 * time.Millisecond)
}
""",
}


@pytest.mark.parametrize("program", SILENT.values(), ids=SILENT)
def test_kept_apart(program: str) -> None:
    assert Engine(HEAD + program).races() == set()


@pytest.mark.parametrize("program", RACING.values(), ids=RACING)
def test_not_kept_apart(program: str) -> None:
    assert Engine(HEAD + program).races()
