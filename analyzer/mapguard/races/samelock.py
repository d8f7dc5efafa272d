"""Two locks, each held at one of two accesses, to whether they must be one lock where the two maps are one map.

Conditional must-alias: the other side of the conditional must-not-alias of Naik and Aiken (POPL 2007).
"""

from itertools import product

from mapguard.bodies.alternatives import Alternatives
from mapguard.bodies.paths import Path, is_element
from mapguard.bodies.translate import Translator
from mapguard.heap.objects import Objects
from mapguard.heap.tabling import members
from mapguard.order.after import SAME, Where
from mapguard.order.edges import Edge
from mapguard.order.stops import NEVER, Renewal
from mapguard.order.threads import NO_SITE
from mapguard.races.contexts import Anchored, Context
from mapguard.races.escape import Escape
from mapguard.races.holders import Holders, Relation
from mapguard.races.resolve import Resolver
from mapguard.races.timing import Timing


class SameLock:
    def __init__(self, translator: Translator, resolver: Resolver, escape: Escape, timing: Timing) -> None:
        self.translator = translator
        self.alternatives = Alternatives(translator)
        self.resolver = resolver
        self.objects: Objects = resolver.heap.objects
        self.index = resolver.index
        self.escape = escape
        self.timing = timing
        self.holders = Holders(translator, resolver, escape, timing)
        self._known: dict[tuple[Anchored, tuple[Edge, ...], Anchored, Anchored, tuple[Edge, ...], Anchored], bool] = {}

    def must(self, a: Context, lock: Anchored, b: Context, other: Anchored) -> bool:
        """Whether the two locks are one wherever the two maps are."""
        these, those = self.resolver.places(lock), self.resolver.places(other)
        if not these or not those or not any(self.objects.compatible(o) & those for o in members(these)):
            return False
        if not (_varies(lock.path) or _varies(other.path)):
            if these == those and these.bit_count() == 1 and self.holders.once(members(these)[0]):
                return True
            if lock == other and a.map.func == b.map.func and self._of_one_activation(a, b, lock):
                return True
        return any(self._beside(a, m, lock, b, n, other) for m, n in product(_maps(a), _maps(b)))

    def _beside(self, a: Context, map_: Anchored, lock: Anchored, b: Context, other_map: Anchored, other: Anchored) -> bool:
        key = (map_, self._above(a, map_), lock, other_map, self._above(b, other_map), other)
        if key not in self._known:
            self._known[key] = self._compared(*key)
        return self._known[key]

    def _above(self, c: Context, map_: Anchored) -> tuple[Edge, ...]:
        """The calls that lead to the function where a map comes from, if they can say more of it: it is one of several values there."""
        if self.alternatives.of(*map_) == ((map_.path,),):
            return ()
        number = next((n for n in range(len(c.chain) - 1, -1, -1) if c.chain[n].func == map_.func), -1)
        return c.chain[: number + 1]

    def _compared(
        self,
        map_: Anchored,
        above: tuple[Edge, ...],
        lock: Anchored,
        other_map: Anchored,
        other_above: tuple[Edge, ...],
        other: Anchored,
    ) -> bool:
        """Whether the locks lie alike to the maps, whichever of several values the maps are."""
        mine = [self._relations(m, lock) for m in self._values(map_, above)]
        theirs = [self._relations(m, other) for m in self._values(other_map, other_above)]
        return all(any(self._lie_alike(p, q) for p, q in product(x, y)) for x, y in product(mine, theirs))

    def _values(self, map_: Anchored, above: tuple[Edge, ...]) -> list[list[Anchored]]:
        """The values that a map may be, each by its paths, as seen from the function that it comes from and from those that call it."""
        found: list[list[Anchored]] = []
        for value in self.alternatives.of(*map_):
            paths = [map_]
            for path in value:
                paths.append(Anchored(map_.func, path))
                for edge in reversed(above):
                    at = paths[-1]
                    outer = self.translator.given(edge.site, at.func, at.path) if edge.func == at.func else None
                    if outer is None:
                        break
                    paths.append(Anchored(self.index.sites[edge.site].func, outer))
            found.append(list(dict.fromkeys(paths)))
        return found

    # ------------------------------------------------------------ beside the map

    def _relations(self, maps: list[Anchored], lock: Anchored) -> list[Relation]:
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
        if not isinstance(path.root, int) or not isinstance(a.map.path.root, int) or a.map != b.map:
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


def _varies(path: Path) -> bool:
    """Whether a path leads through an element that may be another one each time."""
    return any(is_element(f) and not f.startswith("[#") for f in path.fields)
