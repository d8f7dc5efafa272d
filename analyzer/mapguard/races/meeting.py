"""Two contexts to whether they can overlap on one object: by where the object comes from, and by the order of their threads."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from mapguard.bodies.paths import index_register
from mapguard.heap.index import Index
from mapguard.ir.model import Call, Closure, Event, External
from mapguard.order.after import SAME, Reach, Where
from mapguard.order.joins import NO_SIGNALS
from mapguard.order.threads import NO_SITE, Thread
from mapguard.races.contexts import Context, Hop
from mapguard.races.fresh import Fresh
from mapguard.races.handover import Handover
from mapguard.races.timing import Timing

_SAME = frozenset((SAME,))
_BEGIN = -1  # the place of a function's beginning in its first block


class Home(NamedTuple):
    """Where the map of a context comes from: the function's own object, and the event of that function that leads to the access. ``start``
    is the event after which another thread can have it, None where it is all one thread: the start of that thread or, where the map left
    in a function value, the event that makes this value. ``many``: several threads at once."""

    func: int
    root: int | str
    where: Where
    start: Where | None
    site: int = NO_SITE  # that starts the thread
    many: bool = False


class Meeting:
    def __init__(self, timing: Timing, fresh: Fresh, handover: Handover) -> None:
        self.index: Index = timing.index
        self.timing = timing
        self.fresh = fresh
        self.handover = handover

    def home(self, c: Context) -> Home:
        """Where the map of a context comes from."""
        func, path = c.map
        where, site, many = c.access.where, NO_SITE, False
        for number in range(len(c.chain) - 1, -1, -1):
            edge = c.chain[number]
            if where[0] == func:
                break
            where = self.timing.place(edge.site)
            if edge.kind in ("go", "root", "parallel"):
                site, many = edge.site, edge.many
        if where[0] != func and c.hops:
            return Home(func, path.root, c.hops[-1].leaves, c.hops[-1].leaves)
        return Home(func, path.root, where, self.timing.place(site) if site != NO_SITE else None, site, many)

    def meet(self, a: Context, b: Context) -> bool:
        """Whether the two accesses can happen at the same time, on one object."""
        x, y = self.home(a), self.home(b)
        again = self._another(a, b, x, y) if (x.func, x.root) == (y.func, y.root) else frozenset()
        alone = x.start is None and y.start is None
        if not again and alone and all(self.handover.each_its_own(c.map) for c in (a, b)):
            return False  # what one receives no other one does
        together = self._of_one_activation(a, b, x, y, again) if again else self._overlap(a, b, self.timing.many)
        if not together or any(self._told(*pair) or self._made_later(*pair) for pair in ((a, b), (b, a))):
            return False
        if again and a.hops and b.hops and a.hops[-1].made == b.hops[-1].made and self._one_value(a.hops[-1], again, x.func):
            return self.meet(*(c._replace(map=c.hops[-1].value, hops=c.hops[:-1]) for c in (a, b)))
        return True

    def _one_value(self, hop: Hop, again: frozenset[Where], func: int) -> bool:
        """Whether only one function value is made that captures an object: not two before the object is made again."""
        after = self.timing.after(hop.made, again=again, outermost=func)
        return hop.called and not after.anywhere(hop.made)

    def _another(self, a: Context, b: Context, x: Home, y: Home) -> frozenset[Where]:
        """The events after which what both sides reach is another object, where each activation of a function has its own: where it is
        made, and where the index of an element changes. No event where activations share it."""
        func, path = a.map
        found: set[Where] = set()
        owned = self.fresh.owns(*a.map) and self.fresh.owns(*b.map)
        if isinstance(path.root, int):
            made = self.index.place(func, path.root)
            if made is not None and (owned or self._of_library(made.event)):
                found.add(made[:3])
            elif made is None and all(self._passed(c, func, path.root) for c in (a, b)):
                found.add((func, 0, _BEGIN))
        started = x.start is not None and y.start is not None and not any(self.timing.many(t) for t in self.timing.ancestry.running(func))
        if a.map == b.map and (owned or started):
            for field in path.fields:
                number = index_register(field, self.index.bodies[func].func)
                place = self.index.place(func, number) if number is not None else None
                if place is not None and self.timing.runs_again(place[:3]):
                    found.add(place[:3])
        return frozenset(found)

    def _of_one_activation(self, a: Context, b: Context, x: Home, y: Home, again: frozenset[Where]) -> bool:
        """Whether two accesses of an object that one activation of a function has, made in it or given to it, can overlap."""
        if x.start is None and y.start is None:
            return False
        if x.start == y.start and x.many:
            return True
        for mine, home, other, other_home in ((a, x, b, y), (b, y, a, x)):
            if home.start is None:
                continue
            reach = self._after(home.start, mine, again, x.func)
            targets = self._apart(mine, other, x.func) if other_home.start is None else [other_home.start]
            if any(reach.has(target, _SAME) for target in targets):
                return True
        # or both are below one start, and what that thread starts in turn is beside it
        return x.start == y.start and (x.site == NO_SITE or self._overlap(a, b, partial(self.timing.many, below=x.site)))

    def _apart(self, mine: Context, other: Context, func: int) -> list[Where]:
        """The events on the way from ``func`` to the other access, down to the first one that is not on the way to mine: what comes after
        the start in the same call is also after it."""
        found: list[Where] = []
        for event, same in zip(self.way(other, func), self.way(mine, func), strict=False):
            found.append(event)
            if event != same:
                break
        return found

    def way(self, c: Context, func: int) -> list[Where]:
        """The events that lead from a function to an access: the one in it, the one in what that calls, and so on."""
        found = [c.access.where]
        for edge in reversed(c.chain):
            if found[-1][0] == func:
                break
            found.append(self.timing.place(edge.site))
        return found[::-1]

    def _overlap(self, a: Context, b: Context, many: Callable[[Thread], bool]) -> bool:
        """Whether the threads of two accesses leave them unordered. ``many`` tells the threads that run several at a time."""
        s, t = a.thread, b.thread
        if s == t:
            return many(s)
        above_s, above_t = self.timing.ancestry.links(s), self.timing.ancestry.links(t)
        if s in above_t:
            return many(s) or any(self._goes_on(site, b, a.access.where) for site in above_t[s])
        if t in above_s:
            return many(t) or any(self._goes_on(site, a, b.access.where) for site in above_s[t])
        common = [p for p in above_s if p in above_t]
        if not common:
            return True
        for parent in common:
            if many(parent):
                return True
            for one in above_s[parent]:
                for two in above_t[parent]:
                    if one == two or self._goes_on(one, a, self.timing.place(two)) or self._goes_on(two, b, self.timing.place(one)):
                        return True
        return False

    def _goes_on(self, site: int, c: Context, where: Where) -> bool:
        """Whether the starter of a thread can get to an event before the thread of ``c`` is known to have done its part."""
        return self._after(self.timing.place(site), c).has(where, _SAME)

    def _after(self, start: Where, c: Context, again: frozenset[Where] = frozenset(), outermost: int | None = None) -> Reach:
        """What can run after a thread's start, until waits show that it has done the access of ``c``."""
        own = c.thread.site != NO_SITE and self.timing.place(c.thread.site) == start
        signals = self.timing.joins.signals(c.thread, self._last(c)) if own else NO_SIGNALS
        return self.timing.after(start, signals, again, outermost)

    def _told(self, a: Context, b: Context) -> bool:
        """Whether ``b`` waits, on every way from the start of its thread, for a signal that the thread of ``a`` gives after ``a``."""
        if a.thread == b.thread or b.thread.site == NO_SITE:
            return False
        signals = self.timing.joins.signals(a.thread, self._last(a))
        if self.timing.many(a.thread):
            signals = NO_SIGNALS._replace(groups=signals.groups, closed=signals.closed)
        if signals == NO_SIGNALS:
            return False
        return not self.timing.inside(b.thread, signals).has(b.access.where, frozenset((b.thread.site,)))

    def _of_library(self, event: Event) -> bool:
        """Whether a library's function gives a value of which nothing says that others have it too: it is taken to be its caller's own."""
        if not isinstance(event, Call) or not isinstance(event.callee, External):
            return False
        model = self.fresh.bodies.models.function(event.callee.name)
        return model is None or model.returns not in ("shared", "recv", "recv-read")

    def _passed(self, c: Context, func: int, reg: int) -> bool:
        """Whether a register is what an entry point is passed, its receiver aside: each call has its own."""
        facts = self.index.funcs[func]
        method = facts is not None and facts.recv is not None
        return c.thread.func == func and c.thread.kind != "goroutine" and method <= reg < self.index.bodies[func].params

    def _made_later(self, a: Context, b: Context) -> bool:
        """Whether ``b`` is in a function value that is made only when ``a`` is over: it runs after that."""
        for edge in b.chain[b.inside :]:
            places = self.index.made.get(edge.func, ())
            if len(places) != 1 or not isinstance(places[0].event, Closure):
                continue
            made = places[0][:3]
            running = self.timing.ancestry.running(made[0])
            if a.thread in running and not self.timing.many(a.thread) and not self.timing.after(made).has(a.access.where, _SAME):
                return True
            if a.thread.site != NO_SITE and self._ended(a, made, running):
                return True
        return False

    def _ended(self, a: Context, where: Where, running: frozenset[Thread]) -> bool:
        """Whether the thread of ``a`` has done its part on every way to an event that comes after its start."""
        threads = frozenset((SAME, *(t.site for t in running if t.site != NO_SITE)))
        started = self.timing.after(self.timing.place(a.thread.site)).has(where, threads)
        return started and not self._after(self.timing.place(a.thread.site), a).has(where, threads)

    def _last(self, c: Context) -> Where:
        """The event of the thread's first function that leads to the access."""
        first = c.chain[c.inside :] if c.thread.site != NO_SITE and c.inside else c.chain
        return self.timing.place(first[0].site) if first else c.access.where
