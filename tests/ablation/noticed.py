"""A switch becomes what notices that it is off: fixtures of which something else is said, or a test that fails."""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from ablation.switches import Switch, off
from mapguard import pipeline
from mapguard.base.gap import Reason
from mapguard.base.options import Options

TESTS = Path(__file__).parents[1]
FIXTURES = TESTS / "fixtures"
SECONDS = 300  # for the fixtures; what takes longer hangs
Said = dict[str, list[str]]


def said() -> Said:
    """What is found in the fixtures, by folder, and what was not looked at."""
    report = pipeline.run(Options(paths=(FIXTURES,), cache=False))
    told: Said = defaultdict(list)
    for f in report.findings:
        told[str(Path(f.accesses[0].path).parent)].append(f"{f.rule} {f.confidence} {[(a.path, a.line) for a in f.accesses[: f.racing]]}")
    for gap in report.gaps:
        told[str(Path(gap.path).parent)].append(f"{'crash' if gap.reason == Reason.CRASH else 'gap'} {gap.line} {gap.detail}")
    return {folder: sorted(lines) for folder, lines in told.items()}


def said_without(switch: Switch) -> Said:
    with off(switch):
        return said()


def differing(before: Said, after: Said) -> list[str]:
    return sorted(folder for folder in {*before, *after} if before.get(folder) != after.get(folder))


def failing_test(switch: Switch, tests: str = "not go and not browser and not node") -> str:
    """The first test that fails with the switch off, or nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "ablation.plugin", "-q", "-x", "-n", "0", "-m", tests, str(TESTS)],
        capture_output=True,
        text=True,
        check=False,
        cwd=TESTS.parent,
        env={**os.environ, "ABLATED": f"{switch.kind} {switch.name}", "PYTHONPATH": str(TESTS)},
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0] if failed else ""
