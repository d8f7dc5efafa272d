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
from mapguard.races.posted import Posted

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
        self.posted = Posted(self.index, endings, ancestry)
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
        frames = self.frames(c)
        sender = self.posted.sender(c, frames)
        told = self.endings.of(frames, several)
        return told if sender is None else told | self.endings.of(sender, several)

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
        start = c.hops[-1].made if c.hops[-1].called else begin  # what ``begin`` calls may wait before it returns
        whole, inner, reply = self.frames(c), self._in_value(c), self._told_by_sender(c)
        reach = self.after(start, self.endings.of(whole) | self._ended(inner, "no") | reply, again, outermost)
        again_made: Several = "yes" if reach.has(start, _SAME) else "no"
        several: Several = "yes" if self._crowd(c, start, again, outermost) else again_made
        if several == "no":
            return reach
        return self.after(start, self.endings.of(whole, several) | self._ended(inner, again_made) | reply, again, outermost)

    def _crowd(self, c: Context, start: Where, again: Renewal, outermost: int) -> bool:
        """Whether several threads can run the function value of a context: they are started after it is made, or have it from a place that
        gives it to more than one. What is sent once over a channel is received once."""
        begun = c.thread.site == NO_SITE or self.after(start, NOBODY, again, outermost).has(self.place(c.thread.site), _SAME)
        if not begun and any(map(self.posted.received, c.chain[c.inside :])):
            return False
        return self.several(c, within=outermost)

    def _told_by_sender(self, c: Context) -> Told:
        """What tells that a function value is over which another thread runs for its sender: its reply, and what the sender does then."""
        frames = self.frames(c)
        sender, reply = self.posted.sender(c, frames), self.posted.reply(c, frames)
        return reply if sender is None else reply | self.endings.of(sender, "yes" if self.many(sender.thread) else "no")

    def _in_value(self, c: Context) -> Frames | None:
        """How the function value that a map was reached through comes to the access; None where that is not by calls alone."""
        func = self._runs(c.hops[-1].made)
        number = next((n for n in range(c.inside, len(c.chain)) if c.chain[n].func == func), None)
        return self.frames(c._replace(inside=number + 1)) if number is not None and c.hops[-1].called else None

    def _ended(self, frames: Frames | None, several: Several) -> Told:
        return self.endings.of(frames, several) if frames is not None else NOBODY

    def _runs(self, made: Where) -> int:
        """The function that a function value runs."""
        func, block, place = made
        event = self.index.bodies[func].blocks[block].events[place]
        target = event.func if isinstance(event, Closure) else getattr(getattr(event, "target", None), "func", "")
        return self.index.number.get(target, -1)

    def waits(self, c: Context, told: Told) -> bool:
        """Whether a context comes to its access only when its thread, or whoever led to the start of that, has waited for one of the
        signals."""
        before = self.endings.before(told)
        if not all(before.inside(where) for where in self.frames(c).ways):
            return True
        return c.thread.site != NO_SITE and not before.anyhow(self.place(c.thread.site))

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
        parents = [p for p in self.ancestry.used(where[0]) if p != thread]
        if below != NO_SITE:
            parents = [p for p in parents if p.site == below or any(below in sites for sites in self.ancestry.links(p).values())]
        return len(parents) > 1 or self.runs_again(where) or any(self.many(parent, below) for parent in parents)

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
