"""Two threads to whether they are of entry points that never meet: of two programs, of two commands of one, or run one after another."""

from collections.abc import Callable

from mapguard.order.ancestry import Ancestry
from mapguard.order.threads import NO_SITE, Thread


class Turns:
    """``many`` tells the threads of which several run at a time."""

    def __init__(self, ancestry: Ancestry, many: Callable[[Thread], bool]) -> None:
        self.ancestry = ancestry
        self.many = many
        self._origins: dict[Thread, frozenset[Thread]] = {}

    def apart(self, s: Thread, t: Thread) -> bool:
        """Whether all entry points that lead to the one thread are apart from those that lead to the other."""
        if s == t:
            return False
        if s.site == t.site != NO_SITE:
            return self._registered_together(s, t)
        return self._in_turn(s, t) and all(self._apart(s, x, t, y) for x in self.origins(s) for y in self.origins(t))

    def _registered_together(self, s: Thread, t: Thread) -> bool:
        """Whether one goroutine of a library runs what both threads are, since one call registered them."""
        edges = [e for e in self.ancestry.edges.out(s.site) if e.func in (s.func, t.func)]
        return all(e.serial for e in edges) and not (self.many(s) or self.many(t))

    def _in_turn(self, s: Thread, t: Thread) -> bool:
        """Whether there is anything to look at: most threads are of no entry point that takes turns."""
        turns = {x.turn for x in self.origins(s)}
        return -1 not in turns and turns == {x.turn for x in self.origins(t)}

    def origins(self, thread: Thread) -> frozenset[Thread]:
        """The entry points that lead to a thread."""
        known = self._origins.get(thread)
        if known is None:
            every = (thread, *self.ancestry.links(thread))
            known = self._origins[thread] = frozenset(t for t in every if t.site == NO_SITE)
        return known

    def _apart(self, s: Thread, x: Thread, t: Thread, y: Thread) -> bool:
        if x.turn != y.turn or x.turn < 0 or x == y:
            return False
        if x.stage == y.stage and x.stage >= 0:
            return True  # one process runs one of them
        if s == x and t == y:
            return True  # one goroutine runs both
        return (s == x and x.stage < y.stage) or (t == y and y.stage < x.stage)  # it is over before the other one starts anything
