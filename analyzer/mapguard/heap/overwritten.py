"""Copies of structs to the fields that no longer have the original's value once others can see the copy: a strong update, at the copy.

``c := *p; c.m = make(…)`` has a map of its own, and so has ``*out = *in; if in.m != nil { out.m = make(…) }``: where the original's field
is nil there is nothing to share.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from mapguard.heap.index import Place
from mapguard.ir.flow import defined, events, used
from mapguard.ir.model import (
    CELL,
    Block,
    Body,
    Call,
    Clone,
    Const,
    Copy,
    CopyInto,
    Event,
    External,
    Field,
    Load,
    Op,
    Panic,
    Reg,
    Static,
    Store,
)


class Slot(NamedTuple):
    """A variable: what a register refers to, and the fields held by value that lead into it."""

    root: Reg
    fields: tuple[str, ...] = ()

    def inside(self, other: "Slot") -> bool:
        """Whether it is the other one or a part of it."""
        return self.root == other.root and self.fields[: len(other.fields)] == other.fields


class Old(NamedTuple):
    """What a load before the update gets: the field of the original ``src``."""

    src: Reg
    field: str


class _Copies(NamedTuple):
    """Of one body: the fields that each copy has anew, and the loads that still get the original's."""

    renewed: dict[tuple[int, int], frozenset[str]]
    old: dict[tuple[int, int], Old]


class Overwritten:
    """``fills`` tells the argument through which a library's function makes anew all that it points to."""

    def __init__(self, bodies: Sequence[Body], number: dict[str, int], fills: Callable[[External], int | None]) -> None:
        self.bodies = bodies
        self.number = number
        self.fills = fills
        self._found: dict[int, _Copies] = {}
        self._filled: dict[tuple[int, Reg], bool] = {}

    def renewed(self, func: int, block: int, place: int) -> frozenset[str]:
        """The fields of a copy that no longer have the original's value when the copy gets out of its function's hands."""
        return self._of(func).renewed.get((block, place), frozenset())

    def renews(self, copies: Sequence[Place], field: str) -> bool:
        """Whether all of some copies have a field anew."""
        return all(field in self.renewed(*copy[:3]) for copy in copies)

    def old(self, func: int, block: int, place: int) -> Old | None:
        """What a load of such a field gets that comes before the update."""
        return self._of(func).old.get((block, place))

    def _of(self, func: int) -> _Copies:
        known = self._found.get(func)
        if known is None:
            walk = _Walk(self.bodies[func], self._fills)
            known = self._found[func] = walk.copies()
        return known

    def _fills(self, call: Call) -> Reg | None:
        """The argument that a call gives a new value as a whole."""
        match call.callee:
            case External() as callee:
                number = self.fills(callee)
                return call.args[number] if number is not None and number < len(call.args) else None
            case Static(func=name) if name in self.number and call.how == "call":
                target = self.number[name]
                return next((a for n, a in enumerate(call.args) if self._is_filled(target, n)), None)
        return None

    def _is_filled(self, func: int, reg: Reg) -> bool:
        """Whether a function gives what its parameter points to a new value before anything else is done with it."""
        known = self._filled.get((func, reg))
        if known is None:
            self._filled[func, reg] = False  # a recursive call
            body = self.bodies[func]
            if any(isinstance(e, CopyInto) and e.base == reg for e in body.blocks[0].events):
                walk = _Walk(body, self._fills)
                self._filled[func, reg] = walk.survives((0, -1), Slot(reg), None) is not None
        return self._filled[func, reg]


