"""Go text with a marked place to the text that an edit makes of it."""

import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from mapguard.fix.edit import Edit, apply
from mapguard.fix.shape import GoFile

Build = Callable[[GoFile, int], Iterable[Edit]]
GO = shutil.which("gofmt")
_HERE = "§"


def marked(text: str) -> tuple[str, list[int]]:
    """The text without its marks, and the byte offsets where they stood."""
    parts = text.split(_HERE)
    offsets = [len("".join(parts[: n + 1]).encode()) for n in range(len(parts) - 1)]
    return "".join(parts), offsets


def edited(text: str, *builds: Build) -> str:
    """``text`` with what each function builds for the marked place of the same number made in it at once."""
    source, offsets = marked(text)
    edits = [e for n, build in enumerate(builds) for e in build(GoFile("a.go", source.encode()), offsets[n] if n < len(offsets) else 0)]
    return apply(source.encode(), edits).decode()


def unformatted(files: Iterable[Path]) -> list[str]:
    """The files that gofmt would change, and its complaints."""
    paths = [str(f) for f in files]
    found: list[str] = []
    for start in range(0, len(paths), 500):
        done = subprocess.run(["gofmt", "-l", *paths[start : start + 500]], capture_output=True, text=True, check=False)
        found += done.stdout.split() + done.stderr.splitlines()
    return found
