"""From an event: everything that can run after it, on its own thread and on threads that are started later.

A forward walk over the interprocedural graph that passes none of the stops: what shows that a thread has done its part, and allocations
that make another object. What is not reached is ordered before the event, or after the wait (the static happens-before graph of Liu et
al., PLDI 2021, asked from one event).
"""

from typing import NamedTuple

from mapguard.ir.model import Call, Event, Return, RunDefers
from mapguard.order.edges import Edges
from mapguard.order.stops import Marker

SAME = -1  # the thread that goes on after the event

Where = tuple[int, int, int]  # function, block, place


class Reach(NamedTuple):
    """``whole``: the blocks of functions that run from their start, with the thread that they run on (SAME: the event's own, else the
    site that starts it), to the place in the block before which all is reached. ``part``: for functions that the event was on the way of,
    the stretches of each block that come after it."""

    whole: dict[tuple[int, int], dict[int, int]]
    part: dict[tuple[int, int], set[tuple[int, int]]]

    def has(self, where: Where, threads: frozenset[int]) -> bool:
        """Whether an event may run afterwards, on one of the threads that the sites in ``threads`` start."""
        func, block, place = where
        for t in threads:
            limit = self.whole.get((func, t), {}).get(block)
            if limit is not None and place < limit:
                return True
        return SAME in threads and any(start <= place < end for start, end in self.part.get((func, block), ()))


class After:
    def __init__(self, edges: Edges) -> None:
        self.edges = edges
        self.index = edges.index
        self._turns: dict[tuple[int, int], tuple[tuple[int, Event], ...]] = {}

    def start(self, where: Where, stops: Marker, again: frozenset[Where] = frozenset(), outermost: int | None = None) -> Reach:
        """What runs after the event at ``where`` and before those of ``again``. Returns lead to the callers of a function, but not out of
        ``outermost``."""
        walk = _Walk(self, stops, again, outermost)
        walk.run(where)
        return Reach(walk.whole, walk.part)

    def thread(self, func: int, site: int, stops: Marker) -> Reach:
        """What a thread that begins with ``func`` and is started at ``site`` runs until it meets a stop."""
        walk = _Walk(self, stops, frozenset(), None)
        walk.enter(func, site)
        return Reach(walk.whole, walk.part)

    def turns(self, func: int, block: int) -> tuple[tuple[int, Event], ...]:
        """The events of a block that lead elsewhere, with their places: calls, deferred calls that run, returns."""
        found = self._turns.get((func, block))
        if found is None:
            events = self.index.bodies[func].blocks[block].events
            found = tuple(
                (place, event)
                for place, event in enumerate(events)
                if isinstance(event, RunDefers | Return) or (isinstance(event, Call) and event.how != "defer")
            )
            self._turns[func, block] = found
        return found


