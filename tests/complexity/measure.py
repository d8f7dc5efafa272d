"""A program to what its scan costs a process: processor seconds, megabytes, and whether it was cut short."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec

import scanning
from mapguard.cli.formats import FORMATS

SECONDS = 20
MEGABYTES = 1000
_BUDGET = ("--timeout", "600", "--max-memory", "900")  # what is over it has to end well


class Cost(msgspec.Struct, frozen=True):
    """``gaps`` counts those of each reason but TYPES and ORIGIN; ``size`` are bytes of Go."""

    seconds: float
    megabytes: float
    code: int
    gaps: dict[str, int]
    size: int

    def wrong(self) -> str:
        """What nobody should see, "" for nothing."""
        if self.code not in (0, 1):
            return f"exit code {self.code}"
        if "CRASH" in self.gaps:
            return "crash"
        over = self.seconds > SECONDS or self.megabytes > MEGABYTES
        return "over" if over else ""


def cost(tree: dict[str, str], folder: Path) -> Cost:
    """Scans a tree into every format."""
    root = scanning.tree(folder / "tree", {"go.mod": "module example.com/m\n\ngo 1.22\n", **tree})
    reports = {name: folder / name for name in FORMATS}
    targets = [a for name, file in reports.items() if name != "text" for a in ("--report", f"{name}={file}")]
    command = [sys.executable, "-m", "mapguard", "scan", "--no-cache", "--quiet", "--jobs", "1", "--output", str(reports["text"]), *_BUDGET]
    process = subprocess.Popen([*command, *targets, str(root)], env=scanning.environment(), stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    gaps: dict[str, int] = {}
    if reports["json"].exists():
        for gap in msgspec.json.decode(reports["json"].read_bytes())["gaps"]:
            if gap["reason"] not in ("TYPES", "ORIGIN"):
                gaps[gap["reason"]] = gaps.get(gap["reason"], 0) + 1
    size = sum(len(text) for text in tree.values())
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode, gaps, size)
