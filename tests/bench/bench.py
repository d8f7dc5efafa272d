"""What a scan costs, as ratios to a bare tree-sitter parse of the same files in the same run: machines differ, ratios hardly do.

    python tests/bench/bench.py path/to/repository [more …]
    python tests/bench/bench.py --made 100000 200000

Every row is the quickest of three processes; CPU is user and system time of the process and its children, memory their largest.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ANALYZER = Path(__file__).parents[2] / "analyzer"

_BARE = """
import sys
from pathlib import Path
import tree_sitter, tree_sitter_go
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_go.language()))
for name in sys.stdin.read().splitlines():
    parser.parse(Path(name).read_bytes())
"""


class Cost(NamedTuple):
    """Seconds of CPU, seconds by the clock, megabytes."""

    cpu: float
    wall: float
    memory: float


def measured(command: list[str], given: str = "") -> Cost:
    """One process; what it prints is thrown away."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ANALYZER)},
    )
    assert process.stdin is not None
    process.stdin.write(given.encode())
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1), f"{command} ended with {process.returncode}"
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024)


def quickest(command: list[str], given: str = "", rounds: int = 3) -> Cost:
    costs = [measured(command, given) for _ in range(rounds)]
    return Cost(min(c.cpu for c in costs), min(c.wall for c in costs), max(c.memory for c in costs))


def files_read(root: Path) -> str:
    """The files that a scan parses, one a line: those that it analyses, and sibling modules' files that it reads for their types."""
    from mapguard import pipeline
    from mapguard.base.options import Options

    options = Options(paths=(root,), cache=False)
    return "\n".join(str(path) for path in pipeline.files_read(options))


def rows(root: Path, rounds: int = 3) -> list[tuple[str, Cost]]:
    """The bare parse first, then scans: cold and warm, with one job and with two."""
    scan = [sys.executable, "-m", "mapguard", "scan", str(root), "--format", "json"]
    found = [("bare parse", quickest([sys.executable, "-c", _BARE], files_read(root), rounds))]
    for jobs in ("1", "2"):
        found.append((f"cold, {jobs} job", quickest([*scan, "--no-cache", "--jobs", jobs], "", rounds)))
    with tempfile.TemporaryDirectory() as folder:
        warm = [*scan, "--cache-dir", folder, "--jobs", "1"]
        measured(warm)
        found.append(("warm, 1 job", quickest(warm, "", rounds)))
    return found


def table(root: Path, rounds: int = 3) -> str:
    found = rows(root, rounds)
    bare = found[0][1]
    lines = [f"{root}", f"{'':14} {'CPU s':>8} {'ratio':>7} {'wall s':>8} {'MB':>7}"]
    lines += [f"{name:14} {c.cpu:8.2f} {c.cpu / bare.cpu:7.2f} {c.wall:8.2f} {c.memory:7.0f}" for name, c in found]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="*", type=Path)
    parser.add_argument("--made", nargs="+", type=int, default=[], metavar="LINES", help="also generated trees of these sizes")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    for root in given.trees:
        print(table(root, given.rounds), flush=True)
    before = 0.0
    for size in given.made:
        with tempfile.TemporaryDirectory() as folder:
            maker = [sys.executable, str(Path(__file__).with_name("generate.py")), str(size), folder]
            lines = subprocess.run(maker, capture_output=True, text=True, check=True).stdout.split()[0]
            cost = quickest(
                [sys.executable, "-m", "mapguard", "scan", folder, "--format", "json", "--no-cache", "--jobs", "1"], "", given.rounds
            )
        growth = f", {cost.cpu / before:.2f} times the one before" if before else ""
        print(f"made, {lines} lines: {cost.cpu:.2f} s of CPU, {cost.memory:.0f} MB{growth}", flush=True)
        before = cost.cpu


if __name__ == "__main__":
    sys.path.insert(0, str(ANALYZER))
    main(sys.argv[1:])
