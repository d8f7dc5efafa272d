"""The locks that are held at accesses: programs that state it line by line."""

from collections.abc import Iterable

import pytest

from engine.stated import Engine
from mapguard.bodies.worklist import Worklist

HEAD = """package main

import "sync"

type C struct {
	mu sync.Mutex
	rw sync.RWMutex
	m map[string]int
	busy bool
	token chan struct{}
}

func (c *C) lock() { c.mu.Lock() }
func (c *C) unlock() { c.mu.Unlock() }
"""

BODIES = {
    "between lock and unlock": """
func (c *C) f() {
	c.m["a"] = 1 // held: none
	c.mu.Lock()
	c.m["b"] = 1 // held: c.mu write
	c.mu.Unlock()
	c.m["c"] = 1 // held: none
}
""",
    "defer, and an early return": """
func (c *C) f(skip bool) {
	if skip {
		c.m["a"] = 1 // held: none
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m["b"] = 1 // held: c.mu write
}
""",
    "unlocked on one way only": """
func (c *C) f(early bool) {
	c.mu.Lock()
	if early {
		c.mu.Unlock()
	}
	c.m["a"] = 1 // held: c.mu write | none
}
""",
    "unlocked on the way that returns": """
func (c *C) f(early bool) {
	c.mu.Lock()
	if early {
		c.mu.Unlock()
		return
	}
	c.m["a"] = 1 // held: c.mu write
	c.mu.Unlock()
}
""",
    "a lock that a parameter decides": """
func (c *C) f(locked bool) {
	if !locked {
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	c.m["a"] = 1 // held: c.mu write | none
}
func (c *C) g(locked bool) {
	if locked { c.mu.Lock() }
	if locked {
		c.m["a"] = 1 // held: c.mu write
		c.mu.Unlock()
	}
}
""",
    "TryLock": """
func (c *C) f() {
	if c.mu.TryLock() {
		c.m["a"] = 1 // held: c.mu write
		c.mu.Unlock()
	}
	if !c.mu.TryLock() {
		c.m["b"] = 1 // held: none
		return
	}
	c.m["c"] = 1 // held: c.mu write
	c.mu.Unlock()
}
""",
    "TryLock whose answer has a name": """
func (c *C) f() {
	ok := c.mu.TryLock()
	if ok {
		c.m["a"] = 1 // held: c.mu write
		c.mu.Unlock()
	}
}
""",
    "helpers that lock": """
func (c *C) f() {
	c.lock()
	c.m["a"] = 1 // held: c.mu write
	c.unlock()
	c.m["b"] = 1 // held: none
}
func (c *C) g() {
	c.lock()
	defer c.unlock()
	c.m["a"] = 1 // held: c.mu write
}
""",
    "a helper that returns the unlock": """
func (c *C) locked() func() {
	c.mu.Lock()
	return c.mu.Unlock
}
func (c *C) f() {
	defer c.locked()()
	c.m["a"] = 1 // held: c.mu write
}
func (c *C) g() {
	unlock := c.locked()
	c.m["a"] = 1 // held: c.mu write
	unlock()
	c.m["b"] = 1 // held: none
}
""",
    "a result that tells whether the lock is held": """
func (c *C) try() bool {
	c.mu.Lock()
	if c.busy {
		c.mu.Unlock()
		return false
	}
	return true
}
func (c *C) f() {
	if !c.try() {
		c.m["a"] = 1 // held: none
		return
	}
	c.m["b"] = 1 // held: c.mu write
	c.mu.Unlock()
}
""",
    "an error that tells whether the lock is held": """
type busy struct{}
func (busy) Error() string { return "busy" }
func (c *C) open() error {
	c.mu.Lock()
	if c.busy {
		c.mu.Unlock()
		return busy{}
	}
	return nil
}
func (c *C) f() error {
	if err := c.open(); err != nil {
		c.m["a"] = 1 // held: none
		return err
	}
	c.m["b"] = 1 // held: c.mu write
	c.mu.Unlock()
	return nil
}
""",
    "given up in a callee": """
func (c *C) finish() {
	c.m["a"] = 1 // held: none
	c.mu.Unlock()
}
func (c *C) f() {
	c.mu.Lock()
	c.m["b"] = 1 // held: c.mu write
	c.finish()
	c.m["c"] = 1 // held: none
}
""",
    "given up and taken again in a callee": """
func (c *C) pause() {
	c.mu.Unlock()
	c.m["a"] = 1 // held: none
	c.mu.Lock()
}
func (c *C) f() {
	c.mu.Lock()
	c.pause()
	c.m["b"] = 1 // held: c.mu write
	c.mu.Unlock()
}
""",
    "modes of a reader-writer lock": """
func (c *C) f() int {
	c.rw.RLock()
	n := c.m["a"] // held: c.rw read
	c.rw.RUnlock()
	c.rw.Lock()
	c.m["b"] = n // held: c.rw write
	c.rw.Unlock()
	return c.m["c"] // held: none
}
""",
    "the lock of another object": """
func f(a, b *C) {
	a.mu.Lock()
	b.m["a"] = 1 // held: a.mu write
	b.mu.Lock()
	b.m["a"] = 1 // held: a.mu write + b.mu write
	a.mu.Unlock()
	b.m["a"] = 1 // held: b.mu write
	b.mu.Unlock()
}
""",
    "a token in a channel": """
func New() *C { return &C{m: map[string]int{}, token: make(chan struct{}, 1)} }
func (c *C) f() {
	c.token <- struct{}{}
	c.m["a"] = 1 // held: c.token sent
	<-c.token
	c.m["b"] = 1 // held: none
}
func main() { New().f() }
""",
    "a channel of two elements is no token": """
func New() *C { return &C{m: map[string]int{}, token: make(chan struct{}, 2)} }
func (c *C) f() {
	c.token <- struct{}{}
	c.m["a"] = 1 // held: none
	<-c.token
}
func main() { New().f() }
""",
    "a flag that is claimed under a lock": """
func (c *C) f() {
	c.mu.Lock()
	if c.busy {
		c.mu.Unlock()
		return
	}
	c.busy = true
	c.mu.Unlock()
	c.m["a"] = 1 // held: c.busy write
	c.mu.Lock()
	c.busy = false
	c.m["b"] = 1 // held: c.mu write
	c.mu.Unlock()
}
""",
    "a flag that is set without asking": """
func (c *C) f() {
	c.mu.Lock()
	c.busy = true
	c.mu.Unlock()
	c.m["a"] = 1 // held: none
}
""",
    "recursion": """
func (c *C) f(n int) {
	c.mu.Lock()
	c.m["a"] = n // held: c.mu write
	c.mu.Unlock()
	if n > 0 { c.f(n - 1) }
	c.m["b"] = n // held: none
}
""",
    "mutual recursion that gives up": """
func (c *C) even(n int) {
	if n == 0 { c.mu.Unlock(); return }
	c.odd(n - 1)
}
func (c *C) odd(n int) {
	if n == 0 { c.mu.Unlock(); return }
	c.even(n - 1)
}
func (c *C) f(n int) {
	c.mu.Lock()
	c.even(n)
	c.m["a"] = n // held: none
}
""",
    "another lock state in each round of a loop": """
func step() bool { return len("x") > 1 }
func (c *C) f() {
	c.mu.Lock()
	for {
		if step() {
			c.m["a"] = 1 // held: c.mu write | none
			return
		}
		c.mu.Unlock()
	}
}
""",
    "a literal that runs under the lock": """
func (c *C) with(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}
func (c *C) f() {
	c.with(func() {
		c.m["a"] = 1 // held: none
	})
	c.m["b"] = 1 // held: none
}
""",
    "deferred calls run before the unlock that was deferred first": """
func (c *C) f() {
	defer c.mu.Unlock()
	defer c.drop()
	c.mu.Lock()
	c.m["a"] = 1 // held: c.mu write
}
func (c *C) drop() { delete(c.m, "a") } // held: none
""",
    "select and switch": """
func (c *C) f(n int, done chan bool) {
	c.mu.Lock()
	switch n {
	case 1:
		c.mu.Unlock()
	case 2:
		c.m["a"] = 1 // held: c.mu write
		c.mu.Unlock()
	default:
		c.mu.Unlock()
	}
	select {
	case <-done:
		c.mu.Lock()
		c.m["b"] = 1 // held: c.mu write
		c.mu.Unlock()
	default:
	}
	c.m["c"] = 1 // held: none
}
""",
    "goto": """
func (c *C) f(n int) {
	c.mu.Lock()
	if n > 0 { goto out }
	c.m["a"] = 1 // held: c.mu write
out:
	c.mu.Unlock()
	c.m["b"] = 1 // held: none
}
""",
}


