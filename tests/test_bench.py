"""The bench runs; what it measures is nobody's promise here."""

import subprocess
import sys
from pathlib import Path

from patience import HANG
from scanning import environment

BENCH = Path(__file__).parent / "bench"


def run(script: str, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, str(BENCH / script), *args], capture_output=True, text=True, check=False, env=environment(), timeout=HANG
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_made_tree_has_its_size_and_its_bugs(tmp_path: Path) -> None:
    lines = int(run("generate.py", "3000", str(tmp_path / "made")).split()[0])
    assert lines >= 3000
    assert lines == sum(f.read_text().count("\n") for f in (tmp_path / "made").rglob("*.go"))
    done = subprocess.run(
        [sys.executable, "-m", "mapguard", "scan", str(tmp_path / "made"), "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode == 1
    assert "Visits.byPath" in done.stdout
    assert "1 finding" in done.stdout


def test_the_table_has_ratios(tmp_path: Path) -> None:
    run("generate.py", "1500", str(tmp_path / "made"))
    lines = run("bench.py", str(tmp_path / "made"), "--rounds", "1").splitlines()
    assert [line[:14].strip() for line in lines[2:]] == ["bare parse", "cold, 1 job", "cold, 2 job", "warm, 1 job"]
    assert float(lines[2].split()[3]) == 1.0
