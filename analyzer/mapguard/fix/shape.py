"""A place in Go text to what stands around it: its statement or declaration, the block that holds it, the comments that belong to it."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from mapguard.fix.edit import MARK, Edit, EditError
from mapguard.fix.tokens import GoText, Token

_HEADERS = frozenset([b"if", b"for", b"switch", b"select"])
_IN_RESULTS = frozenset([b"*", b".", b"[", b"]", b")", b"map", b"chan", b"<-", b"func", b"struct", b"interface"])
_TYPE_PREFIXES = frozenset([b"]", b"*", b"chan"])  # before a func that is a type
_FUNCTION_SIZE, _STRUCT_SIZE = 100, 30  # characters that gofmt leaves on one line


class Item(NamedTuple):
    """A statement, declaration, field or specification: its first and last token, and the bracket that holds it, -1 at the top."""

    first: int
    last: int
    around: int


class GoFile:
    """One file as it is about to be changed: what the builders of edits look at."""

    def __init__(self, path: str, source: bytes) -> None:
        self.path = path
        self.text = GoText(source.removeprefix(MARK))

    @property
    def tokens(self) -> list[Token]:
        return self.text.tokens

    def edit(self, start: int, end: int, text: bytes) -> Edit:
        return Edit(self.path, start, end, text)

    def insert(self, at: int, text: bytes) -> Edit:
        return Edit(self.path, at, at, text)

    def refuse(self, offset: int, why: str) -> EditError:
        return EditError(f"{self.path}:{self.text.line(offset) + 1}: {why}")

    def opens(self, around: int) -> bytes:
        """The word or sign before an opening bracket: ``struct``, ``var`` …; nothing at the top."""
        before = self.text.before(around) if around >= 0 else -1
        return self.tokens[before].text if before >= 0 else b""

    def offset(self, line: int, column: int) -> int:
        """The byte at a 1-based line and column, as people count them: columns are characters."""
        start = self.text.starts[line - 1] if 0 < line <= len(self.text.starts) else len(self.text.source)
        text = self.text.source[start : self.text.line_end(start)].decode("utf-8", "replace")
        return start + len(text[: column - 1].encode())

    # ------------------------------------------------------------ items

    def item(self, offset: int) -> Item:
        """The innermost statement, field, specification or declaration that ``offset`` lies in."""
        index = self.text.index(offset)
        if index >= len(self.tokens):
            raise self.refuse(offset, "nothing stands here")
        if self.tokens[index].comment:
            index = min(self.text.after(index), len(self.tokens) - 1)
        while not self._holds_items(self.tokens[index].around):
            index = self.tokens[index].around
        first = self._start(index)
        return Item(first, self.text.item_end(first), self.tokens[first].around)

    def _holds_items(self, around: int) -> bool:
        if around < 0:
            return True
        if self.tokens[around].text == b"(":
            return self.opens(around) in (b"var", b"const", b"type", b"import")
        return self.opens(around) in (b"struct", b"interface") or self.is_block(around)

    def _start(self, index: int) -> int:
        """The first token of the item that a token at its level is part of; a label is part of its statement."""
        around = self.tokens[index].around
        while not self._begins(index):
            before = self.text.before(index)
            if self.tokens[before].text == b":" and self.tokens[before].around == around and self.is_block(around):
                label = self.text.before(before)
                if not self.tokens[label].name or not self._begins(label):
                    return index  # the first statement of a case
                before = label
            index = self.text.partner[before] if self.text.partner.get(before, before) < before else before
        return index

    def _begins(self, index: int) -> bool:
        """Whether what stands before a token ends another item, or opens the bracket."""
        before = self.text.before(index)
        if before < 0 or before == self.tokens[index].around:
            return True
        previous = self.tokens[before]
        if previous.text == b";":
            return not self._in_header(before)
        return self._ends_item(before)

    def _ends_item(self, index: int) -> bool:
        """Whether Go's lexer puts a semicolon between the token and the next one."""
        return self.tokens[index].ends_statement and self.text.ends_line(index)

    def _in_header(self, semicolon: int) -> bool:
        """Whether a semicolon is one of ``if x := f(); x {`` or ``for i := 0; i < n; i++ {``."""
        around = self.tokens[semicolon].around
        at = semicolon
        while (at := self.text.before(at)) > around:
            if self.tokens[at].text in _HEADERS and self.tokens[at].around == around:
                return True
            if self.tokens[at].text == b"}" and self.tokens[at].around == around:
                if self.is_block(self.text.partner.get(at, at)):
                    return False
                at = self.text.partner.get(at, at)
        return False

    def is_block(self, opener: int) -> bool:
        """Whether a brace opens a block of statements: not a struct, an interface or a list of elements."""
        return opener in self._blocks

    @cached_property
    def _blocks(self) -> set[int]:
        found: set[int] = set()
        for index, token in enumerate(self.tokens):  # those around a brace come before it
            if token.text == b"{" and self._opens_block(index, found):
                found.add(index)
        return found

    def _opens_block(self, opener: int, known: set[int]) -> bool:
        before = self.text.before(opener)
        around = self.tokens[opener].around
        if before < 0 or self.tokens[before].text in (b"struct", b"interface"):
            return False
        if self.tokens[before].text == b"else" or self._function_before(opener) >= 0:
            return True
        if around not in known:
            return False
        previous = self.tokens[before]
        if before == around or previous.text in (b";", b":") or (previous.ends_statement and self.text.begins_line(opener)):
            return True  # a block of its own
        return self._ends_header(opener) and self._header_before(opener, known)

    def _ends_header(self, opener: int) -> bool:
        """Whether what follows the closing brace can follow the block of an ``if`` or a loop, not only a list of elements."""
        following = self.text.after(self.text.partner.get(opener, opener))
        if following >= len(self.tokens) or self.text.begins_line(following) or self.tokens[following].text in (b"else", b"}"):
            return True
        apart = self.tokens[self.text.before(opener)].end < self.tokens[opener].start
        return self.tokens[following].text == b";" and apart

    def opens_function(self, opener: int) -> bool:
        """Whether a brace opens the body of a function or of a function literal."""
        return self.is_block(opener) and self._function_before(opener) >= 0

    def _function_before(self, opener: int) -> int:
        """The keyword of the function whose body the brace opens; -1 where it opens none."""
        around = self.tokens[opener].around
        at, found = opener, -1
        while (at := self.text.before(at)) > around:
            token = self.tokens[at]
            if self._ends_item(at):
                break
            if token.text == b"func":
                found = at
                continue
            if token.text not in _IN_RESULTS and token.text != b"}" and not token.name:
                break
            at = self.text.partner[at] if self.text.partner.get(at, at) < at else at
        before = self.text.before(found) if found >= 0 else -1  # the outermost of func(…) func(…) decides
        return -1 if before >= 0 and self.tokens[before].text in _TYPE_PREFIXES else found

    def _header_before(self, opener: int, known: set[int]) -> bool:
        around = self.tokens[opener].around
        at = opener
        while (at := self.text.before(at)) > around:
            token = self.tokens[at]
            if token.text in _HEADERS:
                return True
            if self._ends_item(at):
                return False
            if self.text.partner.get(at, at) < at:
                if self.text.partner[at] in known and self._function_before(self.text.partner[at]) < 0:
                    return False
                at = self.text.partner[at]
        return False

    # ------------------------------------------------------------ lines

    def own_lines(self, first: int, last: int) -> bool:
        """Whether no other code stands on the lines of the tokens."""
        return self.text.begins_line(first) and self.text.ends_line(last)

    def above(self, index: int) -> int:
        """Where the lines of a token start, with the comments right above that belong to it."""
        at = index
        while at > 0 and self.tokens[at - 1].comment:
            comment = self.tokens[at - 1]
            gap = self.text.source[comment.end : self.tokens[at].start]
            if gap.count(b"\n") > 1 or self.text.source[self.text.line_start(comment.start) : comment.start].strip():
                break
            at -= 1
        return self.text.line_start(self.tokens[at].start)

    def below(self, index: int) -> int:
        """Where the line of a token ends, with the comments that stand beside it."""
        end = self.tokens[index].end
        for token in self.tokens[index + 1 :]:
            if not token.comment or b"\n" in self.text.source[end : token.start]:
                break
            end = token.end
        return self.text.line_end(end)

    def indent(self, index: int) -> bytes:
        return self.text.indent(self.tokens[index].start)

    # ------------------------------------------------------------ what stands on one line

    def unfolded(self, item: Item) -> tuple[list[Edit], bytes]:
        """Edits that give an item, and each one between the same two braces of one line, a line of its own, and their indentation.

        What holds items around it and stands on that line too is unfolded with it, because gofmt would do so.
        """
        line = self.text.line(self.tokens[item.around].start)
        closes = self.text.partner.get(item.around, -1)
        if self.tokens[item.around].text != b"{" or closes < 0 or line != self.text.line(self.tokens[closes].start):
            raise self.refuse(self.tokens[item.first].start, "what stands here shares its line with something else")
        folded = [item.around]
        outer = self.tokens[item.around].around
        while outer >= 0 and self.text.line(self.tokens[outer].start) == line:
            if self.tokens[outer].text == b"{" and self._holds_items(outer):
                folded.insert(0, outer)
            outer = self.tokens[outer].around
        indent = self.text.indent(self.tokens[item.around].start)
        edits: list[Edit] = []
        for opener in folded:
            edits += self._unfolded(opener, indent)
            indent += b"\t"
        return edits, indent

    def grown(self, at: int, more: int) -> list[Edit]:
        """Edits that unfold what stands on one line around a place, where ``more`` characters there make it too long for gofmt to leave."""
        index = self.text.index(at)
        line = self.text.line(self.tokens[index].start)
        around = self.tokens[index].around
        inner: int | None = None
        while around >= 0 and self.text.line(self.tokens[around].start) == line:
            closes = self.text.partner.get(around, -1)
            if self.tokens[around].text == b"{" and self._holds_items(around) and self.text.line(self.tokens[closes].start) == line:
                inner = around if inner is None else inner
                if self._size(around) + more > (_FUNCTION_SIZE if self.is_block(around) else _STRUCT_SIZE):
                    first = self.text.after(inner)
                    return self.unfolded(Item(first, self.text.item_end(first), inner))[0]
            around = self.tokens[around].around
        return []

    def _size(self, opener: int) -> int:
        """What gofmt compares with its limits: signature and statements of a function, or the field of a struct without its name."""
        first = self.text.after(opener)
        function = self._function_before(opener)
        if function < 0:
            last = self.text.item_end(first)
            return 1 + self._characters(min(first + 1, last), last)
        size = self._characters(function, self.text.before(opener)) - 2
        while first < self.text.partner[opener]:
            last = self.text.item_end(first)
            size += 2 + self._characters(first, last)
            first = self.text.after(last)
            if self.tokens[first].text == b";":
                first = self.text.after(first)
        return size

    def _characters(self, first: int, last: int) -> int:
        return len(self.text.source[self.tokens[first].start : self.tokens[last].end].decode("utf-8", "replace"))

    def _unfolded(self, opener: int, indent: bytes) -> Iterator[Edit]:
        closes = self.text.partner.get(opener, len(self.tokens) - 1)
        start = self.tokens[opener].end
        word = self.text.before(opener)
        if self.tokens[word].text in (b"struct", b"interface") and self.tokens[word].end == self.tokens[opener].start:
            yield self.insert(self.tokens[opener].start, b" ")
        at = self.text.after(opener)
        while at < closes:
            yield self._broken(start, self.tokens[at].start, b"\n" + indent + b"\t")
            last = self.text.item_end(at)
            start = self.tokens[last].end
            at = self.text.after(last)
            if self.tokens[at].text == b";":
                at = self.text.after(at)
        yield self._broken(start, self.tokens[closes].start, b"\n" + indent)

    def _broken(self, start: int, end: int, text: bytes) -> Edit:
        if self.text.source[start:end].strip(b" \t\r\n;"):
            raise self.refuse(start, "a comment stands between what would have to be parted")
        return self.edit(start, end, text)
