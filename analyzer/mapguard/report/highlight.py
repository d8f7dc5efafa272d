"""A place in a source to the lines around it as HTML: tokens in classes, the place marked, indentation removed, long lines cut.

Only the lines shown are read by the highlighter: what a raw string or block comment above them opened is not known there.
"""

from collections.abc import Iterator

import msgspec
from markupsafe import Markup, escape
from pygments.lexers.go import GoLexer
from pygments.token import Comment, Keyword, Literal, Name

_LONGEST = 240
_BEFORE = 80
_CUT = "…"
_LEXER = GoLexer()
_CLASSES: tuple[tuple[tuple[str, ...], str], ...] = (
    (Comment, "c"),
    (Literal.String, "s"),
    (Literal.Number, "m"),
    (Keyword.Type, "t"),
    (Keyword.Constant, "t"),
    (Keyword, "k"),
    (Name.Builtin, "b"),
)


class CodeLine(msgspec.Struct, frozen=True):
    """``number`` is 1-based; ``hit`` is the line that the excerpt is about; ``html`` is escaped."""

    number: int
    html: Markup
    hit: bool


class _Piece(msgspec.Struct, frozen=True):
    """Part of a line with the marked range in it, from ``first`` to ``last`` (exclusive)."""

    text: str
    first: int
    last: int


def code(lines: list[str], line: int, column: int, end_column: int, around: int) -> tuple[CodeLine, ...]:
    """The 1-based ``line`` and up to ``around`` lines before and after, columns ``column`` to ``end_column`` marked; empty without it."""
    if not 0 < line <= len(lines):
        return ()
    numbers = _around(lines, line, around)
    indent = _indent([lines[n - 1] for n in numbers])
    pieces = [
        _piece(lines[n - 1][indent:], column - 1 - indent, end_column - 1 - indent) if n == line else _piece(lines[n - 1][indent:], 0, 0)
        for n in numbers
    ]
    html = _highlighted(pieces)
    return tuple(CodeLine(n, text, n == line) for n, text in zip(numbers, html, strict=True))


def visible(text: str) -> str:
    """Text without control and direction characters, tabs and line ends excepted: code must look like what it is."""
    return "".join(c if c.isprintable() or c in "\t\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _around(lines: list[str], line: int, most: int) -> range:
    """The numbers of the lines to show: within the same declaration, without empty lines at the ends."""
    first = last = line
    while first > max(line - most, 1) and not lines[first - 1].startswith("func ") and not lines[first - 2].startswith("}"):
        first -= 1
    while last < min(line + most, len(lines)) and not lines[last - 1].startswith("}"):
        last += 1
    while first < line and not lines[first - 1].strip():
        first += 1
    while last > line and not lines[last - 1].strip():
        last -= 1
    return range(first, last + 1)


def _indent(lines: list[str]) -> int:
    """How many white characters all lines have in common at their start."""
    starts = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip()]
    low, high = min(starts, default=""), max(starts, default="")
    return next((n for n, char in enumerate(low) if char != high[n]), len(low))


def _piece(text: str, first: int, last: int) -> _Piece:
    text = text.rstrip()
    first = min(max(first, 0), len(text))
    last = min(max(last, first), len(text))
    if len(text) <= _LONGEST:
        return _Piece(visible(text), first, last)
    start = max(min(first - _BEFORE, len(text) - _LONGEST), 0)
    end = min(start + _LONGEST, len(text))
    head, tail = _CUT if start else "", _CUT if end < len(text) else ""
    shift = start - len(head)
    return _Piece(f"{head}{visible(text[start:end])}{tail}", first - shift, min(last, end) - shift)


def _highlighted(pieces: list[_Piece]) -> list[Markup]:
    """Each piece as HTML; tokens that run over line ends and marks are split."""
    found: list[list[str]] = [[] for _ in pieces]
    row = at = 0
    for kind, text in _tokens("\n".join(p.text for p in pieces)):
        for number, part in enumerate(text.split("\n")):
            if number:
                row, at = row + 1, 0
            first, last = pieces[row].first, pieces[row].last
            for begin, end, marked in ((at, first, False), (max(at, first), last, True), (max(at, last), at + len(part), False)):
                stop = min(end, at + len(part))
                if begin < stop:
                    found[row].append(_span(kind, part[begin - at : stop - at], marked))
            at += len(part)
    return [Markup("".join(parts)) for parts in found]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Classes and texts; neighbours of one class are one."""
    before, collected = "", ""
    for _, token, part in _LEXER.get_tokens_unprocessed(text):
        kind = next((name for parent, name in _CLASSES if token[: len(parent)] == parent), "")
        if kind != before and collected:
            yield before, collected
            collected = ""
        before, collected = kind, collected + part
    if collected:
        yield before, collected


def _span(kind: str, text: str, marked: bool) -> str:
    inner = str(escape(text))
    if kind:
        inner = f'<span class="{kind}">{inner}</span>'
    return f"<mark>{inner}</mark>" if marked else inner
