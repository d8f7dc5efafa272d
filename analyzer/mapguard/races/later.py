"""Two contexts to whether one comes after the other because it is in a function value that is made only then."""

from mapguard.ir.model import Closure
from mapguard.order.after import SAME, Where
from mapguard.order.threads import NO_SITE, Thread
from mapguard.races.contexts import Context
from mapguard.races.timing import Timing

_SAME = frozenset((SAME,))


class Later:
    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.index = timing.index

    def made_later(self, a: Context, b: Context) -> bool:
        """Whether ``b`` is in a function value that is made only when ``a`` is over: it runs after that, whatever thread it is on."""
        for edge in b.chain[b.inside :]:
            places = self.index.made.get(edge.func, ())
            if len(places) != 1 or not isinstance(places[0].event, Closure):
                continue
            made = places[0][:3]
            running = self.timing.ancestry.running(made[0])
            if not self.timing.many(a.thread) and all(self._after(a, made, t, frozenset()) for t in running):
                return True
            if a.thread.site != NO_SITE and self._ended(a, made, running) and not self._starts_again(a, b, made, running):
                return True
        return False

    def _after(self, a: Context, where: Where, thread: Thread, seen: frozenset[Thread]) -> bool:
        """Whether a thread comes to an event only when ``a`` is over: it is the thread of ``a``, or started by one that is further."""
        if thread.kind == "unused":
            return True
        if thread == a.thread:
            return not self.timing.after(where).has(a.access.where, _SAME)
        if thread.site == NO_SITE or thread in seen:
            return thread in seen
        start = self.timing.place(thread.site)
        return all(self._after(a, start, t, seen | {thread}) for t in self.timing.ancestry.running(start[0]))

    def _starts_again(self, a: Context, b: Context, made: Where, running: frozenset[Thread]) -> bool:
        """Whether a thread like that of ``a`` can also start between the event that makes the function value of ``b`` and its end."""
        told = self.timing.told(b, "yes" if self.timing.several(b) else "no")
        return self.timing.after(made, told).has(self.timing.place(a.thread.site), _threads(running))

    def _ended(self, a: Context, where: Where, running: frozenset[Thread]) -> bool:
        """Whether the thread of ``a`` has done its part on every way to an event that comes after its start."""
        threads = _threads(running)
        started = self.timing.after(self.timing.place(a.thread.site)).has(where, threads)
        return started and not self.timing.until(a.thread.site, a).has(where, threads)


def _threads(running: frozenset[Thread]) -> frozenset[int]:
    """The threads that a walk is asked for: the one that it begins on, and these."""
    return frozenset((SAME, *(t.site for t in running if t.site != NO_SITE)))
