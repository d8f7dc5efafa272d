"""Pairs of contexts of one map to races: what both can reach, what can overlap, and what no lock keeps apart."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from functools import reduce
from typing import NamedTuple, TypeVar

from mapguard.base.budget import BudgetError
from mapguard.bodies.summaries import Bodies
from mapguard.heap.heap import Heap
from mapguard.heap.tabling import Bits, members
from mapguard.models.load import Models
from mapguard.order.activation import Activations
from mapguard.order.after import After, Where
from mapguard.order.ancestry import Ancestry
from mapguard.order.edges import Edges
from mapguard.order.endings import Endings
from mapguard.order.programs import ANY_PROGRAM, Programs
from mapguard.order.signals import Signalling
from mapguard.order.threads import Thread, Threads
from mapguard.order.turns import Turns
from mapguard.order.waiting import Waiting
from mapguard.races.accesses import Access
from mapguard.races.confined import Confined
from mapguard.races.contexts import Anchored, Climber, Context, Hop, Locks, Values
from mapguard.races.elements import Elements
from mapguard.races.escape import Escape
from mapguard.races.exclusion import Exclusion
from mapguard.races.handover import Handover
from mapguard.races.lent import Lent
from mapguard.races.loops import Loops
from mapguard.races.maps import Map, Maps
from mapguard.races.meeting import Meeting
from mapguard.races.pairs import Pairs
from mapguard.races.provenance import Provenance
from mapguard.races.resolve import Resolver
from mapguard.races.retained import Retained
from mapguard.races.samelock import SameLock
from mapguard.races.taken import Taken
from mapguard.races.timing import Timing
from mapguard.races.values import MapValues

MOST = 60  # ways to one access
_TOLD = 50  # maps between two words about how far it is
_Answer = TypeVar("_Answer")


class Filter(StrEnum):
    """Why a pair of contexts is no race."""

    BOTH_READ = "BOTH_READ"
    DIFFERENT_OBJECT = "DIFFERENT_OBJECT"
    CONFINED = "CONFINED"
    DIFFERENT_PROGRAM = "DIFFERENT_PROGRAM"
    OTHER_TURN = "OTHER_TURN"
    SAME_THREAD = "SAME_THREAD"
    ORDERED = "ORDERED"
    COMMON_LOCK = "COMMON_LOCK"


class Race(NamedTuple):
    """Two contexts that can touch one map at the same time."""

    obj: int
    a: Context
    b: Context


class _Side(NamedTuple):
    """What of a context tells without the order of events whether it can race. ``alone``: the function that the map comes from gets to the
    access on its own thread. ``sent``: the channels over which an event loop got what it runs."""

    writes: bool
    slot: bool
    map: Anchored
    hops: tuple[Hop, ...]
    values: Values
    locks: Locks
    thread: Thread
    programs: Bits
    alone: bool
    sent: Bits


class Judge:
    def __init__(self, heap: Heap, models: Models) -> None:
        self.heap = heap
        self.index = heap.index
        self.bodies = Bodies(heap, models)
        self.edges = Edges(heap, models)
        self.threads = Threads(self.edges, models)
        self.climber = Climber(self.bodies, self.edges, self.threads)
        self.resolver = Resolver(heap)
        after = After(self.edges)
        self.escape = Escape(self.bodies, self.edges, self.threads, self.resolver, after.runs)
        self.elements = Elements(self.bodies)
        self.provenance = Provenance(self.bodies, self.edges, self.resolver)
        self.values = MapValues(self.bodies, self.escape)
        self.handover = Handover(self.bodies, self.escape)
        self.taken = Taken(self.bodies, self.climber, self.escape, self.provenance)
        ancestry = Ancestry(self.edges, self.threads)
        signalling = Signalling(self.bodies, lambda func, path: self.resolver.places(Anchored(func, path)))
        order = after, Endings(Waiting(signalling, Activations(self.index)), self.edges, ancestry, after), ancestry
        self.timing = Timing(*order)
        self.programs = Programs(self.index)
        self.turns = Turns(self.timing.ancestry, self.timing.many)
        self.meeting = Meeting(self.timing, self.escape, self.handover, self.elements)
        self.one_caller = Meeting(Timing(*order, calls_at_once=False), self.escape, self.handover, self.elements)  # outside the tree
        same = SameLock(self.bodies.translator, self.resolver, self.escape, self.timing)
        retained = Retained(self.bodies, self.edges, self.threads, self.resolver, self.escape.made)
        self.confined = Confined(retained, same.holders, self.resolver)
        self.lent = Lent(self.bodies, self.timing, self.provenance)
        self.exclusion = Exclusion(same, Loops(self.bodies, self.resolver, self.timing), self.meeting.together_in)
        self.private: set[Access] = set()  # accesses that come before anybody else can reach the map, of those that were asked for
        self.found = Maps(self.bodies, self.resolver)
        self._ordered = Pairs(self._in_order, self.found)
        self._contexts: dict[Access, list[Context]] = {}
        self._numbers: dict[_Side, int] = {}
        self._first_of: list[Context] = []  # a context of each side
        self._apart: dict[tuple[int, int, int], Filter | None] = {}
        self._found: dict[tuple[bool, tuple[Anchored, ...]], Bits] = {}
        self.crowded: set[Access] = set()  # accesses with more ways to them than are judged
        self.stopped = ""  # what was over the budget
        self.unjudged: deque[Map] = deque()  # the maps that are left

    # ------------------------------------------------------------ maps

    def races(self) -> Iterator[Race]:
        """The first race of each map, and of each variable that holds one."""
        told: set[tuple[Access, Access]] = set()
        for race in self.each(self._race):
            if race is not None and (race.a.access, race.b.access) not in told:
                told.add((race.a.access, race.b.access))
                yield race

    def each(self, ask: Callable[[Map], _Answer], done: Callable[[int, int], None] | None = None) -> Iterator[_Answer]:
        """What is said of each map; nothing of those that an error hides. Over the budget this ends: ``stopped`` tells why, ``unjudged``
        which maps are left. ``done`` is told now and then how many of how many there are."""
        try:
            self.unjudged = deque(self.maps())
            while self.unjudged:
                map_ = self.unjudged[0]
                answers: list[_Answer] = []
                with self.kept(map_.accesses[0]):
                    answers.append(ask(map_))
                self.unjudged.popleft()
                if done is not None and len(self.unjudged) % _TOLD == 0:
                    done(len(self.maps()) - len(self.unjudged), len(self.maps()))
                yield from answers
        except BudgetError as over:
            self.stopped = str(over)

    def accesses(self) -> list[Access]:
        """Every access of the program, in the order of functions and events."""
        return self.found.accesses()

    def maps(self) -> list[Map]:
        """The maps that are written, and the variables for maps that are set."""
        return self.found.all()

    def kept(self, access: Access) -> AbstractContextManager[None]:
        """What goes on after an error, which is one of this access."""
        return self.found.kept(access)

    def contexts(self, access: Access) -> list[Context]:
        """The ways to an access on which others may have its map as well."""
        known = self._contexts.get(access)
        if known is None and self._own(access):
            self.private.add(access)
            known = self._contexts[access] = []
        if known is None:
            every = map(self.provenance.traced, self.climber.contexts(access))
            found = [c for c in every if c.thread.kind not in ("init", "unused") and self._programs(c)]
            ways = ((c, self.climber.way(c)) for c in found)
            shared = [self._valued(c, way) for c, way in ways if not self._owned(c, way)]
            if found and not shared:
                self.private.add(access)
            if len(shared) > MOST:
                self.crowded.add(access)
            simple = not access.slot and not access.inner
            taken = (self.taken.with_locks(c) if simple else c for c in shared[:MOST])
            known = self._contexts[access] = list(map(self.lent.with_lent, taken))
        return known

    def _valued(self, c: Context, way: Sequence[tuple[Anchored, Where]]) -> Context:
        values = self.values.of(c, way[-1][1])
        return c._replace(values=values) if values else c

    def followed(self, access: Access) -> bool:
        """Whether every way to an access was judged, of one that was asked for."""
        return not (access in self.climber.cut or access in self.crowded)

    def apart_here(self, a: Access, b: Access) -> bool:
        """Whether locks that the two functions take for themselves keep the accesses apart, whichever ways lead there."""
        return all(self.exclusion.excluded(x, y) for x in self.climber.here(a) for y in self.climber.here(b))

    def of_map(self, map_: Map, access: Access) -> list[Context]:
        """The ways to an access on which it may be about this map."""
        found = [(c, self._objects(c)) for c in self.contexts(access)]
        same = self.heap.objects.same_site(map_.obj)
        return [c for c, objects in found if objects & same]

    def decide(self, map_: Map, a: Context, b: Context) -> Filter | None:
        """Why two accesses of a map cannot race; None where they can."""
        return self.apart(map_, self.side(a), self.side(b)) or self.ordered(a, b)

    def side(self, c: Context) -> int:
        """The number of the side that a context is on: of what ``apart`` looks at. Many contexts of a map are on one side."""
        side = _Side(
            c.access.writes,
            c.access.slot != "",
            c.map,
            c.hops,
            c.values,
            c.locks,
            c.thread,
            self._programs(c),
            self.meeting.home(c).begin is None,
            self.exclusion.loops.sent(c),
        )
        number = self._numbers.setdefault(side, len(self._first_of))
        if number == len(self._first_of):
            self._first_of.append(c)
        return number

    def apart(self, map_: Map, side: int, other: int) -> Filter | None:
        """Why two accesses of a map cannot race, whichever contexts of their sides they have; None where that takes the order of events."""
        key = (map_.obj, side, other)
        if key not in self._apart:
            self.heap.budget.step()
            self._apart[key] = self._compared(map_, self._first_of[side], self._first_of[other])
        return self._apart[key]

    def _compared(self, map_: Map, a: Context, b: Context) -> Filter | None:
        if not (a.access.writes or b.access.writes):
            return Filter.BOTH_READ
        if not self._may_be_one(a, b, self.heap.objects.same_site(map_.obj)):
            return Filter.DIFFERENT_OBJECT
        if self._confined(map_, a, b):
            return Filter.CONFINED
        if not self._programs(a) & self._programs(b):
            return Filter.DIFFERENT_PROGRAM
        if self.turns.apart(a.thread, b.thread):
            return Filter.OTHER_TURN
        if self.exclusion.excluded(a, b):
            return Filter.COMMON_LOCK
        return self._in_turn(a, b) if self.meeting.one_thread(a, b) else None

    def ordered(self, a: Context, b: Context) -> Filter | None:
        """Why two accesses of one map that their sides do not keep apart cannot race; None where they can."""
        self.heap.budget.step()
        return self._ordered.of(a, b)

    def _in_order(self, a: Context, b: Context) -> Filter | None:
        if self.exclusion.excluded_here(a, b):
            return Filter.COMMON_LOCK
        return None if self.meeting.meet(a, b) else self._in_turn(a, b)

    def _in_turn(self, a: Context, b: Context) -> Filter:
        return Filter.SAME_THREAD if a.thread == b.thread and not self.timing.many(a.thread) else Filter.ORDERED

    def _programs(self, c: Context) -> Bits:
        """The programs that have all of a way in them, and something that leads to its thread."""
        origins = self.turns.origins(c.thread)
        started = ANY_PROGRAM if not origins else 0
        for origin in origins:
            started |= self.programs.of((origin.func,))
        return started & self.programs.of((c.access.func, c.thread.func, *(self.index.sites[e.site].func for e in c.chain)))

    def _race(self, map_: Map) -> Race | None:
        found = [c for access in map_.accesses if access.writes for c in self.of_map(map_, access)]
        if not found:
            return None
        found.extend(c for access in map_.accesses if not access.writes for c in self.of_map(map_, access))
        found.sort(key=lambda c: (not c.access.writes, len(c.chain)))
        for number, a in enumerate(found):
            for b in found[number:]:
                if self.decide(map_, a, b) is None:
                    return Race(map_.obj, a, b)
        return None

    def _may_be_one(self, a: Context, b: Context, same: Bits) -> bool:
        """Whether the two maps can be one object of the site."""
        if self.elements.differ(a.map, b.map) or self._kept_inside(a, b) or self._kept_inside(b, a):
            return False
        return bool(self._common(a, b) & same)

    def _confined(self, map_: Map, a: Context, b: Context) -> bool:
        """Whether one of the two threads has its map for itself."""
        same = self.heap.objects.same_site(map_.obj)
        return any(self.confined.confined(c.map, self._common(c, d) & same) for c, d in ((a, b), (b, a)))

    def _common(self, c: Context, other: Context) -> Bits:
        """The objects of a map that may be one of another map."""
        theirs = self._objects(other)
        return sum(1 << o for o in members(self._objects(c)) if self.heap.objects.compatible(o) & theirs)

    def _kept_inside(self, a: Context, b: Context) -> bool:
        """Whether ``b`` gets its object from callers outside the tree, who cannot have that of ``a``."""
        root, other = a.map.path.root, b.map.path.root
        if not isinstance(root, int) or not isinstance(other, int) or a.map.func == b.map.func or not self.escape.owns(*a.map):
            return False
        passed = self.heap.points(b.map.func, other)
        from_outside = any(self.heap.objects.all[o].kind == "outside" for o in members(passed))
        return from_outside and not self.escape.let_out(*a.map)

    def _objects(self, c: Context) -> Bits:
        """What the map may be: by the path to where it comes from, and by that to the function value that captured it."""
        paths = (c.map, *(hop.whole for hop in c.hops[:1]))
        key = (bool(c.access.slot), paths)
        known = self._found.get(key)
        if known is None:
            found = [self.resolver.holders(p) if c.access.slot else self.resolver.objects(p) for p in paths]
            known = self._found[key] = reduce(self.heap.objects.common, found)
        return known

    # ------------------------------------------------------------ one map

    def _own(self, access: Access) -> bool:
        """Whether an access is of what its function has made and nobody else can reach yet, whoever calls it."""
        ways = self.climber.maps(access)
        return bool(ways) and all(
            m.func == access.func and isinstance(m.path.root, int) and self.escape.owned(*m, access.where) for m in ways
        )

    def _owned(self, c: Context, way: Sequence[tuple[Anchored, Where]]) -> bool:
        """Whether the access comes before anybody else can reach the map."""
        func, path = c.map
        if not isinstance(path.root, int) or self.meeting.home(c).begin is not None:
            return False
        if not self.escape.owned(func, path, way[-1][1]):
            return False
        return not any(isinstance(a.path.root, int) and self.escape.leaked(a.func, a.path.root, where) for a, where in way[:-1])
