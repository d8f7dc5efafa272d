"""``mapguard`` as a user runs it: a process of its own in a folder made for the test."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from patience import HANG, children_cost

ANALYZER = Path(__file__).parent.parent / "analyzer"

RACE = """package p

import "net/http"

type S struct{ hits map[string]int }

func (s *S) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.hits[r.URL.Path]++ }
"""


class Done(msgspec.Struct, frozen=True):
    """``cost``: the processor seconds of the process and of its workers."""

    code: int
    out: str
    err: str
    cost: float


def environment(**more: str) -> dict[str, str]:
    """The environment of the test without what would change the output."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "GITHUB_ACTIONS")}
    return {**kept, "PYTHONPATH": str(ANALYZER), **more}


def run(*args: str | Path, cwd: Path, **env: str) -> Done:
    """Exit code and output; no traceback ever, whatever the input."""
    before = children_cost()
    done = subprocess.run(
        [sys.executable, "-m", "mapguard", *map(str, args)],
        cwd=cwd,
        capture_output=True,
        timeout=HANG,
        check=False,
        env=environment(XDG_CACHE_HOME=str(cwd / ".cache"), **env),
    )
    out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in out + err, err
    return Done(done.returncode, out, err, children_cost() - before)


def tree(root: Path, files: dict[str, str | bytes]) -> Path:
    """Writes the files below ``root``."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root
