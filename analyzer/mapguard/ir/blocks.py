"""Blocks under construction to a ``Body``: single static assignment on the fly.

Braun, Buchwald, Hack, Leißa, Mallon, Zwinkau: Simple and Efficient Construction of Static Single Assignment Form, CC 2013.
"""

from collections.abc import Hashable
from typing import Literal

from mapguard.facts.syntax import Type
from mapguard.ir.ancestors import Ancestors
from mapguard.ir.flow import defined
from mapguard.ir.model import NONE, Block, Body, Call, Const, Event, External, Load, Phi, Reg
from mapguard.ir.renumber import renumbered

Kind = Literal["jump", "if", "select", "range", "end"]
Variable = Hashable
_OPEN = 1 << 62


class _Open:
    """A block that events are still added to. ``sealed``: all its predecessors are known."""

    __slots__ = ("closed", "cond", "dead", "ended", "events", "kind", "phis", "preds", "sealed", "succs", "waiting")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.phis: dict[Reg, list[Reg]] = {}
        self.kind: Kind = "end"
        self.succs: list[int] = []
        self.preds: list[int] = []
        self.cond: Reg = NONE
        self.ended = False
        self.sealed = False
        self.dead = False  # nothing reaches it
        self.closed = _OPEN  # how many assignments there were when it ended
        self.waiting: dict[Variable, Reg] = {}  # phis whose arguments are not known yet


