"""A program over its budget: what was judged stays, what was not is a gap."""

import resource
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.budget import NO_MEMORY, Budget, BudgetError
from mapguard.base.defects import Defects
from mapguard.base.gap import Reason
from mapguard.base.options import Options
from mapguard.base.stack import deep_stack
from mapguard.heap.tabling import Table
from mapguard.models.load import load
from mapguard.order.after import After
from mapguard.races.engine import judge_of
from mapguard.races.judge import Judge
from mapguard.races.limits import gaps
from mapguard.races.maps import Map

_SOURCE = """package main

import "net/http"

var hits = map[string]int{}

func count(w http.ResponseWriter, r *http.Request) { hits[r.URL.Path]++ }

func main() {
	http.HandleFunc("/", count)
	http.ListenAndServe(":80", nil)
}
"""


def _judge(folder: Path, budget: Budget) -> Iterator[Judge]:
    (folder / "go.mod").write_text("module example.com/m\n\ngo 1.22\n")
    (folder / "main.go").write_text(_SOURCE)
    for _, program in pipeline.linked(Options(paths=(folder,), cache=False, jobs=1)):
        yield judge_of(program, load(), budget)


def test_a_budget_that_is_enough_leaves_no_gap(tmp_path: Path) -> None:
    for judge in _judge(tmp_path, Budget(seconds=1000, megabytes=100_000)):
        with deep_stack():
            assert len(list(judge.races())) == 1
        assert gaps(judge) == []


def test_maps_that_are_not_judged_are_gaps(tmp_path: Path) -> None:
    budget = Budget()
    for judge in _judge(tmp_path, budget):
        with deep_stack():
            assert judge.maps()
            budget.step = _over  # type: ignore[method-assign]
            assert list(judge.races()) == []
        found = gaps(judge)
        assert [(g.reason, g.path, g.line) for g in found] == [(Reason.LIMIT, "main.go", 7)]
        assert "too much" in found[0].detail


def test_the_bounds_hold() -> None:
    with pytest.raises(BudgetError, match="seconds"):
        Budget(seconds=-1).check()
    with pytest.raises(BudgetError, match="MB"):
        Budget(megabytes=0).check()


def test_walks_over_functions_look_at_the_budget(tmp_path: Path) -> None:
    chain = "".join(f"func f{n}() {{ f{n + 1}() }}\n" for n in range(50))
    (tmp_path / "go.mod").write_text("module example.com/m\n\ngo 1.22\n")
    (tmp_path / "main.go").write_text(f"package main\n\nfunc main() {{ f0() }}\n{chain}func f50() {{}}\n")
    budget = Budget()
    steps: list[None] = []
    for _, program in pipeline.linked(Options(paths=(tmp_path,), cache=False, jobs=1)):
        with deep_stack():
            judge = judge_of(program, load(), budget)
            main = next(n for n, body in enumerate(judge.index.bodies) if body.func.endswith(".main"))
            start = (main, 0, -1)
            After(judge.edges).start(start)  # what is called is known now
            budget.step = partial(steps.append, None)  # type: ignore[method-assign]
            After(judge.edges).start(start)
    assert len(steps) >= 50


def test_a_limit_of_the_system_is_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.go").write_text(_SOURCE)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 20, resource.RLIM_INFINITY))
    report = pipeline.run(Options(paths=(tmp_path,), cache=False))
    assert [(g.reason, g.detail) for g in report.gaps] == [(Reason.LIMIT, f"{NO_MEMORY}: no map was judged")]


def test_memory_that_is_refused_ends_the_run_with_a_gap(tmp_path: Path) -> None:
    for judge in _judge(tmp_path, Budget()):
        with deep_stack():
            assert judge.maps()
            judge.heap.defects = Defects(keep=True)
            assert list(judge.each(_refused)) == []
        assert [g.detail for g in gaps(judge)] == [f"{NO_MEMORY}: 2 maps were not judged, first the one used here"]
        assert judge.heap.defects.found == []


def test_what_was_stopped_is_answered_when_it_is_asked_again() -> None:
    left = [1]

    def step() -> None:
        if not left:
            raise BudgetError("over")
        left.pop()

    table = Table(lambda key: 1 if key == 0 else table.ask(0) << 1, step)
    with pytest.raises(BudgetError):
        table.ask(1)
    left.extend([1] * 9)
    assert table.ask(1) == 2


def _refused(_: Map) -> None:
    raise MemoryError


def _over() -> None:
    raise BudgetError("too much")
