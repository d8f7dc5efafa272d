"""Abstract objects to whether anything keeps them beyond the calls that make them and hand them on: escape from their thread.

An object is followed forwards from the event that makes it, along with the field by which whatever holds it leads to it: through calls and
back to the call that made it, into holders that are made in the tree and are followed in turn. It is retained when that ends in a package
variable, in an object that comes from outside, or with another thread. What is not retained belongs to one thread alone, however many
threads run the code that makes such objects.

Choi et al.: Escape Analysis for Java, OOPSLA 1999; contexts as in Sridharan and Bodík, PLDI 2006.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from mapguard.bodies.paths import ADDRESS, CAPTURED, Path, captured, named
from mapguard.bodies.summaries import Bodies
from mapguard.heap.fields import HELD, LIBRARY
from mapguard.heap.handed import argument_name
from mapguard.heap.objects import Context
from mapguard.heap.questions import is_container
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import defined, events, used
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
from mapguard.models.entries import FunctionModel
from mapguard.order.edges import Edges
from mapguard.order.threads import NO_SITE, Threads
from mapguard.races.contexts import Anchored
from mapguard.races.fresh import Fresh
from mapguard.races.resolve import Resolver

_PLACES = 3000  # registers that one object is followed through
_FIELDS = 5  # fields from a holder to the object that are told apart
_SENT = "<-"  # the field of what a channel was given
_BELOW = "…"  # in place of all further fields
_CALLS = 4  # calls that a way into functions remembers, to return from each to where it was called

Fields = tuple[str, ...]


class _Place(NamedTuple):
    """The fields of what a register refers to that lead to the object, in a call that ``calls`` led to, the innermost last; before these
    any calls. ``copied``: in a copy of what holds the object."""

    func: int
    reg: Reg
    fields: Fields
    calls: Context
    copied: bool


class _Outer(NamedTuple):
    """The same of what a function was given, to be followed to its callers."""

    func: int
    reg: Reg
    fields: Fields
    calls: Context
    copied: bool


_Step = _Place | _Outer


class _KeptError(Exception):
    """The object is retained."""


class Retained:
    """Answers for one program. Over a bound an object counts as retained: nothing is struck out for it."""

    def __init__(self, bodies: Bodies, edges: Edges, threads: Threads, resolver: Resolver, fresh: Fresh) -> None:
        self.bodies = bodies
        self.heap = bodies.heap
        self.objects = bodies.heap.objects
        self.index = bodies.index
        self.models = bodies.models
        self.edges = edges
        self.threads = threads
        self.resolver = resolver
        self.fresh = fresh
        self._found: dict[tuple[int, str], Bits | None] = {}
        self._inside = ""  # the field that is asked for
        self._holders: Bits = 0
        self._copy = False  # whether it is a copy that is followed
        self._uses: dict[int, dict[Reg, list[tuple[int, int, Event]]]] = {}

    def of(self, obj: int) -> bool:
        """Whether an object may be kept where another thread can find it."""
        return self.holders(obj, "") is None

    def holders(self, obj: int, field: str) -> Bits | None:
        """The objects that have an object in this field, where nothing else keeps it; None where something does."""
        key = (obj, field)
        if key not in self._found:
            self._inside, self._holders = field, 0
            self._found[key] = None if self._followed(obj) else self._holders
        return self._found[key]

    def _followed(self, obj: int) -> bool:
        self._copy = False
        pending: list[_Step] = []
        seen: set[_Step] = set()
        try:
            pending.extend(self._made(obj, ()))
            while pending:
                place = _shortened(pending.pop())
                if place in seen:
                    continue
                seen.add(place)
                self.heap.budget.step()
                if len(seen) > _PLACES:
                    return True
                self._copy = place.copied
                if isinstance(place, _Outer):
                    pending.extend(self._given(place))
                    continue
                for b, number, event in self._used(place.func).get(place.reg, ()):
                    self._copy = place.copied
                    pending.extend(self._goes(place, b, number, event))
        except _KeptError:
            return True
        return False

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

    # ------------------------------------------------------------ objects

    def _made(self, obj: int, fields: Fields) -> Iterator[_Step]:
        """Where the tree first has an object, with the fields that lead on from there."""
        o = self.objects.all[obj]
        while o.kind == "part":
            fields = (named(o.name), *fields)
            o = self.objects.all[o.parent]
        if o.kind in ("global", "library", "outside"):
            self._keep(fields)
            return
        event = self.index.maker(o)
        if isinstance(event, Call):
            model = self._model(event)
            if model is not None and model.returns in ("shared", "recv", "recv-read"):
                self._keep(fields)
        for reg in defined(event):
            yield _Place(o.func, reg, fields, o.context, self._copy)

    def _put(self, place: _Place, base: Reg, fields: Fields) -> Iterator[_Step]:
        """Into what a register refers to."""
        objects = self.heap.points(place.func, base, place.calls[-2:])
        return self._into(place.func, self.bodies.paths(place.func).of(base), objects, fields, place.calls)

    def _into(self, func: int, path: Path, objects: Bits, fields: Fields, calls: Context) -> Iterator[_Step]:
        """Into the objects that a path leads to. What an object from outside was given with is followed with that, by the path."""
        if fields == (self._inside,):
            self._holders |= objects
        for o in members(objects):
            if self.objects.all[self.objects.origin(o)].kind != "outside":
                yield from self._made(o, fields)
            elif isinstance(path.root, str):
                self._keep(fields)
            elif path.fields:
                inner = tuple(map(named, path.fields))
                yield from self._into(func, Path(path.root), self.heap.points(func, path.root, calls[-2:]), (*inner, *fields), calls)
            else:
                yield _Outer(func, path.root, fields, calls, self._copy)

    def _given(self, outer: _Outer) -> Iterator[_Step]:
        """Into what callers pass."""
        func, reg, fields, calls, _ = outer
        if reg >= self.index.bodies[func].params:
            self._keep(fields)
        elif not self.fresh.own_argument(func, reg):
            sites = [calls[-1]] if calls else [e.site for e in self.edges.into(func)]
            if not sites or any(t.site == NO_SITE for t in self.threads.started(func)):
                self._keep(fields)
            for site in sites:
                caller = self.index.sites[site].func
                path = self.bodies.given(site, func, Path(reg))
                if path is None:
                    self._keep(fields)
                    continue
                objects = self.resolver.objects(Anchored(caller, path))
                yield from self._into(caller, path, objects, fields, calls[:-1])

    def _keep(self, fields: Fields) -> None:
        """Something keeps what has the object in it by these fields."""
        if self._copy or not self._inside or fields[-1:] != (self._inside,):
            raise _KeptError

    def _at(self, func: int, path: Path, calls: Context) -> Bits:
        """What a path leads to."""
        return (
            self.resolver.objects(Anchored(func, path))
            if path.fields or isinstance(path.root, str)
            else self.heap.points(func, path.root, calls[-2:])
        )

    # ------------------------------------------------------------ events

    def _rest(self, place: _Place, reg: Reg) -> Fields | None:
        """The fields that lead from a register on to the object; None where it does not lead there."""
        path = self.bodies.paths(place.func).of(reg)
        if path.root != place.reg:
            return None
        rest = place.fields
        for field in map(named, path.fields):
            if rest[:1] == (_BELOW,):
                break
            if rest[:1] != (field,):
                return None
            rest = rest[1:]
        return (CELL, *rest) if path.fields and path.fields[-1].startswith(ADDRESS) else rest

    def _goes(self, place: _Place, block: int, number: int, event: Event) -> Iterator[_Step]:
        """Where an event brings the object."""
        func, _, _, calls, _ = place
        match event:
            case Store(base=base, field=field, src=src):
                if (rest := self._rest(place, src)) is not None:
                    yield from self._put(place, base, (named(field), *rest))
            case MapOp(op="write", map=map_, key=key, value=value):
                for reg in (key, value):
                    if reg != NONE and (rest := self._rest(place, reg)) is not None:
                        yield from self._put(place, map_, (ELEM, *rest))
            case CopyInto(base=base, src=src):
                if rest := self._copied(place, block, number, src):
                    yield from self._put(place, base, rest)
            case Clone(dst=dst, src=src):
                if rest := self._copied(place, block, number, src):
                    yield _Place(func, dst, rest, calls, self._copy)
            case Send(channel=channel, value=value):
                if (rest := self._rest(place, value)) is not None:
                    yield from self._put(place, channel, (_SENT, *rest))
            case Recv(dst=dst, channel=channel):
                if (rest := self._rest(place, channel)) and rest[0] in (_SENT, _BELOW):
                    yield _Place(func, dst, rest[1:] if rest[0] == _SENT else rest, calls, self._copy)
            case Phi(dst=dst, args=args) | Op(dst=dst, op="append", args=args):
                for reg in args:
                    if (rest := self._rest(place, reg)) is not None:
                        yield _Place(func, dst, rest, calls, self._copy)
            case Closure(dst=dst, func=name, captures=captures):
                target = self.index.number.get(name)
                for n, reg in enumerate(captures):
                    if (rest := self._rest(place, reg)) is not None:
                        yield _Place(func, dst, (captured(n), *rest), calls, self._copy)
                        if target is not None:
                            yield _Place(target, self.index.bodies[target].params + n, rest, (), self._copy)
            case Bound(dst=dst, recv=recv, target=callee):
                if (rest := self._rest(place, recv)) is not None:
                    yield _Place(func, dst, (CAPTURED, *rest), calls, self._copy)
                    method = self.index.number.get(callee.func) if isinstance(callee, Static) else None
                    if method is not None:
                        yield _Place(method, 0, rest, (), self._copy)
            case Return(values=values):
                for n, reg in enumerate(values):
                    if reg != NONE and (rest := self._rest(place, reg)) is not None:
                        yield from self._returned(place, n, rest)
            case Call():
                yield from self._called(place, block, number, event)

    def _copied(self, place: _Place, block: int, number: int, src: Reg) -> Fields | None:
        """The fields by which a copy of a struct leads to the object as well: then what holds it is no longer the only one that does."""
        rest = self._rest(place, src)
        if not rest or rest[0] in self.heap.overwritten.renewed(place.func, block, number):
            return None
        self._copy |= rest[-1] == self._inside
        return rest

    def _returned(self, place: _Place, number: int, rest: Fields) -> Iterator[_Step]:
        """To those who called the function."""
        edges = self.edges.into(place.func)
        if not edges or any(t.kind in ("exported", "unknown") for t in self.threads.started(place.func)):
            self._keep(rest)
        sites = [place.calls[-1]] if place.calls else [e.site for e in edges if e.kind in ("call", "once")]
        for site in sites:
            where = self.index.sites[site]
            assert isinstance(where.event, Call)
            if isinstance(where.event.callee, External):
                self._keep(rest)
            elif number < len(where.event.dsts):
                yield _Place(where.func, where.event.dsts[number], rest, place.calls[:-1], self._copy)

    # ------------------------------------------------------------ calls

    def _called(self, place: _Place, block: int, number: int, call: Call) -> Iterator[_Step]:
        given = [(n, rest) for n, a in enumerate(call.args) if (rest := self._rest(place, a)) is not None]
        if call.how == "go":
            called = self._rest(place, call.callee.reg) if isinstance(call.callee, Dynamic) else None
            for rest in [r for _, r in given] + ([called] if called is not None else []):
                self._keep(rest)
        if not given:
            return
        site = self.index.site_at[place.func, block, number]
        edges = self.edges.out(site)
        if isinstance(call.callee, External) or (isinstance(call.callee, Invoke) and not edges):
            if any(e.kind in ("go", "root", "parallel") for e in edges):
                for _, rest in given:
                    self._keep(rest)
            yield from self._library(place, call, given)
            return
        for edge in edges:
            target = self.index.bodies[edge.func]
            shift = 0 if isinstance(call.callee, Static) or target.params == len(call.args) else 1
            for n, rest in given:
                if n + shift < target.params:
                    yield _Place(edge.func, n + shift, rest, (*place.calls, site)[-_CALLS:], self._copy)

    def _library(self, place: _Place, call: Call, given: list[tuple[int, Fields]]) -> Iterator[_Step]:
        """What a library does with the object: it keeps it, or gives it back. One that nothing is known of does neither."""
        name = call.callee.name if isinstance(call.callee, External) else call.callee.external if isinstance(call.callee, Invoke) else ""
        model = self.models.function(name)
        result = next(iter(call.dsts), NONE)
        for n, rest in given:
            argument = argument_name(name, n)
            if any(f.startswith(CAPTURED) for f in rest[1:]):
                self._keep(rest)  # a function that it was given with something else may run at any time
            if is_container(self.models, name):
                if n > 0:
                    yield from self._put(place, call.args[0], (LIBRARY, *rest))
                elif rest[:1] == (LIBRARY,):
                    yield from (_Place(place.func, dst, rest[1:], place.calls, self._copy) for dst in call.dsts)
            if model is None:
                continue
            if argument in model.publishes or (argument != "recv" and "args" in model.publishes) or (model.acts and n > 0):
                self._keep(rest)
            if result == NONE:
                continue
            if argument == model.copies:
                self._copy |= rest[-1:] == (self._inside,)
            if argument in (model.returns, model.derives, model.copies) or (argument == "recv" and model.returns == "recv-read"):
                yield _Place(place.func, result, rest, place.calls, self._copy)
            if argument in model.holds:
                yield _Place(place.func, result, (HELD, *rest), place.calls, self._copy)
            if model.returns == "held" and argument == "recv" and rest[:1] == (HELD,):
                yield _Place(place.func, result, rest[1:], place.calls, self._copy)

    def _model(self, call: Call) -> FunctionModel | None:
        match call.callee:
            case External(name=name) | Invoke(external=name):
                return self.models.function(name)
        return None


def _shortened(place: _Step) -> _Step:
    """A place with no more fields than are told apart: objects that hold objects of their kind would lead ever deeper."""
    return place if len(place.fields) <= _FIELDS else place._replace(fields=(*place.fields[:_FIELDS], _BELOW))
