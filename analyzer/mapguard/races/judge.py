"""Pairs of contexts of one map to races: what both can reach, what can overlap, and what no lock keeps apart."""

from collections.abc import Hashable, Iterator
from operator import itemgetter
from typing import NamedTuple

from mapguard.bodies.summaries import Bodies
from mapguard.heap.heap import Heap
from mapguard.heap.tabling import Bits, members
from mapguard.models.load import Models
from mapguard.order.after import After
from mapguard.order.ancestry import Ancestry
from mapguard.order.edges import Edges
from mapguard.order.joins import Joins
from mapguard.order.threads import NO_SITE, Threads
from mapguard.races.accesses import Access, accesses
from mapguard.races.contexts import Anchored, Climber, Context
from mapguard.races.escape import Escape
from mapguard.races.exclusion import Exclusion
from mapguard.races.handover import Handover
from mapguard.races.meeting import Meeting
from mapguard.races.resolve import Resolver
from mapguard.races.timing import Timing

_CONTEXTS = 60  # of one access


class Race(NamedTuple):
    """Two contexts that can touch one map at the same time."""

    obj: int
    a: Context
    b: Context


def _other_element(a: Anchored, b: Anchored) -> bool:
    """Whether two paths part at constant keys or indices of one container."""
    if a.path.root != b.path.root or (a.func != b.func and not isinstance(a.path.root, str)):
        return False
    parting = next(((x, y) for x, y in zip(a.path.fields, b.path.fields, strict=False) if x != y), None)
    return parting is not None and parting[0].startswith("[#") and parting[1].startswith("[#")


class Judge:
    def __init__(self, heap: Heap, models: Models) -> None:
        self.heap = heap
        self.index = heap.index
        self.bodies = Bodies(heap, models)
        self.edges = Edges(heap, models)
        self.threads = Threads(self.edges, models)
        self.climber = Climber(self.bodies, self.edges, self.threads)
        self.escape = Escape(self.bodies, self.edges)
        self.resolver = Resolver(heap)
        self.handover = Handover(self.bodies, self.escape)
        self.timing = Timing(After(self.edges), Joins(heap, models), Ancestry(self.edges, self.threads))
        self.meeting = Meeting(self.timing, self.escape, self.handover)
        self.exclusion = Exclusion(self.resolver, self.escape, self.timing)
        self._contexts: dict[Access, list[Context]] = {}

    # ------------------------------------------------------------ maps

    def races(self) -> Iterator[Race]:
        """The first race of each map, and of each variable that holds one."""
        for obj, found in self._by_site():
            race = self._race(obj, found)
            if race is not None:
                yield race

    def _by_site(self) -> list[tuple[int, list[Access]]]:
        """The accesses of each map that is written, and of each variable for a map that is set, with the first object of its site."""
        every = list(accesses(self.bodies))
        stored = {a.slot for a in every if a.op == "replace"}
        found: dict[Hashable, tuple[int, list[Access]]] = {}
        for access in every:
            if access.slot and access.slot not in stored:
                continue
            for number in members(self.resolver.accessed(access)):
                _, group = found.setdefault((self.heap.objects.site(number), access.slot), (number, []))
                if access not in group:
                    group.append(access)
        return sorted((g for g in found.values() if any(a.writes for a in g[1])), key=itemgetter(0))

    def contexts(self, access: Access) -> list[Context]:
        known = self._contexts.get(access)
        if known is None:
            simple = not access.slot and not access.inner
            taken = self.handover.taken_out(access.func, access.reg, access.block, access.place) if simple else frozenset()
            found = [c for c in self.climber.contexts(access, taken) if c.thread.kind not in ("init", "unused") and not self._owned(c)]
            known = self._contexts[access] = found[:_CONTEXTS]
        return known

    def _race(self, obj: int, group: list[Access]) -> Race | None:
        same = self.heap.objects.same_site(obj)
        found = self._on(same, [a for a in group if a.writes])
        if not found:
            return None
        found.extend(self._on(same, [a for a in group if not a.writes]))
        found.sort(key=lambda c: (not c.access.writes, len(c.chain)))
        for number, a in enumerate(found):
            for b in found[number:]:
                writes = a.access.writes or b.access.writes
                if writes and self._may_be_one(a, b, same) and self.meeting.meet(a, b) and not self.exclusion.excluded(a, b):
                    return Race(obj, a, b)
        return None

    def _on(self, same: Bits, group: list[Access]) -> list[Context]:
        """The contexts of some accesses in which they are of one of these objects."""
        return [c for access in group for c in self.contexts(access) if self._objects(c) & same]

    def _may_be_one(self, a: Context, b: Context, same: Bits) -> bool:
        """Whether the two maps can be one object of the site."""
        if _other_element(a.map, b.map):
            return False
        theirs = self._objects(b) & same
        return any(self.heap.objects.compatible(o) & theirs for o in members(self._objects(a) & same))

    def _objects(self, c: Context) -> Bits:
        return self.resolver.holders(c.map) if c.access.slot else self.resolver.objects(c.map)

    # ------------------------------------------------------------ one map

    def _owned(self, c: Context) -> bool:
        """Whether the access comes before anybody else can reach the map: in none of the functions on the way to it from where the map is
        made has it been let out before."""
        func, path = c.map
        if not isinstance(path.root, int) or self.meeting.home(c).start != NO_SITE:
            return False
        way = self.climber.way(c)
        if not self.escape.owned(func, path, way[-1][1]):
            return False
        return not any(isinstance(a.path.root, int) and self.escape.leaked(a.func, a.path.root, where) for a, where in way[:-1])
