"""Maps and locks that are reached from one kind of object to whether each map lies in one object of it, and so has one lock.

Two abstract holders of one abstract map are no two holders of one map where each map, once it is made, is put into one of them.
"""

from typing import NamedTuple

from mapguard.bodies.paths import CAPTURED, EMBEDDED, Path, is_element
from mapguard.bodies.translate import Translator
from mapguard.heap.fields import LIBRARY
from mapguard.heap.index import Kept, Place
from mapguard.heap.objects import OUTSIDE, Objects
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import reaches
from mapguard.ir.model import CELL, ELEM, Phi
from mapguard.races.again import has_again
from mapguard.races.contexts import Anchored
from mapguard.races.escape import Escape
from mapguard.races.puts import NOWHERE
from mapguard.races.resolve import Resolver
from mapguard.races.timing import Timing


class Relation(NamedTuple):
    """How a lock lies to a map: the object that both are reached from, and the fields from there to each."""

    holder: Anchored
    map: tuple[str, ...]
    lock: tuple[str, ...]

    def shape(self) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """The fields without the names of indices; None where an index decides which lock it is, but not which map."""
        names: dict[str, str] = {}
        for field in self.map:
            if is_element(field) and not field.startswith("[#"):
                names.setdefault(field, f"[{len(names)}]")
        if any(is_element(f) and not f.startswith("[#") and f not in names for f in self.lock):
            return None
        return tuple(names.get(f, f) for f in self.map), tuple(names.get(f, f) for f in self.lock)


