"""The order of the events of one activation of a function."""

from mapguard.heap.index import Index
from mapguard.ir.flow import reachable
from mapguard.ir.model import Call
from mapguard.order.flows import Where


class Activations:
    def __init__(self, index: Index) -> None:
        self.index = index
        self._after: dict[int, list[int]] = {}

    def repeats(self, func: int, block: int) -> bool:
        """Whether control can get from a block to it again."""
        return bool(self._reachable(func)[block] >> block & 1)

    def leads(self, func: int, block: int, to: int) -> bool:
        """Whether control can get from the start of one block to that of another."""
        return block == to or bool(self._reachable(func)[block] >> to & 1)

    def before(self, a: Where, b: Where) -> bool:
        """Whether an event can come before another of the same function."""
        if a[0] != b[0]:
            return False
        return (a[1] == b[1] and a[2] < b[2]) or bool(self._reachable(a[0])[a[1]] >> b[1] & 1)

    def over(self, a: Where, b: Where) -> bool:
        """Whether an event cannot happen any more when another one, ``b``, does: deferred calls run at the end, the last one first."""
        late, later = self._deferred(a), self._deferred(b)
        if late and later:
            return self.before(b, a) and not self.before(a, b)
        return later if late != later else not self.before(b, a)

    def _deferred(self, where: Where) -> bool:
        func, block, place = where
        event = self.index.bodies[func].blocks[block].events[place]
        return isinstance(event, Call) and event.how == "defer"

    def _reachable(self, func: int) -> list[int]:
        found = self._after.get(func)
        if found is None:
            found = self._after[func] = reachable(self.index.bodies[func].blocks)
        return found
