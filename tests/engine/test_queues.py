"""A work queue gives one key to one worker at a time: what belongs to the key is that worker's until it is done with it.

``QUEUE`` is a queue as client-go has it, for the race detector; the analysis knows it as a model.
"""

import pytest

from engine.stated import Engine

HEAD = """package main

import (
	"runtime"
	"sync"

	"k8s.io/client-go/util/workqueue"
)

type state struct{ pods map[string]bool }

type C struct {
	queue  workqueue.RateLimitingInterface
	other  workqueue.RateLimitingInterface
	mu     sync.RWMutex
	states map[string]*state
	last   *state
}

var all sync.WaitGroup

func main() {
	c := &C{states: map[string]*state{}, last: &state{map[string]bool{}}}
	c.queue, c.other = workqueue.NewRateLimitingQueue(nil), workqueue.NewRateLimitingQueue(nil)
	for range 3 {
		all.Add(1)
		go c.worker()
	}
	c.start()
	for n := range 2000 {
		c.queue.Add([]string{"a", "b"}[n%2])
		c.other.Add([]string{"a", "b"}[n%2])
		runtime.Gosched()
	}
	c.queue.ShutDown()
	c.other.ShutDown()
	all.Wait()
}

func (s *state) put(k string) {
	for range 5 {
		runtime.Gosched()
		s.pods[k] = true // @x
	}
}

func (c *C) get(k string) *state {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.states[k]
	if !ok {
		s = &state{pods: map[string]bool{}}
		c.states[k] = s
	}
	return s
}
"""

QUEUE = """package workqueue

import "sync"

type RateLimitingInterface interface {
	Add(item any)
	Get() (item any, shutdown bool)
	Done(item any)
	AddRateLimited(item any)
	Forget(item any)
	ShutDown()
}

func NewRateLimitingQueue(limiter any) RateLimitingInterface {
	q := &queue{dirty: map[any]bool{}, processing: map[any]bool{}}
	q.cond = sync.NewCond(&q.mu)
	return q
}

type queue struct {
	mu                sync.Mutex
	cond              *sync.Cond
	items             []any
	dirty, processing map[any]bool
	closed            bool
}

func (q *queue) Add(item any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.dirty[item] {
		return
	}
	q.dirty[item] = true
	if !q.processing[item] {
		q.items = append(q.items, item)
		q.cond.Signal()
	}
}

func (q *queue) Get() (any, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.cond.Wait()
	}
	if len(q.items) == 0 {
		return nil, true
	}
	item := q.items[0]
	q.items = q.items[1:]
	q.processing[item] = true
	delete(q.dirty, item)
	return item, false
}

func (q *queue) Done(item any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.processing, item)
	if q.dirty[item] {
		q.items = append(q.items, item)
		q.cond.Signal()
	}
}

func (q *queue) AddRateLimited(item any) { q.Add(item) }
func (q *queue) Forget(item any)         {}

func (q *queue) ShutDown() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.cond.Broadcast()
}
"""

NEXT = """
func (c *C) start() {}
func (c *C) worker() {
	defer all.Done()
	for c.next() {
	}
}
func (c *C) next() bool {
	key, quit := c.queue.Get()
	if quit {
		return false
	}
	defer c.queue.Done(key)
	c.sync(key.(string))
	return true
}
"""

LITERAL = """
func (c *C) start() {}
func (c *C) worker() {
	defer all.Done()
	for {
		obj, shutdown := c.queue.Get()
		if shutdown {
			return
		}
		func(obj any) {
			defer c.queue.Done(obj)
			key, ok := obj.(string)
			if !ok {
				c.queue.Forget(obj)
				return
			}
			c.sync(key)
		}(obj)
	}
}
"""

OF_KEY = """
func (c *C) sync(key string) {
	s := c.get(key)
	s.put("x")
}
"""

SILENT = {
    "a state that is found or made": NEXT + OF_KEY,
    "a literal that handles the key": LITERAL + OF_KEY,
    "a state that is looked up under a lock": (
        NEXT
        + """
func (c *C) sync(key string) {
	c.get(key)
	c.mu.RLock()
	s, ok := c.states[key]
	c.mu.RUnlock()
	if ok {
		fill(s, key)
	}
}
func fill(s *state, key string) { s.put(key) }
"""
    ),
}

REPORT = {
    "the state that all keys have": (
        NEXT
        + """
func (c *C) sync(key string) {
	c.last.put(key)
}
"""
    ),
    "the state of one key": (
        NEXT
        + """
func (c *C) sync(key string) {
	s := c.get("a")
	s.put(key)
}
"""
    ),
    "two queues with the same keys": (
        NEXT.replace("func (c *C) start() {}", "")
        + OF_KEY
        + """
func (c *C) start() {
	all.Add(1)
	go func() {
		defer all.Done()
		for {
			key, quit := c.other.Get()
			if quit {
				return
			}
			c.sync(key.(string))
			c.other.Done(key)
		}
	}()
}
"""
    ),
    "a key that is given back too early": (NEXT.replace("defer c.queue.Done(key)", "c.queue.Done(key)") + OF_KEY),
    "somebody who has no key": (
        NEXT.replace("func (c *C) start() {}", "")
        + OF_KEY
        + """
func (c *C) start() {
	all.Add(1)
	go func() {
		defer all.Done()
		for range 50 {
			c.sync("a")
		}
	}()
}
"""
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_one_worker_a_key(name: str) -> None:
    assert Engine(HEAD + SILENT[name]).races() == set()


@pytest.mark.parametrize("name", REPORT)
def test_beside_the_key(name: str) -> None:
    assert Engine(HEAD + REPORT[name]).races() == {("x",)}