class Builder:
    """The graph of one body. Events are added to the block at hand; after ``leave`` they go to a block that nothing reaches."""

    def __init__(self) -> None:
        self.types: list[Type] = []
        self.names: list[str] = []
        self._blocks: list[_Open] = []
        self._now: dict[Variable, dict[int, Reg]] = {}  # the value of a variable at the end of a block
        self._kinds: dict[Variable, Type] = {}
        self._pending: list[tuple[int, Variable, Reg]] = []
        self._assigned: dict[Variable, int] = {}  # the number of the last assignment to a variable
        self._assignments = 0
        self._above = Ancestors()  # the dominators of blocks that have begun
        self._loops: list[int] = []  # the heads of the loops around the block at hand
        self._straight = True  # there are no other ways back than those of loops
        self.at = self.block()
        self.seal(self.at)
        self._above.root(self.at)

    def register(self, type_: Type, name: str = "") -> Reg:
        self.types.append(type_)
        self.names.append(name)
        return len(self.types) - 1

    # ------------------------------------------------------------ blocks

    def block(self) -> int:
        self._blocks.append(_Open())
        self._above.room()
        return len(self._blocks) - 1

    def add(self, event: Event) -> None:
        self._blocks[self.at].events.append(event)

    def is_result(self, reg: Reg) -> bool:
        """Whether a register is the result of a call in the block at hand."""
        return any(isinstance(e, Call) and reg in e.dsts for e in self._blocks[self.at].events)

    def take_back(self, dst: Reg) -> Load | None:
        """The last event, removed, if it is the load that defines ``dst``."""
        events = self._blocks[self.at].events
        if events and isinstance(events[-1], Load) and events[-1].dst == dst:
            return events.pop()  # type: ignore[return-value]
        return None

    def from_library(self, reg: Reg) -> bool:
        """Whether the last event is the call of a library's function that defines ``reg``."""
        events = self._blocks[self.at].events
        last = events[-1] if events else None
        return isinstance(last, Call) and reg in last.dsts and isinstance(last.callee, External)

    def jump(self, target: int) -> None:
        self.end("jump", (target,))

    def branch(self, cond: Reg, then: int, other: int) -> None:
        self.end("if", (then, other), cond)

    def leave(self) -> None:
        """Control goes no further; what follows in the text starts a block of its own."""
        self.end("end", ())
        self.start(self.block())
        self.seal(self.at)

    def end(self, kind: Kind, succs: tuple[int, ...], cond: Reg = NONE) -> None:
        """Ends the block at hand."""
        block = self._blocks[self.at]
        if block.ended:
            return
        block.ended, block.kind, block.cond, block.closed = True, kind, cond, self._assignments
        for succ in succs:
            block.succs.append(succ)
            self._blocks[succ].preds.append(self.at)

    def start(self, number: int, label: bool = False) -> None:
        """Events go to this block from now on. One that is not sealed is the head of a loop, or a ``label`` that goto may lead to."""
        self.at = number
        block = self._blocks[number]
        if label:
            self._straight = False
        elif not block.sealed:
            self._loops.append(number)
        alive = [p for p in block.preds if not self._blocks[p].dead]
        if not alive:
            block.dead = number != 0 and not label
            self._above.root(number)
            return
        parent = alive[0]
        if self._straight:
            for p in alive[1:]:
                parent = self._above.common(parent, p)
        self._above.put(number, parent)

    def seal(self, number: int) -> None:
        """Says that no more predecessors will come."""
        block = self._blocks[number]
        if block.sealed:
            return
        block.sealed = True
        if self._loops and self._loops[-1] == number:
            self._loops.pop()
        self._pending.extend((number, variable, phi) for variable, phi in block.waiting.items())
        block.waiting.clear()
        while self._pending:
            self._complete(*self._pending.pop())

    # ------------------------------------------------------------ variables

    def write(self, variable: Variable, value: Reg, type_: Type | None = None) -> None:
        """``variable`` has ``value`` from here on."""
        self._now.setdefault(variable, {})[self.at] = value
        self._assignments += 1
        self._assigned[variable] = self._assignments
        if type_ is not None:
            self._kinds[variable] = type_

    def read(self, variable: Variable) -> Reg:
        return self._read(variable, self.at)

    def _read(self, variable: Variable, number: int) -> Reg:
        found = self._search(variable, number)
        while self._pending:  # the arguments of phis that the search made
            self._complete(*self._pending.pop())
        return found

    def _search(self, variable: Variable, number: int) -> Reg:
        """The value, or a phi for it whose arguments are pending: no recursion, however long the body is."""
        values = self._now.setdefault(variable, {})
        chain: list[int] = []
        while number not in values:  # one predecessor after the other, without recursion
            block = self._blocks[number]
            if not block.sealed:
                phi = self._phi(variable, number)
                block.waiting[variable] = phi
                values[number] = phi
            elif (above := self._unchanged(variable, number)) != number:
                chain.append(number)
                number = above
            elif len(block.preds) == 1:
                chain.append(number)
                number = block.preds[0]
            elif not block.preds:
                unknown = self.register(self._kinds[variable])
                block.events.insert(0, Const(unknown, "zero"))
                values[number] = unknown
            else:
                phi = self._phi(variable, number)
                values[number] = phi  # ends the search around a loop
                self._pending.append((number, variable, phi))
        found = values[number]
        for passed in chain:
            values[passed] = found
        return found

    def _unchanged(self, variable: Variable, number: int) -> int:
        """The highest block on every way to this one, in the same loop, at whose end the variable has the value that it has here."""
        if not self._straight:
            return number
        last, blocks, depth = self._assigned[variable], self._blocks, self._above.depth
        lowest = depth[self._loops[-1]] if self._loops else 0
        return self._above.highest(number, lambda node: depth[node] >= lowest and blocks[node].closed >= last)

    def _phi(self, variable: Variable, number: int) -> Reg:
        phi = self.register(self._kinds[variable])
        self._blocks[number].phis[phi] = []
        return phi

    def _complete(self, number: int, variable: Variable, phi: Reg) -> None:
        block = self._blocks[number]
        block.phis[phi] = [self._search(variable, p) for p in block.preds]

    # ------------------------------------------------------------ the end

    def body(self, func: str, params: list[Reg], captures: list[Reg], loop: bool = False) -> Body:
        """The graph, frozen: blocks that nothing reaches and phis of one value are gone, registers and blocks are numbered anew.

        The registers of ``params`` and then of ``captures`` come first."""
        for number in range(len(self._blocks)):
            self.seal(number)
        order = self._reached()
        numbers = {old: new for new, old in enumerate(order)}
        same = self._trivial(order, numbers)
        first = [*params, *captures]
        drafts: list[tuple[list[Event], _Open]] = []
        kept: set[Reg] = set()
        for old in order:
            block = self._blocks[old]
            events: list[Event] = [Phi(phi, tuple(self._args(block, args, numbers))) for phi, args in block.phis.items() if phi not in same]
            events.extend(block.events)
            drafts.append((events, block))
            for event in events:
                kept.update(defined(event))
        kept.difference_update(first)
        old_of = [*first, *sorted(kept)]
        new = self._numbering(old_of, same)
        moved = old_of != list(range(len(self.types)))
        blocks = tuple(
            Block(
                tuple([renumbered(e, new) for e in events] if moved else events),
                block.kind,
                tuple(numbers[s] for s in block.succs),
                new[block.cond],
            )
            for events, block in drafts
        )
        types, names = tuple(self.types[r] for r in old_of), tuple(self.names[r] for r in old_of)
        return Body(func, len(params), len(captures), types, names, blocks, loop)

    def _numbering(self, old_of: list[Reg], same: dict[Reg, Reg]) -> list[Reg]:
        """The new number of each register, and NONE for NONE at the end."""
        new = [NONE] * (len(self.types) + 1)
        for number, old in enumerate(old_of):
            new[old] = number
        for phi in list(same):
            new[phi] = new[_find(same, phi)]
        return new

    def _reached(self) -> list[int]:
        seen = {0}
        order = [0]
        for number in order:
            for succ in self._blocks[number].succs:
                if succ not in seen:
                    seen.add(succ)
                    order.append(succ)
        return sorted(order)

    def _args(self, block: _Open, args: list[Reg], numbers: dict[int, int]) -> list[Reg]:
        reached = [(numbers[p], a) for p, a in zip(block.preds, args, strict=True) if p in numbers]
        return [a for _, a in sorted(reached, key=lambda pair: pair[0])]

    def _trivial(self, order: list[int], numbers: dict[int, int]) -> dict[Reg, Reg]:
        """Phis whose arguments are one value, or themselves, to that value."""
        same: dict[Reg, Reg] = {}
        phis = {phi: self._args(self._blocks[n], args, numbers) for n in order for phi, args in self._blocks[n].phis.items()}
        users: dict[Reg, list[Reg]] = {}
        for phi, args in phis.items():
            for arg in args:
                if arg in phis:
                    users.setdefault(arg, []).append(phi)
        pending = list(reversed(phis))
        while pending:
            phi = pending.pop()
            if phi in same:
                continue
            values = {_find(same, a) for a in phis[phi]} - {phi}
            if len(values) == 1:
                value = same[phi] = values.pop()
                again = users.pop(phi, [])
                pending.extend(again)
                if value in phis:
                    users.setdefault(value, []).extend(again)
        return same


def _find(same: dict[Reg, Reg], r: Reg) -> Reg:
    found = r
    while found in same:
        found = same[found]
    while r != found:
        same[r], r = found, same[r]
    return found
