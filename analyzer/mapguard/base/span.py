"""Where something stands in a file: byte offsets while analysing, lines and columns when a person reads it."""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec


class Place(msgspec.Struct, frozen=True, order=True):
    """A place for people: lines and columns are 1-based, columns count characters, ``end_column`` is exclusive."""

    path: str
    line: int
    column: int = 1
    end_column: int = 1


def newline_offsets(source: bytes) -> list[int]:
    """Byte offsets of every newline of ``source``: the line table of a file."""
    found: list[int] = []
    at = source.find(b"\n")
    while at >= 0:
        found.append(at)
        at = source.find(b"\n", at + 1)
    return found


def line_of(newlines: Sequence[int], offset: int) -> int:
    """The 1-based line of a byte ``offset``, given the line table."""
    return bisect_right(newlines, offset - 1) + 1
