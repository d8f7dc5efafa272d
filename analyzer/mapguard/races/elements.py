"""Elements of paths to whether they are different ones, and to the events after which an index stands for another one."""

from mapguard.bodies.counters import Counter, Counters
from mapguard.bodies.paths import index_of
from mapguard.bodies.summaries import Bodies
from mapguard.races.contexts import Anchored


class Elements:
    def __init__(self, bodies: Bodies) -> None:
        self.bodies = bodies
        self.index = bodies.index
        self._counters: dict[int, Counters] = {}

    def counter(self, field: str) -> tuple[int, Counter] | None:
        """The function whose rounds the index of an element counts, and how."""
        named = index_of(field)
        func = self.index.number.get(named[0]) if named is not None else None
        if named is None or func is None:
            return None
        if func not in self._counters:
            self._counters[func] = Counters(self.bodies.paths(func))
        found = self._counters[func].of(named[1])
        return (func, found) if found is not None else None

    def differ(self, a: Anchored, b: Anchored) -> bool:
        """Whether two paths part at indices or keys of one container that cannot be the same."""
        if a.path.root != b.path.root or (a.func != b.func and not isinstance(a.path.root, str)):
            return False
        parting = next(((x, y) for x, y in zip(a.path.fields, b.path.fields, strict=False) if x != y), None)
        if parting is None:
            return False
        if all(field.startswith("[#") for field in parting):
            return True
        (low, high), (other_low, other_high) = map(self._values, parting)
        return (high is not None and other_low is not None and high < other_low) or (
            other_high is not None and low is not None and other_high < low
        )

    def _values(self, field: str) -> tuple[int | None, int | None]:
        """The least and the greatest value of an index, as far as they are known."""
        if field.startswith("[#") and field[2:-1].isdecimal():
            return int(field[2:-1]), int(field[2:-1])
        found = self.counter(field)
        return (found[1].low, found[1].high) if found is not None else (None, None)
