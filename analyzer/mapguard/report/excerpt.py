"""A source line and a range of columns to what fits a terminal: indentation removed, cut around the range, measured in cells, harmless."""

import unicodedata

import msgspec

_TAB = 4
_CUT = "…"


class Excerpt(msgspec.Struct, frozen=True):
    """``text`` with the range at ``offset``, ``length`` cells wide; both count terminal cells."""

    text: str
    offset: int
    length: int


def excerpt(line: str, column: int, end_column: int, width: int) -> Excerpt:
    """The part of ``line`` that shows columns ``column`` to ``end_column`` (1-based, exclusive) in at most ``width`` cells."""
    indent = len(line) - len(line.lstrip())
    first = min(max(column - 1, indent), len(line))
    last = min(max(end_column - 1, first + 1), max(len(line), first + 1))
    room = max(width, 10)
    near = 4 * room  # characters on either side, more than can be shown: a line of code may be a megabyte long
    parts = (line[max(indent, first - near) : first], line[first : min(last, first + near)], line[last : last + near].rstrip())
    before, marked, after = (_shown(part) for part in parts)
    if cells(marked) > room - 2:
        marked, after = _head(marked, room - 2), ""
    if cells(before) + cells(marked) + cells(after) > room:
        before = before and _tail(before, max((room - cells(marked)) // 2, room - cells(marked) - cells(after), 1))
        after = _head(after, max(room - cells(before) - cells(marked), 1)) if after else ""
    return Excerpt(f"{before}{marked}{after}", cells(before), max(cells(marked), 1))


def clean(text: str) -> str:
    """Text from the scanned repository without control, direction or line characters: a file name must not drive the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def short(text: str, room: int) -> str:
    """Harmless text on one line, cut with a mark where it takes more than ``room`` characters: a line of code may be a megabyte long."""
    return clean(text) if len(text) <= room else clean(text[: room - 1]) + _CUT


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _shown(part: str) -> str:
    return clean(part.replace("\t", " " * _TAB))


def _head(text: str, room: int) -> str:
    """The beginning of a text, with a mark where it was cut."""
    if cells(text) <= room:
        return text
    while text and cells(text) > room - 1:
        text = text[: max(min(len(text) - 1, room - 1), 0)]
    return text + _CUT


def _tail(text: str, room: int) -> str:
    """The end of a text, with a mark where it was cut."""
    if cells(text) <= room:
        return text
    while text and cells(text) > room - 1:
        text = text[-min(len(text) - 1, room - 1) :] if min(len(text) - 1, room - 1) > 0 else ""
    return _CUT + text
