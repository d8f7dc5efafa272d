"""The baseline: the same findings give the same bytes, moved lines do not matter, what is gone is said; and fingerprints, its keys."""

import msgspec
import pytest

import sample_report
from mapguard.base.errors import UsageError
from mapguard.findings import baseline, select
from mapguard.findings.model import Confidence, Finding, Severity


def found() -> list[Finding]:
    return select.with_fingerprints(sample_report.report().findings)


def moved(f: Finding, by: int) -> Finding:
    return msgspec.structs.replace(f, accesses=tuple(msgspec.structs.replace(a, line=a.line + by) for a in f.accesses))


def test_recorded_findings_do_not_count() -> None:
    known = baseline.decode(baseline.encode(found()[:2]), "b.json")
    new, recorded = baseline.apply(found(), known)
    assert new == found()[2:]
    assert [(s.finding, s.by) for s in recorded] == [(f, "baseline") for f in found()[:2]]


def test_the_bytes_do_not_depend_on_order_or_lines() -> None:
    lines = select.with_fingerprints([moved(f, 40) for f in reversed(sample_report.report().findings)])
    assert baseline.encode(lines) == baseline.encode(found())
    assert baseline.encode(found()).endswith(b"}\n")


def test_it_reads_what_it_wrote() -> None:
    known = baseline.decode(baseline.encode(found()), "b.json")
    assert [e.fingerprint for e in known.findings] == sorted(f.fingerprint for f in found())
    assert baseline.stale(known, found()) == []


def test_what_is_gone_is_stale() -> None:
    known = baseline.decode(baseline.encode(found()), "b.json")
    assert [e.fingerprint for e in baseline.stale(known, found()[1:])] == [found()[0].fingerprint]


@pytest.mark.parametrize("data", [b"", b"[]", b'{"version": 2, "findings": []}', b'{"version": 1, "findings": [{}]}', b"\xff", b"{" * 5000])
def test_what_is_no_baseline_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"^b\.json is not a baseline of mapguard: "):
        baseline.decode(data, "b.json")


# ---------------------------------------------------------------- fingerprints and selection


def test_a_fingerprint_survives_moved_lines_and_other_accesses() -> None:
    f = sample_report.guard_missed()
    assert select.fingerprint(moved(f, 7)) == select.fingerprint(f)
    assert select.fingerprint(msgspec.structs.replace(f, accesses=f.accesses[:2])) == select.fingerprint(f)


@pytest.mark.parametrize("part", ["rule", "package", "owner", "name", "function", "expression"])
def test_a_fingerprint_tells_findings_apart(part: str) -> None:
    f = sample_report.guard_missed()
    match part:
        case "rule":
            other = msgspec.structs.replace(f, rule="concurrent-map-write")
        case "function" | "expression":
            first = msgspec.structs.replace(f.accesses[0], **{part: "other"})
            other = msgspec.structs.replace(f, accesses=(first, *f.accesses[1:]))
        case _:
            other = msgspec.structs.replace(f, map=msgspec.structs.replace(f.map, **{part: "other"}))
    assert select.fingerprint(other) != select.fingerprint(f)


def test_equal_fingerprints_are_numbered_by_place() -> None:
    f = sample_report.guard_missed()
    marks = {x.accesses[0].line: x.fingerprint for x in select.with_fingerprints([moved(f, 9), f, moved(f, 5)])}
    base = select.fingerprint(f)
    line = f.accesses[0].line
    assert marks == {line: base, line + 5: f"{base}-2", line + 9: f"{base}-3"}


def test_worst_first() -> None:
    f = sample_report.guard_missed()
    kinds = [(s, c) for s in Severity for c in Confidence]
    mixed = [msgspec.structs.replace(f, severity=s, confidence=c) for s, c in kinds]
    ordered = [(x.severity, x.confidence) for x in select.with_fingerprints(reversed(mixed))]
    assert ordered == kinds


@pytest.mark.parametrize(
    ("wanted", "rules"),
    [
        (select.Selection(), ["concurrent-map-read-write", "map-guard-missed"]),
        (select.Selection(least=Confidence.HIGH), ["concurrent-map-read-write"]),
        (select.Selection(least=Confidence.LOW), ["concurrent-map-read-write", "concurrent-map-write", "map-guard-missed"]),
        (select.Selection(rules=("map-guard-missed",)), ["map-guard-missed"]),
        (select.Selection(disabled=("map-guard-missed",)), ["concurrent-map-read-write"]),
        (select.Selection(paths=(select.PathRule(("internal/",), ("map-guard-missed",)),)), ["concurrent-map-read-write"]),
        (
            select.Selection(paths=(select.PathRule(("*.go", "!internal/**"), ("map-guard-missed",)),)),
            ["concurrent-map-read-write", "map-guard-missed"],
        ),
        (select.Selection(paths=(select.PathRule(("internal/**",), (), Confidence.HIGH),)), ["concurrent-map-read-write"]),
    ],
)
def test_selection(wanted: select.Selection, rules: list[str]) -> None:
    assert [f.rule for f in select.selected(found(), wanted)] == rules


@pytest.mark.parametrize(
    ("gate", "failing"), [("error", {"error"}), ("warning", {"error", "warning"}), ("note", {"error", "warning", "note"}), ("none", set())]
)
def test_gate(gate: str, failing: set[str]) -> None:
    f = sample_report.guard_missed()
    assert {str(s) for s in Severity if select.at_or_above(msgspec.structs.replace(f, severity=s), gate)} == failing
