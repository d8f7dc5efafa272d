"""Pairs of contexts of one map to races: what both can reach, what can overlap, and what no lock keeps apart."""

from collections.abc import Iterator
from typing import NamedTuple

from mapguard.bodies.paths import index_register
from mapguard.bodies.state import READ, RECEIVED, SENT, WRITE
from mapguard.bodies.summaries import Bodies
from mapguard.heap.heap import Heap
from mapguard.heap.objects import OUTSIDE
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import Closure
from mapguard.models.load import Models
from mapguard.order.after import SAME, After, Reach, Where
from mapguard.order.ancestry import Ancestry
from mapguard.order.edges import Edges
from mapguard.order.joins import NO_SIGNALS, Joins
from mapguard.order.threads import NO_SITE, Thread, Threads
from mapguard.races.accesses import Access, accesses
from mapguard.races.contexts import Anchored, Climber, Context
from mapguard.races.escape import Escape
from mapguard.races.handover import Handover
from mapguard.races.resolve import Resolver

_CONTEXTS = 60  # of one access
_APART = frozenset([(WRITE, WRITE), (READ, WRITE), (WRITE, READ), (SENT, SENT), (RECEIVED, RECEIVED)])  # modes that exclude each other


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


class Home(NamedTuple):
    """Where the map of a context comes from: the function's own object, and the event of that function that leads to the access. ``start``
    is the site that starts a thread on the way from there, NO_SITE where it is all one thread; ``many``: or several at once."""

    func: int
    root: int | str
    where: Where
    start: int
    many: bool = False


