"""A git revision to the lines changed since then, in commits and in the working tree, and to the findings that touch them."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mapguard.base.errors import UsageError
from mapguard.cli.gofuncs import with_functions
from mapguard.cli.repository import GitError, git, resolve
from mapguard.findings.model import Finding

_HUNK = re.compile(r"@@ -\d+(?:,(?P<removed>\d+))? \+(?P<start>\d+)(?:,(?P<count>\d+))? @@")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_PLAIN = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}


class Changes:
    """The changed lines of each file. ``read`` gives a file's lines; a path that is in ``whole`` is new."""

    def __init__(self, lines: dict[str, set[int]], whole: frozenset[str], read: Callable[[str], list[str]]) -> None:
        self._lines = lines
        self._whole = whole
        self._read = read
        self._grown: dict[str, set[int]] = {}

    def touches(self, f: Finding) -> bool:
        """Whether a step of a trace or a racing access is on a changed line or in a changed function."""
        racing = f.accesses[: f.racing]
        places = {(a.path, a.line) for a in racing} | {(s.path, s.line) for a in racing for s in a.trace}
        return any(self.has(path, line) for path, line in places)

    def has(self, path: str, line: int) -> bool:
        if path in self._whole:
            return True
        if path not in self._lines:
            return False
        if path not in self._grown:
            self._grown[path] = with_functions(self._read(path), self._lines[path])
        return line in self._grown[path]


def changed_since(root: Path, rev: str, read: Callable[[str], list[str]]) -> Changes:
    """What changed below ``root`` since the current branch left ``rev``, uncommitted and new files included."""
    base = resolve(root, rev)
    # what the other branch did meanwhile is no change of ours; unrelated or cut histories are compared as they are
    with suppress(GitError):
        base = git(root, "merge-base", base, "HEAD").strip() or base
    try:
        flags = (
            "--text",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-renames",
            "--ignore-cr-at-eol",
            "--ignore-submodules",
            "--relative",
        )
        diff = git(root, "diff", "-U0", *flags, "--src-prefix=a/", "--dst-prefix=b/", base, "--", "*.go")
        new = git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", "*.go")
    except GitError as error:
        raise UsageError(f"git cannot compare with {rev}: {error}") from error
    return Changes(changed_lines(diff), frozenset(path for path in new.split("\0") if path), read)


def changed_lines(diff: str) -> dict[str, set[int]]:
    """The lines of the new side of a diff without context. Where lines were only removed, their neighbours count as changed."""
    found: dict[str, set[int]] = {}
    path = ""
    left = 0  # lines of the current hunk still to come: their text is no header
    for line in diff.split("\n"):
        if left > 0 and line[:1] in ("+", "-"):
            left -= 1
        elif line.startswith("+++ "):
            path = _unquoted(line[4:])
        elif (m := _HUNK.match(line)) and path:
            start, count = int(m["start"]), int(m["count"] or 1)
            left = count + int(m["removed"] or 1)
            found.setdefault(path, set()).update(range(start, start + count) if count else (start, start + 1))
    return found


def _unquoted(text: str) -> str:
    """A path of a diff header: without its prefix, git's quotes and escapes; "" for /dev/null."""
    text = text.removesuffix("\t")
    if text.startswith('"') and text.endswith('"'):
        raw = _ESCAPE.sub(lambda m: bytes([int(m[1], 8)]) if len(m[1]) == 3 else _PLAIN.get(m[1], m[1]), os.fsencode(text[1:-1]))
        text = os.fsdecode(raw)
    return text.removeprefix("b/") if text.startswith("b/") else ""
