"""A graph to what can be got to in it: asked node by node, answered once for each strongly connected component.

Tarjan: Depth-First Search and Linear Graph Algorithms, 1972; without recursion, since call chains are longer than a stack.
"""

from collections.abc import Callable, Iterable, Iterator

from mapguard.heap.tabling import Bits

Sets = tuple[Bits, ...]


class Closure:
    """``own`` gives the sets that a node has itself, ``succs`` the nodes that it leads to; an answer unites the sets of all of them."""

    def __init__(self, own: Callable[[int], Sets], succs: Callable[[int], Iterable[int]]) -> None:
        self._own = own
        self._succs = succs
        self._found: dict[int, Sets] = {}

    def of(self, node: int) -> Sets:
        found = self._found.get(node)
        if found is None:
            self._search(node)
            found = self._found[node]
        return found

    def _search(self, start: int) -> None:
        number: dict[int, int] = {}
        low: dict[int, int] = {}
        sets: dict[int, Sets] = {}
        open_: list[int] = []
        pending: list[tuple[int, Iterator[int]]] = []

        def begin(node: int) -> None:
            number[node] = low[node] = len(number)
            sets[node] = self._own(node)
            open_.append(node)
            pending.append((node, iter(tuple(self._succs(node)))))

        begin(start)
        while pending:
            node, succs = pending[-1]
            for succ in succs:
                done = self._found.get(succ)
                if done is not None:
                    sets[node] = united(sets[node], done)
                elif succ not in number:
                    begin(succ)
                    break
                else:
                    low[node] = min(low[node], number[succ])
            else:
                pending.pop()
                if low[node] == number[node]:
                    self._close(node, open_, sets)
                if pending:
                    above = pending[-1][0]
                    low[above] = min(low[above], low[node])
                    if node in self._found:
                        sets[above] = united(sets[above], self._found[node])

    def _close(self, node: int, open_: list[int], sets: dict[int, Sets]) -> None:
        """The component that was entered at ``node`` is complete: all of it leads to the same."""
        component = [open_.pop()]
        while component[-1] != node:
            component.append(open_.pop())
        whole = sets[node]
        for member in component:
            whole = united(whole, sets[member])
        for member in component:
            self._found[member] = whole


def united(a: Sets, b: Sets) -> Sets:
    return tuple(x | y for x, y in zip(a, b, strict=True))
