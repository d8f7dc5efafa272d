"""The text of a Go file to its top-level declarations, by a simple scan that also works while the file is being edited."""

import re
from typing import NamedTuple

_TOP = re.compile(r"(?P<kind>func|type|var|const|import|package)\b")
_FUNC = re.compile(r"func\s*(?:\(\s*(?:[\w.]+\s+)?(?P<star>\*?)(?P<receiver>\w+)[^)]*\)\s*)?(?P<name>\w+)")


class Block(NamedTuple):
    """First and last 1-based line of a declaration: from its keyword to the last closing bracket before the next one."""

    kind: str
    first: int
    last: int


def blocks(lines: list[str]) -> list[Block]:
    """All top-level declarations, the package clause among them, in order."""
    tops = [(number, m["kind"]) for number, line in enumerate(lines, 1) if (m := _TOP.match(line))]
    found: list[Block] = []
    for at, (start, kind) in enumerate(tops):
        after = tops[at + 1][0] if at + 1 < len(tops) else len(lines) + 1
        ends = [n for n in range(start, after) if lines[n - 1].startswith(("}", ")"))]
        found.append(Block(kind, start, ends[-1] if ends else start))
    return found


def function_names(lines: list[str], around: int = 0) -> list[str]:
    """The functions of a file as Go programmers name them; with ``around`` only the one that has this line."""
    found = []
    for block in blocks(lines):
        if block.kind == "func" and (not around or block.first <= around <= block.last):
            m = _FUNC.match(lines[block.first - 1])
            if m is not None:
                owner = f"(*{m['receiver']})" if m["star"] else m["receiver"]
                found.append(f"{owner}.{m['name']}" if m["receiver"] else m["name"])
    return found
