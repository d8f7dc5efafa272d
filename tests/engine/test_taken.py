"""Maps that are taken out of their place under a lock: the taker has them alone, since others find another one there."""

import pytest

from engine.stated import Engine

HEAD = """package main
import "sync"
type S struct { mu sync.Mutex; m, spare map[string]int; boxes map[string]*B }
type B struct{ m map[string]int }
func New() *S { return &S{m: map[string]int{}, spare: map[string]int{}, boxes: map[string]*B{"a": {m: map[string]int{}}}} }
func (s *S) locked(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }
func (s *S) fill() { s.locked(func() { s.m["a"]++ }) } // @fill
func (s *S) look() { s.locked(func() { if b := s.boxes["a"]; b != nil { b.m["a"]++ } }) } // @look
func use(m map[string]int) { m["b"]++ } // @use
var wg sync.WaitGroup
func twice(f func()) { for range 2 { wg.Add(1); go func() { defer wg.Done(); for range 200 { f() } }() } }
func main() { s := New(); twice(s.fill); twice(s.look); twice(s.take); wg.Wait() }
"""

TAKEN = {
    "here": 'func (s *S) take() { s.mu.Lock(); old := s.m; s.m = map[string]int{}; s.mu.Unlock(); old["b"]++ }',
    "by a literal that runs under the lock": """
func (s *S) take() {
	var old map[string]int
	s.locked(func() { old = s.m; s.m = map[string]int{} })
	use(old)
}""",
    "by a method that returns it": """
func (s *S) out() map[string]int { s.mu.Lock(); defer s.mu.Unlock(); old := s.m; s.m = map[string]int{}; return old }
func (s *S) take() { use(s.out()) }""",
    "and a helper puts another one there": """
func (s *S) reset() { s.m = map[string]int{} }
func (s *S) take() { s.mu.Lock(); old := s.m; s.reset(); s.mu.Unlock(); use(old) }""",
    "with what holds it": """
func (s *S) take() {
	s.mu.Lock()
	b := s.boxes["a"]
	delete(s.boxes, "a")
	s.mu.Unlock()
	if b != nil { use(b.m) }
}""",
}

STILL_SHARED = {
    "nothing takes its place": "func (s *S) take() { s.mu.Lock(); old := s.m; s.mu.Unlock(); use(old) }",
    "only sometimes": """
func (s *S) take() {
	s.mu.Lock()
	old := s.m
	if len(old) > 5 { s.m = map[string]int{} }
	s.mu.Unlock()
	use(old)
}""",
    "a helper that only sometimes puts another one there": """
func (s *S) reset() { if len(s.m) > 5 { s.m = map[string]int{} } }
func (s *S) take() { s.mu.Lock(); old := s.m; s.reset(); s.mu.Unlock(); use(old) }""",
    "what takes its place comes back": """
func (s *S) take() { s.mu.Lock(); old := s.m; s.m, s.spare = s.spare, s.m; s.mu.Unlock(); use(old) }""",
    "without the lock": "func (s *S) take() { old := s.m; s.m = map[string]int{}; use(old) }",
    "a literal that runs without the lock": """
func (s *S) take() {
	var old map[string]int
	s.locked(func() {})
	func() { old = s.m; s.m = map[string]int{} }()
	use(old)
}""",
    "another field is replaced": "func (s *S) take() { s.mu.Lock(); old := s.m; s.spare = map[string]int{}; s.mu.Unlock(); use(old) }",
    "one box is taken out, another one used": """
func (s *S) take() {
	s.mu.Lock()
	b := s.boxes["a"]
	delete(s.boxes, "b")
	s.mu.Unlock()
	if b != nil { use(b.m) }
}""",
    "two goroutines of one taker": """
func (s *S) take() {
	s.mu.Lock(); old := s.m; s.m = map[string]int{}; s.mu.Unlock()
	var both sync.WaitGroup
	both.Add(2)
	go func() { defer both.Done(); use(old) }()
	go func() { defer both.Done(); use(old) }()
	both.Wait()
}""",
}


@pytest.mark.parametrize("program", TAKEN.values(), ids=TAKEN)
def test_who_takes_a_map_out_has_it_alone(program: str) -> None:
    assert Engine(HEAD + program).races() == set()


@pytest.mark.parametrize("program", STILL_SHARED.values(), ids=STILL_SHARED)
def test_a_map_that_others_may_still_have(program: str) -> None:
    assert Engine(HEAD + program).races()
