"""A unified diff to the replacements that SARIF wants: whole lines of a file gone, and others in their place."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_FILE = re.compile(r"\+\+\+ b/(?P<path>[^\t\n]*)")
_HUNK = re.compile(r"@@ -(?P<start>\d+)(?:,(?P<count>\d+))? \+\d+(?:,\d+)? @@")


class Replacement(NamedTuple):
    """The 1-based lines ``first`` to before ``end`` of ``path`` become ``text``; equal where something is only added."""

    path: str
    first: int
    end: int
    text: str


def replacements(patch: str) -> Iterator[Replacement]:
    """The changes of a diff as ``fix.diff`` writes it, by file and line. A file with a quoted name has none here."""
    path, line = "", 0
    gone: int = 0
    new: list[str] = []
    for row in [*patch.splitlines(keepends=True), "--- "]:
        if row[:1] in "+-" and not row.startswith(("+++ ", "--- ")):
            gone += row[:1] == "-"
            new += [row[1:]] if row[:1] == "+" else []
            continue
        if gone or new:
            yield Replacement(path, line, line + gone, "".join(new))
        line, gone, new = line + gone, 0, []
        if row.startswith(" "):
            line += 1
        elif (hunk := _HUNK.match(row)) is not None:
            line = int(hunk["start"]) + (hunk["count"] == "0")
        elif (file := _FILE.match(row)) is not None:
            path = file["path"].rstrip()
