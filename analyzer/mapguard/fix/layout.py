"""Go text to its sections: runs of lines that gofmt sets in columns together, each line as cells.

The rules are those of go/printer. A section ends at a blank line, at a comment on a line of its own, after what takes several lines, and
where a list starts or ends. What no rule here knows stays one cell.
"""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from mapguard.fix.columns import padded
from mapguard.fix.tokens import GoText, Kind

_OPENING = (b"(", b"[", b"{")
_SMALL = 40  # bytes: keys up to this long are aligned with each other whatever their lengths
_RATIO = 2.5  # longer ones are where they differ from the mean by less than this factor
_VALUE_CELLS = 3  # names, type and values, before the comment


class Line(NamedTuple):
    """A line of code: bytes ``start`` to ``end``, which begin with the white space ``indent``.

    ``first`` and ``last`` are its outer tokens of code. ``item`` says whether a statement, field or element starts here, ``whole`` whether
    exactly one does and also ends here. ``size`` are the bytes of an element of a list, of its key where it has one; 0 for anything else.
    """

    number: int
    start: int
    end: int
    indent: bytes
    first: int
    last: int
    cells: tuple[bytes, ...]
    item: bool
    whole: bool
    size: int


class Section(NamedTuple):
    lines: tuple[Line, ...]

    def text(self) -> list[bytes]:
        """Its lines as gofmt would write them, without their line ends."""
        return [line.indent + text for line, text in zip(self.lines, padded([line.cells for line in self.lines]), strict=True)]


