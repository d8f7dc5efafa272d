"""What was not analysed, grouped by reason, with the functions that are hidden by it."""

from collections.abc import Iterable
from typing import NamedTuple

from mapguard.base.gap import Gap, Reason
from mapguard.findings.blocks import function_names
from mapguard.report.source import SourceLines

_WORDS = {
    Reason.SYNTAX: "did not parse",
    Reason.TOO_LARGE: "larger than the limit, not read",
    Reason.TOO_DEEP: "nested deeper than the limit",
    Reason.NOT_TEXT: "not text",
    Reason.UNREADABLE: "could not be read",
    Reason.OUTSIDE_ROOT: "links that leave the root, not followed",
    Reason.MODULE: "module files that could not be read",
    Reason.TYPES: "indexed values of unknown type, which may be maps",
    Reason.ORIGIN: "maps that are made nowhere known",
    Reason.LIMIT: "a limit of the analysis was reached",
    Reason.CRASH: "a defect of mapguard stopped the analysis here",
}
_OF_FILES = (Reason.TYPES, Reason.ORIGIN)  # these count what is in a file: they hide no function


class GapGroup(NamedTuple):
    """The gaps of one reason in the order of the report, each with the functions that it hides."""

    reason: Reason
    gaps: tuple[tuple[Gap, tuple[str, ...]], ...]

    @property
    def words(self) -> str:
        return _WORDS[self.reason]

    @property
    def functions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for _, names in self.gaps for name in names))


def grouped(gaps: Iterable[Gap], source: SourceLines) -> list[GapGroup]:
    """The most frequent reason first."""
    by_reason: dict[Reason, list[tuple[Gap, tuple[str, ...]]]] = {}
    for gap in gaps:
        names = function_names(source.lines(gap.path), gap.line) if gap.reason not in _OF_FILES else []
        by_reason.setdefault(gap.reason, []).append((gap, tuple(names)))
    found = [GapGroup(reason, tuple(members)) for reason, members in by_reason.items()]
    return sorted(found, key=lambda g: (-len(g.gaps), g.reason))
