"""rdjson, GitLab code quality, Checkstyle and JUnit: each against the schema of those who read it, with names that try to be markup."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import msgspec
import pytest
import xmlschema

import sample_report
from html_reading import ready
from mapguard.base.gap import Gap, Reason
from mapguard.cli.formats import renderer
from mapguard.findings.model import Report, Severity
from mapguard.findings.rules import all_rules
from mapguard.report.context import Context
from scanning import RACE, run, tree

DATA = Path(__file__).parent / "data"
RDJSON = jsonschema_rs.validator_for(json.loads((DATA / "reviewdog-DiagnosticResult.json").read_text()))
GITLAB = jsonschema_rs.validator_for({"type": "array", "items": json.loads((DATA / "gitlab-codeclimate.json").read_text())})
JUNIT = xmlschema.XMLSchema(str(DATA / "junit-10.xsd"))
ALL = ("rdjson", "gitlab", "checkstyle", "junit")


def rendered(root: Path, name: str, report: Report | None = None) -> str:
    sample_report.write_sources(root)
    return renderer(name)(ready(sample_report.report() if report is None else report), Context(root=root, rules=all_rules()))


def rdjson(root: Path, report: Report | None = None) -> list[dict[str, Any]]:
    document = json.loads(rendered(root, "rdjson", report))
    assert [error.message for error in RDJSON.iter_errors(document)] == []
    found: list[dict[str, Any]] = document["diagnostics"]
    return found


def gitlab(root: Path, report: Report | None = None) -> list[dict[str, Any]]:
    issues: list[dict[str, Any]] = json.loads(rendered(root, "gitlab", report))
    assert [error.message for error in GITLAB.iter_errors(issues)] == []
    return issues


def checkstyle(root: Path, report: Report | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(rendered(root, "checkstyle", report))


def junit(root: Path, report: Report | None = None) -> ElementTree.Element:
    document = ElementTree.fromstring(rendered(root, "junit", report))
    JUNIT.validate(document)
    (suite,) = document
    return suite


def test_the_schemas_would_complain() -> None:
    assert not RDJSON.is_valid({"diagnostics": [{"message": "m", "severity": "FATAL"}]})
    assert not GITLAB.is_valid([{"description": "d", "severity": "major", "location": {"path": "p"}}])
    assert not JUNIT.is_valid(ElementTree.fromstring("<testsuites><testsuite name='n'/></testsuites>"))


# ---------------------------------------------------------------- what each says of a finding


def test_rdjson(tmp_path: Path) -> None:
    worst, _, missed = rdjson(tmp_path)
    f = sample_report.unguarded()
    first = f.accesses[0]
    assert worst["message"].splitlines()[0] == f.message
    assert worst["message"].splitlines()[-1] == f"Fix: {f.advice.text}"
    assert worst["code"]["value"] == "concurrent-map-read-write"
    assert worst["code"]["url"].endswith("/docs/rules/concurrent-map-read-write.md")
    assert (worst["severity"], missed["severity"]) == ("ERROR", "WARNING")
    place = {"line": first.line, "column": first.column}
    assert worst["location"] == {"path": first.path, "range": {"start": place, "end": {**place, "column": first.end_column}}}
    assert [(r["location"]["range"]["start"]["line"], r["message"].partition(" ")[2]) for r in worst["related_locations"]] == [
        (f.accesses[1].line, "reads the map, holding no lock"),
        (f.map.declared.line if f.map.declared else 0, "map is declared here"),
    ]


def test_columns_of_rdjson_count_bytes(tmp_path: Path) -> None:
    (odd,) = [d for d in rdjson(tmp_path) if "ünï" in d["location"]["path"]]
    line = sample_report.SOURCES[odd["location"]["path"]].splitlines()[odd["location"]["range"]["start"]["line"] - 1].encode()
    start, end = odd["location"]["range"]["start"]["column"], odd["location"]["range"]["end"]["column"]
    assert line[start - 1 : end - 1].decode() == "größe["


def test_rdjson_names_the_second_place_of_one_line_once(tmp_path: Path) -> None:
    f = sample_report.unguarded()
    (alone,) = rdjson(tmp_path, Report(".", (msgspec.structs.replace(f, accesses=(f.accesses[0], f.accesses[0])),)))
    assert [r["message"] for r in alone["related_locations"]] == ["the map is declared here"]


def test_gitlab(tmp_path: Path) -> None:
    issues = gitlab(tmp_path)
    assert [i["severity"] for i in issues] == ["critical", "critical", "major"]
    assert all(i["check_name"] and i["fingerprint"] and i["location"]["lines"]["begin"] > 0 for i in issues)
    assert len({i["fingerprint"] for i in issues}) == 3
    assert not any(i["location"]["path"].startswith(("./", "/")) for i in issues)


def test_checkstyle_groups_by_file(tmp_path: Path) -> None:
    f = sample_report.unguarded()
    again = msgspec.structs.replace(f, rule="map-guard-missed", severity=Severity.NOTE)
    root = checkstyle(tmp_path, Report(".", (f, sample_report.guard_missed(), again)))
    assert root.tag == "checkstyle"
    assert {file.get("name"): [(e.get("severity"), e.get("source")) for e in file] for file in root} == {
        f.accesses[0].path: [("error", "mapguard.concurrent-map-read-write"), ("info", "mapguard.map-guard-missed")],
        "internal/registry/registry.go": [("warning", "mapguard.map-guard-missed")],
    }


def test_junit_has_a_test_for_each_finding_and_for_each_rule_without_one(tmp_path: Path) -> None:
    suite = junit(tmp_path)
    failed = [case for case in suite if case.find("failure") is not None]
    assert suite.get("failures") == str(len(failed)) == "3"
    assert suite.get("tests") == str(len(suite))
    passed = {str(case.get("classname")).removeprefix("mapguard.") for case in suite if len(case) == 0}
    found = {str(case.get("classname")).removeprefix("mapguard.") for case in failed}
    assert passed | found == {r.id for r in all_rules()}
    assert not passed & found
    assert failed[-1].get("name") == f"Registry.items in (*Registry).Each ({ready(sample_report.report()).findings[-1].fingerprint})"


def test_junit_names_stay_when_lines_move(tmp_path: Path) -> None:
    f = sample_report.unguarded()
    moved = msgspec.structs.replace(f, accesses=tuple(msgspec.structs.replace(a, line=a.line + 7) for a in f.accesses))
    names = [[case.get("name") for case in junit(tmp_path, Report(".", (one,)))] for one in (f, moved)]
    assert names[0] == names[1]


def test_junit_says_what_was_not_analysed(tmp_path: Path) -> None:
    gaps = tuple(Gap(Reason.SYNTAX, f"p{n}.go", n, "unexpected ')'") for n in range(30))
    last = junit(tmp_path, Report(".", (), (), gaps))[-1]
    (skipped,) = last
    assert (skipped.tag, skipped.get("message")) == ("skipped", "30 gaps in what was analysed")
    assert str(skipped.text).splitlines()[0] == "p0.go:0 SYNTAX unexpected ')'"
    assert str(skipped.text).splitlines()[-1] == "and 10 more"


# ---------------------------------------------------------------- what holds for all


@pytest.mark.parametrize("name", ALL)
def test_nothing_found_is_a_whole_document(tmp_path: Path, name: str) -> None:
    nothing = Report(".", ())
    match name:
        case "rdjson":
            assert rdjson(tmp_path, nothing) == []
        case "gitlab":
            assert gitlab(tmp_path, nothing) == []
        case "checkstyle":
            assert len(checkstyle(tmp_path, nothing)) == 0
        case _:
            suite = junit(tmp_path, nothing)
            assert (suite.get("failures"), suite.get("skipped")) == ("0", "0")
            assert len(suite) == len(all_rules()) + 1  # a build server takes a suite without tests for a mistake


@pytest.mark.parametrize("name", ALL)
def test_the_code_gives_no_command_to_whoever_prints_the_report(tmp_path: Path, name: str) -> None:
    f = sample_report.hostile()
    evil = "a\n::error::b ##[error]c ##vso[task.setvariable]d \x00\x1b[31m\ud800 ]]> <!-- &amp; "
    first = msgspec.structs.replace(f.accesses[0], function=evil, path="::error::x/\x1b.go")
    text = rendered(tmp_path, name, Report(".", (msgspec.structs.replace(f, message=evil, accesses=(first, *f.accesses[1:])),)))
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert not any(word in text for word in ("##[", "##vso[", "\x00", "\x1b"))
    if name in ("checkstyle", "junit"):
        ElementTree.fromstring(text)
    else:
        json.loads(text)


@pytest.mark.parametrize("name", ALL)
def test_the_command_writes_them(tmp_path: Path, name: str) -> None:
    tree(tmp_path, {"go.mod": "module m\n\ngo 1.22\n", "race.go": RACE})
    done = run("scan", "--format", name, cwd=tmp_path)
    assert (done.code, done.err) == (1, "")
    assert "race.go" in done.out
    assert run("scan", "--report", f"{name}=out", cwd=tmp_path).code == 1
    assert (tmp_path / "out").read_text() == done.out


@pytest.mark.parametrize("name", ["concise", "rdjson", "gitlab", "checkstyle"])
def test_gaps_are_said_beside_a_format_that_has_no_place_for_them(tmp_path: Path, name: str) -> None:
    tree(tmp_path, {"go.mod": "module m\n\ngo 1.22\n", "race.go": RACE, "broken.go": "package p\n\nfunc {\n"})
    assert "1 gap in what was analysed" in run("scan", "--format", name, cwd=tmp_path).err
    assert run("scan", "--format", name, "--quiet", cwd=tmp_path).err == ""
