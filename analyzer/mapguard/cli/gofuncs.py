"""The text of a Go file to the line ranges of its functions, by a simple scan that also works while the file is being edited."""

import re
from collections.abc import Collection

_FUNC = re.compile(r"func\b")
_TOP = re.compile(r"(?:func|type|var|const|import)\b")


def functions(lines: list[str]) -> list[tuple[int, int]]:
    """First and last 1-based line of each top-level function: from ``func`` to the last closing brace before the next declaration."""
    tops = [number for number, line in enumerate(lines, 1) if _TOP.match(line)]
    found: list[tuple[int, int]] = []
    for start, after in zip(tops, [*tops[1:], len(lines) + 1], strict=True):
        if _FUNC.match(lines[start - 1]):
            ends = [n for n in range(start, after) if lines[n - 1].startswith("}")]
            found.append((start, ends[-1] if ends else start))
    return found


def with_functions(lines: list[str], changed: Collection[int]) -> set[int]:
    """The changed lines, and all lines of the functions that they are in."""
    grown = set(changed)
    for first, last in functions(lines):
        if any(first <= line <= last for line in changed):
            grown.update(range(first, last + 1))
    return grown
