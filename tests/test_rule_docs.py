"""The Go examples on the rule pages say the truth: the bad one is reported under its rule, the good one is silent."""

import re
from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.findings.model import Confidence
from mapguard.findings.rules import Rule, all_rules

_EXAMPLE = re.compile(r"^```go mapguard=(report|silent)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> list[tuple[Rule, str, str]]:
    return [(rule, m[1], m[2]) for rule in all_rules() for m in _EXAMPLE.finditer(rule.doc)]


@pytest.mark.parametrize(("rule", "expected", "code"), examples(), ids=lambda v: v.id if isinstance(v, Rule) else str(v)[:6])
def test_example(rule: Rule, expected: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/doc\n\ngo 1.22\n")
    (tmp_path / "example.go").write_text(code)
    report = pipeline.run(Options(paths=(tmp_path,), cache=False, debug=True))
    found = {f.rule for f in report.findings if f.confidence != Confidence.LOW}
    assert found == ({rule.id} if expected == "report" else set())


def test_every_rule_has_both_examples() -> None:
    kinds: dict[str, set[str]] = {}
    for rule, expected, _ in examples():
        kinds.setdefault(rule.id, set()).add(expected)
    assert kinds == {rule.id: {"report", "silent"} for rule in all_rules()}
