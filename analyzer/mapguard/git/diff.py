"""Two texts of a file to the lines of the second that differ from the first."""

import re
from collections.abc import Mapping
from pathlib import Path

from mapguard.git.repository import Repository

_HUNK = re.compile(rb"@@ -\d+(?:,(?P<removed>\d+))? \+(?P<start>\d+)(?:,(?P<count>\d+))? @@")
_FLAGS = (
    "--text",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-renames",
    "--ignore-cr-at-eol",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)


def changed_lines(repository: Repository, pairs: Mapping[str, tuple[bytes, bytes]]) -> dict[str, set[int]]:
    """For each name the changed lines; carriage returns at their ends do not count. git compares copies, under names of ours."""
    folder = repository.folder / "compared"
    names = sorted(pairs)
    for side, part in enumerate(("old", "new")):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(names):
            (folder / part / str(number)).write_bytes(pairs[name][side])
    out = repository.git("diff", "--no-index", "-U0", *_FLAGS, str(Path(folder, "old")), str(Path(folder, "new")), accepted=(0, 1))
    return {names[int(number)]: lines for number, lines in parsed(out).items()}


def parsed(diff: bytes) -> dict[str, set[int]]:
    """The lines of the new side of a diff without context, by the last part of the file's name.

    Where lines were only removed, their neighbours count as changed.
    """
    found: dict[str, set[int]] = {}
    name = ""
    left = 0  # lines of the current hunk still to come: their text is no header
    for line in diff.split(b"\n"):
        if left > 0 and line[:1] in (b"+", b"-"):
            left -= 1
        elif line.startswith(b"+++ "):
            name = line.rpartition(b"/")[2].decode()
        elif (m := _HUNK.match(line)) and name:
            start, count = int(m["start"]), int(m["count"] or 1)
            left = count + int(m["removed"] or 1)
            found.setdefault(name, set()).update(range(start, start + count) if count else (start, start + 1))
    return found
