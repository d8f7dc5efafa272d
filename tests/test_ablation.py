"""Switches take away what they name, and put it back."""

from pathlib import Path

import pytest

from ablation.noticed import differing
from ablation.switches import KINDS, Switch, off, switches
from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.models.load import load

FOUND = switches()
GUARDED = """package main

import "sync"

type S struct {
	mu   sync.Mutex
	hits map[string]int
}

func (s *S) add(k string) {
	s.mu.Lock()
	s.hits[k]++
	s.mu.Unlock()
}

func main() {
	s := &S{hits: map[string]int{}}
	go s.add("a")
	go s.add("b")
	s.add("c")
}
"""


def test_every_kind_is_found() -> None:
    assert {kind: sum(s.kind == kind for s in FOUND) >= 20 for kind in KINDS} == dict.fromkeys(KINDS, True)
    assert len(set(FOUND)) == len(FOUND)


@pytest.mark.parametrize("kind", KINDS)
def test_all_can_be_switched(kind: str) -> None:
    for switch in FOUND:
        if switch.kind == kind:
            with off(switch):
                pass


def test_what_is_off_is_noticed_and_comes_back(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/m\n\ngo 1.25\n")
    (tmp_path / "a.go").write_text(GUARDED)

    def findings() -> int:
        return len(pipeline.run(Options(paths=(tmp_path,), cache=False)).findings)

    assert findings() == 0
    with off(Switch("predicate", "mapguard.races.samelock:SameLock._may_be_one")):
        assert findings() == 1
    assert findings() == 0


def test_a_key_is_gone_from_every_entry() -> None:
    assert load().function("(*sync.Mutex).Lock").acquires == "write"  # type: ignore[union-attr]
    with off(Switch("model", "FunctionModel:acquires")):
        assert load().function("(*sync.Mutex).Lock").acquires is None  # type: ignore[union-attr]


def test_a_folder_differs_that_says_other_things_or_is_missing() -> None:
    assert differing({"a": ["x"], "b": ["y"], "c": ["z"]}, {"a": ["x"], "b": ["y", "y"], "d": ["z"]}) == ["b", "c", "d"]
