"""Functions to the order in which they are looked at: callees first, so that most callers are looked at once."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from mapguard.heap.index import Index


class Worklist:
    """Functions that wait, each once. Which function calls which is taken from the text, so that no objects are asked for: this order
    decides how much is done again, not what comes out."""

    def __init__(self, index: Index, funcs: Iterable[int]) -> None:
        self._order = _callees_first(index)
        self._rank = {func: rank for rank, func in enumerate(self._order)}
        self._waiting: set[int] = set()
        self._ranks: list[int] = []
        for func in sorted(funcs):
            self.add(func)

    def add(self, func: int) -> None:
        if func not in self._waiting:
            self._waiting.add(func)
            heappush(self._ranks, self._rank[func])

    def __iter__(self) -> Iterator[int]:
        """Each function in its turn; more can be added meanwhile."""
        while self._ranks:
            func = self._order[heappop(self._ranks)]
            self._waiting.remove(func)
            yield func


def _callees_first(index: Index) -> list[int]:
    """All functions, each after those that it calls by name, makes a value of, or calls by the name of a method, but for cycles."""
    count = len(index.bodies)
    names = {name: count + number for number, name in enumerate(index.invokes)}  # a node stands for all methods of a name
    succs: list[list[int]] = [[] for _ in range(count + len(names))]
    for func, sites in index.static.items():
        for site in sites:
            succs[index.sites[site].func].append(func)
    for func, places in index.made.items():
        for place in places:
            succs[place.func].append(func)
    for name, sites in index.invokes.items():
        for site in sites:
            succs[index.sites[site].func].append(names[name])
    for number, method in enumerate(index.funcs):
        if method is not None and method.recv is not None and method.facts.name in names:
            succs[names[method.facts.name]].append(number)
    found: list[int] = []
    seen: set[int] = set()
    for start in range(count):
        if start in seen:
            continue
        seen.add(start)
        pending = [(start, iter(succs[start]))]
        while pending:
            node, following = pending[-1]
            succ = next((s for s in following if s not in seen), None)
            if succ is not None:
                seen.add(succ)
                pending.append((succ, iter(succs[succ])))
            else:
                pending.pop()
                if node < count:
                    found.append(node)
    return found
