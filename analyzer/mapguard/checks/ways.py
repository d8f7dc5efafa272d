"""The calls to show for an access: those of its own thread, after the shortest and surest way from an entry point to where that starts."""

import heapq

from mapguard.bodies.effects import At
from mapguard.heap.index import Index
from mapguard.order.edges import Edge
from mapguard.order.threads import NO_SITE
from mapguard.races.contexts import Context
from mapguard.races.judge import Judge

_GUESS = 3  # a call that may run one of several functions counts like so many calls
_SEEN = 5_000

Way = tuple[tuple[Edge, At], ...]  # calls, outermost first, with what the caller itself holds at each


class Ways:
    """Answers for one program; remembers them by the function that starts a thread and the programs that it is part of."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.index: Index = judge.index
        self._known: dict[tuple[int, frozenset[int]], Way] = {}
        self._programs: dict[int, frozenset[int]] = {}

    def shown(self, c: Context) -> Way:
        """The way to show; a thread that the tree starts is preceded by a way to its start: that by which it gets the map, as far as it is
        known, else the shortest."""
        inner = tuple(zip(c.chain, c.held, strict=False))
        if c.thread.site == NO_SITE:
            return inner
        if not c.inside:
            start = next((e for e in self.judge.edges.into(c.thread.func) if e.site == c.thread.site), None)
            inner = ((start, self._least(start.site)), *inner) if start is not None else inner
        registered = [n for n, (edge, _) in enumerate(inner[: max(c.inside, 1)]) if edge.kind == "root"]
        if registered or not inner:
            return inner[registered[-1] if registered else 0 :]
        programs = self.programs(c.access.func)
        for edge, _ in inner:
            programs = self._both(programs, self.programs(self.index.sites[edge.site].func)) or programs
        first = self.index.sites[inner[0][0].site].func
        if (first, programs) not in self._known:
            self._known[first, programs] = self._to(first, programs)
        return (*self._known[first, programs], *inner)

    def _least(self, site: int) -> At:
        """What is held at a call on every way to it."""
        place = self.index.sites[site]
        found = self.judge.bodies.held(place.func, place.block, place.number)
        if not found:
            return At(frozenset(), frozenset(), frozenset())
        return At(frozenset.intersection(*(at.held for at in found)), frozenset(), frozenset.union(*(at.lost for at in found)))

    def _to(self, func: int, programs: frozenset[int]) -> Way:
        """The cheapest chain from an entry point, all of it in a program that the rest belongs to; empty when there is none."""
        queue: list[tuple[int, int, int, Way, frozenset[int]]] = [(0, 0, func, (), programs)]
        seen: set[int] = set()
        pushed = 0
        while queue and len(seen) < _SEEN:
            cost, _, at, chain, mine = heapq.heappop(queue)
            if at in seen:
                continue
            seen.add(at)
            if chain and chain[0][0].kind == "root":
                return chain
            edges = [(e, self._both(mine, self.programs(self.index.sites[e.site].func))) for e in self.judge.edges.into(at)]
            registered = next((e for e, both in edges if e.kind == "root" and both is not None), None)
            if registered is not None:
                return ((registered, self._least(registered.site)), *chain)
            if any(t.site == NO_SITE and t.kind not in ("unused", "callback") for t in self.judge.threads.started(at)):
                return chain
            for edge, both in edges:
                caller = self.index.sites[edge.site].func
                if both is not None and caller not in seen:
                    pushed += 1
                    guess = _GUESS if len(self.judge.edges.out(edge.site)) > 1 else 0
                    heapq.heappush(queue, (cost + 1 + guess, pushed, caller, ((edge, self._least(edge.site)), *chain), both))
        return ()

    @staticmethod
    def _both(a: frozenset[int], b: frozenset[int]) -> frozenset[int] | None:
        """What two functions have in common of the programs that they are part of, as far as these are known; None: nothing."""
        if not a or not b:
            return a or b
        return a & b or None

    def programs(self, func: int) -> frozenset[int]:
        """The commands that can get to a function, by their ``main``."""
        known = self._programs.get(func)
        if known is None:
            found: set[int] = set()
            seen, pending = {func}, [func]
            while pending and len(seen) < _SEEN:
                at = pending.pop()
                if any(t.kind == "main" and t.site == NO_SITE for t in self.judge.threads.started(at)):
                    found.add(at)
                for edge in self.judge.edges.into(at):
                    caller = self.index.sites[edge.site].func
                    if caller not in seen:
                        seen.add(caller)
                        pending.append(caller)
            known = self._programs[func] = frozenset(found)
        return known
