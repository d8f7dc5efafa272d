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
        queue: list[tuple[int, int, Func, tuple[Edge, ...]]] = [(0, 0, func, ())]
        seen: set[str] = set()
        pushed = 0
        while queue and len(seen) < _SEEN:
            cost, _, at, chain = heapq.heappop(queue)
            if at.id in seen:
                continue
            seen.add(at.id)
            if at.id in self._graph.roots or (chain and chain[0].kind == "root"):
                return chain
            for edge in self._graph.incoming.get(at.id, ()):
                where = self._graph.programs_with(edge.caller)
                if edge.caller.id in seen or (programs and where and programs.isdisjoint(where)):
                    continue
                pushed += 1
                heapq.heappush(queue, (cost + 1 + (_GUESS if edge.candidates > 1 else 0), pushed, edge.caller, (edge, *chain)))
        return ()
