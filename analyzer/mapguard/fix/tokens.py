"""Go text to its tokens, its lines and what each bracket closes: enough to change text whose syntax tree is not at hand.

It reads bytes that are no valid Go as well as those that are: whatever the text, every byte that is no white space is in one token.
"""

import re
from bisect import bisect_right
from enum import Enum
from functools import cached_property
from typing import NamedTuple

_TOKEN = re.compile(
    rb"""
    (?P<line>//[^\n]*)
    | (?P<block>/\*(?:.*?\*/|.*))
    | (?P<string>`[^`]*`? | "(?:[^"\\\n]|\\.)*"? | '(?:[^'\\\n]|\\.)*'?)
    | (?P<number>(?:[0-9]|\.[0-9])[\w.]*)
    | (?P<word>[\w\x80-\xff]+)
    | (?P<op><<=|>>=|&\^=|\.\.\.|&&|\|\||<-|\+\+|--|==|!=|<=|>=|:=|[-+*/%&|^]=|<<|>>|&\^|[^\s])
    """,
    re.DOTALL | re.VERBOSE,
)
_KEYWORDS = frozenset(
    b"case chan const continue default defer else break fallthrough for func go goto if import interface map package range return select "
    b"struct switch type var".split()
)
_HEADED = frozenset([b"if", b"for", b"switch"])
_ENDING_WORDS = frozenset([b"break", b"continue", b"fallthrough", b"return"])
_ENDING_OPS = frozenset([b")", b"]", b"}", b"++", b"--"])
_CLOSING = {b")": b"(", b"]": b"[", b"}": b"{"}


class Kind(Enum):
    LINE = "line"  # // comment
    BLOCK = "block"  # /* comment */
    STRING = "string"  # or a rune
    NUMBER = "number"
    WORD = "word"
    OP = "op"


_KINDS = {kind.value: kind for kind in Kind}


class Token(NamedTuple):
    """Bytes ``start`` to ``end``. ``around`` is the index of the innermost bracket that is open there, -1 for none."""

    kind: Kind
    start: int
    end: int
    text: bytes
    around: int

    @property
    def comment(self) -> bool:
        return self.kind in (Kind.LINE, Kind.BLOCK)

    @property
    def name(self) -> bool:
        return self.kind is Kind.WORD and self.text not in _KEYWORDS

    @property
    def ends_statement(self) -> bool:
        """Whether Go's lexer puts a semicolon after it at the end of a line."""
        match self.kind:
            case Kind.WORD:
                return self.text not in _KEYWORDS or self.text in _ENDING_WORDS
            case Kind.OP:
                return self.text in _ENDING_OPS
            case _:
                return self.kind in (Kind.STRING, Kind.NUMBER)


class GoText:
    """The bytes of a file, without a byte order mark, and their tokens. Lines are counted from 0 here."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.tokens: list[Token] = []
        self.partner: dict[int, int] = {}
        opened: list[int] = []
        for found in _TOKEN.finditer(source):
            kind, text = _KINDS[found.lastgroup or ""], found[0]
            if kind is Kind.LINE:
                text = text.rstrip(b"\r")
            index = len(self.tokens)
            if kind is Kind.OP and text in _CLOSING and opened and self.tokens[opened[-1]].text == _CLOSING[text]:
                self.partner[index] = opened[-1]
                self.partner[opened.pop()] = index
            self.tokens.append(Token(kind, found.start(), found.start() + len(text), text, opened[-1] if opened else -1))
            if kind is Kind.OP and text in (b"(", b"[", b"{"):
                opened.append(index)

    @cached_property
    def starts(self) -> list[int]:
        """Where each line starts."""
        return [0, *(m.end() for m in re.finditer(rb"\n", self.source))]

    @cached_property
    def _positions(self) -> list[int]:
        return [t.start for t in self.tokens]

    def line(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1

    def line_start(self, offset: int) -> int:
        return self.starts[self.line(offset)]

    def next_line(self, offset: int) -> int:
        """Where the next line starts; the end of the text where there is none."""
        number = self.line(offset) + 1
        return self.starts[number] if number < len(self.starts) else len(self.source)

    def line_end(self, offset: int) -> int:
        """Where the line's text ends: before its line end, ``\\r`` included."""
        at = self.source.find(b"\n", offset)
        at = at if at >= 0 else len(self.source)
        return at - 1 if at > offset and self.source[at - 1 : at] == b"\r" else at

    def indent(self, offset: int) -> bytes:
        """The white space that the line of ``offset`` starts with."""
        start = self.line_start(offset)
        text = self.source[start : self.line_end(start)]
        return text[: len(text) - len(text.lstrip(b" \t"))]

    def index(self, offset: int) -> int:
        """The token that ``offset`` lies in, else the next one; the number of tokens after the last."""
        at = bisect_right(self._positions, offset) - 1
        return at if at >= 0 and offset < self.tokens[at].end else at + 1

    def before(self, index: int) -> int:
        """The last token of code before ``index``; -1 where there is none."""
        index -= 1
        while index >= 0 and self.tokens[index].comment:
            index -= 1
        return index

    def after(self, index: int) -> int:
        """The first token of code after ``index``; the number of tokens where there is none."""
        index += 1
        while index < len(self.tokens) and self.tokens[index].comment:
            index += 1
        return index

    def ends_line(self, index: int) -> bool:
        """Whether no further code stands on the line on which the token ends."""
        following = self.after(index)
        return following >= len(self.tokens) or b"\n" in self.source[self.tokens[index].end : self.tokens[following].start]

    def begins_line(self, index: int) -> bool:
        """Whether no code stands before the token on its line."""
        previous = self.before(index)
        return previous < 0 or b"\n" in self.source[self.tokens[previous].end : self.tokens[index].start]

    def item_end(self, index: int) -> int:
        """The last token of the statement, field or specification that starts with the token ``index``.

        It ends at a semicolon, written or not, or before what closes the bracket around it.
        """
        around = self.tokens[index].around
        last = index
        header = False  # of an if, a switch or a loop: its semicolons end nothing
        while True:
            if self.tokens[last].text in _HEADED:
                header = True
            elif self.tokens[last].text == b"{" and self.tokens[last - 1].end < self.tokens[last].start:
                header = False
            if last in self.partner and self.partner[last] > last:
                last = self.partner[last]
            following = self.after(last)
            if following >= len(self.tokens) or following == self.partner.get(around):
                return last
            if self.tokens[following].text == b";" and not header:
                return last
            broken = b"\n" in self.source[self.tokens[last].end : self.tokens[following].start]
            if broken and self.tokens[last].ends_statement:
                return last
            last = following
