"""Places in a function to the smallest run of whole statements that holds them, and what that run can do but run to its end."""

from collections.abc import Sequence
from typing import NamedTuple

from mapguard.fix.shape import GoFile, Item

_LEAVING = frozenset([b"return", b"break", b"continue", b"goto", b"fallthrough"])
_LOOPS, _BREAKABLE = frozenset([b"for"]), frozenset([b"for", b"switch", b"select"])


class Target(NamedTuple):
    """Bytes ``at`` to ``end`` of a function's text, which a lock has to cover."""

    at: int
    end: int
    writes: bool


class Run(NamedTuple):
    """Statements of one block, from the token ``first`` to ``last``; ``around`` is the brace that opens the block."""

    first: int
    last: int
    around: int


class Leave(NamedTuple):
    """A statement by which control leaves a run before its end."""

    word: bytes
    item: Item


class Runs:
    """The statements of one file."""

    def __init__(self, file: GoFile) -> None:
        self.file = file
        self.tokens = file.tokens

    # ------------------------------------------------------------ what holds a place

    def chain(self, at: int) -> list[Item]:
        """The statements around a place, from the innermost to the one that stands in the body of the function itself."""
        found: list[Item] = []
        item = self.file.item(at)
        while True:
            if item.around < 0:
                raise self.file.refuse(at, "this is no statement of a function")
            if self.file.is_block(item.around):
                found.append(item)
                if self.file.opens_function(item.around):
                    return found
            item = self.file.item(self.tokens[item.around].start)

    def covering(self, targets: Sequence[Target]) -> Run:
        """The smallest run that holds all of them; they are places of one function."""
        chains = [{i.around: i for i in self.chain(t.at)} for t in targets]
        for around in chains[0]:
            if not all(around in chain for chain in chains):
                continue
            items = [chain[around] for chain in chains]
            run = Run(min(i.first for i in items), max(i.last for i in items), around)
            if not self._crosses_cases(run):
                return run
        raise self.file.refuse(targets[0].at, "the accesses lie in different functions")

    def _crosses_cases(self, run: Run) -> bool:
        return any(word in (b"case", b"default") for word in self._at_level(run))

    def _at_level(self, run: Run) -> list[bytes]:
        found: list[bytes] = []
        at = run.first
        while at <= run.last:
            if self.tokens[at].around == run.around:
                found.append(self.tokens[at].text)
            closes = self.file.text.partner.get(at, at)
            at = self.file.text.after(closes if closes > at else at)
        return found

    def below(self, run: Run, target: Target) -> int:
        """The brace of the block in a run of one statement that holds the target; -1 where it stands in the statement's header."""
        inner = -1
        for item in self.chain(target.at):
            if item.around == run.around:
                return inner
            inner = item.around
        return inner

    def bytes_of(self, run: Run) -> tuple[int, int]:
        """From the first byte of a run to the one after its last."""
        return self.tokens[run.first].start, self.tokens[run.last].end

    def text(self, run: Run) -> bytes:
        start, end = self.bytes_of(run)
        return self.file.text.source[start:end]

    def lines(self, run: Run) -> int:
        return self.text(run).count(b"\n") + 1

    def own_lines(self, run: Run) -> bool:
        return self.file.own_lines(run.first, run.last)

    # ------------------------------------------------------------ the body of the function

    def in_body(self, run: Run) -> bool:
        """Whether the run stands in the body of the function itself, in no inner block."""
        return self.file.opens_function(run.around)

    def to_the_end(self, run: Run) -> Run:
        """The run and all that follows it in its block."""
        closes = self.file.text.partner.get(run.around, len(self.tokens))
        return Run(run.first, self.file.text.before(closes), run.around)

    def is_last(self, run: Run) -> bool:
        return self.to_the_end(run).last == run.last

    def before(self, run: Run) -> Run | None:
        """The statement right before a run in its block."""
        at = self.file.text.before(run.first)
        return self._neighbour(at, run) if at > run.around else None

    def after(self, run: Run) -> Run | None:
        """The statement right after a run in its block."""
        at = self.file.text.after(run.last)
        return self._neighbour(at, run) if at < self.file.text.partner.get(run.around, -1) else None

    def _neighbour(self, at: int, run: Run) -> Run | None:
        item = self.file.item(self.tokens[at].start)
        while item.around != run.around and item.around >= 0:
            item = self.file.item(self.tokens[item.around].start)
        crossed = self.tokens[item.first].text in (b"case", b"default") or item.around != run.around
        return None if crossed else Run(item.first, item.last, item.around)

    def stops(self, run: Run, results: bool) -> bool:
        """Whether control cannot go past the run: its last statement returns, or the function has ``results`` and ends here."""
        last = self.last_statement(run)
        if self.tokens[last.first].text in (b"return", b"goto", b"break", b"continue", b"panic"):
            return True
        return results and self.in_body(run) and self.is_last(run)

    def last_statement(self, run: Run) -> Item:
        item = self.file.item(self.tokens[run.last].start)
        while item.around != run.around:
            item = self.file.item(self.tokens[item.around].start)
        return item

    # ------------------------------------------------------------ what leaves a run

    def leaves(self, run: Run) -> list[Leave]:
        """What can end a run early; function literals in it are no part of that."""
        found: list[Leave] = []
        at = run.first
        while at <= run.last:
            token = self.tokens[at]
            if token.text == b"{" and self.file.opens_function(at):
                at = self.file.text.partner.get(at, run.last)
            elif token.text in _LEAVING and not token.name and not token.comment and self._leaves(at, run):
                found.append(Leave(token.text, self.file.item(token.start)))
            at += 1
        return found

    def _leaves(self, at: int, run: Run) -> bool:
        word = self.tokens[at].text
        if word in (b"return", b"goto"):
            return True
        if word == b"fallthrough":
            return False
        following = self.file.text.after(at)
        if following < len(self.tokens) and self.tokens[following].name and not self.file.text.ends_line(at):
            return True  # to a label
        caught_by = _LOOPS if word == b"continue" else _BREAKABLE
        around = self.tokens[at].around
        while around != run.around and around >= 0:
            header = self.file.item(self.tokens[around].start)
            if self.tokens[self._unlabelled(header)].text in caught_by:
                return False
            around = self.tokens[around].around
        return True

    def _unlabelled(self, item: Item) -> int:
        first = item.first
        while (colon := self.file.text.after(first)) < item.last and self.tokens[colon].text == b":" and self.tokens[first].name:
            first = self.file.text.after(colon)
        return first
