"""What proofs say: how sure they are, what they take for granted, and which lock guards the map."""

from pathlib import Path

import pytest

from ir.lowering import program_of
from mapguard.base.stack import deep_stack
from mapguard.evidence.grades import Grade, Link, confidence, of_number
from mapguard.evidence.proof import Proof
from mapguard.evidence.proofs import Proofs
from mapguard.models.load import load
from mapguard.races.engine import judge_of

STORE = """
type Store struct {
	mu    sync.Mutex
	items map[string]int
}

func New() *Store { return &Store{items: map[string]int{}} }
"""


def proofs(source: str) -> list[Proof]:
    judge = judge_of(program_of(source, models=True), load())
    with deep_stack():
        return Proofs(judge, load()).all()


def told(source: str) -> dict[str, str]:
    """The confidence by the last part of the map's name."""
    return {p.where.last: p.confidence for p in proofs(source)}


def library(text: str) -> str:
    return 'package lib\n\nimport (\n\t"net/http"\n\t"sync"\n)\n\nvar _ http.Handler\nvar _ sync.Mutex\n' + text


# ---------------------------------------------------------------- grades


@pytest.mark.parametrize(("n", "grade"), [(0, Grade.SURE), (1, Grade.SURE), (2, Grade.CHOICE), (3, Grade.CHOICE), (4, Grade.ASSUMED)])
def test_one_of_few_is_a_choice_and_one_of_many_an_assumption(n: int, grade: Grade) -> None:
    assert of_number(n) == grade


CHOICE = Link("object", Grade.CHOICE, "one of two")
ASSUMED = Link("threads", Grade.ASSUMED, "callers outside")


@pytest.mark.parametrize(
    ("links", "supported", "expected"),
    [
        ((), False, "high"),
        ((CHOICE,), False, "medium"),
        ((CHOICE, CHOICE), False, "medium"),  # the same one twice
        ((ASSUMED,), True, "medium"),
        ((ASSUMED,), False, "low"),
        ((CHOICE, ASSUMED), True, "low"),
        ((CHOICE, Link("threads", Grade.CHOICE, "a call")), True, "low"),
    ],
)
def test_confidence_follows_from_the_grades(links: tuple[Link, ...], supported: bool, expected: str) -> None:
    assert confidence(links, supported) == expected


# ---------------------------------------------------------------- what supports callers outside the tree


def test_unknown_callers_alone_are_no_finding() -> None:
    plain = "type Set struct{ items map[string]int }\n\nfunc (s *Set) Add(k string) { s.items[k]++ }\n"
    assert told(library(plain)) == {}


def test_a_lock_at_other_accesses_supports_them() -> None:
    source = STORE + (
        "func (s *Store) Get(k string) int { s.mu.Lock(); defer s.mu.Unlock(); return s.items[k] }\n"
        "func (s *Store) Add(k string) { s.items[k]++ }\n"
    )
    [proof] = proofs(library(source))
    assert (proof.where.last, proof.confidence) == ("items", "medium")
    assert proof.guard is not None
    assert proof.guard.lock.last == "mu"
    assert (len(proof.guard.held), len(proof.guard.missed), proof.guard.declared) == (1, 1, False)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("// Set is safe for concurrent use.", {"items": "medium"}),
        ("// Set is not safe for concurrent use.", {}),
    ],
)
def test_comments_of_types_count(comment: str, expected: dict[str, str]) -> None:
    source = f"{comment}\ntype Set struct{{ items map[string]int }}\n\nfunc (s *Set) Add(k string) {{ s.items[k]++ }}\n"
    assert told(library(source)) == expected


DISCIPLINED = library("""
type Item struct {
	mu   sync.Mutex
	tags map[string]int
}

func (i *Item) Tag(name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tags[name]++
}

func (i *Item) Has(name string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.tags[name] > 0
}

type Shelf struct{ items []*Item }

func (s *Shelf) Give(to *Shelf) {
	for _, i := range s.items {
		to.items = append(to.items, &Item{tags: i.tags})
	}
}

func (s *Shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, i := range s.items {
		i.Tag(r.Host)
		i.Has(r.Host)
	}
}
""")


def test_copies_with_locks_of_their_own_are_a_choice() -> None:
    assert told(DISCIPLINED)["tags"] == "medium"


