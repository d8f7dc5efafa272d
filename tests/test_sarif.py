"""SARIF: the standard's schema, what GitHub reads of it, its limits, columns and addresses of odd files."""

import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import msgspec
import pytest

import sample_report
from golden_file import same_as_golden
from html_reading import ready
from mapguard.base.gap import Gap, Reason
from mapguard.findings.model import Report
from mapguard.findings.rules import all_rules
from mapguard.report import sarif
from mapguard.report.context import Context
from mapguard.report.fingerprint import line_hashes

_SCHEMA = json.loads((Path(__file__).parent / "data/sarif-2.1.0.json").read_text())
VALIDATOR = jsonschema_rs.validator_for(_SCHEMA)


def rendered(root: Path, report: Report, **context: Any) -> dict[str, Any]:
    """The one run of the report, checked against the schema."""
    sample_report.write_sources(root)
    log = json.loads(sarif.render(ready(report), Context(root=root, rules=all_rules(), **context)))
    assert [error.message for error in VALIDATOR.iter_errors(log)] == []
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_the_schema_would_complain() -> None:
    assert not VALIDATOR.is_valid({"version": "2.1.0", "runs": [{"results": [{"level": "fatal"}]}]})


def test_rules_are_all_there_and_static(tmp_path: Path) -> None:
    rules = rendered(tmp_path, sample_report.report())["tool"]["driver"]["rules"]
    assert [r["id"] for r in rules] == sorted(r.id for r in all_rules())
    assert rules == rendered(tmp_path, Report(".", ()))["tool"]["driver"]["rules"]
    for r in rules:
        assert r["shortDescription"]["text"]
        assert len(r["shortDescription"]["text"]) <= 1024 >= len(r["fullDescription"]["text"])
        assert r["properties"]["precision"] in ("very-high", "high", "medium", "low")
        assert r["properties"]["problem.severity"] in ("error", "warning", "recommendation")
        assert {"external/cwe/cwe-362", "external/cwe/cwe-820"} <= set(r["properties"]["tags"])
        assert "security-severity" not in r["properties"]
        assert r["help"]["markdown"].startswith(f"# {r['id']}")


def test_nothing_found_is_a_run_with_no_results(tmp_path: Path) -> None:
    run = rendered(tmp_path, Report(".", ()))
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_the_remedy_is_told_whole(tmp_path: Path) -> None:
    f = sample_report.guard_missed()
    advice = msgspec.structs.replace(
        f.advice, sketch="r.mu.Lock()\n\tx\x1b[31m", test="go test -race .", tested="TestX (a_test.go:1) calls F"
    )
    run = rendered(tmp_path, Report(".", (msgspec.structs.replace(f, advice=advice),)))
    lines = run["results"][0]["properties"]["remedy"].splitlines()
    assert lines[0] == f.advice.text
    assert lines[2:] == ["r.mu.Lock()", "    x\ufffd[31m", "", "go test -race .", "TestX (a_test.go:1) calls F"]


def test_a_result_tells_where_how_and_who_else(tmp_path: Path) -> None:
    run = rendered(tmp_path, sample_report.report())
    result = next(r for r in run["results"] if r["ruleId"] == "map-guard-missed")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "map-guard-missed"
    assert result["level"] == "warning"
    f = sample_report.guard_missed()
    first, other = f.accesses[0], f.accesses[1]
    (location,) = result["locations"]
    region = location["physicalLocation"]["region"]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": first.path, "uriBaseId": "%SRCROOT%"}
    assert (region["startLine"], region["endLine"]) == (first.line, first.line)
    assert (region["startColumn"], region["endColumn"]) == (first.column, first.end_column)
    related = {r["id"]: r["physicalLocation"]["region"]["startLine"] for r in result["relatedLocations"] if "id" in r}
    others = [r["physicalLocation"]["region"]["startLine"] for r in result["relatedLocations"] if "id" not in r]
    assert others == [a.line for a in f.accesses[f.racing :]] != []  # every access is told, the racing ones with their threads
    assert result["message"]["text"].endswith(f"Fix: {f.advice.text}")
    assert result["properties"]["remedy"].startswith(f.advice.text)
    assert f"[{other.path}:{other.line}](1)" in result["message"]["text"]
    assert related[1] == other.line
    assert all(f"]({number})" in result["message"]["text"] for number in related)
    (flow,) = result["codeFlows"]
    assert [t["id"] for t in flow["threadFlows"]] == ["A", "B"]
    for label, thread, access in zip("AB", flow["threadFlows"], f.accesses, strict=False):
        assert len(thread["locations"]) == len(access.trace)
        assert all(s["location"]["message"]["text"].startswith(f"goroutine {label}: ") for s in thread["locations"])
        assert all("physicalLocation" in s["location"] for s in thread["locations"])
    assert "holding r.mu" in flow["threadFlows"][1]["locations"][-1]["location"]["message"]["text"]


