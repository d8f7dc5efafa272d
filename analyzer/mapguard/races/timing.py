"""The order of events around the threads of one program: what can run after a thread's start, and which threads run many at a time."""

from collections.abc import Callable

from mapguard.heap.index import Index
from mapguard.ir.model import Closure
from mapguard.order.after import SAME, After, Reach, Where
from mapguard.order.ancestry import Ancestry
from mapguard.order.edges import Edge
from mapguard.order.endings import Endings, Frames, Several
from mapguard.order.stops import NEVER, NOBODY, Renewal, Told
from mapguard.order.tasks import Tasks
from mapguard.order.threads import NO_SITE, Thread
from mapguard.races.contexts import Context

_SAME = frozenset((SAME,))


class Timing:
    """Answers are kept: many pairs ask the same. ``calls_at_once``: callers outside the tree may call one function several times at
    once."""

    def __init__(self, after: After, endings: Endings, ancestry: Ancestry, calls_at_once: bool = True) -> None:
        self.calls_at_once = calls_at_once
        self.index: Index = after.index
        self.endings = endings
        self.ancestry = ancestry
        self._walks = after
        self._reach: dict[object, Reach] = {}
        self._many: dict[tuple[Thread, int], bool] = {}
        self.tasks = Tasks(endings.signalling.heap, after, ancestry, self.many)

    def place(self, site: int) -> Where:
        """The event of a call site."""
        found = self.index.sites[site]
        return (found.func, found.block, found.number)

    def frames(self, c: Context) -> Frames:
        """How the thread of a context comes to its access."""
        inner = c.chain[c.inside :]
        ways = (*(self.place(edge.site) for edge in inner), c.access.where)
        onces = [self.endings.waiting.awaited(self.place(edge.site)) for edge in inner if edge.kind == "once"]
        return Frames(c.thread, ways, frozenset().union(*onces))

    def told(self, c: Context, several: Several = "no") -> Told:
        """What tells others that the access of a context is over."""
        return self.endings.of(self.frames(c), several)

    def after(self, where: Where, told: Told = NOBODY, again: Renewal = NEVER, outermost: int | None = None) -> Reach:
        """What can run after an event before something waits for one of the signals, or makes another object of what is looked at."""
        key = ("after", where, told, again, outermost)
        return self._kept(key, lambda: self._walks.start(where, self.endings.waits.stops(told, again), outermost))

    def until(self, site: int, c: Context, again: Renewal = NEVER, outermost: int | None = None) -> Reach:
        """What can run after the start, at a site, of a thread of a context or of one that leads there, until waits show that it has done
        the access."""
        where, told = self.place(site), self.told(c)
        reach = self.after(where, told, again, outermost)
        several = reach.has(where, _SAME) or (site != c.thread.site and c.thread.site != NO_SITE and self.many(c.thread, below=site))
        several = several and not any(self.tasks.once(way, outermost) for way in _handed_on(c))
        return self.after(where, self.told(c, "yes"), again, outermost) if several and told != NOBODY else reach

    def after_value(self, begin: Where, c: Context, again: Renewal, outermost: int) -> Reach:
        """What can run after an event with which a function value goes to another thread, until waits show that this has done the access
        of a context in it. ``c.hops`` tell the value."""
        func = self._runs(c.hops[-1].made)
        number = next((n for n in range(c.inside, len(c.chain)) if c.chain[n].func == func), None)
        if number is None or not c.hops[-1].called:
            return self.after(begin, NOBODY, again, outermost)
        frames = self.frames(c._replace(inside=number + 1))
        reach = self.after(begin, self.endings.of(frames), again, outermost)
        return self.after(begin, self.endings.of(frames, "yes"), again, outermost) if reach.has(begin, _SAME) else reach

    def _runs(self, made: Where) -> int:
        """The function that a function value runs."""
        func, block, place = made
        event = self.index.bodies[func].blocks[block].events[place]
        target = event.func if isinstance(event, Closure) else getattr(getattr(event, "target", None), "func", "")
        return self.index.number.get(target, -1)

    def waits(self, c: Context, told: Told) -> bool:
        """Whether the thread of a context comes to its access only after it has waited for one of the signals."""
        before = self.endings.before(told)
        return not all(before.inside(where) for where in self.frames(c).ways)

    def several(self, c: Context, below: int = NO_SITE, within: int | None = None) -> bool:
        """Whether several threads can come to the access of a context at a time: at all, or of those that one start at the site ``below``
        leads to, and in one activation of the function ``within``."""
        return self.many(c.thread, below) and not any(self.tasks.once(way, within) for way in _handed_on(c))

    def same_run(self, a: Context, b: Context, within: int | None = None) -> bool:
        """Whether two accesses are in one run of a function that is there once."""
        common = 0
        for mine, other in zip(_inner(a), _inner(b), strict=False):
            if mine != other:
                break
            common += 1
        return any(len(way) <= common and self.tasks.once(way, within) for way in _handed_on(a))

    def runs_again(self, where: Where) -> bool:
        """Whether an event can happen twice on one thread."""
        return self.after(where).has(where, _SAME)

    def many(self, thread: Thread, below: int = NO_SITE) -> bool:
        """Whether several threads of this kind can run at a time; with ``below``, of those that one start at that site leads to."""
        key = (thread, below)
        known = self._many.get(key)
        if known is None:
            self._many[key] = False  # threads that start each other in turn
            many = thread.many and (self.calls_at_once or thread.kind != "exported")
            known = (below == NO_SITE or thread.site != below) and (many or self._started_again(thread, below))
            known = self._many[key] = known and not self._of_one_value(thread)
        return known

    def _of_one_value(self, thread: Thread) -> bool:
        """Whether a thread runs a value of which there is one, and which is started once."""
        edges = self.ancestry.edges.out(thread.site) if thread.site != NO_SITE else ()
        return any(e.func == thread.func and e.kind == "go" and self.tasks.once((e,)) for e in edges)

    def _started_again(self, thread: Thread, below: int) -> bool:
        if thread.site == NO_SITE:
            return False
        where = self.place(thread.site)
        return self.runs_again(where) or any(self.many(parent, below) for parent in self.ancestry.running(where[0]) if parent != thread)

    def _kept(self, key: object, reach: Callable[[], Reach]) -> Reach:
        if key not in self._reach:
            self._reach[key] = reach()
        return self._reach[key]


def _inner(c: Context) -> tuple[Edge, ...]:
    """The edges from the start of a thread, itself too, to the access."""
    return c.chain[max(c.inside - 1, 0) :]


def _handed_on(c: Context) -> list[tuple[Edge, ...]]:
    """The ways from the start of a thread, itself too, to calls that may run something that was handed on."""
    way = _inner(c)
    return [way[: number + 1] for number, edge in enumerate(way) if edge.kind in ("call", "go", "parallel")]
