"""A lock guards what is reached from its object: through lists of the function's own, what is found or made, and library containers.

The programs run as they are; the race detector says of each what is stated here.
"""

import pytest

from engine.stated import Engine

HEAD = """package main

import (
	"container/list"
	"runtime"
	"sync"
)

var _ = list.New

type node struct {
	parent   *node
	children map[int]*node
	seen     map[string]int
}

type tree struct {
	mu    sync.Mutex
	root  *node
	nodes map[int]*node
	lists *list.List
	byKey map[string]map[string]int
}

func newTree() *tree {
	root := &node{children: map[int]*node{}, seen: map[string]int{}}
	return &tree{root: root, nodes: map[int]*node{0: root}, lists: list.New(), byKey: map[string]map[string]int{}}
}

func (t *tree) add(parent *node, n int) *node {
	made := &node{parent: parent, children: map[int]*node{}, seen: map[string]int{}}
	parent.children[n] = made
	t.nodes[n] = made
	t.lists.PushBack(made)
	return made
}

func (t *tree) grow(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(t.add(t.root, 2*n), 2*n+1)
}

var all sync.WaitGroup

func run(f func()) {
	all.Add(1)
	go func() {
		defer all.Done()
		for range 20 {
			f()
			runtime.Gosched()
		}
	}()
}

func mark(n *node) {
	n.seen["a"] = 1 // @mark
}
"""

TWO = """
func main() {
	for _, t := range []*tree{newTree(), newTree()} {
		t.grow(1)
		run(func() { t.work("a") })
		run(func() { t.work("b") })
	}
	all.Wait()
}
"""

SILENT = {
    "nodes that are collected first": TWO
    + """
func (t *tree) work(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []*node
	for _, n := range t.nodes {
		found = append(found, below(n)...)
	}
	for _, n := range found {
		mark(n)
	}
}
func below(n *node) []*node {
	found := make([]*node, 0)
	stack := []*node{n}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		found = append(found, at)
		for _, child := range at.children {
			stack = append(stack, child)
		}
	}
	return found
}
""",
    "the way up": TWO
    + """
func (t *tree) work(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n := t.nodes[3]; n != nil; n = n.parent {
		mark(n)
	}
}
""",
    "found or made": TWO
    + """
func (t *tree) work(k string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for range 3 {
		m, ok := t.byKey[k]
		if !ok {
			m = map[string]int{}
		}
		m["a"] = 1
		t.byKey["a"] = m
	}
}
""",
    "an element of a library's list": TWO
    + """
func (t *tree) work(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for e := t.lists.Front(); e != nil; e = e.Next() {
		mark(e.Value.(*node))
	}
}
""",
}

REPORT = {
    "a list with the nodes of two": """
func (t *tree) work(other *tree) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []*node
	for _, n := range t.nodes {
		found = append(found, n)
	}
	for _, n := range other.nodes {
		found = append(found, n)
	}
	for _, n := range found {
		mark(n)
	}
}
func main() {
	x, y := newTree(), newTree()
	run(func() { x.work(y) })
	run(func() { y.work(x) })
	all.Wait()
}
""",
    "nodes that go to another tree": """
func (t *tree) take(n *node) { t.nodes[7] = n }
func (t *tree) work() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range t.nodes {
		mark(n)
	}
}
func main() {
	x, y := newTree(), newTree()
	y.take(x.root)
	run(x.work)
	run(y.work)
	all.Wait()
}
""",
    "made and put into two": """
func (t *tree) work(other *tree, k string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m, ok := t.byKey[k]
	if !ok {
		m = map[string]int{}
		other.byKey[k] = m
	}
	m["a"] = 1 // @mark
	t.byKey[k] = m
}
func main() {
	x, y := newTree(), newTree()
	x.work(y, "a")
	run(func() { x.work(x, "a") })
	run(func() { y.work(y, "a") })
	all.Wait()
}
""",
    "a list without the lock": """
func (t *tree) collect() []*node {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []*node
	for _, n := range t.nodes {
		found = append(found, n)
	}
	return found
}
func (t *tree) work() {
	for _, n := range t.collect() {
		mark(n)
	}
}
func main() {
	x := newTree()
	run(x.work)
	run(x.work)
	all.Wait()
}
""",
}


@pytest.mark.parametrize("name", SILENT)
def test_reached_from_the_lock(name: str) -> None:
    assert Engine(HEAD + SILENT[name]).races() == set()


@pytest.mark.parametrize("name", REPORT)
def test_not_only_from_the_lock(name: str) -> None:
    assert ("mark",) in Engine(HEAD + REPORT[name]).races()