def test_what_differs_between_callers_is_told_of_every_access(tmp_path: Path) -> None:
    f = sample_report.guard_missed()
    note = "r.mu held by 1 of 2 callers; not by (*Server).Show"
    noted = tuple(msgspec.structs.replace(a, note=note) for a in f.accesses)
    result = rendered(tmp_path, Report(".", (msgspec.structs.replace(f, accesses=noted),)))["results"][0]
    texts = [p["message"]["text"] for p in (*result["locations"], *result["relatedLocations"])]
    assert [note in t for t in texts] == ["declared" not in t for t in texts]
    assert sum(note in t for t in texts) == 3


def test_fingerprints_are_githubs_and_our_own(tmp_path: Path) -> None:
    for result in rendered(tmp_path, sample_report.report())["results"]:
        place = result["locations"][0]["physicalLocation"]
        hashes = line_hashes((tmp_path / unquote(place["artifactLocation"]["uri"])).read_bytes().decode())
        prints = result["partialFingerprints"]
        assert set(prints) == {"primaryLocationLineHash", "mapguard/v1"}
        assert prints["primaryLocationLineHash"] == hashes[place["region"]["startLine"] - 1]


def test_a_file_that_cannot_be_read_has_our_own_fingerprint_only(tmp_path: Path) -> None:
    log = json.loads(sarif.render(ready(sample_report.report()), Context(root=tmp_path, rules=all_rules())))
    assert all(set(r["partialFingerprints"]) == {"mapguard/v1"} for r in log["runs"][0]["results"])


def test_odd_paths_are_percent_encoded_and_columns_count_utf16(tmp_path: Path) -> None:
    run = rendered(tmp_path, sample_report.report())
    result = next(r for r in run["results"] if "we%20ird" in json.dumps(r["locations"]))
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "pkg/we%20ird%231/%C3%BCn%C3%AF.go"
    first = sample_report.hostile().accesses[0]
    line = (tmp_path / first.path).read_text("utf-8").split("\n")[first.line - 1]
    before = line[: first.column - 1]
    assert place["region"]["startColumn"] == len(before.encode("utf-16-le")) // 2 + 1


def test_an_astral_character_counts_twice(tmp_path: Path) -> None:
    (tmp_path / "a.go").write_text('x := "😀"; m[k] = 1\n', "utf-8")
    f = sample_report.unguarded()
    access = msgspec.structs.replace(f.accesses[0], path="a.go", line=1, column=11, end_column=15, trace=())
    report = Report(".", (msgspec.structs.replace(f, accesses=(access,), racing=1),))
    region = rendered(tmp_path, report)["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startColumn"], region["endColumn"]) == (12, 16)


def test_code_in_a_message_is_no_link_and_no_control_character(tmp_path: Path) -> None:
    run = rendered(tmp_path, sample_report.report())
    result = next(r for r in run["results"] if "we%20ird" in json.dumps(r["locations"]))
    assert "\\[x\\](javascript:alert(1))" in result["message"]["text"]
    assert all(c.isprintable() for c in result["message"]["text"])


def test_suppressed_findings_are_left_out(tmp_path: Path) -> None:
    run = rendered(tmp_path, sample_report.suppressed_report())
    assert [r["ruleId"] for r in run["results"]] == ["concurrent-map-read-write"]


