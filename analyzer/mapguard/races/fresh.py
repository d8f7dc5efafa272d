"""Registers and paths to whether what they lead to is made anew, and for nobody else: allocation sites followed through results and fields.

A field is looked up by what is stored into it anywhere in the program, so that what a constructor puts there counts as well as what a
caller puts in its place later.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mapguard.bodies.effects import library_name
from mapguard.bodies.paths import ADDRESS, CAPTURED, Path, named
from mapguard.bodies.summaries import Bodies
from mapguard.heap.handed import argument_name
from mapguard.heap.index import Kept, Place
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import Spot, predecessors, reaches
from mapguard.ir.model import Alloc, Bound, Call, Clone, Closure, External, Phi, Reg
from mapguard.order.edges import Edges
from mapguard.order.threads import Threads
from mapguard.races.contexts import Anchored
from mapguard.races.leaks import Leaks
from mapguard.races.puts import ALWAYS, NOWHERE, Puts
from mapguard.races.resolve import Resolver

_DEPTH = 6  # results and fields that one thing is followed through


BEGIN: Spot = (0, -1)  # of a function
_OWN_ARGUMENTS = frozenset(["http", "grpc", "rpc"])  # kinds of entry points whose every call is given something of its own


class Source(NamedTuple):
    """A new object by the register of a function that has it first, and the event that puts it into the one that holds it."""

    func: int
    root: Reg
    put: Spot = NOWHERE


Sources = tuple[Source, ...]


class Fresh:
    def __init__(self, bodies: Bodies, edges: Edges, threads: Threads, leaks: Leaks, resolver: Resolver, puts: Puts) -> None:
        self.bodies = bodies
        self.resolver = resolver
        self.heap = bodies.heap
        self.edges = edges
        self.threads = threads
        self.index = bodies.index
        self.leaks = leaks
        self.puts = puts
        self._found: dict[tuple[int, Path, int], Sources | None] = {}

    def fresh(self, func: int, root: Reg | str, during: int = ALWAYS, depth: int = 0) -> bool:
        """Whether a register gets a new object each time (see ``makes``): its function makes it, or calls what makes it. ``during`` is a
        function that nobody else has the object during a call of: what it runs has put into it whatever is there."""
        place = self.index.place(func, root) if isinstance(root, int) else None
        if place is None:
            return isinstance(root, int) and self._own_argument(func, root)
        if depth > _DEPTH:
            return False
        match place.event:
            case Alloc() | Clone() | Closure() | Bound():
                return True
            case Phi():
                return bool(self.makes(func, place.event.dst, during, depth))
            case Call() as call:
                assert isinstance(root, int)
                edges = self.edges.out(self.index.site_at[place[:3]])
                name = library_name(call.callee)
                if name and (isinstance(call.callee, External) or not edges):
                    return self._library_gives_fresh(func, root, name)
                return bool(edges) and all(self._gives_fresh(e.func, call.dsts.index(root), during, depth + 1) for e in edges)
        return False

    def _own_argument(self, func: int, reg: Reg) -> bool:
        """Whether a register is something that each call of an entry point is given anew, its receiver aside."""
        facts = self.index.funcs[func]
        method = facts is not None and facts.recv is not None
        if not method <= reg < self.index.bodies[func].params or any(e.kind != "root" for e in self.edges.into(func)):
            return False
        threads = self.threads.started(func)
        return bool(threads) and all(t.kind in _OWN_ARGUMENTS for t in threads)

    def _library_gives_fresh(self, func: int, root: Reg, name: str) -> bool:
        model = self.bodies.models.function(name)
        if model is not None and model.returns == "held":
            return all(self.heap.objects.all[o].kind == "result" for o in members(self.heap.points(func, root)))
        return model is not None and model.returns in ("fresh", "own")

    def makes(self, func: int, root: Reg, during: int = ALWAYS, depth: int = 0) -> tuple[Spot, ...]:
        """The events that make what a register has, where it has the last one that they made; none where it may have another one."""
        place = self.index.place(func, root)
        if place is None or not isinstance(place.event, Phi):
            return (place[1:3] if place is not None else BEGIN,) if self.fresh(func, root, during, depth) else ()
        constants = self.bodies.paths(func).constants
        web: dict[Reg, Place] = {}
        made: dict[Reg, Spot] = {}
        pending = [root]
        while pending:
            reg = self._value(func, pending.pop())
            at = self.index.place(func, reg)
            if reg in web or reg in made or constants.get(reg) == "nil":
                continue
            if at is None or (not isinstance(at.event, Phi) and not self.fresh(func, reg, during, depth + 1)):
                return ()
            if isinstance(at.event, Phi):
                web[reg] = at
                pending.extend(at.event.args)
            else:
                made[reg] = at[1:3]
        spots = tuple(sorted(made.values()))
        if all(self._taken(func, reg, spot, web, spots) for reg, spot in made.items()):
            return spots
        chosen = place[1:3]  # the choice itself, where it never takes one object twice
        return () if any(reaches(self.index.bodies[func].blocks, chosen, chosen, (spot,)) for spot in spots) else (chosen,)

    def values(self, func: int, root: Reg) -> list[Reg]:
        """A register, and those whose values it may have."""
        found = [root]
        for reg in found:
            place = self.index.place(func, reg)
            if place is not None and isinstance(place.event, Phi):
                found.extend(r for r in dict.fromkeys(self._value(func, a) for a in place.event.args) if r not in found)
        return found

    def _value(self, func: int, reg: Reg) -> Reg:
        """The register that a value comes from, conversions aside."""
        path = self.bodies.paths(func).of(reg)
        return path.root if isinstance(path.root, int) and not path.fields else reg

    def _taken(self, func: int, reg: Reg, spot: Spot, web: dict[Reg, Place], spots: tuple[Spot, ...]) -> bool:
        """Whether a new object is taken for the variable wherever control goes on from where it is made, until another one is made."""
        blocks = self.index.bodies[func].blocks
        others = frozenset(block for block, _ in spots)
        before = predecessors(blocks)
        heads: dict[int, list[Phi]] = {}
        for place in web.values():
            assert isinstance(place.event, Phi)
            heads.setdefault(place.block, []).append(place.event)
        seen: set[int] = set()
        pending = [spot[0]] if all(spot >= other or spot[0] != other[0] for other in spots) else []
        while pending:
            block = pending.pop()
            for succ in blocks[block].succs:
                if succ in heads:
                    if any(self._value(func, phi.args[before[succ].index(block)]) != reg for phi in heads[succ]):
                        return False
                elif succ not in seen and succ not in others:
                    seen.add(succ)
                    pending.append(succ)
        return True

    def _gives_fresh(self, func: int, number: int, during: int, depth: int) -> bool:
        """Whether a function's result is always new."""
        paths = self.bodies.paths(func)
        for returned in self.index.returns[func]:
            if number >= len(returned.values):
                return False
            value = returned.values[number]
            if paths.constants.get(value) == "nil":
                continue
            path = self.bodies.normal(func, paths.of(value))
            if not isinstance(path.root, int) or self.sources(func, path, during, depth) is None:
                return False
            if during != ALWAYS and self.leaks.of(func, path.root):
                return False
        return True

    # ------------------------------------------------------------ fields

    def sources(self, func: int, path: Path, during: int = ALWAYS, depth: int = 0) -> Sources | None:
        """The new objects that a path leads through, if each is made anew with the one that holds it."""
        key = (func, path, during)
        if key not in self._found:
            self._found[key] = None  # a value that rests on itself
            if isinstance(path.root, int) and depth <= _DEPTH and self.fresh(func, path.root, during, depth):
                self._found[key] = self._inside(func, path.root, path.fields, during, depth)
        return self._found[key]

    def _inside(self, func: int, root: Reg, fields: tuple[str, ...], during: int, depth: int) -> Sources | None:
        """What fields of a new object lead to, if it was put there for it alone."""
        objects = self.heap.points(func, root)
        found: list[Source | None] = [Source(func, root)]
        if self._is_part(objects, fields):
            return (Source(func, root),)
        if fields:
            found.extend(self._copied(objects, fields, during, depth))
            found.extend(self._copied_by_library(func, root, fields, during, depth))
        for number, written in enumerate(fields):
            rest = fields[number + 1 :]
            if written.startswith(CAPTURED):
                found.extend(self._captured(objects, int(written.removeprefix(CAPTURED) or 0), rest, during, depth))
                break
            field = named(written)
            for kept in self.puts.into(objects, field, during):
                found.extend(self._given(kept, rest, during, depth))
            inner = self.heap.follow(objects, field)
            if not all(self.heap.objects.all[o].kind == "part" for o in members(inner)):
                break  # what is stored was followed by its own path
            objects = inner
            for kept in self.puts.over(objects, rest, during):
                found.extend(self._given(kept, rest, during, depth))
        return None if None in found else tuple(dict.fromkeys(s for s in found if s is not None))

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

    def _given(self, kept: Kept, rest: tuple[str, ...], during: int, depth: int) -> Sequence[Source | None]:
        """What a store puts in, if it is new, and new again for each object that it stores into."""
        paths = self.bodies.paths(kept.func)
        if paths.constants.get(kept.src) == "nil":
            return ()
        value = self.bodies.normal(kept.func, paths.of(kept.src).plus(*rest))
        holder = self.bodies.normal(kept.func, paths.of(kept.base)).root
        return self._new(kept.func, value, holder, self.puts.spot(kept), during, depth)

    def _new(self, func: int, value: Path, holder: Reg | str, put: Spot, during: int, depth: int) -> Sequence[Source | None]:
        sources = self.sources(func, value, during, depth + 1)
        if sources is None and not self.resolver.objects(Anchored(func, value)):
            return ()  # it is always nil
        if sources is None or not isinstance(value.root, int) or not self._renewed(func, holder, value.root, put):
            return (None,)
        return [s._replace(put=put) if (s.func, s.root) == (func, value.root) else s for s in sources]

    def _renewed(self, func: int, holder: Reg | str, value: Reg, put: Spot) -> bool:
        """Whether no two holders get the same value: it is made again between two of them, or between two times that it is put into one."""
        made = self.makes(func, value)
        if not made:
            return False
        blocks = self.index.bodies[func].blocks
        if put != NOWHERE and not reaches(blocks, put, put, made):
            return True
        spots = self._made_at(func, holder) if isinstance(holder, int) else ()
        return not any(reaches(blocks, spot, other, made) for spot in spots for other in spots if spot not in made)

    def _made_at(self, func: int, reg: Reg) -> tuple[Spot, ...]:
        place = self.index.place(func, reg)
        return self.makes(func, reg) or ((place[1:3],) if place is not None else ())

    def _copied(self, objects: Bits, fields: tuple[str, ...], during: int, depth: int) -> Sequence[Source | None]:
        """What a copy of a struct has of the original and is not set anew."""
        found: list[Source | None] = []
        for o in members(objects):
            obj = self.heap.objects.all[o]
            made = self.index.maker(obj) if obj.kind == "alloc" else None
            if isinstance(made, Clone) and fields[0] not in self.heap.overwritten.renewed(obj.func, obj.block, obj.place):
                source = self.bodies.normal(obj.func, self.bodies.paths(obj.func).of(made.src).plus(*fields))
                found.extend(self._new(obj.func, source, made.dst, NOWHERE, during, depth))
        for kept in self.puts.over(objects, fields, during):
            found.extend(self._given(kept, fields, during, depth))
        return found

    def _copied_by_library(self, func: int, root: Reg, fields: tuple[str, ...], during: int, depth: int) -> Sequence[Source | None]:
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
                found.extend(self._new(func, original, root, NOWHERE, during, depth))
        return found

    def _captured(self, values: Bits, number: int, rest: tuple[str, ...], during: int, depth: int) -> Sequence[Source | None]:
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
            found.extend(self._new(o.func, value, made.dst, (o.block, o.place), during, depth))
        return found
