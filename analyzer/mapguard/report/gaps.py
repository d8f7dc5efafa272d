"""Gaps to groups: one for each reason, the most frequent first, with the meaning of the reason and the declarations that are hidden."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from mapguard.base.gap import Gap, Reason
from mapguard.report.source import SourceLines

_MEANING = {
    Reason.SYNTAX: "did not parse",
    Reason.TOO_LARGE: "larger than the limit, not read",
    Reason.TOO_DEEP: "nested deeper than the limit",
    Reason.NOT_TEXT: "not text",
    Reason.UNREADABLE: "could not be read",
    Reason.OUTSIDE_ROOT: "links that leave the repository, not followed",
    Reason.MODULE: "module files that could not be read",
    Reason.LIMIT: "a limit of the analysis was reached",
    Reason.CRASH: "a defect of mapguard stopped the analysis here",
}

_START = re.compile(r"(?:func|type|var|const|import|package)\b")  # gofmt puts it into the first column
_METHOD = re.compile(r"func\s*\(\s*(?:\w+\s+)?(\*?)\s*(\w+)[^()]*\)\s*(\w+)")
_OTHER = re.compile(r"(?:func|type|var|const)\s+\w+")


class GapGroup(NamedTuple):
    """All gaps of one reason, in the report's order, each with the declarations that it hides; ``words`` say the reason."""

    reason: Reason
    gaps: tuple[tuple[Gap, tuple[str, ...]], ...]

    @property
    def words(self) -> str:
        return _MEANING[self.reason]


def grouped(gaps: Iterable[Gap], source: SourceLines) -> list[GapGroup]:
    """The most frequent reason first, equally frequent ones by name."""
    found: dict[Reason, list[tuple[Gap, tuple[str, ...]]]] = {}
    for gap in gaps:
        name = declaration(source.lines(gap.path), gap.line) if gap.line else ""
        found.setdefault(gap.reason, []).append((gap, (name,) if name else ()))
    return [GapGroup(reason, tuple(found[reason])) for reason in sorted(found, key=lambda reason: (-len(found[reason]), reason))]


def declaration(lines: list[str], line: int) -> str:
    """The declaration that the 1-based ``line`` is part of, as its text names it: ``(*T).Method``, ``type T``; "" when none is found."""
    start = next((text for text in reversed(lines[: max(line, 0)]) if _START.match(text)), "")
    if method := _METHOD.match(start):
        pointer, owner, name = method.groups()
        return f"(*{owner}).{name}" if pointer else f"{owner}.{name}"
    other = _OTHER.match(start)
    return " ".join(other[0].split()).removeprefix("func ") if other else ""
