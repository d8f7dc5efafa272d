"""Arguments to what the go command says: the only place that starts it. Changed files are laid over the tree, which stays as it is."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from mapguard.base.errors import UsageError
from mapguard.base.programs import installed

_SECONDS = 900


class Ran(NamedTuple):
    """``output`` is what a command printed, on both channels."""

    code: int
    output: str


class Go:
    """The go command with files laid over the disk."""

    def __init__(self, program: str, overlay: Path) -> None:
        self._program = program
        self._overlay = overlay

    def run(self, folder: Path, *args: str, seconds: int = _SECONDS) -> Ran:
        """``go build``, ``go vet`` or ``go test`` in a folder. What takes too long counts as failed, and says so."""
        verb, *rest = args
        return _run([self._program, verb, f"-overlay={self._overlay}", *rest], folder, seconds)

    def formatted(self, source: bytes) -> bytes | None:
        """A file as gofmt leaves it; None where it does not parse, or gofmt is not there."""
        gofmt = Path(self._program).with_name("gofmt")
        program = str(gofmt) if gofmt.exists() else installed("gofmt")
        if program is None:
            return None
        done = subprocess.run([program], input=source, capture_output=True, check=False, timeout=60)
        return done.stdout if done.returncode == 0 else None


@contextmanager
def go(files: Mapping[Path, bytes]) -> Iterator[Go]:
    """The go command, for which the files, by absolute path, are as given. A ``UsageError`` where there is none."""
    program = _program()
    with tempfile.TemporaryDirectory(prefix="mapguard-") as folder:
        replace: dict[str, str] = {}
        for number, (path, source) in enumerate(sorted(files.items())):
            at = Path(folder) / f"{number}.go"
            at.write_bytes(source)
            replace[str(path)] = str(at)
        overlay = Path(folder) / "overlay.json"
        overlay.write_text(json.dumps({"Replace": replace}))
        yield Go(program, overlay)


def race_detector() -> bool:
    """Whether a C compiler is at hand, which the race detector needs."""
    return any(shutil.which(name) is not None for name in (os.environ.get("CC") or "gcc", "gcc", "clang"))


def _program() -> str:
    found = installed("go")
    if found is None:
        raise UsageError("this needs the Go toolchain, and go is not on the PATH")
    return found


def _run(command: list[str], folder: Path, seconds: int) -> Ran:
    started = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        output, _ = started.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)  # the tests that it runs, too
        output, _ = started.communicate()
        return Ran(-1, f"{output.decode('utf-8', 'replace')}\ngo did not end within {seconds} seconds\n")
    return Ran(started.returncode, output.decode("utf-8", "replace"))
