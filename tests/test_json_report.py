"""The JSON report and its schema: what is printed is valid, every part of the schema is exercised, the bytes do not depend on the run."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

import sample_report
from golden_file import same_as_golden
from mapguard import pipeline
from mapguard.base.gap import Reason
from mapguard.base.options import Options
from mapguard.findings import select
from mapguard.findings.model import Confidence, Report, Severity
from mapguard.report.context import Context
from mapguard.report.json import render

SCHEMA = json.loads((Path(__file__).parent.parent / "docs" / "report.schema.json").read_text("utf-8"))
FIXTURES = Path(__file__).parent / "fixtures"


def ready(report: Report) -> Report:
    return msgspec.structs.replace(report, findings=tuple(select.with_fingerprints(report.findings)))


def document(report: Report, **context: Any) -> dict[str, Any]:
    done: dict[str, Any] = json.loads(render(report, Context(root=Path(), **context)))
    return done


def errors(value: Any) -> list[str]:
    validator = jsonschema_rs.Draft202012Validator(SCHEMA)
    return [f"{list(e.instance_path)}: {e.message}" for e in validator.iter_errors(value)]


def test_the_sample_is_valid() -> None:
    assert errors(document(ready(sample_report.report()))) == []
    assert errors(document(ready(sample_report.report()), stats=True)) == []


def test_suppressed_findings_are_valid_and_complete() -> None:
    report = sample_report.suppressed_report()
    silenced = tuple(
        msgspec.structs.replace(s, finding=f)
        for s, f in zip(report.suppressed, select.with_fingerprints([report.suppressed[0].finding]), strict=True)
    )
    written = document(msgspec.structs.replace(ready(report), suppressed=silenced))
    assert errors(written) == []
    assert [s["by"] for s in written["suppressed"]] == ["mapguard:ignore"]


def test_no_finding_is_valid() -> None:
    assert errors(document(Report(".", ()))) == []


def test_a_real_run_is_valid() -> None:
    report = pipeline.run(Options(paths=(FIXTURES / "guards",), cache=False))
    written = document(ready(report))
    assert errors(written) == []
    assert written["findings"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(extra=1),
        lambda d: d["findings"][0].pop("map"),
        lambda d: d["findings"][0].update(fingerprint=""),
        lambda d: d["findings"][0]["accesses"][0].update(op="poke"),
        lambda d: d["findings"][0]["accesses"][0].update(path="/etc/passwd"),
        lambda d: d["findings"][0]["accesses"][0]["trace"][0].update(column=0),
        lambda d: d["gaps"][0].update(reason="BECAUSE"),
        lambda d: d["stats"]["seconds"].update(total="long"),
    ],
)
def test_the_schema_is_strict(spoil: Any) -> None:
    written = document(ready(sample_report.report()))
    spoil(written)
    assert errors(written)


def test_the_schema_knows_every_word_of_the_types() -> None:
    defs = SCHEMA["$defs"]
    assert defs["gap"]["properties"]["reason"]["enum"] == [str(r) for r in Reason]
    assert defs["finding"]["properties"]["severity"]["enum"] == [str(s) for s in Severity]
    assert defs["finding"]["properties"]["confidence"]["enum"] == [str(c) for c in Confidence]


def test_times_only_where_asked() -> None:
    assert document(sample_report.report())["stats"]["seconds"] == {}
    assert document(sample_report.report(), stats=True)["stats"]["seconds"] == {"parse": 0.1, "total": 0.25}


def test_golden() -> None:
    same_as_golden("report.json", render(ready(sample_report.report()), Context(root=Path(), version="0.0.0")))
