"""Code that stands beside other code: what comes from outside the tree is taken for nothing that it cannot be."""

from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.base.stack import deep_stack
from mapguard.findings.model import Finding
from mapguard.models.load import load
from mapguard.races.engine import judge_of

COUNTER = """package counter

import (
	"net/http"
	"sync"
)

type Counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func New() *Counter { return &Counter{counts: map[string]int{}} }

func (c *Counter) Reset(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.counts)
}

func (c *Counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[r.URL.Path]++
}
"""

ROUTER = """package router

import "net/http"

type Router struct{ routes map[string]http.Handler }

func (s *Router) Handle(path string, h http.Handler) { s.routes[path] = h }

func (s *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.routes[r.URL.Path].ServeHTTP(w, r)
}

func Limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) })
}

func Site(around func(http.Handler) http.Handler, h http.Handler) http.Handler {
	return Limit(around(h))
}
"""

PROGRAM = """package main

import (
	"example.com/m/counter"
	"example.com/m/router"
)

func main() { println(counter.New(), &router.Router{}) }
"""

TWO = """package main

import "sync/atomic"

type first struct{ table atomic.Pointer[map[string]int] }
type second struct{ table atomic.Pointer[map[string]int] }

func main() {
	a, b := &first{}, &second{}
	a.table.Store(&map[string]int{})
	b.table.Store(&map[string]int{})
	for range 2 {
		go func() { (*a.table.Load())["k"]++ }()
		go func() { (*b.table.Load())["k"]++ }()
	}
}
"""


def tree(folder: Path, **files: str) -> Options:
    (folder / "go.mod").write_text("module example.com/m\n\ngo 1.25\n")
    for name, text in files.items():
        (folder / name).mkdir()
        (folder / name / "a.go").write_text(text)
    return Options(paths=(folder,), cache=False, jobs=1)


def findings(options: Options) -> tuple[Finding, ...]:
    return pipeline.run(options).findings


def callers_of_the_counter(options: Options) -> list[str]:
    [(_, program)] = pipeline.linked(options)
    with deep_stack():
        judge = judge_of(program, load())
        method = next(n for n, body in enumerate(judge.index.bodies) if body.func.endswith("(Counter).ServeHTTP"))
        return [judge.index.bodies[judge.index.sites[edge.site].func].func for edge in judge.edges.into(method)]


@pytest.mark.parametrize(
    "beside",
    [{}, {"router": ROUTER}, {"router": ROUTER, "program": PROGRAM}],
    ids=["alone", "beside a router", "in one program with a router"],
)
def test_a_handler_is_guarded_whatever_stands_beside_it(tmp_path: Path, beside: dict[str, str]) -> None:
    assert findings(tree(tmp_path, counter=COUNTER, **beside)) == ()


def test_it_races_without_the_lock_whatever_stands_beside_it(tmp_path: Path) -> None:
    bare = "".join(line for line in COUNTER.splitlines(keepends=True) if "Lock()" not in line)
    assert [f.map.name for f in findings(tree(tmp_path, counter=bare, router=ROUTER, program=PROGRAM))] == ["counts"]


def test_what_no_program_has_together_does_not_call_each_other(tmp_path: Path) -> None:
    assert callers_of_the_counter(tree(tmp_path, counter=COUNTER, router=ROUTER)) == []


def test_in_one_program_an_object_from_outside_may_be_of_any_type_that_fits(tmp_path: Path) -> None:
    called = callers_of_the_counter(tree(tmp_path, counter=COUNTER, router=ROUTER, program=PROGRAM))
    assert called == ["example.com/m/router.(Router).ServeHTTP", "example.com/m/router.Limit$3"]


def test_maps_in_values_of_a_library_go_by_the_fields_of_those(tmp_path: Path) -> None:
    names = {(f.map.owner, f.map.name) for f in findings(tree(tmp_path, program=TWO))}
    assert names == {("first", "table"), ("second", "table")}
