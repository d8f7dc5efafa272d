"""Registers and paths to whether what they lead to is made anew, and for nobody else: allocation sites followed through results and fields.

A field is looked up by what is stored into it anywhere in the program, so that what a constructor puts there counts as well as what a
caller puts in its place later.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mapguard.bodies.effects import library_name
from mapguard.bodies.paths import ADDRESS, CAPTURED, Path, named
from mapguard.bodies.summaries import Bodies
from mapguard.heap.fields import LIBRARY
from mapguard.heap.handed import argument_name
from mapguard.heap.index import Kept, Place
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import Spot, predecessors, reaches, used
from mapguard.ir.model import CELL, Alloc, Bound, Call, Clone, Closure, External, Phi, Reg
from mapguard.order.edges import Edges
from mapguard.races.contexts import Anchored
from mapguard.races.leaks import Leaks
from mapguard.races.resolve import Resolver

_DEPTH = 6  # results and fields that one thing is followed through


NOWHERE: Spot = (-1, -1)


class Source(NamedTuple):
    """A new object by the register of a function that has it first, and the event that puts it into the one that holds it."""

    func: int
    root: Reg
    put: Spot = NOWHERE


Sources = tuple[Source, ...]


class Fresh:
    def __init__(self, bodies: Bodies, edges: Edges, leaks: Leaks, resolver: Resolver) -> None:
        self.bodies = bodies
        self.resolver = resolver
        self.heap = bodies.heap
        self.edges = edges
        self.index = bodies.index
        self.leaks = leaks
        self._found: dict[tuple[int, Path, bool], Sources | None] = {}

    def fresh(self, func: int, root: Reg | str, private: bool = False, depth: int = 0) -> bool:
        """Whether a register gets a new object each time (see ``makes``): its function makes it, or calls what makes it and, for
        ``private``, keeps it from others."""
        place = self.index.place(func, root) if isinstance(root, int) else None
        if place is None or depth > _DEPTH:
            return False
        match place.event:
            case Alloc() | Clone() | Closure() | Bound():
                return True
            case Phi():
                return bool(self.makes(func, place.event.dst, private, depth))
            case Call() as call:
                assert isinstance(root, int)
                edges = self.edges.out(self.index.site_at[place[:3]])
                name = library_name(call.callee)
                if name and (isinstance(call.callee, External) or not edges):
                    return self._library_gives_fresh(func, root, name)
                return bool(edges) and all(self._gives_fresh(e.func, call.dsts.index(root), private, depth + 1) for e in edges)
        return False

    def _library_gives_fresh(self, func: int, root: Reg, name: str) -> bool:
        model = self.bodies.models.function(name)
        if model is not None and model.returns == "held":
            return all(self.heap.objects.all[o].kind == "result" for o in members(self.heap.points(func, root)))
        return model is not None and model.returns in ("fresh", "own")

    def makes(self, func: int, root: Reg, private: bool = False, depth: int = 0) -> tuple[Spot, ...]:
        """The events that make what a register has, where it has the last one that they made; none where it may have another one."""
        place = self.index.place(func, root)
        if place is None or not isinstance(place.event, Phi):
            return (place[1:3],) if place is not None and self.fresh(func, root, private, depth) else ()
        constants = self.bodies.paths(func).constants
        web: dict[Reg, Place] = {}
        made: dict[Reg, Spot] = {}
        pending = [root]
        while pending:
            reg = pending.pop()
            at = self.index.place(func, reg)
            if reg in web or reg in made or constants.get(reg) == "nil":
                continue
            if at is None or (not isinstance(at.event, Phi) and not self.fresh(func, reg, private, depth + 1)):
                return ()
            if isinstance(at.event, Phi):
                web[reg] = at
                pending.extend(at.event.args)
            else:
                made[reg] = at[1:3]
        return tuple(sorted(made.values())) if all(self._taken(func, reg, spot, web) for reg, spot in made.items()) else ()

    def _taken(self, func: int, reg: Reg, spot: Spot, web: dict[Reg, Place]) -> bool:
        """Whether a new object is taken for the variable wherever control goes on from where it is made."""
        blocks = self.index.bodies[func].blocks
        before = predecessors(blocks)
        heads = {place.block: place.event for place in web.values()}
        seen: set[int] = set()
        pending = [spot[0]]
        while pending:
            block = pending.pop()
            for succ in blocks[block].succs:
                event = heads.get(succ)
                if isinstance(event, Phi):
                    if event.args[before[succ].index(block)] != reg:
                        return False
                elif succ not in seen:
                    seen.add(succ)
                    pending.append(succ)
        return True

    def _gives_fresh(self, func: int, number: int, private: bool, depth: int) -> bool:
        """Whether a function's result is always new."""
        paths = self.bodies.paths(func)
        for returned in self.index.returns[func]:
            if number >= len(returned.values):
                return False
            value = returned.values[number]
            if paths.constants.get(value) == "nil":
                continue
            path = self.bodies.normal(func, paths.of(value))
            if not isinstance(path.root, int) or self.sources(func, path, private, depth) is None:
                return False
            if private and self.leaks.of(func, path.root):
                return False
        return True

    # ------------------------------------------------------------ fields

    def sources(self, func: int, path: Path, private: bool = False, depth: int = 0) -> Sources | None:
        """The new objects that a path leads through, if each is made anew with the one that holds it."""
        key = (func, path, private)
        if key not in self._found:
            self._found[key] = None  # a value that rests on itself
            if isinstance(path.root, int) and depth <= _DEPTH and self.fresh(func, path.root, private, depth):
                self._found[key] = self._inside(func, path.root, path.fields, private, depth)
        return self._found[key]

    def _inside(self, func: int, root: Reg, fields: tuple[str, ...], private: bool, depth: int) -> Sources | None:
        """What fields of a new object lead to, if it was put there for it alone."""
        objects = self.heap.points(func, root)
        found: list[Source | None] = [Source(func, root)]
        if self._is_part(objects, fields):
            return (Source(func, root),)
        if fields:
            found.extend(self._copied(objects, fields, private, depth))
            found.extend(self._copied_by_library(func, root, fields, private, depth))
        for number, written in enumerate(fields):
            rest = fields[number + 1 :]
            if written.startswith(CAPTURED):
                found.extend(self._captured(objects, int(written.removeprefix(CAPTURED) or 0), rest, private, depth))
                break
            field = named(written)
            for kept in self._stores(objects, field):
                found.extend(self._given(kept, rest, private, depth))
            inner = self.heap.follow(objects, field)
            if not all(self.heap.objects.all[o].kind == "part" for o in members(inner)):
                break  # what is stored was followed by its own path
            objects = inner
            for kept in self._whole(objects, rest):
                found.extend(self._given(kept, rest, private, depth))
        return None if None in found else tuple(s for s in found if s is not None)

    def _is_part(self, objects: Bits, fields: tuple[str, ...]) -> bool:
        """Whether fields lead to a struct or array that the objects have in them."""
        for field in fields:
            if field.startswith(CAPTURED):
                return False
            follow = self.heap.address if field.startswith(ADDRESS) else self.heap.follow
            objects = follow(objects, named(field))
            if not objects or not all(self.heap.objects.all[o].kind == "part" for o in members(objects)):
                return False
        return True

    def _stores(self, objects: Bits, field: str) -> list[Kept]:
        """What is stored into a field of any of the objects."""
        if field == LIBRARY:
            return self._in_atomic_values(objects)
        found: dict[Kept, None] = {}
        for o in members(objects):
            obj = self.heap.objects.all[o]
            key = self.index.cell(obj.type) if field == CELL else self.index.key(field, obj.type)
            for stores in self.index.kept(key):
                found.update((kept, None) for kept in stores.local.get((obj.func, obj.block, obj.place), ()))
                found.update((kept, None) for kept in stores.others if self._hits(kept, o))
            for part in members(self.heap.address(1 << o, field)) if field in self.index.addressed else ():
                for stores in self.index.kept(self.index.cell(self.heap.objects.all[part].type)):
                    found.update((kept, None) for kept in stores.all() if self._hits(kept, part))
        return list(found)

    def _in_atomic_values(self, objects: Bits) -> list[Kept]:
        """What is given to the methods of atomic values among the objects."""
        found: list[Kept] = []
        for site in self.index.methods_of_libraries:
            place = self.index.sites[site]
            match place.event:
                case Call(callee=External(name=name), args=(base, *values)) if self.heap.is_atomic(name):
                    if any(self._hits(Kept(place.func, base, base), o) for o in members(objects)):
                        found.extend(Kept(place.func, base, value) for value in values)
        return found

    def _whole(self, objects: Bits, fields: tuple[str, ...]) -> list[Kept]:
        """What is copied over any of the objects as a whole, and is what some fields lead to afterwards."""
        found: dict[Kept, None] = {}
        for o in members(objects):
            stores = self.index.copies.get(self.index.struct(self.heap.objects.all[o].type))
            for kept in stores.all() if stores is not None else ():
                renewed = bool(fields) and self.heap.overwritten.renews(self.index.copied[kept], fields[0])
                if not renewed and self._hits(kept, o):
                    found[kept] = None
        return list(found)

    def _hits(self, kept: Kept, obj: int) -> bool:
        return bool(self.heap.points(kept.func, kept.base) & self.heap.objects.compatible(obj))

    def _given(self, kept: Kept, rest: tuple[str, ...], private: bool, depth: int) -> Sequence[Source | None]:
        """What a store puts in, if it is new, and new again for each object that it stores into."""
        paths = self.bodies.paths(kept.func)
        if paths.constants.get(kept.src) == "nil":
            return ()
        value = self.bodies.normal(kept.func, paths.of(kept.src).plus(*rest))
        holder = self.bodies.normal(kept.func, paths.of(kept.base)).root
        return self._new(kept.func, value, holder, self.spot(kept), private, depth)

    def _new(self, func: int, value: Path, holder: Reg | str, put: Spot, private: bool, depth: int) -> Sequence[Source | None]:
        sources = self.sources(func, value, private, depth + 1)
        if sources is None and not self.resolver.objects(Anchored(func, value)):
            return ()  # it is always nil
        if sources is None or not isinstance(value.root, int) or not self._renewed(func, holder, value.root):
            return (None,)
        return [s._replace(put=put) if (s.func, s.root) == (func, value.root) else s for s in sources]

    def spot(self, kept: Kept) -> Spot:
        """The event that a store is."""
        for b, block in enumerate(self.index.bodies[kept.func].blocks):
            for p, event in enumerate(block.events):
                if used(event)[:1] == (kept.base,) and kept.src in used(event)[1:]:
                    return (b, p)
        return NOWHERE

    def _renewed(self, func: int, holder: Reg | str, value: Reg) -> bool:
        """Whether a value is made again whenever its holder is."""
        made = self.makes(func, value)
        if not made or not isinstance(holder, int):
            return bool(made)
        blocks = self.index.bodies[func].blocks
        spots = self.makes(func, holder) or tuple(p[1:3] for p in (self.index.place(func, holder),) if p is not None)
        return not any(reaches(blocks, spot, other, made) for spot in spots for other in spots if spot not in made)

    def _copied(self, objects: Bits, fields: tuple[str, ...], private: bool, depth: int) -> Sequence[Source | None]:
        """What a copy of a struct has of the original and is not set anew."""
        found: list[Source | None] = []
        for o in members(objects):
            obj = self.heap.objects.all[o]
            made = self.index.maker(obj) if obj.kind == "alloc" else None
            if isinstance(made, Clone) and fields[0] not in self.heap.overwritten.renewed(obj.func, obj.block, obj.place):
                source = self.bodies.normal(obj.func, self.bodies.paths(obj.func).of(made.src).plus(*fields))
                found.extend(self._new(obj.func, source, made.dst, NOWHERE, private, depth))
        for kept in self._whole(objects, fields):
            found.extend(self._given(kept, fields, private, depth))
        return found

    def _copied_by_library(self, func: int, root: Reg, fields: tuple[str, ...], private: bool, depth: int) -> Sequence[Source | None]:
        """What a library's shallow copy has of the original."""
        place = self.index.place(func, root)
        name = library_name(place.event.callee) if place is not None and isinstance(place.event, Call) else ""
        model = self.bodies.models.function(name) if name else None
        if place is None or not isinstance(place.event, Call) or model is None or not model.copies:
            return ()
        found: list[Source | None] = []
        for number, reg in enumerate(place.event.args):
            if argument_name(name, number) == model.copies:
                original = self.bodies.normal(func, self.bodies.paths(func).of(reg).plus(*fields))
                found.extend(self._new(func, original, root, NOWHERE, private, depth))
        return found

    def _captured(self, values: Bits, number: int, rest: tuple[str, ...], private: bool, depth: int) -> Sequence[Source | None]:
        """What function values captured, if it was new for each of them."""
        found: list[Source | None] = []
        for v in members(values):
            o = self.heap.objects.all[v]
            made = self.index.maker(o) if o.kind in ("closure", "bound") else None
            if isinstance(made, Closure) and number < len(made.captures):
                reg = made.captures[number]
            elif isinstance(made, Bound):
                reg = made.recv
            else:
                return (None,)
            value = self.bodies.normal(o.func, self.bodies.paths(o.func).of(reg).plus(*rest))
            found.extend(self._new(o.func, value, made.dst, (o.block, o.place), private, depth))
        return found
