"""Function values and objects to whether what runs them runs each one once.

A loop that starts each element of a slice, or a helper that starts what it is given, starts many threads; but each of them runs another
value, and one value that is made once, and comes once to the event that starts it, runs on one thread.
"""

from collections.abc import Callable
from typing import NamedTuple

from mapguard.heap.heap import Heap
from mapguard.heap.objects import Obj
from mapguard.heap.tabling import members
from mapguard.ir.flow import reachable
from mapguard.ir.model import (
    ELEM,
    Alloc,
    Bound,
    Call,
    Cast,
    Clone,
    Closure,
    Const,
    Copy,
    Dynamic,
    External,
    Load,
    MapOp,
    Op,
    Phi,
    Recv,
    Reg,
    Static,
)
from mapguard.order.after import SAME, After, Where
from mapguard.order.ancestry import Ancestry
from mapguard.order.edges import Edge
from mapguard.order.flows import NO_STOPS, Stops, stops_at
from mapguard.order.rounds import next_round
from mapguard.order.threads import Thread

_SAME = frozenset((SAME,))
_CALLS = 4  # calls that a value is followed back through


class Flow(NamedTuple):
    """A value in a register when an event happens. ``way``: the edges by which a thread came to the function, where that is known."""

    func: int
    reg: Reg
    where: Where
    way: tuple[Edge, ...] = ()


