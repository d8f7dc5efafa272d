"""Bodies to what they run and start from one of their events on: the interprocedural graph, folded to one answer for each function.

A walk over a program meets the same functions over and over, and nearly all of them have nothing in them that it looks for. So what
follows an event is worked out once, without regard to what a walk stops at, and again only where a walk does stop.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import Spot
from mapguard.ir.model import Call, Return, RunDefers
from mapguard.order.closure import Closure
from mapguard.order.edges import Edges

Where = tuple[int, int, int]  # function, block, place


class Marks(NamedTuple):
    """Events of one function, and ways out of its blocks: a block and which of its successors."""

    spots: frozenset[Spot] = frozenset()
    ways: frozenset[tuple[int, int]] = frozenset()


NO_MARKS = Marks()


class Stops(NamedTuple):
    """What a walk does not pass, by function. ``funcs`` are the functions that have any, as bits. ``over``: functions that a ``sync.Once``
    has run already, which it does not run again."""

    at: Mapping[int, Marks]
    funcs: Bits
    over: Bits = 0

    def marks(self, func: int) -> Marks:
        return self.at.get(func, NO_MARKS)

    def __or__(self, other: "Stops") -> "Stops":
        if not other.funcs:
            return self
        at = {**self.at, **other.at}
        for func in self.at.keys() & other.at.keys():
            mine, theirs = self.at[func], other.at[func]
            at[func] = Marks(mine.spots | theirs.spots, mine.ways | theirs.ways)
        return Stops(at, self.funcs | other.funcs, self.over | other.over)


NO_STOPS = Stops({}, 0)


def stops_at(places: Iterable[Where] = (), ways: Iterable[Where] = ()) -> Stops:
    """Stops at events, and at ways out of blocks (function, block, which successor)."""
    spots: dict[int, set[Spot]] = {}
    outs: dict[int, set[tuple[int, int]]] = {}
    for func, block, place in places:
        spots.setdefault(func, set()).add((block, place))
    for func, block, way in ways:
        outs.setdefault(func, set()).add((block, way))
    funcs = spots.keys() | outs.keys()
    at = {func: Marks(frozenset(spots.get(func, ())), frozenset(outs.get(func, ()))) for func in funcs}
    return Stops(at, sum(1 << func for func in funcs))


class Step(NamedTuple):
    """An event that matters to a walk: what it runs on its own thread, at once or as a ``sync.Once`` does, and the sites of threads that it
    starts. ``returns``: it ends the function. ``returning``: control passes it only where something that it runs can return."""

    place: int
    called: tuple[int, ...] = ()
    once: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()
    returns: bool = False
    returning: bool = False


class Flow(NamedTuple):
    """What follows an event in its function: stretches of blocks, functions called and sites of threads started there, as bits; whether
    the function can return."""

    stretches: Mapping[int, tuple[tuple[int, int], ...]]
    called: Bits
    starts: Bits
    returns: bool

    def has(self, block: int, place: int) -> bool:
        return any(start <= place < end for start, end in self.stretches.get(block, ()))


class Flows:
    """Everything that needs no stops, kept: flows, and what functions lead to by calls (``down``) and by returns (``up``)."""

    def __init__(self, edges: Edges) -> None:
        self.edges = edges
        self.index = edges.index
        self._steps: dict[int, tuple[tuple[Step, ...], ...]] = {}
        self._flows: dict[Where, Flow] = {}
        self._sites_in: dict[int, list[int]] | None = None
        self._passing = Passing(self, NO_STOPS)
        # of a function: all functions that it runs, itself too, and the sites of threads that these start
        self.down = Closure(self._own_down, lambda func: members(self.flow((func, 0, 0)).called))
        # of the return of a function: the functions run after it, the sites of threads started, the call sites returned to, their functions
        self.up = Closure(self._own_up, self._returned_to)

        # of a function: those on the way to it that a sync.Once runs, and the functions that have it do so
        self.onces = Closure(self._own_onces, lambda func: [self.index.sites[site].func for site in self.callers(func)])

    def flow(self, where: Where) -> Flow:
        """What follows a place in a function, with nothing to stop at."""
        found = self._flows.get(where)
        if found is None:
            found = self._flows[where] = self.followed(where, NO_MARKS, 0, self._passing.passes)
        return found

    def passes(self, func: int) -> bool:
        """Whether a function can return."""
        return self._passing.passes(func)

    def rest(self, site: int) -> Flow:
        """What follows a call site in its function."""
        place = self.index.sites[site]
        return self.flow((place.func, place.block, place.number + 1))

    def sites_in(self, func: int) -> list[int]:
        """The call sites of a function."""
        if self._sites_in is None:
            self._sites_in = {}
            for site, place in enumerate(self.index.sites):
                self._sites_in.setdefault(place.func, []).append(site)
        return self._sites_in.get(func, [])

    def callers(self, func: int) -> list[int]:
        """The sites that call a function on their own thread."""
        return [e.site for e in self.edges.into(func) if e.kind in ("call", "once")]

    def _own_down(self, func: int) -> tuple[Bits, ...]:
        return (1 << func, self.flow((func, 0, 0)).starts)

    def _own_up(self, func: int) -> tuple[Bits, ...]:
        run = starts = sites = funcs = 0
        for site in self.callers(func):
            rest = self.rest(site)
            starts |= rest.starts
            sites |= 1 << site
            funcs |= 1 << self.index.sites[site].func
            for called in members(rest.called):
                below = self.down.of(called)
                run |= below[0]
                starts |= below[1]
        return run, starts, sites, funcs

    def _own_onces(self, func: int) -> tuple[Bits, ...]:
        callers = 0
        for edge in self.edges.into(func):
            if edge.kind == "once":
                callers |= 1 << self.index.sites[edge.site].func
        return (1 << func if callers else 0), callers

    def _returned_to(self, func: int) -> list[int]:
        return [self.index.sites[site].func for site in self.callers(func) if self.rest(site).returns]

    # ------------------------------------------------------------ one function

    def steps(self, func: int) -> tuple[tuple[Step, ...], ...]:
        """The steps of each block."""
        found = self._steps.get(func)
        if found is None:
            blocks = self.index.bodies[func].blocks
            deferred: list[Step] = []
            raw: list[list[Step]] = []
            for b, block in enumerate(blocks):
                steps: list[Step] = []
                for place, event in enumerate(block.events):
                    if isinstance(event, Call):
                        step = self._call(func, b, place)
                        if event.how == "defer":
                            deferred.append(step)
                        elif step.called or step.once or step.starts:
                            steps.append(step)
                    elif isinstance(event, RunDefers):
                        steps.append(Step(place))
                    elif isinstance(event, Return):
                        steps.append(Step(place, returns=True))
                raw.append(steps)
            late = Step(
                0,
                tuple(dict.fromkeys(f for s in deferred for f in s.called)),
                tuple(dict.fromkeys(f for s in deferred for f in s.once)),
                tuple(dict.fromkeys(f for s in deferred for f in s.starts)),
            )
            found = self._steps[func] = tuple(
                tuple(late._replace(place=s.place) if isinstance(blocks[b].events[s.place], RunDefers) else s for s in steps)
                for b, steps in enumerate(raw)
            )
        return found

    def _call(self, func: int, block: int, place: int) -> Step:
        site = self.index.site_at[func, block, place]
        called: dict[int, None] = {}
        once: dict[int, None] = {}
        starts = False
        for edge in self.edges.out(site):
            match edge.kind:
                case "call":
                    called[edge.func] = None
                case "once":
                    once[edge.func] = None
                case _:
                    starts = True
        return Step(place, tuple(called), tuple(once), (site,) if starts else (), returning=bool(called or once))

    def followed(self, where: Where, stops: Marks, over: Bits, passes: Callable[[int], bool]) -> Flow:
        """What follows a place in a function. ``passes`` tells the functions that can return."""
        self.edges.heap.budget.step()
        func, first, place = where
        blocks = self.index.bodies[func].blocks
        steps = self.steps(func)
        stretches: dict[int, tuple[tuple[int, int], ...]] = {}
        called = starts = 0
        returns = False
        ends: dict[int, list[int]] = {}
        for b, p in stops.spots:
            ends.setdefault(b, []).append(p)
        seen = {(first, place)}
        pending = [(first, place)]
        while pending:
            block, start = pending.pop()
            size = len(blocks[block].events)
            end = min((p for p in ends.get(block, ()) if p >= start), default=size) if ends else size
            goes_on = end == size
            for step in steps[block]:
                if step.place < start:
                    continue
                if step.place >= end:
                    break
                run = (*step.called, *(f for f in step.once if not over >> f & 1)) if step.once else step.called
                for f in run:
                    called |= 1 << f
                for site in step.starts:
                    starts |= 1 << site
                if step.returns:
                    returns = True
                if step.returns or (step.returning and run and not any(map(passes, run))):
                    end, goes_on = step.place + 1, False
                    break
            stretches[block] = (*stretches.get(block, ()), (start, end))
            for way, succ in enumerate(blocks[block].succs if goes_on else ()):
                if (succ, 0) not in seen and (block, way) not in stops.ways:
                    seen.add((succ, 0))
                    pending.append((succ, 0))
        return Flow(stretches, called, starts, returns)


class Passing:
    """Which functions can return without passing a stop: recursive ones can unless something else keeps them from it."""

    def __init__(self, flows: Flows, stops: Stops) -> None:
        self.flows = flows
        self.stops = stops
        self._known: dict[int, bool] = {}

    def _free(self, func: int) -> bool:
        """Whether nothing that a function runs has a stop in it: then it is known without regard to stops."""
        return self.stops is not NO_STOPS and not self.flows.down.of(func)[0] & self.stops.funcs

    def passes(self, func: int) -> bool:
        found = self._known.get(func)
        if found is None:
            self._search(func)
            found = self._known[func]
        return found

    def _search(self, func: int) -> None:
        """The greatest fixpoint over all that a function calls and that is not known yet, callees first."""
        below: dict[int, tuple[int, ...]] = {}
        order: list[int] = []
        pending = [(func, False)]
        while pending:
            at, done = pending.pop()
            if done:
                order.append(at)
            elif at in self._known:
                continue
            elif self._free(at):
                self._known[at] = self.flows.passes(at)
            elif at not in below:
                below[at] = self._called(at)
                pending.append((at, True))
                pending.extend((f, False) for f in below[at])
        for at in order:
            self._known[at] = True
        changed = True
        while changed:
            changed = False
            for at in order:
                if self._known[at] and not self._returns(at):
                    self._known[at] = False
                    changed = True

    def _called(self, func: int) -> tuple[int, ...]:
        found: dict[int, None] = {}
        for steps in self.flows.steps(func):
            for step in steps:
                if step.returning:
                    found.update(dict.fromkeys((*step.called, *step.once)))
        return tuple(found)

    def _returns(self, func: int) -> bool:
        return self.flows.followed((func, 0, 0), self.stops.marks(func), self.stops.over, self._known.__getitem__).returns


class Cut:
    """What functions do until they meet a stop."""

    def __init__(self, flows: Flows, stops: Stops) -> None:
        self.flows = flows
        self.stops = stops
        self._passing = Passing(flows, stops)
        self._inside: dict[int, Flow] = {}

    def stopped(self, func: int) -> bool:
        """Whether a stop is in a function or in what it runs."""
        return bool(self.flows.down.of(func)[0] & self.stops.funcs)

    def through(self, func: int) -> Flow:
        """What a function does from its start."""
        found = self._inside.get(func)
        if found is None:
            where = (func, 0, 0)
            found = self._inside[func] = self.onward(where) if self.stopped(func) else self.flows.flow(where)
        return found

    def onward(self, where: Where) -> Flow:
        """What follows a place in its function."""
        return self.flows.followed(where, self.stops.marks(where[0]), self.stops.over, self._passing.passes)
