"""Reports read by the programs that they are for: reviewdog's own parser, and those of Jenkins' plugin Warnings."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sample_report
from html_reading import ready
from mapguard.cli.formats import renderer
from mapguard.findings.rules import all_rules
from mapguard.report.context import Context
from patience import HANG

CONSUMERS = Path(__file__).parent / "consumers"
REVIEWDOG = Path(sys.prefix, "bin/reviewdog-parser")
JENKINS = Path(sys.prefix, "jenkins")

FINDINGS = ready(sample_report.report()).findings
PLACES = sorted((f.accesses[0].path, f.accesses[0].line) for f in FINDINGS)


def written(folder: Path, name: str) -> Path:
    sample_report.write_sources(folder)
    file = folder / f"report.{name}"
    text = renderer(name)(ready(sample_report.report()), Context(root=folder, rules=all_rules()))
    file.write_text(text, "utf-8")
    return file


@pytest.mark.skipif(not REVIEWDOG.exists(), reason="reviewdog's parser is not built (tests/consumers/reviewdog, see .ci/run)")
@pytest.mark.parametrize("name", ["rdjson", "checkstyle", "sarif"])
def test_reviewdog(tmp_path: Path, name: str) -> None:
    text = written(tmp_path, name).read_bytes()
    done = subprocess.run([REVIEWDOG, name], input=text, capture_output=True, check=False, timeout=HANG)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted((d["location"]["path"], d["location"]["range"]["start"]["line"]) for d in found) == PLACES
    assert sorted(d["severity"] for d in found) == ["ERROR", "ERROR", "WARNING"]
    assert {d["code"]["value"].removeprefix("mapguard.") for d in found} == {f.rule for f in FINDINGS}
    if name == "rdjson":
        assert all(d["relatedLocations"] for d in found)


@pytest.mark.skipif(not REVIEWDOG.exists(), reason="reviewdog's parser is not built (tests/consumers/reviewdog, see .ci/run)")
def test_reviewdog_would_complain() -> None:
    done = subprocess.run([REVIEWDOG, "rdjson"], input=b'{"diagnostics": 3}', capture_output=True, check=False, timeout=HANG)
    assert done.returncode == 1


@pytest.mark.skipif(
    not JENKINS.exists() or shutil.which("java") is None,
    reason="the parsers of Jenkins are not there (tests/consumers/jenkins, see .ci/run)",
)
@pytest.mark.parametrize(
    ("tool", "name"), [("checkstyle", "checkstyle"), ("code-climate", "gitlab"), ("junit", "junit"), ("sarif", "sarif")]
)
def test_jenkins(tmp_path: Path, tool: str, name: str) -> None:
    file = written(tmp_path, name)
    command = ["java", "-cp", f"{JENKINS}/*", str(CONSUMERS / "jenkins/Read.java"), tool, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=HANG)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    issues = [line for line in lines if line[0] != "-"]  # notifications of SARIF, which it takes for issues without a place
    assert sorted((path, int(line)) for path, line, *_ in issues) == PLACES
    if name != "junit":  # Jenkins knows no types of failed tests
        assert {kind for _, _, _, kind, _ in issues} == {f.rule for f in FINDINGS}
