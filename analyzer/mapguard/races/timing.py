"""The order of events around the threads of one program: what can run after a thread's start, and which threads run many at a time."""

from collections.abc import Callable

from mapguard.heap.index import Index
from mapguard.order.after import SAME, After, Reach, Where
from mapguard.order.ancestry import Ancestry
from mapguard.order.flows import Stops, stops_at
from mapguard.order.joins import NO_SIGNALS, Joins, Signals
from mapguard.order.threads import NO_SITE, Thread

_SAME = frozenset((SAME,))


class Timing:
    """Answers are kept: many pairs ask the same. ``several``: callers outside the tree may call one function several times at once."""

    def __init__(self, after: After, joins: Joins, ancestry: Ancestry, several: bool = True) -> None:
        self.index: Index = after.index
        self.joins = joins
        self.ancestry = ancestry
        self.several = several
        self._walks = after
        self._reach: dict[object, Reach] = {}
        self._waiting: dict[Signals, list[Where]] = {}
        self._many: dict[tuple[Thread, int], bool] = {}

    def place(self, site: int) -> Where:
        """The event of a call site."""
        found = self.index.sites[site]
        return (found.func, found.block, found.number)

    def after(
        self, where: Where, signals: Signals = NO_SIGNALS, again: frozenset[Where] = frozenset(), outermost: int | None = None
    ) -> Reach:
        """What can run after an event before something waits for one of the signals, or before an event of ``again``."""
        key = ("after", where, signals, again, outermost)
        return self._kept(key, lambda: self._walks.start(where, self._stops(signals, again), outermost))

    def inside(self, thread: Thread, signals: Signals) -> Reach:
        """What a thread runs before it waits for one of the signals."""
        return self._kept(("inside", thread, signals), lambda: self._walks.thread(thread.func, thread.site, self._stops(signals)))

    def _stops(self, signals: Signals, again: frozenset[Where] = frozenset()) -> Stops:
        waiting = self._waiting.get(signals)
        if waiting is None:
            waiting = self._waiting[signals] = self.joins.waiting(signals)
        return stops_at((*waiting, *again))

    def runs_again(self, where: Where) -> bool:
        """Whether an event can happen twice on one thread."""
        return self.after(where).has(where, _SAME)

    def many(self, thread: Thread, below: int = NO_SITE) -> bool:
        """Whether several threads of this kind can run at a time; with ``below``, of those that one start at that site leads to."""
        key = (thread, below)
        known = self._many.get(key)
        if known is None:
            self._many[key] = False  # threads that start each other in turn
            many = thread.many and (self.several or thread.kind != "exported")
            known = self._many[key] = (below == NO_SITE or thread.site != below) and (many or self._started_again(thread, below))
        return known

    def _started_again(self, thread: Thread, below: int) -> bool:
        if thread.site == NO_SITE:
            return False
        where = self.place(thread.site)
        return self.runs_again(where) or any(self.many(parent, below) for parent in self.ancestry.running(where[0]) if parent != thread)

    def _kept(self, key: object, reach: Callable[[], Reach]) -> Reach:
        if key not in self._reach:
            self._reach[key] = reach()
        return self._reach[key]
