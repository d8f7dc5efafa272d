"""Places in a function and a lock to edits that hold the lock there: around whole statements, over the whole operation, never over
what waits for somebody or takes the lock itself."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from mapguard.fix.edit import Edit, EditError
from mapguard.fix.fields import add_line
from mapguard.fix.imports import Import
from mapguard.fix.plan import Needed
from mapguard.fix.runs import Leave, Run, Runs, Target
from mapguard.fix.shape import GoFile, Item
from mapguard.program.model import Func
from mapguard.repair.hoist import hoisted
from mapguard.repair.lock import Lock
from mapguard.repair.running import Running

Spans = Sequence[tuple[int, int]]
_FEW = 2  # lines after the accesses, without a call, for which a deferred unlock is simpler
_SHORT = 8  # lines after the accesses that a deferred unlock may hold the lock for, where other ways would do


class Taken(NamedTuple):
    """The edits, the imports that they need, and whether the lock is given up between accesses of the function."""

    edits: tuple[Edit, ...]
    imports: tuple[Needed, ...] = ()
    parted: bool = False


class Holder:
    """Puts locks into one function. ``takers`` are the functions that take the lock, or that call one that does."""

    def __init__(self, running: Running, file: GoFile, func: Func, lock: Lock, takers: Collection[str]) -> None:
        self.running = running
        self.file = file
        self.runs = Runs(file)
        self.func = func
        self.lock = lock
        self.takers = takers

    def hold(self, targets: Sequence[Target]) -> Taken:
        """The lock around all targets together, else around parts of them. An ``EditError`` says why it cannot be."""
        ordered = sorted(set(targets))
        text = self.file.text.source[self.func.facts.at : self.func.facts.end]
        written = re.escape(self.lock.written.encode())
        if re.search(rb"\b" + written + rb"\.R?Unlock\(", text) and not re.search(rb"\b" + written + rb"\.(?:Try)?R?Lock\(", text):
            raise self.file.refuse(ordered[0].at, f"{self.lock.written} is given up here, but taken nowhere in the function")
        run = self.runs.covering(ordered)
        first = self._value_first(run, ordered)
        whole = first or self._whole(run, ordered)
        if whole is not None:
            return whole
        units = self._units(run, ordered)
        return self._one_by_one(units) if len(units) > 1 else self._inside(run, ordered)

    def _value_first(self, run: Run, targets: Sequence[Target]) -> Taken | None:
        """``m[k] = f()`` with what ``f`` gives computed before the lock is taken, where nobody knows how long that takes."""
        start, end = self.runs.bytes_of(run)
        writes = {(t.at, t.end) for t in targets if t.writes}
        if len(writes) != 1 or self.file.tokens[run.first].start != min(writes)[0] or not self.runs.own_lines(run):
            return None
        if not self.running.calls_anything(self.func, max(writes)[1], end) or self.file.item(start).last != run.last:
            return None
        try:
            return self._moved_out(run, targets)
        except EditError:
            return None

    # ------------------------------------------------------------ several statements

    def _units(self, run: Run, targets: Sequence[Target]) -> list[list[Target]]:
        """The targets by the statement of the run that holds them."""
        found: dict[int, list[Target]] = {}
        for target in targets:
            item = next(i for i in self.runs.chain(target.at) if i.around == run.around)
            found.setdefault(item.first, []).append(target)
        return [found[first] for first in sorted(found)]

    def _one_by_one(self, units: list[list[Target]]) -> Taken:
        """As many neighbours together as can be."""
        done: list[Taken] = []
        pending = units[0]
        for unit in units[1:]:
            together = [*pending, *unit]
            if self._whole(self.runs.covering(together), together) is not None:
                pending = together
            else:
                done.append(self.hold(pending))
                pending = unit
        done.append(self.hold(pending))
        return _all(done)

    def _inside(self, run: Run, targets: Sequence[Target]) -> Taken:
        """One statement that cannot be covered: what is in its header moved out, what is in its blocks covered there."""
        blocks: dict[int, list[Target]] = {}
        for target in targets:
            inner = self.runs.below(run, target)
            if inner >= 0 and self.runs.covering([target]) == run:
                inner = -1  # of a case
            blocks.setdefault(inner, []).append(target)
        done: list[Taken] = []
        header = blocks.pop(-1, [])
        if header:
            done.append(self._moved_out(run, header))
        for _, group in sorted(blocks.items()):
            done += [self.hold(part) for part in self._cases(run, group)]
        return _all(done)

    def _cases(self, run: Run, targets: list[Target]) -> list[list[Target]]:
        """The targets in one block of the statement; where they are in several cases of it, by the statements there."""
        if self.runs.covering(targets) != run:
            return [targets]
        found: dict[int, list[Target]] = {}
        for target in targets:
            found.setdefault(self.runs.chain(target.at)[0].first, []).append(target)
        return list(found.values())

    def _moved_out(self, run: Run, header: Sequence[Target]) -> Taken:
        start, _ = self.runs.bytes_of(run)
        whole = self.func.facts.at, self.func.facts.end
        found = hoisted(self.runs, run, header, whole) if self.file.own_lines(run.first, run.last) else None
        if found is None:
            raise self.file.refuse(start, f"{self.lock.written} cannot be held here: {self._why(run) or self._apart(run, header)}")
        if found.clones and self.func.scope.shared_loops:
            raise self.file.refuse(start, "the map would have to be copied, and this Go has no maps.Clone")
        writes = any(t.writes for t in header)
        lines = [self.lock.takes(writes), *found.lines, self.lock.gives(writes)]
        # a value that was computed in the statement comes before the lock
        after = writes and bool(found.edits)
        edits = (*add_line(self.file, _item(run), lines, after), *found.edits)
        imports = (Needed(self.file.path, Import("maps")),) if found.clones else ()
        return Taken(edits, imports)

    # ------------------------------------------------------------ one run

    def _whole(self, run: Run, targets: Sequence[Target]) -> Taken | None:
        """The lock around a run; None where it must not be held over all of it."""
        try:
            return self._around(run, targets)
        except EditError:  # what would have to be parted is not
            return None

    def _around(self, run: Run, targets: Sequence[Target]) -> Taken | None:
        writes = any(t.writes for t in targets)
        leaves = self.runs.leaves(run)
        ending = [x for x in leaves if self._gives_up(x, targets)]
        if not self._free(run, [self._span(x.item) for x in ending]):
            return None
        item = _item(run)
        alone = len(leaves) == 1 and leaves[0].item.first == run.first
        joined = self._joined(run, writes) if not leaves else None
        if joined is not None:
            return Taken(joined)
        rest = self.runs.to_the_end(run)
        deferrable = self.runs.in_body(run) and self._free(rest, ())
        after = self.runs.lines(rest) - self.runs.lines(run)
        near = after <= (_SHORT if leaves else _FEW) and (leaves or not self._calls_after(run, rest))
        if alone or (deferrable and (rest.last == run.last or near)):
            return Taken(add_line(self.file, item, [self.lock.takes(writes), f"defer {self.lock.gives(writes)}"]))
        if any(x.word == b"goto" for x in leaves):
            return None
        edits = add_line(self.file, item, [self.lock.takes(writes)])
        for leave in leaves:
            how = "" if leave in ending else "defer "
            edits = (*edits, *add_line(self.file, leave.item, [f"{how}{self.lock.gives(writes)}"]))
        if not self.runs.stops(run, bool(self.func.facts.results)):
            edits = (*edits, *add_line(self.file, item, [self.lock.gives(writes)], after=True))
        return Taken(edits)

    def _joined(self, run: Run, writes: bool) -> tuple[Edit, ...] | None:
        """The run drawn into a region of the lock that ends right before it, or starts right after it; None where there is none."""
        before, after = self.runs.before(run), self.runs.after(run)
        for mode in (True, False) if not writes else (True,):
            takes, gives = self.lock.takes(mode).encode(), self.lock.gives(mode).encode()
            if before is not None and self.runs.text(before) == gives and self.runs.own_lines(before):
                if after is not None and self.runs.text(after) == takes and self.runs.own_lines(after):
                    return self._without(before), self._without(after)
                return self._without(before), *add_line(self.file, _item(run), [self.lock.gives(mode)], after=True)
            if after is not None and self.runs.text(after) == takes and self.runs.own_lines(after):
                return *add_line(self.file, _item(run), [self.lock.takes(mode)]), self._without(after)
        return None

    def _without(self, run: Run) -> Edit:
        """A statement and its lines gone."""
        start, end = self.runs.bytes_of(run)
        return self.file.edit(self.file.text.line_start(start), self.file.text.next_line(end), b"")

    def _calls_after(self, run: Run, rest: Run) -> bool:
        """Whether what follows the run calls anything."""
        return any(self.file.tokens[i].text == b"(" for i in range(run.last + 1, rest.last + 1))

    def _gives_up(self, leave: Leave, targets: Sequence[Target]) -> bool:
        """Whether the lock can be given up right before the run is left: what is returned has no access."""
        start, end = self._span(leave.item)
        return not any(start <= t.at < end for t in targets)

    def _span(self, item: Item) -> tuple[int, int]:
        return self.file.tokens[item.first].start, self.file.tokens[item.last].end

    def _apart(self, run: Run, header: Sequence[Target]) -> str:
        """Why the text leaves no room for a lock that could be held over a run."""
        if any(leave.word == b"goto" for leave in self.runs.leaves(run)):
            return "a goto leads out of it"
        try:
            self._around(run, header)
        except EditError as error:
            return str(error)
        return "what is accessed cannot be moved out of the head of this statement"

    def _free(self, run: Run, without: Spans) -> bool:
        """Whether the lock may be held over a run, but for some parts of it."""
        return not self._why(run, without)

    def _why(self, run: Run, without: Spans = ()) -> str:
        """Why a lock must not be held over a run; "" where it may."""
        start, end = self.runs.bytes_of(run)
        pattern = re.compile(rb"\b" + re.escape(self.lock.written.encode()) + rb"\.(?:Try)?R?(?:Un)?[Ll]ock\(")
        at = start
        for first, last in [*sorted(without), (end, end)]:
            if at < first:
                if pattern.search(self.file.text.source, at, first):
                    return f"{self.lock.written} is taken or given up in between"
                for called in self.running.called(self.func, at, first):
                    if called.id in self.takers:
                        return f"'{called.display}', which is called here, takes it"
                if self.running.waits(self.func, at, first):
                    return "the code waits for other goroutines here"
            at = max(at, last)
        return ""


def _item(run: Run) -> Item:
    return Item(run.first, run.last, run.around)


def _all(done: Sequence[Taken]) -> Taken:
    """Several edits of one function as one: the lock is given up in between."""
    edits = tuple(e for taken in done for e in taken.edits)
    return Taken(edits, tuple(i for taken in done for i in taken.imports), len(done) > 1 or done[0].parted)