def declarations_reversed(body: str) -> str:
    """The program with its top-level declarations in the opposite order."""
    lines = body.splitlines()
    groups: list[list[int]] = []
    for number, line in enumerate(lines):
        if line.startswith(("func ", "type ", "var ")) or not groups:
            groups.append([])
        groups[-1].append(number)
    order = [number for group in reversed(groups) for number in group]
    return "\n".join(lines[n] for n in order)


MISSING = {
    "mutual recursion that gives up": "the fixpoint starts from functions without an effect, not from functions that never return",
}


def known(names: Iterable[str]) -> list[object]:
    """The names of programs, those with what the engine does not know yet marked."""
    return [pytest.param(n, marks=pytest.mark.xfail(reason=MISSING[n], strict=True)) if n in MISSING else n for n in names]


@pytest.mark.parametrize("name", known(BODIES))
def test_held(name: str) -> None:
    engine = Engine(HEAD + BODIES[name])
    stated = engine.stated()
    assert engine.found(stated) == stated
    assert engine.judge.bodies.unsettled == set()


@pytest.mark.parametrize("name", known(BODIES))
def test_held_does_not_depend_on_the_order_of_declarations(name: str) -> None:
    text = declarations_reversed(BODIES[name])
    engine = Engine(HEAD + text)
    stated = engine.stated()
    assert engine.found(stated) == stated


