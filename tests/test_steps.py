"""The steps of a thread lead to the access: each is on the line of its call, in a program that has all of them."""

from pathlib import Path

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.findings.model import Finding
from scanning import tree

MODULE: dict[str, str | bytes] = {"go.mod": "module example.com/m\n\ngo 1.22\n"}


def find(root: Path, files: dict[str, str | bytes]) -> Finding:
    """The one finding in a tree."""
    report = pipeline.run(Options(paths=(tree(root, {**MODULE, **files}),), cache=False, debug=True))
    (one,) = report.findings
    return one


HUB = """package hub

type Sink interface{ Put(string) }

type Hub struct{ Sink Sink }

func (h *Hub) Run() {
	go h.loop()
}

func (h *Hub) loop() {
	for {
		h.Sink.Put("x")
	}
}
"""
STORE = """package store

type Store struct{ hits map[string]int }

func New() *Store { return &Store{hits: map[string]int{}} }

func (s *Store) Put(k string) {
	s.hits[k]++
}

func (s *Store) Get(k string) int { return s.hits[k] }
"""
SERVER = """package main

import (
	"example.com/m/hub"
	"example.com/m/store"
	"net/http"
)

func main() {
	s := store.New()
	setup(s)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { _ = s.Get(r.Host) })
}

func setup(s *store.Store) {
	begin(&hub.Hub{Sink: s})
}

func begin(h *hub.Hub) {
	h.Run()
}
"""
TOOL = """package main

import "example.com/m/hub"

func main() {
	h := &hub.Hub{}
	h.Run()
}
"""


def test_a_thread_never_passes_through_another_command(tmp_path: Path) -> None:
    found = find(tmp_path, {"hub/hub.go": HUB, "store/store.go": STORE, "cmd/server/main.go": SERVER, "cmd/tool/main.go": TOOL})
    started = [a for a in found.accesses[: found.racing] if a.root is not None and a.root.kind == "goroutine"]
    assert [[(s.path, s.line) for s in a.trace] for a in started] == [
        [
            ("cmd/server/main.go", 11),
            ("cmd/server/main.go", 16),
            ("cmd/server/main.go", 20),
            ("hub/hub.go", 8),
            ("hub/hub.go", 13),
            ("store/store.go", 8),
        ]
    ] * len(started)
    assert started


def test_a_handler_in_a_field_is_registered_where_the_field_is_written() -> None:
    folder = Path(__file__).parent / "fixtures" / "roots" / "informer"
    report = pipeline.run(Options(paths=(folder,), cache=False, debug=True))
    steps = [
        s
        for f in report.findings
        for a in f.accesses
        for s in a.trace
        if s.path.endswith("roots/informer/informer.go") and s.text.startswith("registers")
    ]
    lines = (folder / "informer.go").read_text().split("\n")
    assert steps
    assert {(s.text.partition(":")[0], lines[s.line - 1].strip().partition(":")[0]) for s in steps} == {
        ("registers an informer handler", "AddFunc")
    }


def test_the_way_ends_where_a_handler_is_registered(tmp_path: Path) -> None:
    code = """package main

import "net/http"

type S struct{ hits map[string]int }

func main() { deeper(&S{hits: map[string]int{}}) }

func deeper(s *S) { register(s) }

func register(s *S) {
	http.HandleFunc("/", s.serve)
}

func (s *S) serve(w http.ResponseWriter, r *http.Request) {
	_ = s.hits[r.Host]
	go s.count(r.Host)
}

func (s *S) count(k string) {
	s.hits[k]++
}
"""
    found = find(tmp_path, {"p.go": code})
    written = next(a for a in found.accesses if a.op == "write")
    assert [s.line for s in written.trace] == [12, 17, 21]
