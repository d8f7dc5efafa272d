"""From the event that starts a thread: everything that can run after it, on the starting thread and on threads started later.

A forward walk over the interprocedural graph that passes none of the events of ``stops``: waits that end the thread, and allocations that
make another object. What is not reached is ordered before the thread's start, or after its end (the static happens-before graph of Liu
et al., PLDI 2021, asked from the start event).
"""

from collections.abc import Callable
from typing import NamedTuple

from mapguard.ir.model import Call, Return, RunDefers
from mapguard.order.edges import Edges

SAME = -1  # the thread that goes on after the start

Where = tuple[int, int, int]  # function, block, place
Stop = Callable[[int, int, int], bool]


class Reach(NamedTuple):
    """``whole``: the blocks of functions that run from their start, with the thread that they run on (SAME: the starter's own, else the
    site that starts it), to the place in the block before which all is reached. ``part``: for functions that the start was on the way of,
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

    def anywhere(self, where: Where) -> bool:
        """Whether an event may run afterwards, on any thread."""
        func = where[0]
        return self.has(where, frozenset((SAME, *(t for f, t in self.whole if f == func))))


class After:
    def __init__(self, edges: Edges) -> None:
        self.edges = edges
        self.index = edges.index

    def start(self, where: Where, stop: Stop, outermost: int | None = None) -> Reach:
        """What runs after the event at ``where``. Returns lead to the callers of a function, but not out of ``outermost``."""
        walk = _Walk(self, stop, outermost)
        walk.run(where)
        return Reach(walk.whole, walk.part)

    def thread(self, func: int, site: int, stop: Stop) -> Reach:
        """What a thread that begins with ``func`` and is started at ``site`` runs until it meets a stop."""
        walk = _Walk(self, stop, None)
        walk.enter(func, site)
        return Reach(walk.whole, walk.part)


class _Walk:
    def __init__(self, after: After, stop: Stop, outermost: int | None) -> None:
        self.edges = after.edges
        self.index = after.index
        self.stop = stop
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

    def _onward(self, func: int, block: int, place: int) -> list[Where]:
        """On in a function that is under way: to the end of the block, its successors, and the callers where it returns."""
        stretches = self.part.setdefault((func, block), set())
        if any(start <= place <= end for start, end in stretches):
            return []
        graph = self.index.bodies[func].blocks[block]
        for number in range(place, len(graph.events)):
            event = graph.events[number]
            if self.stop(func, block, number):
                stretches.add((place, number))
                return []
            if isinstance(event, Call) and event.how != "defer" and not self._call(func, block, number, SAME):
                stretches.add((place, number + 1))
                return []
            if isinstance(event, RunDefers):
                self._deferred(func, SAME)
            if isinstance(event, Return):
                stretches.add((place, number + 1))
                return self._callers(func)
        stretches.add((place, len(graph.events)))
        if self.stop(func, block, len(graph.events)):
            return []
        return [(func, succ, 0) for succ in graph.succs]

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
            if limit == len(body.blocks[number].events) and not self.stop(func, number, limit):
                for succ in body.blocks[number].succs:
                    if succ not in seen:
                        seen.add(succ)
                        blocks.append(succ)

    def _through(self, func: int, block: int, thread: int) -> int:
        """The place in a block before which all is reached."""
        events = self.index.bodies[func].blocks[block].events
        for place, event in enumerate(events):
            if self.stop(func, block, place):
                return place
            if isinstance(event, Call) and event.how != "defer" and not self._call(func, block, place, thread):
                return place
            if isinstance(event, RunDefers):
                self._deferred(func, thread)
        return len(events)

    def _passes(self, func: int) -> bool:
        """Whether a function can return without passing a stop."""
        if func in self.passes:
            return self.passes[func]
        self.passes[func] = True  # a recursive call
        body = self.index.bodies[func]
        seen, blocks, found = {0}, [0], False
        while blocks and not found:
            number = blocks.pop()
            block = body.blocks[number]
            stopped = False
            for place, event in enumerate(block.events):
                if self.stop(func, number, place) or (
                    isinstance(event, Call) and event.how == "call" and self._never_back(func, number, place, event)
                ):
                    stopped = True
                    break
                if isinstance(event, Return):
                    found = True
            if not stopped and not self.stop(func, number, len(block.events)):
                for succ in block.succs:
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