class Layout:
    """The sections of a text, found as they are asked for."""

    def __init__(self, text: GoText) -> None:
        self._text = text
        self._tokens = text.tokens
        self._groups: dict[int, dict[int, bool]] = {}

    @cached_property
    def _lines(self) -> dict[int, tuple[int, int]]:
        """The first and the last token that start on each line; lines that start within a token are left out."""
        found: dict[int, tuple[int, int]] = {}
        inside: set[int] = set()
        for index, token in enumerate(self._tokens):
            number = self._text.line(token.start)
            found[number] = (found[number][0] if number in found else index, index)
            if b"\n" in token.text:
                inside.update(range(number + 1, self._text.line(token.end - 1) + 1))
        return {number: span for number, span in found.items() if number not in inside}

    def sections(self, numbers: set[int]) -> Iterator[Section]:
        """The sections that hold one of the lines."""
        done: set[int] = set()
        for number in sorted(numbers):
            line = self._line(number) if number not in done else None
            if line is None:
                continue
            run = [line]
            while (above := self._line(run[0].number - 1)) is not None and self._joined(above, run[0]):
                run.insert(0, above)
            while (below := self._line(run[-1].number + 1)) is not None and self._joined(run[-1], below):
                run.append(below)
            for part in _by_size(run):
                held = {line.number for line in part}
                if held & numbers:
                    done |= held
                    yield Section(part)

    def group(self, offset: int) -> range:
        """The lines of the ``var (…)`` or ``const (…)`` around a place."""
        index = self._text.index(offset)
        around = self._tokens[index].around if index < len(self._tokens) else -1
        if around < 0 or self._word_before(around) not in (b"var", b"const") or around not in self._text.partner:
            return range(0)
        return range(self._text.line(self._tokens[around].start), self._text.line(self._tokens[self.partner(around)].start) + 1)

    def _line(self, number: int) -> Line | None:
        """The line of code; None for one that is blank, a comment, or part of a literal or comment that started above."""
        span = self._lines.get(number)
        if span is None:
            return None
        start, end = self._text.starts[number], self._text.line_end(self._text.starts[number])
        code = [index for index in range(span[0], span[1] + 1) if not self._tokens[index].comment]
        if not code:
            return None
        first, last = code[0], code[-1]
        item = self._starts_item(first) and span[0] == first
        whole, size = self._extent(first, last) if item else (False, 0)
        written = self._cells(first, last) if item else (self._source(span[0], last),)
        cells = (*written, *(self._source(index, index) for index in range(last + 1, span[1] + 1)))
        return Line(number, start, end, self._text.indent(start), first, last, cells, item, whole, size)

    def _starts_item(self, index: int) -> bool:
        before = self._text.before(index)
        around = self._tokens[index].around
        if index in self._text.partner and self._text.partner[index] < index:
            return False
        if before < 0 or before == around:
            return True
        previous = self._tokens[before]
        if previous.text == b",":
            return previous.around == around and self._is_list(around)
        return previous.ends_statement or previous.text in (b";", b":")  # a colon ends a case

    def _extent(self, first: int, last: int) -> tuple[bool, int]:
        """Whether the line from ``first`` to ``last`` is one whole item, and its size where it is an element of a list."""
        around = self._tokens[first].around
        end = self._tokens[last]
        if end.around != around and self.partner(last) != first and not self._closes(last, first):
            return False, 0
        if end.text == b"," and self._is_list(around):
            commas = [i for i in range(first, last) if self._tokens[i].text == b"," and self._tokens[i].around == around]
            colon = self._colon(first, last)
            return not commas, len(self._source(first, (colon or last) - 1))
        return end.ends_statement and self._text.item_end(first) == last, 0

    def partner(self, index: int) -> int:
        return self._text.partner.get(index, -1)

    def _closes(self, index: int, first: int) -> bool:
        """Whether the token closes a bracket that was opened after ``first``."""
        return self.partner(index) >= first and self._tokens[index].text not in _OPENING

    def _is_list(self, around: int) -> bool:
        """Whether the bracket holds arguments or elements."""
        if around < 0:
            return False
        before = self._word_before(around)
        return before not in (b"struct", b"interface", b"var", b"const", b"type", b"import", b"func")

    def _word_before(self, index: int) -> bytes:
        before = self._text.before(index)
        return self._tokens[before].text if before >= 0 else b""

    def _colon(self, first: int, last: int) -> int | None:
        """The colon after the key of an element."""
        around = self._tokens[first].around
        if around < 0 or self._tokens[around].text != b"{" or self._tokens[first].text in (b"case", b"default"):
            return None
        return next((i for i in range(first, last) if self._tokens[i].text == b":" and self._tokens[i].around == around), None)

    def _joined(self, above: Line, below: Line) -> bool:
        """Whether nothing parts two lines that follow each other, sizes aside."""
        tokens = self._tokens
        if not above.whole or not below.item or above.indent != below.indent or tokens[above.first].around != tokens[below.first].around:
            return False
        if tokens[above.last].text == b",":
            return below.whole and below.size > 0
        if tokens[below.first].text in (b"case", b"default"):
            return False
        return not (tokens[below.first].text == b"func" and tokens[below.first].around < 0 and not below.whole)

    # ------------------------------------------------------------ cells

    def _source(self, first: int, last: int) -> bytes:
        """The tokens from ``first`` to ``last``, with a single space where there is any, to the end of the line."""
        out = [self._tokens[first].text]
        for index in range(first + 1, last + 1):
            gap = self._tokens[index].start > self._tokens[index - 1].end
            out.append(b" " + self._tokens[index].text if gap else self._tokens[index].text)
        return b"".join(out).split(b"\n", 1)[0].rstrip(b"\r")

    def _cells(self, first: int, last: int) -> tuple[bytes, ...]:
        """The code of a line, on which an item starts, in cells; those that stay empty before a comment are among them."""
        around = self._tokens[first].around
        commented = last + 1 < len(self._tokens) and self._tokens[last + 1].comment and not self._text.begins_line(last + 1)
        if self._tokens[last].text == b"," and self._names_end(first, last) == last - 1:
            return (self._source(first, last),)  # names that go on below
        within = self._word_before(around) if around >= 0 else b""
        if within == b"struct":
            return self._field(first, last, commented)
        if within in (b"var", b"const") and self._tokens[around].text == b"(":
            return self._values(first, last, commented)
        if within == b"type" and self._tokens[around].text == b"(":
            return self._split(first, self._name_end(first), last)
        if around < 0 and self._tokens[first].text == b"func":
            return self._function(first, last)
        if self._tokens[last].text == b"," and (colon := self._colon(first, last)) is not None:
            return self._split(first, colon, last)
        return (self._source(first, last),)

    def _split(self, first: int, end: int, last: int) -> tuple[bytes, ...]:
        """The tokens up to ``end``, and those after it."""
        return (self._source(first, end), self._source(end + 1, last)) if end < last else (self._source(first, last),)

    def _field(self, first: int, last: int, commented: bool) -> tuple[bytes, ...]:
        tag = last if last > first and self._tokens[last].kind is Kind.STRING and self._text.item_end(first) == last else None
        end = last if tag is None else tag - 1
        names = self._names_end(first, end)
        following = self._tokens[names + 1] if names + 1 <= end else None
        generic = following is not None and following.text == b"[" and following.start == self._tokens[names].end
        embedded = not self._tokens[first].name or following is None or following.text == b"." or generic
        if embedded:
            code = [self._source(first, end)]
            return (*code, self._source(tag, tag)) if tag is not None else (*code, b"") if commented else tuple(code)
        code = [self._source(first, names), self._source(names + 1, end)]
        return (*code, b"", self._source(tag, tag)) if tag is not None else tuple(code)

    def _names_end(self, first: int, last: int) -> int:
        """The last name of ``a, b, c``."""
        at = first
        while at + 2 <= last and self._tokens[at + 1].text == b"," and self._tokens[at + 2].name:
            at += 2
        return at

    def _name_end(self, first: int) -> int:
        """The end of a type's name with its type parameters."""
        opens = first + 1
        if opens < len(self._tokens) and self._tokens[opens].text == b"[" and self._tokens[opens].start == self._tokens[first].end:
            return max(self.partner(opens), first)
        return first

    def _values(self, first: int, last: int, commented: bool) -> tuple[bytes, ...]:
        keep = self._keeps_type(self._tokens[first].around).get(first, False)
        names = self._names_end(first, last)
        equals = self._equals(first, last)
        code = [self._source(first, names)]
        kind = (equals if equals is not None else last + 1) - 1
        if kind > names or keep:
            code.append(self._source(names + 1, kind) if kind > names else b"")
        if equals is not None:
            code.append(self._source(equals, last))
        empty = _VALUE_CELLS - len(code) if commented and self._text.item_end(first) == last else 0
        return (*code, *([b""] * empty))

    def _equals(self, first: int, last: int) -> int | None:
        around = self._tokens[first].around
        return next((i for i in range(first, last + 1) if self._tokens[i].text == b"=" and self._tokens[i].around == around), None)

    def _keeps_type(self, around: int) -> dict[int, bool]:
        """The specifications of a group by their first token: whether there is a column for the type even where none is written."""
        if around not in self._groups:
            found: dict[int, bool] = {}
            run: list[int] = []
            typed = False
            at = self._text.after(around)
            while at < self._text.partner.get(around, len(self._tokens)):
                end = self._text.item_end(at)
                equals = self._equals(at, end)
                if equals is None:
                    run = []
                elif not run:
                    typed = False
                names = self._names_end(at, end)
                typed = typed or (names + 1 != equals and names < end)
                if equals is not None:
                    run.append(at)
                    found.update(dict.fromkeys(run, typed))
                at = self._text.after(end)
                if at < len(self._tokens) and self._tokens[at].text == b";":
                    at = self._text.after(at)
            self._groups[around] = found
        return self._groups[around]

    def _function(self, first: int, last: int) -> tuple[bytes, ...]:
        """A function on one line: its body is a column of its own."""
        opens = self.partner(last)
        if self._tokens[last].text != b"}" or opens <= first or self._word_before(opens) in (b"struct", b"interface"):
            return (self._source(first, last),)
        return self._source(first, opens - 1), self._source(opens, last)


def _by_size(run: list[Line]) -> Iterator[tuple[Line, ...]]:
    """The run, parted where the elements of a list differ too much in size."""
    part: list[Line] = []
    logs = 0.0
    for line in run:
        if part and line.size and part[-1].size and not _alike(part[-1].size, math.exp(logs / len(part)), line.size):
            yield tuple(part)
            part, logs = [], 0.0
        part.append(line)
        logs += math.log(line.size or 1)
    yield tuple(part)


def _alike(last: int, mean: float, size: int) -> bool:
    return (last <= _SMALL and size <= _SMALL) or 1 / _RATIO < size / mean < _RATIO