class Tasks:
    """``many`` tells the threads of which several run at a time."""

    def __init__(self, heap: Heap, after: After, ancestry: Ancestry, many: Callable[[Thread], bool]) -> None:
        self.heap = heap
        self.index = heap.index
        self.after = after
        self.ancestry = ancestry
        self.many = many
        self._once: dict[tuple[tuple[Edge, ...], int | None], bool] = {}

    def once(self, way: tuple[Edge, ...], within: int | None = None) -> bool:
        """Whether the last of the edges that lead from the start of a thread to an event runs a value of which there is one, and which
        comes there once; ``within`` one activation of a function."""
        key = (way, within)
        known = self._once.get(key)
        if known is None:
            self._once[key] = False
            known = self._once[key] = not way[-1].many and self._runs_once(way, within)
        return known

    def _runs_once(self, way: tuple[Edge, ...], within: int | None) -> bool:
        edge = way[-1]
        place = self.index.sites[edge.site]
        event = place.event
        assert isinstance(event, Call)
        regs: tuple[Reg, ...]
        match event.callee:
            case Dynamic(reg=reg):
                regs = (reg,)
            case External():
                regs = event.args
            case _:
                regs = event.args[:1]
        for reg in regs:
            values = [o for o in members(self.heap.points(place.func, reg)) if self._runs(self.heap.objects.all[o], edge.func, event)]
            if values:
                at = Flow(place.func, reg, place[:3], way[:-1])
                return len(values) == 1 and self._comes_once(values[0], at, within, 0)
        return False

    def _runs(self, o: Obj, func: int, event: Call) -> bool:
        """Whether the value is what makes the call run the function: the function itself, or the receiver of the method."""
        name = self.index.bodies[func].func
        if o.kind in ("closure", "bound"):
            made = self.index.maker(o)
            return getattr(made, "func", "") == name or getattr(getattr(made, "target", None), "func", "") == name
        if o.kind != "alloc" or isinstance(event.callee, External | Dynamic):
            return False
        method = self.index.funcs[func]
        kind = self.index.struct(o.type)
        return method is not None and method.recv is not None and (getattr(kind, "pkg", ""), getattr(kind, "name", "")) == method.recv.key

    # ------------------------------------------------------------ one value

    def _comes_once(self, obj: int, at: Flow, within: int | None, depth: int) -> bool:
        """Whether an object is in a register at most once when an event happens."""
        func, reg, where, _ = at
        body = self.index.bodies[func]
        if depth > _CALLS:
            return False
        if reg < body.params:
            return self._passed_once(obj, at, within, depth)
        if reg < body.params + body.captures:
            places = self.index.made.get(func, ())
            if len(places) != 1 or not isinstance(places[0].event, Closure):
                return False
            if not at.way or not self.once(at.way, places[0].func):  # the literal that holds it runs once
                return False
            captured = places[0].event.captures[reg - body.params]
            return self._comes_once(obj, Flow(places[0].func, captured, places[0][:3]), within, depth + 1)
        place = self.index.place(func, reg)
        match place.event if place is not None else None:
            case Copy(src=src) | Cast(src=src):
                return self._comes_once(obj, at._replace(reg=src), within, depth)
            case Load(base=base, field=field, index=index) if field == ELEM and index >= 0:
                return self._one_of(obj, at._replace(reg=base), index, within, depth)
            case MapOp(map=base, key=key):
                return self._one_of(obj, at._replace(reg=base), key, within, depth)
            case Recv():  # what is sent once is received once
                assert place is not None
                return self._made_once(obj, within) and not self._again(where, within, stops_at([place[:3]]))
            case Closure() | Bound() | Alloc() | Clone() | Call():  # made here, or by what is called here
                assert place is not None
                return self._made_once(obj, within) and not self._again(where, within, stops_at([place[:3]]))
        return False

    def _passed_once(self, obj: int, at: Flow, within: int | None, depth: int) -> bool:
        """The same for a parameter: one call passes the object."""
        func, _, where, _ = at
        if self._again(where, func, NO_STOPS):
            return False
        found = self._passing(obj, at, held=False)
        return found is not None and self._comes_once(obj, found, within, depth + 1)

    def _passing(self, obj: int, at: Flow, *, held: bool) -> Flow | None:
        """The one call that passes an object, or ``held`` what holds it, as a parameter."""
        func, reg, _, way = at
        found: list[Flow] = []
        for site in members(self.heap.callers(func)):
            place = self.index.sites[site]
            call = place.event
            assert isinstance(call, Call)
            if not isinstance(call.callee, Static) or reg >= len(call.args):
                return None
            passed = self.heap.points(place.func, call.args[reg])
            if (self.heap.follow(passed, ELEM) if held else passed) >> obj & 1:
                found.append(Flow(place.func, call.args[reg], place[:3], way[:-1] if way and way[-1].site == site else ()))
        return found[0] if len(found) == 1 else None

    def _one_of(self, obj: int, at: Flow, index: Reg, within: int | None, depth: int) -> bool:
        """The same for an element of what a loop goes through once: of the function's own, or of what one call passes."""
        func, base, where, way = at
        ways = next_round(self.heap, func, index)
        if not ways:
            return False
        cut = stops_at(ways=ways)
        while depth <= _CALLS:
            base = self._source(func, base)
            if base >= self.index.bodies[func].params + self.index.bodies[func].captures:
                own = self.index.place(func, base)
                made = own is not None and isinstance(own.event, Alloc | Const | MapOp)
                return made and self._made_once(obj, within) and not self._again(where, within, cut)
            if base >= self.index.bodies[func].params or self._again(where, func, cut):
                return False
            passing = self._passing(obj, Flow(func, base, where, way), held=True)
            if passing is None:
                return False
            func, base, where, way = passing
            depth, cut = depth + 1, NO_STOPS
        return False

    def _source(self, func: int, reg: Reg) -> Reg:
        """The register that a slice or map comes from, through appends and rounds of loops."""
        seen: set[Reg] = set()
        while reg not in seen:
            seen.add(reg)
            place = self.index.place(func, reg)
            match place.event if place is not None else None:
                case Copy(src=src) | Cast(src=src):
                    reg = src
                case Op(op="append", args=(first, *_)):
                    reg = first
                case Phi(args=args):
                    reg = next((a for a in args if a not in seen), reg)
        return reg

    def _made_once(self, obj: int, within: int | None) -> bool:
        """Whether there is one object of the kind, in the program or in each activation of a function."""
        o = self.heap.objects.all[obj]
        if o.func < 0:
            return False
        where = (o.func, o.block, o.place)
        for site in reversed(o.context):
            if self._repeats(where):
                return False
            where = self.index.sites[site][:3]
        if self._again(where, within, NO_STOPS):
            return False
        return where[0] == within or not any(self.many(t) for t in self.ancestry.running(where[0]))

    def _again(self, where: Where, within: int | None, stops: Stops) -> bool:
        """Whether an event can happen again on its thread without passing what makes it another one."""
        return self.after.start(where, stops, outermost=within).has(where, _SAME)

    def _repeats(self, where: Where) -> bool:
        func, block, _ = where
        return bool(reachable(self.index.bodies[func].blocks)[block] >> block & 1)