def test_that_a_lock_which_every_access_holds_is_that_of_another_object_is_an_assumption() -> None:
    source = (Path(__file__).parent.parent / "fixtures/guards/keptcallback/stream.go").read_text("utf-8")
    (proof,) = proofs(source)
    assert [link.grade for link in proof.links if "every access holds 'mu'" in link.reason] == [Grade.ASSUMED]
    assert proof.confidence == "low"


def test_a_declared_guard_supports_them_where_nobody_holds_it() -> None:
    source = (
        "type Set struct {\n\tmu    sync.Mutex\n\titems map[string]int // guarded by mu\n}\nfunc (s *Set) Add(k string) { s.items[k]++ }\n"
    )
    [proof] = proofs(library(source))
    assert proof.confidence == "medium"
    assert proof.guard is not None
    assert (proof.guard.declared, proof.guard.held, len(proof.guard.missed)) == (True, (), 1)


def test_a_goroutine_of_the_object_supports_a_caller_beside_it() -> None:
    source = (
        "type Set struct{ items map[string]int }\n"
        "func New() *Set { s := &Set{items: map[string]int{}}; go s.poll(); return s }\n"
        "func (s *Set) Add(k string) { s.items[k]++ }\n"
        "func (s *Set) poll() { for { for range s.items { } } }\n"
    )
    assert told(library(source)) == {"items": "medium"}


def test_a_goroutine_of_the_object_says_nothing_about_a_second_call_of_what_starts_it() -> None:
    source = (
        "type Set struct{ items map[string]int }\n"
        'func (s *Set) Run() { s.items["a"] = 1; go s.work() }\n'
        "func (s *Set) work() { for range s.items { } }\n"
    )
    assert told(library(source)) == {}


# ---------------------------------------------------------------- what is sure


def test_handlers_that_several_run_by_contract_are_sure() -> None:
    source = (
        "type Server struct{ hits map[string]int }\n"
        "func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.hits[r.Host]++ }\n"
    )
    assert told(library(source)) == {"hits": "high"}


def test_parameters_of_two_entry_points_are_two_objects() -> None:
    source = (
        'func A(w http.ResponseWriter, r *http.Request) { r.Header["a"] = nil }\n'
        'func B(w http.ResponseWriter, r *http.Request) { _ = r.Header["b"] }\n'
    )
    assert told(library(source)) == {}


SINKS = (
    "type sink interface{ put(k string) }\n"
    "type one struct{ items map[string]int }\n"
    "type two struct{}\n"
    "func (*two) put(string) {}\n"
    "type Server struct{ to sink }\n"
    "func New(real bool) *Server { if real { return &Server{&one{map[string]int{}}} }; return &Server{&two{}} }\n"
    "func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.to.put(r.Host) }\n"
)


def test_a_call_of_one_of_two_functions_is_a_choice() -> None:
    source = SINKS + "var items = map[string]int{}\nfunc (*one) put(k string) { items[k]++ }\n"
    assert told(library(source)) == {"items": "medium"}


def test_where_the_map_is_there_is_the_object_whose_method_runs() -> None:
    assert told(library(SINKS + "func (o *one) put(k string) { o.items[k]++ }\n")) == {"items": "high"}


# ---------------------------------------------------------------- programs and commands


def test_nobody_outside_calls_a_function_of_package_main() -> None:
    body = STORE + (
        "func (s *Store) Add(k string) { s.items[k]++ }\n"
        "func (s *Store) work() { s.mu.Lock(); defer s.mu.Unlock(); for range s.items { } }\n"
        "func main() { s := New(); go s.work(); select {} }\n"
    )
    source = library(body).replace("package lib", "package main")
    assert told(source) == {}
    called = source.replace("go s.work();", 'go s.work(); s.Add("a");')
    assert told(called) == {"items": "high"}


# ---------------------------------------------------------------- names


def test_a_map_in_a_variable_goes_by_the_field_that_it_is_stored_in() -> None:
    source = (
        "type Server struct{ hits map[string]map[string]int }\n"
        "func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {\n"
        "\tinner, ok := s.hits[r.Host]\n"
        "\tif !ok {\n\t\tinner = map[string]int{}\n\t\ts.hits[r.Host] = inner\n\t}\n"
        "\tinner[r.Method]++\n}\n"
    )
    assert {p.where.last for p in proofs(library(source))} == {"hits"}