def test_gaps_are_notifications(tmp_path: Path) -> None:
    (invocation,) = rendered(tmp_path, sample_report.report())["invocations"]
    notes = invocation["toolExecutionNotifications"]
    assert [n["level"] for n in notes] == ["warning", "warning"]
    assert notes[0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 12}
    assert "unexpected ')'" in notes[0]["message"]["text"]
    assert "region" not in notes[1]["locations"][0]["physicalLocation"]


def test_six_thousand_findings_are_cut_to_what_is_shown(tmp_path: Path) -> None:
    run = rendered(tmp_path, sample_report.many(6000))
    levels = [r["level"] for r in run["results"]]
    assert len(levels) == sarif.RESULTS
    assert levels == sorted(levels)  # errors come first
    assert "1000 of 6000 findings" in run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]


def test_the_size_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "GZIPPED", 20_000)
    sample_report.write_sources(tmp_path)
    text = sarif.render(ready(sample_report.many(2000)), Context(root=tmp_path, rules=all_rules()))
    assert len(gzip.compress(text.encode())) <= 20_000
    assert "are left out" in text


def test_a_long_thread_keeps_its_start_and_its_end(tmp_path: Path) -> None:
    f = sample_report.unguarded()
    long = msgspec.structs.replace(f.accesses[0], trace=f.accesses[0].trace[:1] * 2000 + f.accesses[0].trace[-1:])
    report = Report(".", (msgspec.structs.replace(f, accesses=(long, *f.accesses[1:])),))
    (result,) = rendered(tmp_path, report)["results"]
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert len(steps) == sarif.STEPS
    assert steps[-1]["location"]["physicalLocation"]["region"]["startLine"] == long.line
    assert result["codeFlows"][0]["threadFlows"][0]["message"]["text"].endswith("the 1501 steps before the last are left out")


def test_code_of_a_step_is_no_link(tmp_path: Path) -> None:
    f = sample_report.unguarded()
    step = msgspec.structs.replace(f.accesses[0].trace[0], text="calls f: m[k](1)")
    access = msgspec.structs.replace(f.accesses[0], trace=(step, *f.accesses[0].trace[1:]))
    (result,) = rendered(tmp_path, Report(".", (msgspec.structs.replace(f, accesses=(access, *f.accesses[1:])),)))["results"]
    said = [s["location"]["message"]["text"] for s in result["codeFlows"][0]["threadFlows"][0]["locations"]]
    assert said[0] == r"goroutine A: calls f: m\[k\](1) (holding no lock)"
    assert "[req.Project] (holding" in said[-1]  # no link, no backslash


def test_a_megabyte_of_code_is_cut(tmp_path: Path) -> None:
    f = sample_report.unguarded()
    step = msgspec.structs.replace(f.accesses[0].trace[-1], text="x" * 1_000_000)
    access = msgspec.structs.replace(f.accesses[0], trace=(step,))
    large = msgspec.structs.replace(f, message="y" * 1_000_000, accesses=(access, *f.accesses[1:]))
    run = rendered(tmp_path, Report(".", (large,)))
    assert len(json.dumps(run["results"])) < 20_000
    assert "y… " in run["results"][0]["message"]["text"]
    said = run["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"][0]["location"]["message"]["text"]
    assert said.endswith("x… (holding no lock)")


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    f = sample_report.unguarded()
    access = msgspec.structs.replace(f.accesses[0], path="a\udcff.go", function="f\udcff")
    run = rendered(tmp_path, Report(".", (msgspec.structs.replace(f, accesses=(access, access)),), (), (Gap(Reason.SYNTAX, "b\udcff.go"),)))
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%FF.go"


def test_golden(tmp_path: Path) -> None:
    sample_report.write_sources(tmp_path)
    same_as_golden("report.sarif", sarif.render(ready(sample_report.report()), Context(root=tmp_path, version="0.0.0")))


def test_where_the_code_comes_from_and_the_category(tmp_path: Path) -> None:
    run = rendered(tmp_path, sample_report.report(), remote="https://github.com/o/r", commit="0" * 40, category="linux/")
    assert run["versionControlProvenance"][0]["repositoryUri"] == "https://github.com/o/r"
    assert run["automationDetails"] == {"id": "linux/"}
    plain = rendered(tmp_path, sample_report.report())
    assert not {"automationDetails", "versionControlProvenance"} & plain.keys()