class Holders:
    def __init__(self, translator: Translator, resolver: Resolver, escape: Escape, timing: Timing) -> None:
        self.translator = translator
        self.resolver = resolver
        self.heap = resolver.heap
        self.objects: Objects = resolver.heap.objects
        self.index = resolver.index
        self.escape = escape
        self.timing = timing
        self._once: dict[tuple[int, str, Bits], bool] = {}

    def one_each(self, p: Relation, q: Relation) -> bool:
        """Whether no map that both sides may mean can be that of two of the objects which the locks lie in."""
        if any(r.map and self._from_outside(r) and self._passed_on(r) for r in (p, q)):
            return False
        mine, theirs = self._holders(p), self._holders(q)
        return all(
            self._one_for_each(map_, [*holders, *others]) or self._in_one(p, q, map_, [*holders, *others])
            for map_, holders in mine.items()
            for other, others in theirs.items()
            if self.objects.compatible(map_) >> other & 1
        )

    def _holders(self, r: Relation) -> dict[int, list[int]]:
        """The objects that the maps of a relation are reached from, by map."""
        found: dict[int, list[int]] = {}
        holders = self.heap.with_field(self.resolver.objects(r.holder), r.map[0]) if r.map else 0
        for holder in members(holders):
            for map_ in members(self.resolver.follow(1 << holder, r.map)):
                found.setdefault(map_, []).append(holder)
        return found

    def _from_outside(self, r: Relation) -> bool:
        return any(self.objects.all[self.objects.origin(h)].kind in OUTSIDE for h in members(self.resolver.objects(r.holder)))

    def _one_for_each(self, map_: int, holders: list[int]) -> bool:
        """Whether an object stands for a map that each object of the holders has for itself."""
        made = [h for h in holders if self.objects.all[self.objects.origin(h)].kind not in OUTSIDE]
        holders = made or holders  # an object from outside that has the map of one made here is that one: nobody passes the map on
        first = holders[0]
        if any(not self.objects.compatible(first) >> h & 1 for h in holders[1:]):
            return False
        one, other = self.objects.origin(first), self.objects.origin(map_)
        if self.objects.all[one].kind in OUTSIDE and self.objects.all[other].kind not in OUTSIDE:
            return False  # many objects: what the tree puts into one of them it may put into others
        return not self._made_again(one, other)

    def _passed_on(self, r: Relation) -> bool:
        """Whether one holder gets its map from another that keeps it, but not the lock."""
        field, lock = r.map[0], r.lock[0] if r.lock else ""
        locks = [k for stores in self.index.kept((lock, None)) for k in stores.all()] if lock else []
        for stores in self.index.kept((field, None)) if not is_element(field) else ():
            for kept in stores.all():
                paths = self.translator.paths(kept.func)
                base, src = paths.of(kept.base), paths.of(kept.src)
                if src.fields[-1:] == (field,) and src.root != base.root and not self._replaced(kept.func, field, src):
                    both = [k for k in locks if k.func == kept.func and paths.of(k.base) == base]
                    if not any(paths.of(k.src) == Path(src.root, (*src.fields[:-1], lock)) for k in both):
                        return True
        return False

    def _replaced(self, func: int, field: str, slot: Path) -> bool:
        """Whether a function also puts something else into a place."""
        paths = self.translator.paths(func)
        stored = (k for stores in self.index.kept((field, None)) for k in stores.all() if k.func == func)
        return any(paths.of(k.base).plus(field) == slot for k in stored)

    # ------------------------------------------------------------ by where they are made

    def once(self, obj: int) -> bool:
        """Whether an abstract object stands for a single one."""
        o = self.objects.all[self.objects.origin(obj)]
        if o.kind == "global":
            return True
        if o.kind != "alloc":
            return False
        spots = list(self.heap.spots(self.objects.origin(obj)).items())
        for func, spot in spots[:-1]:
            if reaches(self.index.bodies[func].blocks, spot, spot, ()):
                return False
        func, spot = spots[-1]
        threads = self.timing.ancestry.used(func)
        return len(threads) <= 1 and not self.timing.runs_again((func, *spot)) and not any(map(self.timing.many, threads))

    def _made_again(self, one: int, other: int) -> bool:
        """Whether one object can be made twice while another is made once, in a function where both are."""
        mine, theirs = self.heap.spots(one), self.heap.spots(other)
        for func, spot in mine.items():
            if func in theirs:
                beside = theirs[func]
                return spot != beside and reaches(self.index.bodies[func].blocks, spot, spot, (beside,))
        return False

    # ------------------------------------------------------------ by where the map is put

    def _in_one(self, p: Relation, q: Relation, map_: int, holders: list[int]) -> bool:
        """Whether every map that an object stands for is put into one holder only, by what is stored on the way from there to it."""
        fields = tuple(ELEM if is_element(f) else f for f in p.map)
        if fields != tuple(ELEM if is_element(f) else f for f in q.map):
            return False
        levels = [sum(1 << h for h in set(holders))]
        for field in fields:
            levels.append(self.resolver.follow(levels[-1], (field,)))
        children = self.objects.compatible(map_)
        for above, field in zip(levels[-2::-1], reversed(fields), strict=True):
            parents = 0
            for child in members(children & self.resolver.follow(above, (field,))):
                mine = sum(1 << o for o in members(above) if self.resolver.follow(1 << o, (field,)) & self.objects.compatible(child))
                if not self.put_once(child, field, mine):
                    return False
                parents |= mine
            children = parents
        return True

    def put_once(self, child: int, field: str, parents: Bits) -> bool:
        """Whether each object that ``child`` stands for comes into the field of one of the parents only."""
        key = (child, field, parents)
        known = self._once.get(key)
        if known is None:
            known = self._once[key] = self._stored_once(child, field, parents)
        return known

    def _stored_once(self, child: int, field: str, parents: Bits) -> bool:
        if self.objects.all[child].kind == "part":
            return True
        if self._one_for_each(child, members(parents)):
            return True
        if field in (CELL, LIBRARY) or field.startswith((CAPTURED, EMBEDDED)) or field in self.index.addressed:
            return False
        if any(self.is_copy(o, (field,), child) for o in members(parents)):
            return False
        stores = self._stores(child, field, parents)
        if not stores and self.objects.all[child].kind in OUTSIDE:
            return True  # it stands for what each holder had before the tree's code ran
        return bool(stores) and all(map(self._new_each_time, stores)) and not self._one_after_another(stores)

    def is_copy(self, number: int, fields: tuple[str, ...], child: int) -> bool:
        """Whether an object has what some fields lead to from another one, that it, or what it is a part of, was copied from."""
        o = self.objects.all[number]
        same = self.objects.compatible(child)
        if self.resolver.follow(self.heap.original(number), fields) & same:
            return True
        over = self.index.copies.get(self.index.struct(o.type))
        if any(self._brings(kept, number, fields, same) for kept in (over.all() if over is not None else ())):
            return True
        if o.kind != "part":
            return False
        into = self.index.kept(self.index.key(o.name, self.objects.all[o.parent].type))
        if any(self._brings(kept, o.parent, fields, same) for stores in into for kept in stores.all()):
            return True
        return self.is_copy(o.parent, (o.name, *fields), child)

    def _brings(self, kept: Kept, into: int, fields: tuple[str, ...], same: Bits) -> bool:
        """Whether a struct that is stored into an object has one of some objects in its fields."""
        return bool(self.resolver.follow(self.heap.points(kept.func, kept.src), fields) & same) and self.heap.goes_into(kept, 1 << into)

    def _stores(self, child: int, field: str, parents: Bits) -> list[Kept]:
        """The stores that put an object into the field."""
        found: dict[Kept, None] = {}
        for parent in members(parents):
            for stores in self.index.kept(self.index.key(field, self.objects.all[parent].type)):
                for kept in stores.all():
                    into = self.heap.goes_into(kept, parents)
                    if into and self.heap.points(kept.func, kept.src) & self.objects.compatible(child):
                        found[kept] = None
        return list(found)

    def _new_each_time(self, kept: Kept) -> bool:
        """Whether a store puts in another object each time, which its function has just made, or one that was there before."""
        spot = self.escape.made.puts.spot(kept)
        base = self.translator.paths(kept.func).of(kept.base)
        blocks = self.index.bodies[kept.func].blocks
        chosen = self._chosen(kept.func, self.translator.paths(kept.func).of(kept.src))
        for value in self._values(kept):
            if value.root == base.root and value.fields[: len(base.fields)] == base.fields and len(value.fields) > len(base.fields):
                continue
            made = () if value.fields or not isinstance(value.root, int) else self.escape.made.makes(kept.func, value.root)
            if not made or spot == NOWHERE:
                return False
            direct = chosen if chosen is not None and isinstance(chosen.event, Phi) and value.root in chosen.event.args else None
            for place in (Place(kept.func, *m, blocks[m[0]].events[m[1]]) for m in made):
                if has_again(self.index, place, direct, spot, spot):
                    return False
        return True

    def _values(self, kept: Kept) -> list[Path]:
        """What a store puts in: each of the values that a variable may have."""
        paths = self.translator.paths(kept.func)
        found = {paths.of(kept.src): None}
        pending = list(found)
        while pending:
            path = pending.pop()
            place = self._chosen(kept.func, path)
            if place is not None and isinstance(place.event, Phi):
                more = [p for a in place.event.args if paths.constants.get(a) != "nil" and (p := paths.of(a)) not in found]
                found.update(dict.fromkeys(more))
                pending.extend(more)
        return [p for p in found if self._chosen(kept.func, p) is None]

    def _chosen(self, func: int, path: Path) -> Place | None:
        """Where it is decided which of several values a variable has."""
        place = self.index.place(func, path.root) if isinstance(path.root, int) and not path.fields else None
        return place if place is not None and isinstance(place.event, Phi) else None

    def _one_after_another(self, stores: list[Kept]) -> bool:
        """Whether two stores put in what is made at one time: in one function, or in one that makes it for the other."""
        made: set[tuple[int, int, int]] = set()
        for kept in stores:
            for value in self._values(kept):
                for spot in self.escape.made.makes(kept.func, value.root) if isinstance(value.root, int) and not value.fields else ():
                    if (kept.func, *spot) in made:
                        return True
                    made.add((kept.func, *spot))
        inner = 0
        for place in made:
            site = self.index.site_at.get(place)
            inner |= self.heap.targets(site) if site is not None else 0
        return any(inner >> kept.func & 1 for kept in stores)
