"""Blocks under construction to a ``Body``: single static assignment on the fly.

Braun, Buchwald, Hack, Leißa, Mallon, Zwinkau: Simple and Efficient Construction of Static Single Assignment Form, CC 2013.
"""

from collections.abc import Callable, Hashable
from typing import Literal

import msgspec

from mapguard.facts.syntax import Type
from mapguard.ir.flow import defined
from mapguard.ir.model import NONE, Block, Body, Const, Dynamic, Event, Phi, Reg

Kind = Literal["jump", "if", "select", "range", "end"]
Variable = Hashable


class _Open:
    """A block that events are still added to. ``sealed``: all its predecessors are known."""

    __slots__ = ("cond", "ended", "events", "kind", "phis", "preds", "sealed", "succs", "waiting")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.phis: dict[Reg, list[Reg]] = {}
        self.kind: Kind = "end"
        self.succs: list[int] = []
        self.preds: list[int] = []
        self.cond: Reg = NONE
        self.ended = False
        self.sealed = False
        self.waiting: dict[Variable, Reg] = {}  # phis whose arguments are not known yet


class Builder:
    """The graph of one body. Events are added to the block at hand; after ``leave`` they go to a block that nothing reaches."""

    def __init__(self) -> None:
        self.types: list[Type] = []
        self.names: list[str] = []
        self._blocks: list[_Open] = []
        self._now: dict[Variable, dict[int, Reg]] = {}  # the value of a variable at the end of a block
        self._kinds: dict[Variable, Type] = {}
        self.at = self.block()
        self.seal(self.at)

    def register(self, type_: Type, name: str = "") -> Reg:
        self.types.append(type_)
        self.names.append(name)
        return len(self.types) - 1

    # ------------------------------------------------------------ blocks

    def block(self) -> int:
        self._blocks.append(_Open())
        return len(self._blocks) - 1

    def add(self, event: Event) -> None:
        self._blocks[self.at].events.append(event)

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
        block.ended, block.kind, block.cond = True, kind, cond
        for succ in succs:
            block.succs.append(succ)
            self._blocks[succ].preds.append(self.at)

    def start(self, number: int) -> None:
        self.at = number

    def seal(self, number: int) -> None:
        """Says that no more predecessors will come."""
        block = self._blocks[number]
        if block.sealed:
            return
        block.sealed = True
        for variable, phi in block.waiting.items():
            self._complete(number, variable, phi)
        block.waiting.clear()

    # ------------------------------------------------------------ variables

    def write(self, variable: Variable, value: Reg, type_: Type | None = None) -> None:
        """``variable`` has ``value`` from here on."""
        self._now.setdefault(variable, {})[self.at] = value
        if type_ is not None:
            self._kinds[variable] = type_

    def read(self, variable: Variable) -> Reg:
        return self._read(variable, self.at)

    def _read(self, variable: Variable, number: int) -> Reg:
        values = self._now.setdefault(variable, {})
        chain: list[int] = []
        while number not in values:  # one predecessor after the other, without recursion
            block = self._blocks[number]
            if not block.sealed:
                phi = self._phi(variable, number)
                block.waiting[variable] = phi
                values[number] = phi
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
                self._complete(number, variable, phi)
        found = values[number]
        for passed in chain:
            values[passed] = found
        return found

    def _phi(self, variable: Variable, number: int) -> Reg:
        phi = self.register(self._kinds[variable])
        self._blocks[number].phis[phi] = []
        return phi

    def _complete(self, number: int, variable: Variable, phi: Reg) -> None:
        block = self._blocks[number]
        block.phis[phi] = [self._read(variable, p) for p in block.preds]

    # ------------------------------------------------------------ the end

    def body(self, func: str, params: list[Reg], captures: list[Reg]) -> Body:
        """The graph, frozen: blocks that nothing reaches and phis of one value are gone, registers and blocks are numbered anew.

        The registers of ``params`` and then of ``captures`` come first."""
        for number in range(len(self._blocks)):
            self.seal(number)
        order = self._reached()
        numbers = {old: new for new, old in enumerate(order)}
        same = self._trivial(order, numbers)
        kept = _Registers([*params, *captures])
        drafts: list[tuple[list[Event], _Open]] = []
        for old in order:
            block = self._blocks[old]
            events: list[Event] = [
                Phi(phi, tuple(self._args(block, args, numbers))) for phi, args in block.phis.items() if _find(same, phi) == phi
            ]
            events.extend(block.events)
            drafts.append((events, block))
            for event in events:
                for r in defined(event):
                    kept.number(r)

        def renamed(r: Reg) -> Reg:
            return r if r == NONE else kept.number(_find(same, r))

        blocks = tuple(
            Block(
                tuple(_renamed(e, renamed) for e in events),
                block.kind,
                tuple(numbers[s] for s in block.succs),
                renamed(block.cond),
            )
            for events, block in drafts
        )
        old_of = sorted(kept.new, key=kept.new.__getitem__)
        types, names = tuple(self.types[r] for r in old_of), tuple(self.names[r] for r in old_of)
        return Body(func, len(params), len(captures), types, names, blocks)

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
        phis = [(phi, self._args(self._blocks[n], args, numbers)) for n in order for phi, args in self._blocks[n].phis.items()]
        changed = True
        while changed:
            changed = False
            for phi, args in phis:
                if phi in same:
                    continue
                values = {_find(same, a) for a in args} - {phi}
                if len(values) == 1:
                    same[phi] = values.pop()
                    changed = True
        return same


class _Registers:
    """Registers numbered in the order in which they are met, after the first ones."""

    def __init__(self, first: list[Reg]) -> None:
        self.new: dict[Reg, Reg] = {r: number for number, r in enumerate(first)}

    def number(self, r: Reg) -> Reg:
        return self.new.setdefault(r, len(self.new))


def _find(same: dict[Reg, Reg], r: Reg) -> Reg:
    while r in same:
        r = same[r]
    return r


_ONE = frozenset(["dst", "src", "recv", "base", "index", "map", "key", "value", "channel", "size", "reg"])
_MANY = frozenset(["dsts", "args", "captures", "values"])
_CALLEE = frozenset(["callee", "target"])
_PLANS: dict[type, tuple[tuple[str, int], ...]] = {}


def _plan(kind: type[msgspec.Struct]) -> tuple[tuple[str, int], ...]:
    """For each field of an event whether it holds one register (1), several (2), a callee (3) or none (0)."""
    found = tuple((f, 1 if f in _ONE else 2 if f in _MANY else 3 if f in _CALLEE else 0) for f in kind.__struct_fields__)
    _PLANS[kind] = found
    return found


def _renamed(event: Event, new: Callable[[Reg], Reg]) -> Event:
    kind = type(event)
    values: list[object] = []
    for field, how in _PLANS.get(kind) or _plan(kind):
        value = getattr(event, field)
        if how == 1:
            value = new(value)
        elif how == 2:
            value = tuple([new(r) for r in value])
        elif how == 3 and isinstance(value, Dynamic):
            value = Dynamic(new(value.reg))
        values.append(value)
    return kind(*values)  # type: ignore[arg-type]
