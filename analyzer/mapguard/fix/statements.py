"""Statements to edits: lines put before them, around them, and other text in place of an expression or a type."""

from collections.abc import Sequence

from mapguard.fix.edit import Edit
from mapguard.fix.fields import add_line
from mapguard.fix.shape import GoFile, Item

Edits = tuple[Edit, ...]


def before(file: GoFile, at: int, lines: Sequence[str]) -> Edits:
    """Statements, each a line, before the statement that ``at`` lies in."""
    return add_line(file, _statement(file, at), list(lines))


def around(file: GoFile, first: int, last: int, opening: Sequence[str], closing: Sequence[str]) -> Edits:
    """Statements before the one that ``first`` lies in, and others after the one that ``last`` lies in: both of one block."""
    start, end = _statement(file, first), _statement(file, last)
    while start.around != end.around:  # the smallest block that holds both
        inner = start if _depth(file, start) >= _depth(file, end) else end
        outer = _statement(file, file.tokens[inner.around].start)
        start, end = (outer, end) if inner is start else (start, outer)
    if file.tokens[start.first].start > file.tokens[end.first].start:
        start, end = end, start
    return (*add_line(file, start, list(opening)), *add_line(file, end, list(closing), after=True))


def replace(file: GoFile, start: int, end: int, text: str) -> Edits:
    """Other text in place of an expression or a type, which stands on one line."""
    written = text.encode("utf-8", "surrogateescape")
    return (*file.grown(start, len(text) - len(file.text.source[start:end].decode("utf-8", "replace"))), file.edit(start, end, written))


def wrap(file: GoFile, start: int, end: int, opening: str, closing: str) -> Edits:
    """``maps.Clone(x)`` in place of the expression ``x``."""
    written = opening.encode() + file.text.source[start:end] + closing.encode()
    return (*file.grown(start, len(opening) + len(closing)), file.edit(start, end, written))


def _statement(file: GoFile, at: int) -> Item:
    item = file.item(at)
    if not file.is_block(item.around):
        raise file.refuse(at, "this is no statement of a function")
    if file.tokens[item.first].text in (b"case", b"default"):
        raise file.refuse(at, "nothing can be put before a case")
    return item


def _depth(file: GoFile, item: Item) -> int:
    depth = 0
    around = item.around
    while around >= 0:
        depth += 1
        around = file.tokens[around].around
    return depth
