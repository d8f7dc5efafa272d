"""Pairs of contexts of one map to races: what both can reach, what can overlap, and what no lock keeps apart."""

from collections.abc import Hashable, Iterator
from operator import itemgetter
from typing import NamedTuple

from mapguard.bodies.summaries import Bodies
from mapguard.heap.heap import Heap
from mapguard.heap.objects import OUTSIDE
from mapguard.heap.tabling import Bits, members
from mapguard.models.load import Models
from mapguard.order.after import After
from mapguard.order.ancestry import Ancestry
from mapguard.order.edges import Edges
from mapguard.order.joins import Joins
from mapguard.order.threads import Threads
from mapguard.races.accesses import Access, accesses
from mapguard.races.contexts import Anchored, Climber, Context
from mapguard.races.escape import Escape
from mapguard.races.exclusion import Exclusion
from mapguard.races.handover import Handover
from mapguard.races.meeting import Meeting
from mapguard.races.provenance import Provenance
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
        self.provenance = Provenance(self.bodies, self.edges, self.resolver)
        self.handover = Handover(self.bodies, self.escape)
        self.timing = Timing(After(self.edges), Joins(heap, models), Ancestry(self.edges, self.threads))
        self.meeting = Meeting(self.timing, self.escape, self.handover)
        self.exclusion = Exclusion(self.resolver, self.escape, self.timing)
        self._contexts: dict[Access, list[Context]] = {}

    # ------------------------------------------------------------ maps

    def races(self) -> Iterator[Race]:
        """The first race of each map."""
        for obj, found in self._by_site():
            race = self._race(obj, found)
            if race is not None:
                yield race

    def _by_site(self) -> list[tuple[int, list[Access]]]:
        """The accesses of each map that is written, with the first object of its site. Maps from outside are told apart by their fields."""
        found: dict[Hashable, tuple[int, list[Access]]] = {}
        for access in accesses(self.bodies):
            if access.op == "replace":
                continue
            for number in members(self.heap.points(access.func, access.reg)):
                site: Hashable = self.heap.objects.site(number)
                if self.heap.objects.all[self.heap.objects.origin(number)].kind == "outside":
                    named = next((f for f in reversed(access.path.fields) if "." in f), "")
                    if not named:
                        continue
                    site = (site, named)
                _, group = found.setdefault(site, (number, []))
                if access not in group:
                    group.append(access)
        return sorted((g for g in found.values() if any(a.writes for a in g[1])), key=itemgetter(0))

    def contexts(self, access: Access) -> list[Context]:
        known = self._contexts.get(access)
        if known is None:
            taken = self.handover.taken_out(access.func, access.reg, access.block, access.place) if access.op != "replace" else frozenset()
            reached = [self.provenance.traced(c) for c in self.climber.contexts(access, taken)]
            found = [c for c in reached if c.thread.kind not in ("init", "unused") and not self._owned(c)]
            known = self._contexts[access] = found[:_CONTEXTS]
        return known

    def _race(self, obj: int, group: list[Access]) -> Race | None:
        reached = [c for access in group for c in self.contexts(access)]
        for c in reached:
            self._objects(c)  # all objects of the site are known before they are compared
        same = self.heap.objects.same_site(obj)
        found = [c for c in reached if self._objects(c) & same or self._outside(obj)]
        found.sort(key=lambda c: (not c.access.writes, len(c.chain)))
        for number, a in enumerate(found):
            for b in found[number:]:
                writes = a.access.writes or b.access.writes
                if writes and self._may_be_one(a, b, same) and self.meeting.meet(a, b) and not self.exclusion.excluded(a, b):
                    return Race(obj, a, b)
        return None

    def _may_be_one(self, a: Context, b: Context, same: Bits) -> bool:
        """Whether the two maps can be one object of the site."""
        if _other_element(a.map, b.map):
            return False
        theirs = self._objects(b) & same
        mine = self._objects(a) & same
        return not mine or not theirs or any(self.heap.objects.compatible(o) & theirs for o in members(mine))

    def _outside(self, obj: int) -> bool:
        return self.heap.objects.all[self.heap.objects.origin(obj)].kind in OUTSIDE

    def _objects(self, c: Context) -> Bits:
        """What the map may be: by the path to where it comes from, and by that to the function value that captured it."""
        found = self.resolver.objects(c.map)
        for hop in c.hops[:1]:
            found = self.heap.objects.common(found, self.resolver.objects(hop.whole))
        return found

    # ------------------------------------------------------------ one map

    def _owned(self, c: Context) -> bool:
        """Whether the access comes before anybody else can reach the map."""
        func, path = c.map
        if not isinstance(path.root, int) or not self.escape.owns(func, path):
            return False
        home = self.meeting.home(c)
        return home.start is None and self.escape.owned(func, path.root, home.where)
