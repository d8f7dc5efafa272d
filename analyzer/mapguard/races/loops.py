"""Channels of functions to whether one goroutine runs all that comes over them, one after another: an event loop, which keeps what it runs
apart as a lock does."""

from collections.abc import Sequence

from mapguard.bodies.state import RUNS
from mapguard.bodies.summaries import Bodies
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import events, reaches
from mapguard.ir.model import Bound, Closure, Recv, Send
from mapguard.order.after import Where
from mapguard.order.threads import NO_SITE
from mapguard.races.contexts import Anchored, Context
from mapguard.races.resolve import Resolver
from mapguard.races.timing import Timing


class Loops:
    def __init__(self, bodies: Bodies, resolver: Resolver, timing: Timing) -> None:
        self.bodies = bodies
        self.resolver = resolver
        self.heap = resolver.heap
        self.index = resolver.index
        self.timing = timing
        self._receives: list[tuple[Where, int]] | None = None
        self._serial: dict[Bits, bool] = {}
        self._sent: dict[Context, Bits] = {}

    def serial(self, channels: Bits) -> bool:
        """Whether each of the channels has one goroutine that receives from it."""
        known = self._serial.get(channels)
        if known is None:
            known = self._serial[channels] = self._one_receiver(channels)
        return known

    def sent(self, c: Context) -> Bits:
        """The channels over which a loop got what a context runs, as the sender knows them: loops that one function makes are several. 0
        where no loop runs it, or it is not clear who has sent it."""
        if not any(mode == RUNS for _, mode in c.locks):
            return 0
        known = self._sent.get(c)
        if known is None:
            sender = self.timing.posted.sender(c, self.timing.frames(c))
            known = self._sent[c] = self._channels(sender.ways) if sender is not None else 0
        return known

    def _channels(self, ways: Sequence[Where]) -> Bits:
        """What a function sends a function value over, which the events ``ways`` lead to."""
        func = ways[-1][0]
        paths = self.bodies.paths(func)
        sends = (e for _, _, e in events(self.index.bodies[func]) if isinstance(e, Send))
        over = {paths.of(e.channel) for e in sends if isinstance(paths.definition(e.value), Closure | Bound)}
        if len(over) != 1:
            return 0
        path = over.pop()
        for where in reversed(ways[:-1]):
            given = self.bodies.given(self.index.site_at[where], func, path)
            if given is None:
                break
            func, path = where[0], given
        return self.resolver.objects(Anchored(func, path))

    def _one_receiver(self, channels: Bits) -> bool:
        receivers = [where for where, reg in self._all_receives() if self.heap.points(where[0], reg) & channels]
        if len(receivers) != 1:
            return False
        threads = self.timing.ancestry.running(receivers[0][0])
        if len(threads) != 1:
            return False
        [thread] = threads
        if not self.timing.many(thread):
            return True
        return thread.site != NO_SITE and not thread.many and all(self._started_once(thread.site, c) for c in members(channels))

    def _all_receives(self) -> list[tuple[Where, int]]:
        if self._receives is None:
            self._receives = [
                ((func, block, place), event.channel)
                for func, body in enumerate(self.index.bodies)
                for block, place, event in events(body)
                if isinstance(event, Recv)
            ]
        return self._receives

    def _started_once(self, site: int, channel: int) -> bool:
        """Whether a channel is made anew before each start of a goroutine."""
        place = self.index.sites[site]
        made = self.heap.spots(channel).get(place.func)
        start = (place.block, place.number)
        return made is not None and not reaches(self.index.bodies[place.func].blocks, start, start, (made,))
