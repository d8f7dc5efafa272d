"""Microsoft's SARIF Multitool reads what we write: no error and no warning, by the standard's rules and by GitHub's."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sample_report
from html_reading import ready
from mapguard.findings.model import Report
from mapguard.findings.rules import all_rules
from mapguard.report import sarif
from mapguard.report.context import Context

PROGRAM = Path(sys.prefix, "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool")
_OPTIONS = ("--rule-kind", "Sarif;Ghas", "--level", "Error;Warning", "-o", "out.sarif", "--log", "ForceOverwrite")

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(not PROGRAM.exists(), reason="the SARIF Multitool (npm: @microsoft/sarif-multitool) is not installed"),
]


def complaints(folder: Path, text: str) -> list[str]:
    """Rule and place of everything that is an error or a warning; the program's exit code says nothing."""
    (folder / "mapguard.sarif").write_text(text, "utf-8")
    done = subprocess.run(
        [PROGRAM, "validate", "mapguard.sarif", *_OPTIONS],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
    )
    assert (folder / "out.sarif").exists(), done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads((folder / "out.sarif").read_text("utf-8-sig"))["runs"][0].get("results", [])
    return [f"{r['ruleId']} {r['message'].get('arguments', r['message'])}" for r in found]


@pytest.mark.parametrize("name", ["sample", "nothing", "suppressed", "category"])
def test_nothing_to_complain_about(tmp_path: Path, name: str) -> None:
    report = {"nothing": Report(".", ()), "suppressed": sample_report.suppressed_report()}.get(name, sample_report.report())
    sample_report.write_sources(tmp_path)
    category = "linux" if name == "category" else ""
    context = Context(root=tmp_path, rules=all_rules(), remote="https://github.com/o/r", commit="0" * 40, category=category)
    assert complaints(tmp_path, sarif.render(ready(report), context)) == []


def test_it_would_complain(tmp_path: Path) -> None:
    sample_report.write_sources(tmp_path)
    text = sarif.render(ready(sample_report.report()), Context(root=tmp_path, rules=all_rules()))
    assert complaints(tmp_path, text.replace("%20", " ").replace('"ruleIndex": 1', '"ruleIndex": 700')) != []