FLAG = (
    HEAD
    + """
func (c *C) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy {
		return false
	}
	CLAIM
	return true
}
func (c *C) end() {
	c.mu.Lock()
	c.busy = false
	c.mu.Unlock()
}
func main() {
	c := &C{m: map[string]int{}}
	go c.end()
	c.begin()
}
"""
)


@pytest.mark.parametrize(("claim", "given"), [("c.busy = true", 1), ("c.m = nil", 0)])
def test_unsetting_a_flag_gives_something_up_where_somebody_claims_it(claim: str, given: int) -> None:
    judge = Engine(FLAG.replace("CLAIM", claim)).judge
    (end,) = (number for name, number in judge.index.number.items() if name.endswith("(C).end"))
    assert [len(way.lost) for way in judge.bodies.effect(end)] == [given]


CHAIN = HEAD + "".join(f"func f{n}(c *C) {{ f{n + 1}(c) }}\n" for n in range(5)) + "func f5(c *C) { c.mu.Unlock() }\nfunc main() {}\n"


def test_callees_are_looked_at_first() -> None:
    index = Engine(CHAIN).judge.index
    queue = Worklist(index, range(len(index.bodies)))
    order = [index.bodies[func].func.rpartition(".")[2] for func in queue]
    assert [name for name in order if name in {f"f{n}" for n in range(6)}] == ["f5", "f4", "f3", "f2", "f1", "f0"]


def test_what_is_added_meanwhile_has_its_turn_once() -> None:
    index = Engine(CHAIN).judge.index
    queue = Worklist(index, [0])
    found = []
    for func in queue:
        found.append(func)
        if len(found) < 3:
            queue.add(0)
            queue.add(0)
    assert found == [0, 0, 0]