class Judge:
    def __init__(self, heap: Heap, models: Models) -> None:
        self.heap = heap
        self.index = heap.index
        self.bodies = Bodies(heap, models)
        self.edges = Edges(heap, models)
        self.threads = Threads(self.edges, models)
        self.climber = Climber(self.bodies, self.edges, self.threads)
        self.ancestry = Ancestry(self.edges, self.threads)
        self.after = After(self.edges)
        self.joins = Joins(heap, models)
        self.escape = Escape(self.bodies, self.edges)
        self.resolver = Resolver(heap)
        self.handover = Handover(self.bodies, self.escape)
        self._contexts: dict[Access, list[Context]] = {}
        self._reach: dict[object, Reach] = {}

    # ------------------------------------------------------------ maps

    def races(self) -> Iterator[Race]:
        """The first race of each map."""
        for obj, found in sorted(self._by_object().items()):
            race = self._race(obj, found)
            if race is not None:
                yield race

    def _by_object(self) -> dict[int, list[Access]]:
        """The accesses of each map that is written: by the first object of its site."""
        found: dict[int, list[Access]] = {}
        firsts: dict[object, int] = {}
        for access in accesses(self.bodies):
            if access.op == "replace":
                continue
            for number in members(self.heap.points(access.func, access.reg)):
                site = self.heap.objects.site(number)
                if self.heap.objects.all[self.heap.objects.origin(number)].kind == "outside":
                    named = next((f for f in reversed(access.path.fields) if "." in f), "")
                    if not named:
                        continue
                    site = (site, named)
                group = found.setdefault(firsts.setdefault(site, number), [])
                if access not in group:
                    group.append(access)
        return {obj: group for obj, group in found.items() if any(a.writes for a in group)}

    def contexts(self, access: Access) -> list[Context]:
        known = self._contexts.get(access)
        if known is None:
            taken = self.handover.taken_out(access.func, access.reg, access.block, access.place) if access.op != "replace" else frozenset()
            found = [c for c in self.climber.contexts(access, taken) if c.thread.kind not in ("init", "unused") and not self._owned(c)]
            known = self._contexts[access] = found[:_CONTEXTS]
        return known

    def _race(self, obj: int, group: list[Access]) -> Race | None:
        same = self.heap.objects.same_site(obj)
        found: list[Context] = []
        for access in group:
            found.extend(c for c in self.contexts(access) if self._objects(c) & same or self._outside(obj))
        found.sort(key=lambda c: (not c.access.writes, len(c.chain)))
        for number, a in enumerate(found):
            for b in found[number:]:
                writes = a.access.writes or b.access.writes
                if writes and self._may_be_one(a, b, same) and self.meet(a, b) and not self.excluded(a, b):
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
        return self.resolver.objects(c.map)

    # ------------------------------------------------------------ one map

    def _owned(self, c: Context) -> bool:
        """Whether the access comes before anybody else can reach the map."""
        func, path = c.map
        if not isinstance(path.root, int) or not self.escape.owns(func, path):
            return False
        home = self.home(c)
        return home.start == NO_SITE and self.escape.owned(func, path.root, home.where)

    def home(self, c: Context) -> Home:
        """Where the map of a context comes from."""
        func, path = c.map
        where, start, many = c.access.where, NO_SITE, False
        for number in range(len(c.chain) - 1, -1, -1):
            edge = c.chain[number]
            if where[0] == func:
                break
            place = self.index.sites[edge.site]
            where = (place.func, place.block, place.number)
            if edge.kind in ("go", "root", "parallel"):
                start, many = edge.site, edge.many
        return Home(func, path.root, where, start, many)

    # ------------------------------------------------------------ overlap

    def meet(self, a: Context, b: Context) -> bool:
        """Whether the two accesses can happen at the same time, on one object."""
        x, y = self.home(a), self.home(b)
        if (x.func, x.root) == (y.func, y.root):
            again = self._another(a, b)
            if again is not None:
                return self._of_one_activation(a, b, x, y, again)
        if x.start == NO_SITE and y.start == NO_SITE and self.handover.each_its_own(a.map) and self.handover.each_its_own(b.map):
            return False  # what one receives no other one does
        return self._overlap(a, b) and not any(self._told(*pair) or self._made_later(*pair) for pair in ((a, b), (b, a)))

    def _another(self, a: Context, b: Context) -> Where | None:
        """The event after which what both sides reach is another object: where it is made, or where the index of an element changes."""
        func, path = a.map
        if self.escape.owns(*a.map) and self.escape.owns(*b.map):
            made = self.index.place(func, path.root) if isinstance(path.root, int) else None
            return made[:3] if made is not None else None
        if a.map == b.map:
            for field in path.fields:
                number = index_register(field, self.index.bodies[func].func)
                place = self.index.place(func, number) if number is not None else None
                if place is not None and self._runs_again(*place[:3]):
                    return place[:3]
        return None

    def _made_later(self, a: Context, b: Context) -> bool:
        """Whether ``b`` is in a function value that is made only when ``a`` is over: it runs after that."""
        for edge in b.chain[b.inside :]:
            places = self.index.made.get(edge.func, ())
            if len(places) != 1 or not isinstance(places[0].event, Closure):
                continue
            made = places[0][:3]
            running = self.ancestry.running(made[0])
            if a.thread in running and not self.many(a.thread):
                if made not in self._reach:
                    self._reach[made] = self.after.start(made, lambda f, bl, p: False)
                if not self._reach[made].has(a.access.where, frozenset((SAME,))):
                    return True
            if a.thread.site != NO_SITE and self._ended(a, made, running):
                return True
        return False

    def _ended(self, a: Context, where: Where, running: frozenset[Thread]) -> bool:
        """Whether the thread of ``a`` has done its part on every way to an event that comes after its start."""
        threads = frozenset((SAME, *(t.site for t in running if t.site != NO_SITE)))
        plain = self._after_plain(a.thread.site)
        return plain.has(where, threads) and not self._after(a.thread.site, a, None, None).has(where, threads)

    def _told(self, a: Context, b: Context) -> bool:
        """Whether ``b`` waits, on every way from the start of its thread, for a signal that the thread of ``a`` gives after ``a``."""
        if a.thread == b.thread or b.thread.site == NO_SITE:
            return False
        signals = self.joins.signals(a.thread, self._last(a))
        if self.many(a.thread):
            signals = NO_SIGNALS._replace(groups=signals.groups)
        if signals == NO_SIGNALS:
            return False
        key = ("told", b.thread.site, signals)
        if key not in self._reach:
            self._reach[key] = self.after.thread(b.thread.func, b.thread.site, lambda f, bl, p: self.joins.waits((f, bl, p), signals))
        return not self._reach[key].has(b.access.where, frozenset((b.thread.site,)))

    def _of_one_activation(self, a: Context, b: Context, x: Home, y: Home, again: Where) -> bool:
        """Whether two accesses of an object that one activation of a function has, made in it or given to it, can overlap."""
        if x.start == NO_SITE and y.start == NO_SITE:
            return False
        if x.start == y.start and x.many:
            return True
        for mine, home, other_home in ((a, x, y), (b, y, x)):
            if home.start == NO_SITE:
                continue
            reach = self._after(home.start, mine, again, x.func)
            target = other_home.where if other_home.start == NO_SITE else self._place(other_home.start)
            if reach.has(target, frozenset((SAME,))):
                return True
        return False

    def _overlap(self, a: Context, b: Context) -> bool:
        s, t = a.thread, b.thread
        if s == t:
            return self.many(s)
        above_s, above_t = self.ancestry.links(s), self.ancestry.links(t)
        if s in above_t:
            return self.many(s) or any(self._after(site, b, None, None).has(a.access.where, frozenset((SAME,))) for site in above_t[s])
        if t in above_s:
            return self.many(t) or any(self._after(site, a, None, None).has(b.access.where, frozenset((SAME,))) for site in above_s[t])
        common = [p for p in above_s if p in above_t]
        if not common:
            return True
        for parent in common:
            if self.many(parent):
                return True
            for one in above_s[parent]:
                for two in above_t[parent]:
                    if one == two or self._after(one, a, None, None).has(self._place(two), frozenset((SAME,))):
                        return True
                    if self._after(two, b, None, None).has(self._place(one), frozenset((SAME,))):
                        return True
        return False

    def many(self, thread: Thread) -> bool:
        """Whether several threads of this kind can run at a time."""
        if thread.many:
            return True
        if thread.site == NO_SITE:
            return False
        if self._after_plain(thread.site).has(self._place(thread.site), frozenset((SAME,))):
            return True
        return any(self.many(parent) for parent in self.ancestry.running(self.index.sites[thread.site].func) if parent != thread)

    def _place(self, site: int) -> Where:
        place = self.index.sites[site]
        return (place.func, place.block, place.number)

    def _after_plain(self, site: int) -> Reach:
        key = (site, None)
        if key not in self._reach:
            self._reach[key] = self.after.start(self._place(site), lambda f, b, p: False)
        return self._reach[key]

    def _after(self, site: int, c: Context, again: Where | None, outermost: int | None) -> Reach:
        """What can run after a thread's start and before its end, which waits for the access of ``c`` show."""
        last = self._last(c)
        signals = self.joins.signals(c.thread, last) if c.thread.site == site else NO_SIGNALS
        key = (site, signals, again, outermost)
        if key not in self._reach:
            self._reach[key] = self.after.start(
                self._place(site), lambda f, b, p: (f, b, p) == again or self.joins.waits((f, b, p), signals), outermost
            )
        return self._reach[key]

    def _last(self, c: Context) -> Where:
        """The event of the thread's first function that leads to the access."""
        first = c.chain[c.inside :] if c.thread.site != NO_SITE and c.inside else c.chain
        return self._place(first[0].site) if first else c.access.where

    # ------------------------------------------------------------ locks

    def excluded(self, a: Context, b: Context) -> bool:
        """Whether a lock keeps the two accesses apart."""
        for lock, mode in a.locks:
            for other, other_mode in b.locks:
                if (mode, other_mode) in _APART and self._same_lock(a, lock, b, other):
                    return True
        return False

    def _same_lock(self, a: Context, lock: Anchored, b: Context, other: Anchored) -> bool:
        """Whether the two locks must be one where the two maps are one."""
        x, y = self.resolver.places(lock), self.resolver.places(other)
        if not x or not y or not any(self.heap.objects.compatible(o) & y for o in members(x)):
            return False
        if lock == other and a.map == b.map and lock.func == a.map.func and not self._of_each_activation(lock, a.map):
            return True
        mine, theirs = self._relative(a.map, lock), self._relative(b.map, other)
        if mine is not None and mine == theirs:
            return True
        return x == y and x.bit_count() == 1 and self._once(members(x)[0])

    def _of_each_activation(self, lock: Anchored, map_: Anchored) -> bool:
        """Whether each activation of a function makes a lock of its own, but not the map."""
        return self.escape.fresh(lock.func, lock.path.root) and not self.escape.owns(*map_)

    def _relative(self, map_: Anchored, lock: Anchored) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """How a lock lies to a map: the fields from the last object that both are reached from."""
        if map_.func != lock.func and not (isinstance(map_.path.root, str) and map_.path.root == lock.path.root):
            return None
        if map_.path.root != lock.path.root:
            return None
        m, k = map_.path.fields, lock.path.fields
        common = 0
        while common < min(len(m), len(k)) and m[common] == k[common]:
            common += 1
        return m[common:], k[common:]

    def _once(self, obj: int) -> bool:
        """Whether an abstract object stands for a single one."""
        o = self.heap.objects.all[self.heap.objects.origin(obj)]
        if o.kind == "global":
            return True
        if o.kind != "alloc":
            return False
        if self._runs_again(o.func, o.block, o.place):
            return False
        return not any(self.many(t) for t in self.ancestry.running(o.func))

    def _runs_again(self, func: int, block: int, place: int) -> bool:
        key = ("again", func, block, place)
        if key not in self._reach:
            self._reach[key] = self.after.start((func, block, place), lambda f, b, p: False)
        return self._reach[key].has((func, block, place), frozenset((SAME,)))
