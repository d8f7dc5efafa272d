"""What the race detector says of programs: built as one binary, each run in processes of its own until it races or has had its turns."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from differential.generate import Program
from differential.tree import write_binary

TURNS = 4  # runs without a race that make a program silent
MORE_TURNS = 20  # for one that should race by its choices
SECONDS = 10  # for one run
_FATAL = re.compile(r"fatal error: concurrent map")
_REPORT = re.compile(r"WARNING: DATA RACE\n(.*?)\n==================", re.DOTALL)
_ENVIRONMENT = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "1"}


class Label(NamedTuple):
    """``word`` is race, silent, other race (not on the map), hangs (a lock that was copied while it was held never opens), or broken (it
    panics without a race)."""

    word: str
    runs: int
    output: str


class DoesNotBuildError(Exception):
    """The generator made a program that is no Go."""


def labels(programs: list[Program], jobs: int = 2) -> dict[int, Label]:
    """A label for each program, by seed."""
    with tempfile.TemporaryDirectory() as folder:
        write_binary(programs, Path(folder))
        binary = built(Path(folder))
        with ThreadPoolExecutor(jobs) as pool:
            return dict(pool.map(lambda p: (p.seed, _label(binary, p)), programs))


def built(root: Path) -> Path:
    """The command of a module, with the race detector in it."""
    done = subprocess.run(
        ["go", "build", "-race", "-trimpath", "-o", "drawn", "."],
        cwd=root,
        env={**os.environ, **_ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DoesNotBuildError(done.stderr)
    return root / "drawn"


def raced(binary: Path, name: str, turns: int = TURNS) -> bool:
    """Does the program race in one of its turns, wherever?"""
    outputs = (run(binary, name)[0] for _ in range(turns))
    return any("DATA RACE" in output or bool(_FATAL.search(output)) for output in outputs)


def _label(binary: Path, p: Program) -> Label:
    other = ""
    output = ""
    for turn in range(1, (MORE_TURNS if p.races else TURNS) + 1):
        output, code = run(binary, p.name)
        if on_map(output, p):
            return Label("race", turn, output)
        if "DATA RACE" in output:
            other = output
        elif code:
            return Label("hangs" if code == -signal.SIGKILL else "broken", turn, output)
    return Label("other race", turn, other) if other else Label("silent", turn, "")


def run(binary: Path, name: str) -> tuple[str, int]:
    """Output and exit code of one run of one program."""
    environment = {**os.environ, "GORACE": "atexit_sleep_ms=0 exitcode=66 history_size=3", "GOMAXPROCS": "4", "GOTRACEBACK": "all"}
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen([binary, name], stdout=told, stderr=told, env=environment)
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        told.seek(0)
        return told.read(2_000_000).decode("utf-8", "replace"), code


def on_map(output: str, p: Program) -> bool:
    """Is there a race whose two sides are both on lines that touch the map?"""
    return bool(_FATAL.search(output)) or any(_both_marked(found[1], p) for found in _REPORT.finditer(output))


def _both_marked(report: str, p: Program) -> bool:
    stacks = report.split("\n\n")[:2]
    return len(stacks) == 2 and all(_first_line(stack.splitlines(), p) for stack in stacks)


def _first_line(stack: Iterable[str], p: Program) -> bool:
    """Is the innermost frame in the program's own files on a marked line?"""
    for line in stack:
        if found := re.search(rf"/{p.name}/(\w+\.go):(\d+)", line):
            return int(found[2]) in p.marks[found[1]]
    return False
