"""Two locks, each held at one of two accesses, to whether they must be one lock where the two maps are one map.

Conditional must-alias: the other side of the conditional must-not-alias of Naik and Aiken (POPL 2007).
"""

from itertools import product
from typing import NamedTuple

from mapguard.bodies.paths import Path, is_element
from mapguard.bodies.translate import Translator
from mapguard.heap.objects import OUTSIDE, Objects
from mapguard.heap.tabling import members
from mapguard.ir.flow import reaches
from mapguard.order.after import SAME, Where
from mapguard.order.stops import NEVER, Renewal
from mapguard.order.threads import NO_SITE
from mapguard.races.contexts import Anchored, Context
from mapguard.races.escape import Escape
from mapguard.races.resolve import Resolver
from mapguard.races.timing import Timing


class _Relation(NamedTuple):
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


class SameLock:
    def __init__(self, translator: Translator, resolver: Resolver, escape: Escape, timing: Timing) -> None:
        self.translator = translator
        self.resolver = resolver
        self.objects: Objects = resolver.heap.objects
        self.index = resolver.index
        self.escape = escape
        self.timing = timing
        self._may: dict[tuple[Anchored, Anchored], bool] = {}
        self._known: dict[tuple[Anchored, Anchored, Anchored, Anchored], bool] = {}

    def must(self, a: Context, lock: Anchored, b: Context, other: Anchored) -> bool:
        """Whether the two locks are one wherever the two maps are."""
        return self.beside(a, lock, b, other) or self.of_one_activation(a, lock, b, other)

    def beside(self, a: Context, lock: Anchored, b: Context, other: Anchored) -> bool:
        """Whether the two locks are one by where they are made and how they lie to the maps, whichever ways lead to the accesses."""
        if not self._may_be_one(lock, other):
            return False
        these = self.resolver.places(lock)
        if these == self.resolver.places(other) and these.bit_count() == 1 and self.once(members(these)[0]):
            return True
        return any(self._beside(m, lock, n, other) for m, n in product(_maps(a), _maps(b)))

    def of_one_activation(self, a: Context, lock: Anchored, b: Context, other: Anchored) -> bool:
        """Whether the two locks are one that an activation of a function has, and all who can have its map meanwhile hold it."""
        return lock == other and a.map == b.map and self._may_be_one(lock, other) and self._of_one_activation(a, b, lock)

    def _may_be_one(self, lock: Anchored, other: Anchored) -> bool:
        key = (lock, other)
        known = self._may.get(key)
        if known is None:
            those = self.resolver.places(other)
            known = self._may[key] = any(self.objects.compatible(o) & those for o in members(self.resolver.places(lock)))
        return known

    def _beside(self, map_: Anchored, lock: Anchored, other_map: Anchored, other: Anchored) -> bool:
        key = (map_, lock, other_map, other)
        if key not in self._known:
            self._known[key] = self._compared(*key)
        return self._known[key]

    def _compared(self, map_: Anchored, lock: Anchored, other_map: Anchored, other: Anchored) -> bool:
        """Whether the locks lie alike to the maps, whichever of several values the maps are."""
        mine = [self._relations(m, lock) for m in self._alternatives(map_)]
        theirs = [self._relations(m, other) for m in self._alternatives(other_map)]
        return all(any(self._lie_alike(p, q) for p, q in product(x, y)) for x, y in product(mine, theirs))

    # ------------------------------------------------------------ beside the map

    def _relations(self, map_: Anchored, lock: Anchored) -> list[_Relation]:
        """How a lock lies to a map, by each path that is known of the two."""
        found: list[_Relation] = []
        for m, k in product((*self._forms(map_), *self._places(map_)), self._forms(lock)):
            if m.path.root != k.path.root or (m.func != k.func and not isinstance(m.path.root, str)):
                continue
            common = 0
            while common < min(len(m.path.fields), len(k.path.fields)) and m.path.fields[common] == k.path.fields[common]:
                common += 1
            holder = Anchored(m.func, Path(m.path.root, m.path.fields[:common]))
            relation = _Relation(holder, m.path.fields[common:], k.path.fields[common:])
            if relation not in found and not self._in_copy(relation):
                found.append(relation)
        return found

    def _alternatives(self, anchored: Anchored) -> list[Anchored]:
        """The paths that a path may stand for, where its root is one of several values."""
        return [Anchored(anchored.func, p) for p in self.translator.alternatives(anchored.func, anchored.path)]

    def _forms(self, anchored: Anchored) -> list[Anchored]:
        return [Anchored(anchored.func, p) for p in self.translator.forms(anchored.func, anchored.path)]

    def _places(self, anchored: Anchored) -> list[Anchored]:
        """The paths of the places that a function puts its own new map into."""
        func, path = anchored
        if path.fields or not isinstance(path.root, int):
            return []
        return [Anchored(func, p) for p in self.translator.places(func, path.root)]

    def _in_copy(self, r: _Relation) -> bool:
        """Whether the lock is in a struct that a function was passed as a value: each call has a copy of it."""
        func, path = r.holder
        if path.fields or not isinstance(path.root, int) or path.root >= self.index.bodies[func].params:
            return False
        type_ = self.index.bodies[func].types[path.root]
        if not self.index.types.is_storage(type_):
            return False
        return not r.lock or (len(r.lock) == 1 and self.translator.fields.storage(type_, r.lock[0]) is not None)

    def _lie_alike(self, p: _Relation, q: _Relation) -> bool:
        shapes = p.shape(), q.shape()
        if None in shapes or (p.lock != q.lock and shapes[0] != shapes[1]):
            return False
        if shapes[0] != shapes[1] and any(is_element(f) for f in p.lock):
            return False
        return self._held_once(p, q)

    def _held_once(self, p: _Relation, q: _Relation) -> bool:
        """Whether no map that both sides may mean can be that of two of the objects which the locks lie in."""
        if any(r.map and self._from_outside(r) and self._passed_on(r) for r in (p, q)):
            return False
        mine, theirs = self._holders(p), self._holders(q)
        return all(
            self._one_for_each(map_, [*holders, *others])
            for map_, holders in mine.items()
            for other, others in theirs.items()
            if self.objects.compatible(map_) >> other & 1
        )

    def _holders(self, r: _Relation) -> dict[int, list[int]]:
        """The objects that the maps of a relation are reached from, by map."""
        found: dict[int, list[int]] = {}
        for holder in members(self.resolver.objects(r.holder)) if r.map else ():
            for map_ in members(self.resolver.follow(1 << holder, r.map)):
                found.setdefault(map_, []).append(holder)
        return found

    def _from_outside(self, r: _Relation) -> bool:
        return any(self.objects.all[self.objects.origin(h)].kind in OUTSIDE for h in members(self.resolver.objects(r.holder)))

    def _one_for_each(self, map_: int, holders: list[int]) -> bool:
        """Whether an object stands for a map that each object of the holders has for itself."""
        first = holders[0]
        if any(not self.objects.compatible(first) >> h & 1 for h in holders[1:]):
            return False
        return not self._made_again(self.objects.origin(first), self.objects.origin(map_))

    def _passed_on(self, r: _Relation) -> bool:
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

    def _made_again(self, one: int, other: int) -> bool:
        """Whether one object can be made twice while another is made once, in a function where both are."""
        mine, theirs = self.resolver.heap.spots(one), self.resolver.heap.spots(other)
        for func, spot in mine.items():
            if func in theirs:
                beside = theirs[func]
                return spot != beside and reaches(self.index.bodies[func].blocks, spot, spot, (beside,))
        return False

    def once(self, obj: int) -> bool:
        """Whether an abstract object stands for a single one."""
        o = self.objects.all[self.objects.origin(obj)]
        if o.kind == "global":
            return True
        if o.kind != "alloc":
            return False
        spots = list(self.resolver.heap.spots(self.objects.origin(obj)).items())
        for func, spot in spots[:-1]:
            if reaches(self.index.bodies[func].blocks, spot, spot, ()):
                return False
        func, spot = spots[-1]
        return not self.timing.runs_again((func, *spot)) and not any(self.timing.many(t) for t in self.timing.ancestry.running(func))

    # ------------------------------------------------------------ in one activation

    def _of_one_activation(self, a: Context, b: Context, lock: Anchored) -> bool:
        """Whether a lock that one activation of a function has is that of every thread which can reach the map meanwhile."""
        func, path = lock
        if not isinstance(path.root, int) or not isinstance(a.map.path.root, int):
            return False
        made = self.index.place(func, path.root)
        own = self.index.place(a.map.func, a.map.path.root)
        if own is None and (a.map.func != func or self._is_receiver(a.map)):
            return False
        if own is not None and not self.escape.owns(*a.map):
            return False
        if made is None:
            return a.map.func == func
        again = Renewal(frozenset([own[:3]])) if own is not None else NEVER
        return not any(self._runs_beside(made[:3], c, a.map.func, again) for c in (a, b))

    def _is_receiver(self, anchored: Anchored) -> bool:
        """Whether a path starts from the receiver of a method: calls share it, where each has arguments of its own."""
        facts = self.index.funcs[anchored.func]
        return anchored.path.root == 0 and facts is not None and facts.recv is not None

    def _runs_beside(self, where: Where, c: Context, outermost: int, again: Renewal) -> bool:
        """Whether an event can happen again while a thread that leads to an access has not done it."""
        threads = frozenset((SAME, *(t.site for t in self.timing.ancestry.running(where[0]) if t.site != NO_SITE)))
        inside = False
        for edge in c.chain:
            inside = inside or self.index.sites[edge.site].func == outermost
            if not inside or edge.kind not in ("go", "root", "parallel"):
                continue
            if edge.many or self.timing.until(edge.site, c, again, outermost).has(where, threads):
                return True
        return False


def _maps(c: Context) -> list[Anchored]:
    """The map of a context by each of its paths."""
    return [c.map, *(hop.whole for hop in c.hops)]
