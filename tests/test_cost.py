"""What a run may cost: over it there is still a report, which says what was left out, and the next run starts anew."""

import json
from pathlib import Path
from typing import Any

import pytest

from mapguard import pipeline
from mapguard.base import budget
from mapguard.base.budget import BudgetError
from mapguard.base.gap import Reason
from mapguard.base.options import Options
from mapguard.findings.model import Report
from mapguard.heap.heap import Heap
from mapguard.races.judge import Judge
from mapguard.races.maps import Map
from scanning import RACE, run, tree

EXAMPLE = Path(__file__).parent.parent / "examples" / "tickets"


def limits(report: Report) -> list[str]:
    return [gap.detail for gap in report.gaps if gap.reason is Reason.LIMIT]


def test_a_run_that_takes_too_long_is_told_and_strict_fails(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": "module m\n", "a.go": RACE})
    for option, word in (("--timeout", "seconds"), ("--max-memory", "MB")):
        done = run("scan", option, "0.000001", "-f", "json", cwd=tmp_path)
        report = json.loads(done.out)
        assert (done.code, report["findings"]) == (0, [])
        assert [(gap["reason"], word in gap["detail"]) for gap in report["gaps"]] == [("LIMIT", True)]
        assert run("scan", option, "0.000001", "--strict", cwd=tmp_path).code == 3
    assert run("scan", cwd=tmp_path).code == 1  # nothing of this was kept in the cache
    assert run("scan", "--timeout", "0", "--max-memory", "0", "--no-cache", cwd=tmp_path).code == 1


def test_a_question_that_takes_too_long_is_a_failure(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": "module m\n", "a.go": RACE})
    done = run("why-not", "a.go:7", "a.go:7", "--timeout", "0.000001", cwd=tmp_path)
    assert done.code == 2 and "more than" in done.err and done.out == ""


def scanned(**more: Any) -> Report:
    return pipeline.run(Options(paths=(EXAMPLE,), cache=False, timeout=1000, **more))


@pytest.mark.parametrize("after", [0, 1, 2, 4, 8, 16, 32, 64, 128])
def test_wherever_it_stops_the_rest_is_a_gap(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """``after`` looks at the clock the run is over its budget; it gets a last share to tell what it has found."""
    whole = scanned()
    left = [after]

    def check(self: budget.Budget) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise BudgetError("the run took more than it may")

    monkeypatch.setattr(budget, "_EVERY", 40)
    monkeypatch.setattr(budget.Budget, "check", check)
    monkeypatch.setattr(budget.Budget, "extend", lambda self: left.__setitem__(0, 1_000_000))
    report = scanned()
    found = {(f.rule, f.map.name) for f in report.findings}
    assert found <= {(f.rule, f.map.name) for f in whole.findings}
    assert limits(report) or report.findings == whole.findings
    assert [gap for gap in report.gaps if gap.reason is Reason.CRASH] == []


def test_an_error_hides_one_map(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scanned()
    apart, hidden = Judge.apart, whole.findings[0].accesses[0]

    def failing(self: Judge, map_: Map, a: int, b: int) -> Any:
        if any((func := self.index.funcs[x.func]) is not None and hidden.path.endswith(func.path) for x in map_.accesses):
            raise RecursionError("too deep")
        return apart(self, map_, a, b)

    monkeypatch.setattr(Judge, "apart", failing)
    report = scanned()
    assert 0 < len(report.findings) < len(whole.findings)
    assert {(gap.reason, gap.detail) for gap in report.gaps} == {(Reason.CRASH, "RecursionError: too deep")}
    assert all(gap.path and gap.line for gap in report.gaps)
    with pytest.raises(RecursionError):
        scanned(debug=True)


def test_an_error_in_the_heap_is_told_to_all_who_ask_for_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Heap._rule
    asked: list[Any] = []

    def failing(self: Heap, question: Any) -> int:
        if len(asked) == 30:
            raise KeyError("odd")
        asked.append(question)
        return rule(self, question)

    monkeypatch.setattr(Heap, "_rule", failing)
    report = scanned()
    assert {gap.reason for gap in report.gaps} == {Reason.CRASH}
