"""The calls to show for an access: those of its own thread, after the shortest and surest way from an entry point to where that starts."""

import heapq

from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import Edge
from mapguard.program.model import Func

_GUESS = 3  # a call that may run one of several functions counts like so many calls
_SEEN = 5_000


class Ways:
    """Answers for one program; remembers them by the function that starts a thread and the programs that it is part of."""

    def __init__(self, graph: CallGraph) -> None:
        self._graph = graph
        self._known: dict[tuple[str, frozenset[str]], tuple[Edge, ...]] = {}

    def shown(self, c: Context) -> tuple[Edge, ...]:
        """The edges of the way, outermost first; a thread that the tree starts is preceded by a way to its start."""
        spawn = c.thread.spawn
        if spawn is None or spawn.kind != "go":
            return c.chain
        programs = self._graph.of_one_program(c.executed()) or frozenset()
        key = (spawn.caller.id, programs)
        if key not in self._known:
            self._known[key] = self._to(spawn.caller, programs)
        return (*self._known[key], *c.chain)

    def _to(self, func: Func, programs: frozenset[str]) -> tuple[Edge, ...]:
        """The cheapest chain from an entry point, all of it in a program that the rest belongs to; empty when there is none."""
        queue: list[tuple[int, int, Func, tuple[Edge, ...], frozenset[str]]] = [(0, 0, func, (), programs)]
        seen: set[str] = set()
        pushed = 0
        while queue and len(seen) < _SEEN:
            cost, _, at, chain, mine = heapq.heappop(queue)
            if at.id in seen:
                continue
            seen.add(at.id)
            if chain and chain[0].kind == "root":
                return chain
            shared = ((e, self._shared(e, mine)) for e in self._graph.incoming.get(at.id, ()))
            edges = [(e, both) for e, both in shared if both is not None]
            if at.id in self._graph.roots:
                registered = next((e for e, _ in edges if e.kind == "root"), None)
                return (registered, *chain) if registered is not None else chain
            for edge, both in edges:
                if edge.caller.id not in seen:
                    pushed += 1
                    guess = _GUESS if edge.candidates > 1 else 0
                    heapq.heappush(queue, (cost + 1 + guess, pushed, edge.caller, (edge, *chain), both))
        return ()

    def _shared(self, edge: Edge, programs: frozenset[str]) -> frozenset[str] | None:
        """Those of the programs that have the caller in them too, as far as these are known; None where there is none."""
        where = self._graph.programs_with(edge.caller)
        if not programs or not where:
            return programs or where
        return programs & where or None
