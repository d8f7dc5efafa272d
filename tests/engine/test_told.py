"""What the findings of the new analysis tell beyond what every finding tells: provenance, two steps, guards for comments, ended pairs."""

from engine.found import findings
from ir.lowering import program_of
from mapguard.base.stack import deep_stack
from mapguard.checks.guarded import guarded_fields
from mapguard.checks.inspect import Inspector
from mapguard.checks.sources import Sources
from mapguard.evidence.proofs import Proofs
from mapguard.findings.model import Finding, Step
from mapguard.models.load import load
from mapguard.races.engine import judge_of


class Told:
    """One program of package main."""

    def __init__(self, source: str) -> None:
        program = program_of(source, models=True)
        self.source = source
        self.models = load()
        self.sources = Sources(program.files, lambda path: source.encode())
        with deep_stack():
            self.judge = judge_of(program, self.models)
            self.proofs = Proofs(self.judge, self.models)

    def findings(self) -> list[Finding]:
        return findings(self.judge, self.models, self.sources)

    def line(self, text: str) -> int:
        return self.source[: self.source.index(text)].count("\n") + 1


def shown(steps: tuple[Step, ...]) -> list[tuple[int, str]]:
    return [(step.line, step.text.partition(": ")[0]) for step in steps]


STORE = """package main

type S struct{ hits map[string]int }

func New() *S {
	return &S{
		hits: map[string]int{},
	}
}

func (s *S) add(k string) { s.hits[k]++ }

func main() {
	s := New()
	go s.add("a")
	fill(s.hits)
}

func fill(m map[string]int) { m["b"] = 1 }
"""


def test_where_the_map_is_made_and_how_each_thread_gets_it() -> None:
    told = Told(STORE)
    (found,) = told.findings()
    assert shown(found.sharing.made) == [(told.line("hits: map"), "makes the map"), (told.line("&S{"), "makes the S that holds the map")]
    assert sorted(map(shown, found.sharing.reached)) == [
        [(told.line("s := New()"), "gets it from a call"), (told.line("go s.add"), "starts a goroutine that has s")],
        [(told.line("s := New()"), "gets it from a call"), (told.line("fill(s.hits)"), "passes s.hits on to fill")],
    ]
    assert found.sharing.apart == (
        f"no lock is held on either side; nothing waits for the thread that f0.go:{told.line('go s.add')} starts before the other access"
    )


GLOBAL = """package main

import "sync"

var (
	mu   sync.Mutex
	seen = map[string]int{}
)

func main() {
	go func() {
		mu.Lock()
		seen["a"]++
		mu.Unlock()
	}()
	seen["b"]++
}
"""


def test_a_package_variable_is_found_where_it_stands() -> None:
    told = Told(GLOBAL)
    (found,) = told.findings()
    assert shown(found.sharing.made) == [(told.line("seen = "), "makes the map")]
    texts = {text for steps in found.sharing.reached for _, text in shown(steps)}
    assert texts == {"finds it in the package variable seen"}
    assert found.sharing.apart.startswith("a lock is held on one side only")


REPLACED = """package main

import "net/http"

type S struct{ hits map[string]int }

func (s *S) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.hits = map[string]int{} }

func (s *S) Get(w http.ResponseWriter, r *http.Request) { _ = s.hits[r.Host] }
"""


def test_a_map_that_is_only_replaced_is_told_with_its_reads() -> None:
    (found,) = Told(REPLACED).findings()
    assert {a.op for a in found.accesses} == {"read", "replace"}
    assert "only ever replaced as a whole" in found.message
    assert found.advice.kind == "copy-on-write"


TWO_STEPS = """package main

import (
	"net/http"
	"sync"
)

var known sync.Map

func Serve(w http.ResponseWriter, r *http.Request) {
	n, _ := known.Load(r.Host)
	VALUE
}
"""


def test_a_store_of_what_was_looked_up_loses_one_of_two() -> None:
    lost = TWO_STEPS.replace("VALUE", "known.Store(r.Host, count(n))\n}\n\nfunc count(n any) int {\n\ti, _ := n.(int)\n\treturn i + 1")
    assert [f.rule for f in Told(lost).findings()] == ["sync-map-check-then-act"]


def test_two_steps_on_two_keys_are_no_finding() -> None:
    assert Told(TWO_STEPS.replace("VALUE", "known.Store(r.Method, n)")).findings() == []


GUARDED = """package main

import "sync"

type S struct {
	mu   sync.Mutex
	hits map[string]int
}

func (s *S) Add(k string) {
	s.mu.Lock()
	s.hits[k]++
	s.mu.Unlock()
}

func (s *S) Get(k string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[k]
}

func main() {
	s := &S{hits: map[string]int{}}
	go s.Add("a")
	_ = s.Get("a")
}
"""


def test_the_lock_that_all_accesses_hold_is_one_for_a_comment() -> None:
    told = Told(GUARDED)
    with deep_stack():
        (found,) = guarded_fields(told.proofs, told.sources, generated=False)
    assert (found.line, found.name, found.guard) == (told.line("hits map"), "hits", "mu")


def test_the_filter_that_ended_a_pair_is_named() -> None:
    told = Told(GUARDED)
    with deep_stack():
        inspector = Inspector(told.proofs, told.sources)
        add = inspector.accesses_at("f0.go", told.line("s.hits[k]++"))
        get = inspector.accesses_at("f0.go", told.line("return s.hits[k]"))
        lines = list(inspector.why_not(add, get))
    assert any(line.startswith("COMMON_LOCK: ") for line in lines)
    assert not any(line.startswith("RACE") for line in lines)
