"""From an event: everything that can run after it, on the same thread and on threads started later.

A forward walk over the interprocedural graph that passes none of some stops: waits that end a thread, and allocations that make another
object. What is not reached is ordered before the event, or after the stops (the static happens-before graph of Liu et al., PLDI 2021,
asked from the start event).
"""

from mapguard.heap.tabling import Bits, members
from mapguard.order.before import Before
from mapguard.order.edges import Edges
from mapguard.order.flows import NO_STOPS, Cut, Flow, Flows, Stops, Where
from mapguard.order.threads import Threads

SAME = -1  # the thread that goes on after the start


class Region:
    """What one thread runs: ``whole`` functions, from their start to the end, what follows ``sites`` in their functions, and ``flows``, the
    parts of functions that are cut short, ``inside`` those of them that begin at the start. ``starts`` are the sites of the threads that it
    starts. All as bits."""

    __slots__ = ("_flows", "flows", "inside", "sites", "starts", "whole")

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self.whole: Bits = 0
        self.sites: Bits = 0
        self.starts: Bits = 0
        self.flows: dict[int, list[Flow]] = {}
        self.inside: set[int] = set()

    def has(self, where: Where) -> bool:
        func, block, place = where
        if self.whole >> func & 1 and self._flows.flow((func, 0, 0)).has(block, place):
            return True
        if any(flow.has(block, place) for flow in self.flows.get(func, ())):
            return True
        return bool(self.sites) and any(self.sites >> s & 1 and self._flows.rest(s).has(block, place) for s in self._flows.sites_in(func))


class Reach:
    """``own`` is the thread that the walk begins on, called ``SAME``; other threads, by the sites that start them, are followed when they
    are asked for."""

    def __init__(self, walk: "_Walk", own: Region) -> None:
        self._walk = walk
        self._own = own
        self._threads: dict[int, Region] = {}
        self._started: Bits | None = None

    def has(self, where: Where, threads: frozenset[int]) -> bool:
        """Whether an event may run afterwards, on one of the threads that the sites in ``threads`` start."""
        if SAME in threads and self._own.has(where):
            return True
        others = sorted(t for t in threads if t != SAME)
        return any(self._all_started() >> t & 1 and self._thread(t).has(where) for t in others)

    def _thread(self, site: int) -> Region:
        found = self._threads.get(site)
        if found is None:
            found = self._threads[site] = self._walk.started(site)
        return found

    def _all_started(self) -> Bits:
        """The sites of all threads that are started, by this thread or by those that it starts."""
        if self._started is None:
            found = pending = self._own.starts
            while pending:
                more = 0
                for site in members(pending):
                    more |= self._thread(site).starts
                pending = more & ~found
                found |= more
            self._started = found
        return self._started

    def anywhere(self, where: Where) -> bool:
        """Whether an event may run afterwards, on any thread."""
        return self._own.has(where) or any(self._thread(t).has(where) for t in members(self._all_started()))


class After:
    def __init__(self, edges: Edges) -> None:
        self.edges = edges
        self.index = edges.index
        self._flows = Flows(edges)

    def runs(self, func: int) -> Bits:
        """All functions that one runs on its own thread, itself too."""
        return self._flows.down.of(func)[0]

    def start(self, where: Where, stops: Stops = NO_STOPS, outermost: int | None = None) -> Reach:
        """What runs after the event at ``where``. Returns lead to the callers of a function, but not out of ``outermost``."""
        walk = _Walk(self._flows, self._once_over(where[0], stops))
        return Reach(walk, walk.onward(where, outermost))

    def before(self, stops: Stops, threads: Threads) -> Before:
        """What threads do from their start until they meet a stop."""
        return Before(self._flows, stops, threads)

    def _once_over(self, func: int, stops: Stops) -> Stops:
        """``stops``, and what a ``sync.Once`` is running at the start: it will not run it again."""
        over, callers = self._flows.onces.of(func)
        return Stops(stops.at, stops.funcs | callers, over) if over else stops


class _Walk:
    def __init__(self, flows: Flows, stops: Stops) -> None:
        self.flows = flows
        self.index = flows.index
        self.stops = stops
        self._parts = Cut(flows, stops)

    def onward(self, where: Where, outermost: int | None) -> Region:
        """The rest of a function, and of those that it returns to."""
        region = Region(self.flows)
        pending = [where[0]] if self._rest((where[0], where[1], where[2] + 1), region) else []
        returned = set(pending)
        while pending:
            func = pending.pop()
            if func == outermost or self._all_above(func, region, outermost):
                continue
            for site in self.flows.callers(func):
                place = self.index.sites[site]
                if self._rest((place.func, place.block, place.number + 1), region, site) and place.func not in returned:
                    returned.add(place.func)
                    pending.append(place.func)
        return region

    def _all_above(self, func: int, region: Region, outermost: int | None) -> bool:
        """Takes over what is known of the return of a function, where no stop is in it."""
        run, starts, sites, funcs = self.flows.up.of(func)
        if (run | funcs) & self.stops.funcs or (outermost is not None and funcs >> outermost & 1):
            return False
        region.whole |= run
        region.starts |= starts
        region.sites |= sites
        return True

    def _rest(self, where: Where, region: Region, site: int = -1) -> bool:
        """Adds what follows an event in its function; whether the function can return then."""
        func = where[0]
        known = self.flows.flow(where)
        flow = self._parts.onward(where) if self._cut(func, known.called) else known
        if flow is known and site >= 0:
            region.sites |= 1 << site
        else:
            region.flows.setdefault(func, []).append(flow)
        region.starts |= flow.starts
        self._down(flow.called, region)
        return flow.returns

    def _cut(self, func: int, called: Bits) -> bool:
        """Whether a stop is in a function or in what it runs."""
        if self.stops.funcs >> func & 1:
            return True
        return bool(self.stops.funcs) and any(self.flows.down.of(f)[0] & self.stops.funcs for f in members(called))

    def into(self, funcs: Bits) -> Region:
        """Functions that run from their start."""
        region = Region(self.flows)
        self._down(funcs, region)
        return region

    def started(self, site: int) -> Region:
        """What a thread runs that a site starts."""
        starting = (e.func for e in self.flows.edges.out(site) if e.kind not in ("call", "once"))
        return self.into(sum(1 << f for f in dict.fromkeys(starting)))

    def _down(self, funcs: Bits, region: Region) -> None:
        pending = members(funcs & ~region.whole)
        while pending:
            self.flows.edges.heap.budget.step()
            func = pending.pop()
            if region.whole >> func & 1 or func in region.inside:
                continue
            run, starts = self.flows.down.of(func)
            if not run & self.stops.funcs:
                region.whole |= run
                region.starts |= starts
                continue
            flow = self._parts.through(func)
            region.inside.add(func)
            region.flows.setdefault(func, []).append(flow)
            region.starts |= flow.starts
            pending.extend(members(flow.called))


__all__ = ["SAME", "After", "Reach", "Where"]
