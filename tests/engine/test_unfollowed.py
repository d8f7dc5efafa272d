"""A bound on the ways to an access is told once for each map, and only where more ways could change what is said of the map."""

from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.gap import Reason
from mapguard.base.options import Options
from mapguard.races import contexts

HEAD = """package main

import (
	"net/http"
	"sync"
)

type store struct {
	mu    sync.Mutex
	items map[string]int
}

func main() {
	s := &store{items: map[string]int{}}
	http.HandleFunc("/a", func(http.ResponseWriter, *http.Request) { s.mu.Lock(); s.put("a"); s.mu.Unlock() })
	http.HandleFunc("/b", func(http.ResponseWriter, *http.Request) { s.mu.Lock(); s.put("b"); s.mu.Unlock() })
	http.HandleFunc("/far", func(http.ResponseWriter, *http.Request) { s.mu.Lock(); s.far("c"); s.mu.Unlock() })
	http.ListenAndServe("", nil)
}

func (s *store) far(k string)     { s.farther(k) }
func (s *store) farther(k string) { s.farthest(k) }
func (s *store) farthest(k string) { s.put(k) }

"""
BY_CALLERS = "func (s *store) put(k string) { s.items[k] = 1 }\n"
ON_THE_SPOT = """func (s *store) put(k string) {
	other.Lock()
	defer other.Unlock()
	s.items[k] = 1
}

var other sync.Mutex
"""
BARE = """func (s *store) put(k string) {
	s.mu.Unlock()
	s.items[k] = 1
	s.mu.Lock()
}
"""


def limits(tmp_path: Path, code: str) -> tuple[list[str], int]:
    (tmp_path / "go.mod").write_text("module example.com/m\n\ngo 1.22\n")
    (tmp_path / "main.go").write_text(HEAD + code)
    report = pipeline.run(Options(paths=(tmp_path,), cache=False, debug=True))
    return [g.detail for g in report.gaps if g.reason is Reason.LIMIT], len(report.findings)


def test_nothing_is_told_where_all_ways_are_followed(tmp_path: Path) -> None:
    assert limits(tmp_path, BY_CALLERS) == ([], 0)


def test_a_map_whose_lock_the_callers_take_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "_MOST", 1)
    told = "more ways lead to 'store.items' than are followed; on those that were, no race was found"
    assert limits(tmp_path, BY_CALLERS) == ([told], 0)


def test_a_lock_that_the_function_takes_itself_holds_on_all_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "_MOST", 1)
    assert limits(tmp_path, ON_THE_SPOT) == ([], 0)


def test_a_map_with_a_finding_needs_no_more_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits(tmp_path, BARE)[1] == 1
    monkeypatch.setattr(contexts, "_MOST", 8)
    assert limits(tmp_path, BY_CALLERS)[0] != []
    assert limits(tmp_path, BARE) == ([], 1)


LAYERS = """package main

import "net/http"

type runner interface{ run(k string) }

type base struct{ seen map[string]int }

func (b *base) run(k string) { b.seen[k]++ }

type traced struct{ next runner }

func (t *traced) run(k string) { t.next.run(k) }

type timed struct{ next runner }

func (t *timed) run(k string) { t.next.run(k) }

type retried struct{ next runner }

func (t *retried) run(k string) { t.next.run(k) }

func main() {
	var r runner = &base{seen: map[string]int{}}
	for _, name := range []string{"a", "b", "c"} {
		switch name {
		case "a":
			r = &traced{r}
		case "b":
			r = &timed{r}
		default:
			r = &retried{r}
		}
	}
	http.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) { r.run(q.URL.Path) })
	http.ListenAndServe("", nil)
}
"""


def test_layers_that_can_be_around_one_another_in_any_order_are_followed(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/m\n\ngo 1.22\n")
    (tmp_path / "main.go").write_text(LAYERS)
    report = pipeline.run(Options(paths=(tmp_path,), cache=False, debug=True))
    assert not any("more ways" in g.detail for g in report.gaps)
    assert [f.map.name for f in report.findings] == ["seen"]
