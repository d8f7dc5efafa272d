"""Two locks, each held at one of two accesses, to whether they must be one lock where the two maps are one map.

Conditional must-alias: the other side of the conditional must-not-alias of Naik and Aiken (POPL 2007).
"""

from itertools import product

from mapguard.bodies.paths import Path, is_element
from mapguard.bodies.translate import Translator
from mapguard.heap.objects import Objects
from mapguard.heap.tabling import members
from mapguard.order.after import SAME, Where
from mapguard.order.stops import NEVER, Renewal
from mapguard.order.threads import NO_SITE
from mapguard.races.contexts import Anchored, Context, Values
from mapguard.races.escape import Escape
from mapguard.races.holders import Holders, Relation
from mapguard.races.resolve import Resolver
from mapguard.races.timing import Timing


class SameLock:
    def __init__(self, translator: Translator, resolver: Resolver, escape: Escape, timing: Timing) -> None:
        self.translator = translator
        self.resolver = resolver
        self.objects: Objects = resolver.heap.objects
        self.index = resolver.index
        self.escape = escape
        self.timing = timing
        self.holders = Holders(translator, resolver, escape, timing)
        self._may: dict[tuple[Anchored, Anchored], bool] = {}
        self._known: dict[tuple[Values, Anchored, Values, Anchored], bool] = {}

    def must(self, a: Context, lock: Anchored, b: Context, other: Anchored) -> bool:
        """Whether the two locks are one wherever the two maps are."""
        return self.beside(a, lock, b, other) or self.of_one_activation(a, lock, b, other)

    def beside(self, a: Context, lock: Anchored, b: Context, other: Anchored) -> bool:
        """Whether the two locks are one by where they are made and how they lie to the maps, whichever ways lead to the accesses."""
        if not self._may_be_one(lock, other):
            return False
        these = self.resolver.places(lock)
        one = these == self.resolver.places(other) and these.bit_count() == 1 and not _varies(lock, other)
        if one and self.holders.once(members(these)[0]):
            return True
        return any(self._beside(m, lock, n, other) for m, n in product(_maps(a), _maps(b)))

    def of_one_activation(self, a: Context, lock: Anchored, b: Context, other: Anchored) -> bool:
        """Whether the two locks are one that an activation of a function has, and all who can have its map meanwhile hold it."""
        if lock != other or a.map != b.map or _varies(lock) or not self._may_be_one(lock, other):
            return False
        return self._of_one_activation(a, b, lock)

    def _may_be_one(self, lock: Anchored, other: Anchored) -> bool:
        key = (lock, other)
        known = self._may.get(key)
        if known is None:
            those = self.resolver.places(other)
            known = self._may[key] = any(self.objects.compatible(o) & those for o in members(self.resolver.places(lock)))
        return known

    def _beside(self, map_: Values, lock: Anchored, other_map: Values, other: Anchored) -> bool:
        key = (map_, lock, other_map, other)
        if key not in self._known:
            self._known[key] = self._compared(*key)
        return self._known[key]

    def _compared(self, map_: Values, lock: Anchored, other_map: Values, other: Anchored) -> bool:
        """Whether the locks lie alike to the maps, whichever of several values the maps are."""
        mine = [self._relations(m, lock) for m in map_]
        theirs = [self._relations(m, other) for m in other_map]
        return all(any(self._lie_alike(p, q) for p, q in product(x, y)) for x, y in product(mine, theirs))

    # ------------------------------------------------------------ beside the map

    def _relations(self, maps: tuple[Anchored, ...], lock: Anchored) -> list[Relation]:
        """How a lock lies to a map, by each path that is known of the two."""
        found: list[Relation] = []
        for m, k in product([form for map_ in maps for form in self._forms(map_)], self._forms(lock)):
            if m.path.root != k.path.root or (m.func != k.func and not isinstance(m.path.root, str)):
                continue
            common = 0
            while common < min(len(m.path.fields), len(k.path.fields)) and m.path.fields[common] == k.path.fields[common]:
                common += 1
            holder = Anchored(m.func, Path(m.path.root, m.path.fields[:common]))
            relation = Relation(holder, m.path.fields[common:], k.path.fields[common:])
            if relation not in found and not self._in_copy(relation):
                found.append(relation)
        return found

    def _forms(self, anchored: Anchored) -> list[Anchored]:
        return [Anchored(anchored.func, p) for p in self.translator.forms(anchored.func, anchored.path)]

    def _in_copy(self, r: Relation) -> bool:
        """Whether the lock is in a struct that a function was passed as a value: each call has a copy of it."""
        func, path = r.holder
        if path.fields or not isinstance(path.root, int) or path.root >= self.index.bodies[func].params:
            return False
        type_ = self.index.bodies[func].types[path.root]
        if not self.index.types.is_storage(type_):
            return False
        return not r.lock or (len(r.lock) == 1 and self.translator.fields.storage(type_, r.lock[0]) is not None)

    def _lie_alike(self, p: Relation, q: Relation) -> bool:
        shapes = p.shape(), q.shape()
        if None in shapes or (p.lock != q.lock and shapes[0] != shapes[1]):
            return False
        if shapes[0] != shapes[1] and any(is_element(f) for f in p.lock):
            return False
        return self.holders.one_each(p, q)

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
        return not inside and where[0] != outermost  # the thread has come from elsewhere, with a lock of its own


def _maps(c: Context) -> list[Values]:
    """The map of a context by each of its paths: as the values that it may be."""
    return [c.values or ((c.map,),), *(((hop.whole,),) for hop in c.hops)]


def _varies(*locks: Anchored) -> bool:
    """Whether a path leads through an element that may be another one each time."""
    return any(is_element(f) and not f.startswith("[#") for lock in locks for f in lock.path.fields)
