"""An object at a register, and an event of the function there, to where the event brings the object: to another register, into what some
register refers to, or to somebody who keeps it.

What leads to the object is the register and the fields from there: whatever holds the object is followed like the object itself.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from mapguard.bodies.effects import library_name
from mapguard.bodies.paths import ADDRESS, CAPTURED, captured, named
from mapguard.bodies.summaries import Bodies
from mapguard.heap.fields import HELD, LIBRARY
from mapguard.heap.handed import argument_name
from mapguard.heap.objects import Context
from mapguard.heap.questions import is_container
from mapguard.ir.flow import events, shift, used
from mapguard.ir.model import (
    CELL,
    ELEM,
    NONE,
    Bound,
    Call,
    Clone,
    Closure,
    CopyInto,
    Dynamic,
    Event,
    External,
    Invoke,
    MapOp,
    Op,
    Phi,
    Recv,
    Reg,
    Return,
    Send,
    Static,
    Store,
)
from mapguard.order.edges import Edges
from mapguard.order.threads import Threads

_FIELDS = 5  # fields from a holder to the object that are told apart
_CALLS = 4  # calls that a way into functions remembers, to return from each to where it was called
_BELOW = "…"  # in place of all further fields
_SENT = "<-"  # the field of what a channel was given

Fields = tuple[str, ...]


class At(NamedTuple):
    """The fields of what a register refers to that lead to the object, in a call that ``calls`` led to, the innermost last; before these
    any calls. ``copied``: in a copy of what held it."""

    func: int
    reg: Reg
    fields: Fields
    calls: Context
    copied: bool = False

    def to(self, reg: Reg, fields: Fields) -> "At":
        """Another register of the same call."""
        return self._replace(reg=reg, fields=fields)


class Put(NamedTuple):
    """The object comes into what a register refers to, by these fields."""

    base: Reg
    fields: Fields
    copied: bool


class Keep(NamedTuple):
    """Another thread, or somebody outside the tree, gets what leads to the object by these fields."""

    fields: Fields
    copied: bool


Move = At | Put | Keep


class Moves:
    def __init__(self, bodies: Bodies, edges: Edges, threads: Threads) -> None:
        self.bodies = bodies
        self.heap = bodies.heap
        self.index = bodies.index
        self.models = bodies.models
        self.edges = edges
        self.threads = threads
        self._uses: dict[int, dict[Reg, list[tuple[int, int, Event]]]] = {}

    def of(self, at: At) -> Iterator[Move]:
        """Every move from a register on."""
        for block, number, event in self._used(at.func).get(at.reg, ()):
            yield from self._moved(at, block, number, event)

    def _used(self, func: int) -> dict[Reg, list[tuple[int, int, Event]]]:
        """The events of a function by the registers that what they use is reached from."""
        known = self._uses.get(func)
        if known is None:
            known = self._uses[func] = defaultdict(list)
            of = self.bodies.paths(func).of
            for b, number, event in events(self.index.bodies[func]):
                for root in dict.fromkeys(of(r).root for r in used(event)):
                    if isinstance(root, int):
                        known[root].append((b, number, event))
        return known

    def _rest(self, at: At, reg: Reg) -> Fields | None:
        """The fields that lead from a register on to the object; None where it does not lead there."""
        path = self.bodies.paths(at.func).of(reg)
        if path.root != at.reg:
            return None
        rest = at.fields
        for field in map(named, path.fields):
            if rest[:1] == (_BELOW,):
                break
            if rest[:1] != (field,):
                return None
            rest = rest[1:]
        return (CELL, *rest) if path.fields and path.fields[-1].startswith(ADDRESS) else rest

    def _moved(self, at: At, block: int, number: int, event: Event) -> Iterator[Move]:
        match event:
            case Store(base=base, field=field, src=src):
                if (rest := self._rest(at, src)) is not None:
                    yield Put(base, (named(field), *rest), at.copied)
            case MapOp(op="write", map=map_, key=key, value=value):
                for reg in (key, value):
                    if reg != NONE and (rest := self._rest(at, reg)) is not None:
                        yield Put(map_, (ELEM, *rest), at.copied)
            case CopyInto(base=base, src=src):
                if rest := self._copied(at, block, number, src):
                    yield Put(base, rest, copied=True)
            case Clone(dst=dst, src=src):
                if rest := self._copied(at, block, number, src):
                    yield at.to(dst, rest)._replace(copied=True)
            case Send(channel=channel, value=value):
                if (rest := self._rest(at, value)) is not None:
                    yield Put(channel, (_SENT, *rest), at.copied)
            case Recv(dst=dst, channel=channel):
                if (rest := self._rest(at, channel)) and rest[0] in (_SENT, _BELOW):
                    yield at.to(dst, rest[1:] if rest[0] == _SENT else rest)
            case Phi(dst=dst, args=args) | Op(dst=dst, op="append", args=args):
                for reg in args:
                    if (rest := self._rest(at, reg)) is not None:
                        yield at.to(dst, rest)
            case Closure(dst=dst, func=name, captures=captures):
                target = self.index.number.get(name)
                for n, reg in enumerate(captures):
                    if (rest := self._rest(at, reg)) is not None:
                        yield at.to(dst, (captured(n), *rest))
                        if target is not None:
                            yield At(target, self.index.bodies[target].params + n, rest, (), at.copied)
            case Bound(dst=dst, recv=recv, target=callee):
                if (rest := self._rest(at, recv)) is not None:
                    yield at.to(dst, (CAPTURED, *rest))
                    method = self.index.number.get(callee.func) if isinstance(callee, Static) else None
                    if method is not None:
                        yield At(method, 0, rest, (), at.copied)
            case Return(values=values):
                for n, reg in enumerate(values):
                    if reg != NONE and (rest := self._rest(at, reg)) is not None:
                        yield from self._returned(at, n, rest)
            case Call():
                yield from self._called(at, block, number, event)

    def _copied(self, at: At, block: int, number: int, src: Reg) -> Fields | None:
        """The fields by which a copy of a struct leads to the object as well."""
        rest = self._rest(at, src)
        return rest if rest and rest[0] not in self.heap.overwritten.renewed(at.func, block, number) else None

    # ------------------------------------------------------------ calls

    def _returned(self, at: At, number: int, rest: Fields) -> Iterator[Move]:
        """To those who called the function."""
        edges = self.edges.into(at.func)
        if not edges or any(t.kind in ("exported", "unknown") for t in self.threads.started(at.func)):
            yield Keep(rest, at.copied)
        sites = [at.calls[-1]] if at.calls else [e.site for e in edges if e.kind in ("call", "once")]
        for site in sites:
            where = self.index.sites[site]
            assert isinstance(where.event, Call)
            if isinstance(where.event.callee, External):
                yield Keep(rest, at.copied)
            elif number < len(where.event.dsts):
                yield At(where.func, where.event.dsts[number], rest, at.calls[:-1], at.copied)

    def _called(self, at: At, block: int, number: int, call: Call) -> Iterator[Move]:
        given = [(n, rest) for n, a in enumerate(call.args) if (rest := self._rest(at, a)) is not None]
        if call.how == "go":
            yield from (Keep(rest, at.copied) for _, rest in given)
            if isinstance(call.callee, Dynamic) and (called := self._rest(at, call.callee.reg)) is not None:
                yield Keep(called, at.copied)
        if not given:
            return
        site = self.index.site_at[at.func, block, number]
        edges = self.edges.out(site)
        if isinstance(call.callee, External) or (isinstance(call.callee, Invoke) and not edges):
            if any(e.kind in ("go", "root", "parallel") for e in edges):
                yield from (Keep(rest, at.copied) for _, rest in given)
            for n, rest in given:
                yield from self._library(at, call, n, rest)
            return
        for edge in edges:
            target = self.index.bodies[edge.func]
            skipped = shift(call, target)
            for n, rest in given:
                if n + skipped < target.params:
                    yield At(edge.func, n + skipped, rest, (*at.calls, site)[-_CALLS:], at.copied)

    def _library(self, at: At, call: Call, number: int, rest: Fields) -> Iterator[Move]:
        """What a library does with an argument: it keeps it, or gives it back. One that nothing is known of does neither."""
        name = library_name(call.callee)
        argument = argument_name(name, number)
        if any(f.startswith(CAPTURED) for f in rest[1:]):
            yield Keep(rest, at.copied)  # a function that it was given with something else may run at any time
        if is_container(self.models, name):
            if number > 0:
                yield Put(call.args[0], (LIBRARY, *rest), at.copied)
            elif rest[:1] == (LIBRARY,):
                yield from (at.to(dst, rest[1:]) for dst in call.dsts)
        model = self.models.function(name)
        if model is None:
            return
        if model.keeps(argument):
            yield Keep(rest, at.copied)
        for result in call.dsts[:1]:
            if argument == model.copies:
                yield at.to(result, rest)._replace(copied=True)
            elif argument in (model.returns, model.derives) or (argument == "recv" and model.returns == "recv-read"):
                yield at.to(result, rest)
            if argument in model.holds:
                yield at.to(result, (HELD, *rest))
            if model.returns == "held" and argument == "recv" and rest[:1] == (HELD,):
                yield at.to(result, rest[1:])


def shortened(fields: Fields) -> Fields:
    """No more fields than are told apart: objects that hold objects of their kind would lead ever deeper."""
    return fields if len(fields) <= _FIELDS else (*fields[:_FIELDS], _BELOW)
