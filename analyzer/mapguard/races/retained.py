"""Abstract objects to whether anything keeps them beyond the calls that make them and hand them on: escape from their thread.

An object is followed forwards from the event that makes it: through calls and back to the call that made it, into holders that are made in
the tree and are followed in turn. It is retained when that ends in a package variable, in an object that comes from outside, or with
another thread. What is not retained belongs to one thread alone, however many threads run the code that makes such objects.

Choi et al.: Escape Analysis for Java, OOPSLA 1999; contexts as in Sridharan and Bodík, PLDI 2006.
"""

from collections.abc import Iterator
from typing import NamedTuple

from mapguard.bodies.effects import library_name
from mapguard.bodies.paths import Path, named
from mapguard.bodies.summaries import Bodies
from mapguard.heap.objects import DEPTH, Context
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import defined
from mapguard.ir.model import Call
from mapguard.order.edges import Edges
from mapguard.order.threads import NO_SITE, Threads
from mapguard.races.contexts import Anchored
from mapguard.races.fresh import Fresh
from mapguard.races.moves import At, Fields, Keep, Moves, Put, shortened
from mapguard.races.resolve import Resolver

_PLACES = 3000  # registers that one object is followed through


class _Outer(NamedTuple):
    """The object comes into what a path leads to, which the function got from its callers: to be followed to them."""

    func: int
    path: Path
    fields: Fields
    calls: Context
    copied: bool


class _Holders(NamedTuple):
    """Objects that have the object in them by these fields."""

    objects: Bits
    fields: Fields


_Step = At | Keep | _Outer | _Holders


class Retained:
    """Answers for one program. Over a bound an object counts as retained: nothing is struck out for it."""

    def __init__(self, bodies: Bodies, edges: Edges, threads: Threads, resolver: Resolver, fresh: Fresh) -> None:
        self.bodies = bodies
        self.heap = bodies.heap
        self.objects = bodies.heap.objects
        self.index = bodies.index
        self.edges = edges
        self.threads = threads
        self.resolver = resolver
        self.fresh = fresh
        self.moves = Moves(bodies, edges, threads)
        self._found: dict[tuple[int, str], Bits | None] = {}

    def of(self, obj: int) -> bool:
        """Whether an object may be kept where another thread can find it."""
        return self.holders(obj, "") is None

    def holders(self, obj: int, field: str) -> Bits | None:
        """The objects that have an object in this field, where it is kept in that field alone, and in no copy; None where it is kept in
        other ways."""
        key = (obj, field)
        if key not in self._found:
            self._found[key] = self._followed(obj, field)
        return self._found[key]

    def _followed(self, obj: int, field: str) -> Bits | None:
        holders = 0
        pending: list[At | _Outer] = []
        seen: set[At | _Outer] = set()
        steps = self._made(obj, (), copied=False)
        while len(seen) <= _PLACES:
            for step in steps:
                match step:
                    case Keep(fields, copied):
                        if copied or not field or fields[-1:] != (field,):
                            return None
                    case _Holders(objects, fields):
                        holders |= objects if fields == (field,) else 0
                    case _:
                        at = step._replace(fields=shortened(step.fields))
                        if at not in seen:
                            seen.add(at)
                            pending.append(at)
            if not pending:
                return holders
            self.heap.budget.step()
            steps = self._next(pending.pop())
        return None

    def _next(self, at: At | _Outer) -> Iterator[_Step]:
        if isinstance(at, _Outer):
            yield from self._given(at)
            return
        for move in self.moves.of(at):
            if isinstance(move, Put):
                path = self.bodies.paths(at.func).of(move.base)
                objects = self.heap.points(at.func, move.base, at.calls[-DEPTH:])
                yield from self._into(_Outer(at.func, path, move.fields, at.calls, move.copied), objects)
            else:
                yield move

    def _made(self, obj: int, fields: Fields, copied: bool) -> Iterator[_Step]:
        """Where the tree first has an object, with the fields that lead on from there."""
        o = self.objects.all[obj]
        while o.kind == "part":
            fields = (named(o.name), *fields)
            o = self.objects.all[o.parent]
        if o.kind in ("global", "library", "outside"):
            yield Keep(fields, copied)
            return
        event = self.index.maker(o)
        model = self.bodies.models.function(library_name(event.callee)) if isinstance(event, Call) else None
        if model is not None and model.returns in ("shared", "recv", "recv-read"):
            yield Keep(fields, copied)
        for reg in defined(event):
            yield At(o.func, reg, fields, o.context, copied)

    def _into(self, to: _Outer, objects: Bits) -> Iterator[_Step]:
        """Into the objects that a path leads to. What an object from outside was given with is followed with that, by the path."""
        func, path, fields, calls, copied = to
        yield _Holders(objects, fields)
        for o in members(objects):
            if self.objects.all[self.objects.origin(o)].kind != "outside":
                yield from self._made(o, fields, copied)
            elif isinstance(path.root, str):
                yield Keep(fields, copied)
            elif path.fields:
                whole = to._replace(path=Path(path.root), fields=(*map(named, path.fields), *fields))
                yield from self._into(whole, self.heap.points(func, path.root, calls[-DEPTH:]))
            else:
                yield to

    def _given(self, to: _Outer) -> Iterator[_Step]:
        """Into what callers pass."""
        func, path, fields, calls, copied = to
        reg = path.root
        if not isinstance(reg, int) or reg >= self.index.bodies[func].params:
            yield Keep(fields, copied)
        elif not self.fresh.own_argument(func, reg):
            sites = [calls[-1]] if calls else [e.site for e in self.edges.into(func)]
            if not sites or any(t.site == NO_SITE for t in self.threads.started(func)):
                yield Keep(fields, copied)
            for site in sites:
                caller = self.index.sites[site].func
                given = self.bodies.given(site, func, path)
                if given is None:
                    yield Keep(fields, copied)
                else:
                    yield from self._into(_Outer(caller, given, fields, calls[:-1], copied), self.resolver.objects(Anchored(caller, given)))
