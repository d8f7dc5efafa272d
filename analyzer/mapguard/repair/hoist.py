"""One statement that cannot run under a lock as a whole to the parts of it that can, moved before it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from mapguard.fix.edit import Edit
from mapguard.fix.runs import Run, Runs, Target
from mapguard.fix.shape import GoFile, Item

_PLAIN = re.compile(rb"[\w\s.\[\]\"'`:+*-]*\Z|len\([\w\s.\[\]\"']*\)\Z")  # evaluated early it does nothing else
_CONDITIONAL = frozenset([b"&&", b"||"])


class Hoisted(NamedTuple):
    """``lines`` to run under the lock before the statement, which ``edits`` change so that it needs none. ``clones``: the maps package is
    used."""

    lines: tuple[str, ...]
    edits: tuple[Edit, ...]
    clones: bool = False


def hoisted(runs: Runs, run: Run, targets: Sequence[Target], body: tuple[int, int]) -> Hoisted | None:
    """The targets in the header of the run's only statement moved out of it; None where that cannot be done. ``body`` are the bytes of
    the function."""
    return _Hoist(runs, run, body).of(targets)


class _Hoist:
    def __init__(self, runs: Runs, run: Run, body: tuple[int, int]) -> None:
        self.runs = runs
        self.file: GoFile = runs.file
        self.run = run
        self.source = self.file.text.source
        self.used = set(re.findall(rb"\w+", self.source[slice(*body)]))
        self.word = self.file.tokens[run.first].text

    def of(self, targets: Sequence[Target]) -> Hoisted | None:
        opener = self._opener()
        header_end = self.file.tokens[opener].start if opener >= 0 else self.runs.bytes_of(self.run)[1]
        of_case = self.word in (b"select", b"switch")
        if any(t.at >= header_end for t in targets) and not of_case:
            return None  # of an else if
        if self.word in (b"if", b"switch"):
            moved = self._init(targets, header_end)
            if moved is not None:
                return moved
        if self.word == b"for":
            return self._range(targets, header_end)
        if any(t.writes for t in targets):
            return self._value(targets) if len({t.at for t in targets}) == 1 else None
        return self._reads(targets)

    def _opener(self) -> int:
        """The brace of the statement's first block; -1 for a simple statement."""
        at = self.run.first
        while at <= self.run.last:
            if self.file.tokens[at].around == self.run.around and self.file.is_block(at) and not self.file.opens_function(at):
                return at
            at += 1
        return -1

    # ------------------------------------------------------------ if x := m[k]; x

    def _init(self, targets: Sequence[Target], header_end: int) -> Hoisted | None:
        tokens = self.file.tokens
        first = self.file.text.after(self.run.first)
        semicolon = next(
            (i for i in range(first, self.run.last) if tokens[i].text == b";" and tokens[i].around == self.run.around), None
        )  # the first one is that of the header
        if semicolon is None or tokens[semicolon].start > header_end or any(t.at > tokens[semicolon].start for t in targets):
            return None
        start, end = tokens[first].start, tokens[semicolon].start
        text = self.source[start:end]
        if b"\n" in text:
            return None
        names = re.match(rb"([\w\s,]+):=", text)
        declared = [n.strip() for n in names[1].split(b",")] if names else []
        if any(self._elsewhere(name) for name in declared if name != b"_"):
            return None
        following = tokens[self.file.text.after(semicolon)].start
        return Hoisted((text.strip().decode("utf-8", "surrogateescape"),), (self.file.edit(start, following, b""),))

    def _elsewhere(self, name: bytes) -> bool:
        """Whether the block around the statement, but not in it, has a name: declared there it would mean something else."""
        block = Item(self.run.around, self.file.text.partner.get(self.run.around, self.run.last), -1)
        start, end = self.runs.bytes_of(self.run)
        text = self.source[self.file.tokens[block.first].start : start] + b" " + self.source[end : self.file.tokens[block.last].end]
        return re.search(rb"\b" + re.escape(name) + rb"\b", text) is not None

    # ------------------------------------------------------------ for range m

    def _range(self, targets: Sequence[Target], header_end: int) -> Hoisted | None:
        tokens = self.file.tokens
        at = next((i for i in range(self.run.first, self.run.last) if tokens[i].text == b"range"), None)
        if at is None or tokens[at].start > header_end:
            return None
        start = tokens[self.file.text.after(at)].start
        expression = self.source[start:header_end].strip()
        if not re.fullmatch(rb"[\w.]+(\[[\w.\"]+\])*", expression):
            return None
        name = self._fresh("copied")
        line = f"{name} := maps.Clone({expression.decode('utf-8', 'surrogateescape')})"
        return Hoisted((line,), (self.file.edit(start, start + len(expression), name.encode()),), True)

    # ------------------------------------------------------------ f(m[k])

    def _reads(self, targets: Sequence[Target]) -> Hoisted | None:
        outer = sorted({(t.at, t.end) for t in targets if not any(o.at <= t.at and t.end <= o.end and o != t for o in targets)})
        lines, edits = [], []
        for at, end in outer:
            text = self.source[at:end]
            if not _PLAIN.match(text) or self._only_if(at, text):
                return None
            name = self._fresh("count" if text.startswith(b"len(") else "value")
            lines.append(f"{name} := {text.decode('utf-8', 'surrogateescape')}")
            edits.append(self.file.edit(at, end, name.encode()))
        return Hoisted(tuple(lines), tuple(edits))

    def _only_if(self, at: int, text: bytes) -> bool:
        """Whether what stands before decides whether the expression is evaluated, and may do so because it could not be otherwise."""
        start = self.file.tokens[self.run.first].start
        before = [t for t in self.file.tokens[self.run.first : self.run.last] if start <= t.start < at]
        names = set(re.findall(rb"\w+", text))
        return any(t.text in _CONDITIONAL for t in before) and any(t.name and t.text in names for t in before)

    # ------------------------------------------------------------ m[k] = <-c

    def _value(self, targets: Sequence[Target]) -> Hoisted | None:
        tokens = self.file.tokens
        target = targets[0]
        at = self.file.text.index(target.end)
        if at >= self.run.last or tokens[at].text not in (b"=", b"+=", b"-=", b"|=") or tokens[at].around != self.run.around:
            return None
        if tokens[self.run.first].start != target.at or not _PLAIN.match(self.source[target.at : target.end]):
            return None
        start, end = tokens[self.file.text.after(at)].start, tokens[self.run.last].end
        value = self.source[start:end]
        name = self._fresh("value")
        statement = self.source[target.at : start] + name.encode()
        before = f"{name} := {value.decode('utf-8', 'surrogateescape')}"
        return Hoisted((statement.decode("utf-8", "surrogateescape"),), (self.file.edit(target.at, end, before.encode()),))

    def _fresh(self, name: str) -> str:
        candidates = [name, *(f"{name}{n}" for n in range(2, 99))]
        found = next(c for c in candidates if c.encode() not in self.used)
        self.used.add(found.encode())
        return found