class _Walk:
    """One body."""

    def __init__(self, body: Body, fills: Callable[[Call], Reg | None]) -> None:
        self.blocks = body.blocks
        self.fills = fills
        self.definitions: dict[Reg, Event] = {r: e for _, _, e in events(body) for r in defined(e)}
        self._slots: dict[Reg, Slot] = {}

    def slot(self, reg: Reg) -> Slot:
        known = self._slots.get(reg)
        if known is None:
            match self.definitions.get(reg):
                case Copy(src=src):
                    known = self.slot(src)
                case Field(base=base, field=field):
                    outer = self.slot(base)
                    known = Slot(outer.root, (*outer.fields, field))
                case _:
                    known = Slot(reg)
            self._slots[reg] = known
        return known

    def copies(self) -> _Copies:
        found = _Copies({}, {})
        for b, block in enumerate(self.blocks):
            for place, event in enumerate(block.events):
                if isinstance(event, Clone | CopyInto):
                    copy = self.slot(event.dst if isinstance(event, Clone) else event.base)
                    renewed: list[str] = []
                    for field in self._set(copy):
                        loads = self.survives((b, place), Slot(copy.root, (*copy.fields, field)), Old(event.src, field))
                        if loads is not None:
                            renewed.append(field)
                            found.old.update(dict.fromkeys(loads, Old(event.src, field)))
                    if renewed:
                        found.renewed[b, place] = frozenset(renewed)
        return found

    def _set(self, copy: Slot) -> list[str]:
        """The fields of a copy that the body may give new values."""
        found: dict[str, None] = {}
        for block in self.blocks:
            for event in block.events:
                for target in self._targets(event):
                    if target.inside(copy) and len(target.fields) == len(copy.fields) + 1:
                        found[target.fields[-1]] = None
        return list(found)

    def _targets(self, event: Event) -> list[Slot]:
        """The variables that an event gives a new value as a whole."""
        match event:
            case Store(base=base, field=field):
                at = self.slot(base)
                return [at if field == CELL else Slot(at.root, (*at.fields, field))]
            case CopyInto(base=base):
                return [self.slot(base)]
            case Call():
                filled = self.fills(event)
                return [self.slot(filled)] if filled is not None else []
        return []

    def survives(self, copied: tuple[int, int], variable: Slot, old: Old | None) -> list[tuple[int, int]] | None:
        """The loads that get what a variable has after an event; None where it may still have that when others can look."""
        loads: list[tuple[int, int]] = []
        pending = [(copied[0], copied[1] + 1)]
        seen: set[int] = set()
        while pending:
            number, start = pending.pop()
            block = self.blocks[number]
            ended = False
            for place, event in enumerate(block.events[start:], start):
                if (number, place) == copied or any(variable.inside(t) for t in self._targets(event)):
                    ended = True
                    break
                if isinstance(event, Load) and old is not None and self._loaded(event) == variable:
                    loads.append((number, place))
                elif self._sees(event, variable):
                    return None
            if ended:
                continue
            if block.kind == "end" and not isinstance(block.events[-1] if block.events else None, Panic):
                return None
            for succ in block.succs:
                if succ not in seen and not (old is not None and self._shows_nil(block, succ, variable, old)):
                    seen.add(succ)
                    pending.append((succ, 0))
        return loads

    def _loaded(self, load: Load) -> Slot:
        at = self.slot(load.base)
        return at if load.field == CELL else Slot(at.root, (*at.fields, load.field))

    def _sees(self, event: Event, variable: Slot) -> bool:
        """Whether an event passes on what a variable has, or looks into it."""
        if isinstance(event, Copy | Field) or (isinstance(event, Op) and event.op in ("==", "!=")):
            return False  # registers are looked at where they are used
        if isinstance(event, Load):
            return self._loaded(event).inside(variable)
        base = event.base if isinstance(event, Store | CopyInto) else None
        return any(r != base and variable.inside(self.slot(r)) for r in used(event)) or any(
            self.slot(r).inside(variable) for r in used(event) if r != base
        )

    def _shows_nil(self, block: Block, succ: int, variable: Slot, old: Old) -> bool:
        """Whether control goes on there only where the field is nil."""
        compared = self.definitions.get(block.cond) if block.kind == "if" else None
        if not isinstance(compared, Op) or compared.op not in ("==", "!=") or block.succs[0] == block.succs[1]:
            return False
        if block.succs[compared.op == "!="] != succ:
            return False
        original = self.slot(old.src)
        asked = (variable, Slot(original.root, (*original.fields, old.field)))
        values = [self.definitions.get(r) for r in compared.args]
        constant = any(isinstance(v, Const) and v.kind in ("nil", "zero") for v in values)
        return constant and any(isinstance(v, Load) and self._loaded(v) in asked for v in values)
