"""Gaps to groups: one for each reason, the most frequent first, with what each reason means and the declarations that are hidden."""

import re
from collections.abc import Iterable

import msgspec

from mapguard.base.gap import Gap, Reason

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


class Group(msgspec.Struct, frozen=True):
    """All gaps of one ``reason``, in the report's order; ``meaning`` says the reason in words."""

    reason: Reason
    meaning: str
    gaps: tuple[Gap, ...]


def grouped(gaps: Iterable[Gap]) -> tuple[Group, ...]:
    """The most frequent reason first, equally frequent ones by name."""
    found: dict[Reason, list[Gap]] = {}
    for gap in gaps:
        found.setdefault(gap.reason, []).append(gap)
    order = sorted(found, key=lambda reason: (-len(found[reason]), reason))
    return tuple(Group(reason, _MEANING[reason], tuple(found[reason])) for reason in order)


def declaration(lines: list[str], line: int) -> str:
    """The declaration that the 1-based ``line`` is part of, as its text names it: ``(*T).Method``, ``type T``; "" when none is found."""
    start = next((text for text in reversed(lines[: max(line, 0)]) if _START.match(text)), "")
    if method := _METHOD.match(start):
        pointer, owner, name = method.groups()
        return f"(*{owner}).{name}" if pointer else f"{owner}.{name}"
    other = _OTHER.match(start)
    return " ".join(other[0].split()).removeprefix("func ") if other else ""