class _Walk:
    def __init__(self, after: After, stops: Marker, again: frozenset[Where], outermost: int | None) -> None:
        self.after = after
        self.edges = after.edges
        self.index = after.index
        self.stops = stops
        self.again = again
        self.outermost = outermost
        self.whole: dict[tuple[int, int], dict[int, int]] = {}
        self.part: dict[tuple[int, int], set[tuple[int, int]]] = {}
        self.pending: list[tuple[int, int]] = []
        self.returned: set[int] = set()
        self.passes: dict[int, bool] = {}
        self.over: set[int] = set()  # functions that run once, and have

    def run(self, where: Where) -> None:
        func, block, place = where
        points = [(func, block, place + 1)]
        while points or self.pending:
            if points:
                points.extend(self._onward(*points.pop()))
            else:
                self._inside(*self.pending.pop())

    def enter(self, func: int, thread: int) -> None:
        self._run(func, thread)
        while self.pending:
            self._inside(*self.pending.pop())

    # ------------------------------------------------------------ stops

    def _stop(self, func: int, block: int, place: int) -> int:
        """The first event of a block, from a place on, that stops the walk; the block's end where none does."""
        end = len(self.index.bodies[func].blocks[block].events)
        for b, p in self.stops.of(func)[0]:
            if b == block and place <= p < end:
                end = p
        for f, b, p in self.again:
            if f == func and b == block and place <= p < end:
                end = p
        return end

    def _succs(self, func: int, block: int) -> list[int]:
        """Where control goes after a block without passing a stop."""
        ways = self.stops.of(func)[1]
        return [succ for way, succ in enumerate(self.index.bodies[func].blocks[block].succs) if (block, way) not in ways]

    # ------------------------------------------------------------ functions under way

    def _onward(self, func: int, block: int, place: int) -> list[Where]:
        """On in a function that is under way: to the end of the block, its successors, and the callers where it returns."""
        stretches = self.part.setdefault((func, block), set())
        if any(start <= place <= end for start, end in stretches):
            return []
        stop = self._stop(func, block, place)
        for number, event in self.after.turns(func, block):
            if number < place:
                continue
            if number >= stop:
                break
            if isinstance(event, Call) and not self._call(func, block, number, SAME):
                stretches.add((place, number + 1))
                return []
            if isinstance(event, RunDefers):
                self._deferred(func, SAME)
            if isinstance(event, Return):
                stretches.add((place, number + 1))
                return self._callers(func)
        stretches.add((place, stop))
        if stop < len(self.index.bodies[func].blocks[block].events):
            return []
        return [(func, succ, 0) for succ in self._succs(func, block)]

    def _callers(self, func: int) -> list[Where]:
        if func == self.outermost or func in self.returned:
            return []
        self.returned.add(func)
        found = []
        for edge in self.edges.into(func):
            if edge.kind in ("call", "once"):
                if edge.kind == "once":
                    self.over.add(func)
                place = self.index.sites[edge.site]
                found.append((place.func, place.block, place.number + 1))
        return found

    # ------------------------------------------------------------ functions that run as a whole

    def _call(self, func: int, block: int, place: int, thread: int) -> bool:
        """What a call runs and starts; whether control can come back from it without a stop."""
        site = self.index.site_at[func, block, place]
        edges = [e for e in self.edges.out(site) if e.kind != "once" or e.func not in self.over]
        called = [e for e in edges if e.kind in ("call", "once")]
        for edge in edges:
            self._run(edge.func, thread if edge.kind in ("call", "once") else site)
        return not called or any(self._passes(e.func) for e in called)

    def _deferred(self, func: int, thread: int) -> None:
        for b, block in enumerate(self.index.bodies[func].blocks):
            for number, event in enumerate(block.events):
                if isinstance(event, Call) and event.how == "defer":
                    self._call(func, b, number, thread)

    def _run(self, func: int, thread: int) -> None:
        if (func, thread) not in self.whole:
            self.whole[func, thread] = {}
            self.pending.append((func, thread))

    def _inside(self, func: int, thread: int) -> None:
        """The calls of a function that runs as a whole, as far as no stop comes before them."""
        seen = {0}
        blocks = [0]
        body = self.index.bodies[func]
        while blocks:
            number = blocks.pop()
            limit = self._through(func, number, thread)
            self.whole[func, thread][number] = limit
            if limit == len(body.blocks[number].events):
                for succ in self._succs(func, number):
                    if succ not in seen:
                        seen.add(succ)
                        blocks.append(succ)

    def _through(self, func: int, block: int, thread: int) -> int:
        """The place in a block before which all is reached."""
        stop = self._stop(func, block, 0)
        for place, event in self.after.turns(func, block):
            if place >= stop:
                break
            if isinstance(event, Call) and not self._call(func, block, place, thread):
                return place
            if isinstance(event, RunDefers):
                self._deferred(func, thread)
        return stop

    def _passes(self, func: int) -> bool:
        """Whether a function can return without passing a stop."""
        if func in self.passes:
            return self.passes[func]
        self.passes[func] = True  # a recursive call
        seen, blocks, found = {0}, [0], False
        while blocks and not found:
            number = blocks.pop()
            stop = self._stop(func, number, 0)
            for place, event in self.after.turns(func, number):
                if place < stop and isinstance(event, Call) and self._never_back(func, number, place, event):
                    stop = place
                found = found or (place < stop and isinstance(event, Return))
            if stop == len(self.index.bodies[func].blocks[number].events):
                for succ in self._succs(func, number):
                    if succ not in seen:
                        seen.add(succ)
                        blocks.append(succ)
        self.passes[func] = found
        return found

    def _never_back(self, func: int, block: int, place: int, event: Call) -> bool:
        if event.how != "call":
            return False
        called = [e for e in self.edges.out(self.index.site_at[func, block, place]) if e.kind in ("call", "once")]
        return bool(called) and not any(self._passes(e.func) for e in called)
