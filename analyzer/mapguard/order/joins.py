"""Threads to the events that wait until they have done their part: WaitGroups and groups, channels."""

from mapguard.heap.heap import Heap
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import reachable
from mapguard.ir.model import NONE, Alloc, Call, Close, External, Recv, Send
from mapguard.models.load import Models
from mapguard.order.after import Where
from mapguard.order.threads import NO_SITE, Thread

Signals = tuple[Bits, Bits, Bits]
NO_SIGNALS: Signals = (0, 0, 0)
_DEPTH = 3  # calls that a signal is looked for in


class Joins:
    def __init__(self, heap: Heap, models: Models) -> None:
        self.heap = heap
        self.index = heap.index
        self.models = models
        self._reachable: dict[int, list[int]] = {}
        self._signals: dict[int, Signals] = {}

    def signals(self, thread: Thread, last: Where) -> Signals:
        """What tells others that a thread has passed the event ``last`` of its first function for good: groups of which it is done,
        channels that it closes or sends on, unbuffered channels that it receives from."""
        groups = channels = taken = 0
        if thread.site != NO_SITE:
            start = self.index.sites[thread.site]
            if isinstance(start.event, Call) and isinstance(start.event.callee, External) and start.event.args:
                model = self.models.function(start.event.callee.name)
                if model is not None and model.spawns and start.event.callee.name.startswith("("):
                    groups |= self.heap.points(start.func, start.event.args[0])
        for b, block in enumerate(self.index.bodies[thread.func].blocks):
            for place, event in enumerate(block.events):
                deferred = isinstance(event, Call) and event.how == "defer"
                if deferred or not self.before((thread.func, b, place), last):
                    more = self._given((thread.func, b, place), 0)
                    groups, channels, taken = groups | more[0], channels | more[1], taken | more[2]
        return groups, channels, taken

    def _given(self, where: Where, depth: int) -> Signals:
        """The signals that an event gives, itself or in what it calls."""
        func, block, place = where
        event = self.index.bodies[func].blocks[block].events[place]
        match event:
            case Call(callee=External(name="close"), args=(channel,)) | Close(channel=channel) | Send(channel=channel):
                return 0, self.heap.points(func, channel), 0
            case Recv(channel=channel):
                return 0, 0, self._unbuffered(self.heap.points(func, channel))
            case Call(callee=External(name=name), args=(group, *_)):
                model = self.models.function(name)
                return (self.heap.points(func, group) if model is not None and model.done else 0), 0, 0
            case Call(how="call" | "defer") if depth < _DEPTH:
                targets = members(self.heap.targets(self.index.site_at[where]))
                return self._of_function(targets[0], depth + 1) if len(targets) == 1 else NO_SIGNALS
        return NO_SIGNALS

    def _of_function(self, func: int, depth: int) -> Signals:
        """The signals that a function gives wherever it is called."""
        known = self._signals.get(func)
        if known is None:
            self._signals[func] = NO_SIGNALS
            groups = channels = taken = 0
            for b, block in enumerate(self.index.bodies[func].blocks):
                for place in range(len(block.events)):
                    more = self._given((func, b, place), depth)
                    groups, channels, taken = groups | more[0], channels | more[1], taken | more[2]
            known = self._signals[func] = (groups, channels, taken)
        return known

    def waits(self, where: Where, signals: Signals) -> bool:
        """Whether an event goes on only after one of the signals."""
        func, block, place = where
        event = self.index.bodies[func].blocks[block].events[place]
        groups, channels, taken = signals
        match event:
            case Recv(channel=channel) if channels:
                return self._same(self.heap.points(func, channel), channels)
            case Send(channel=channel) if taken:
                return self._same(self.heap.points(func, channel), taken)
            case Call(callee=External(name=name), args=(group, *_), how="call") if groups:
                model = self.models.function(name)
                return model is not None and model.joins and self._same(self.heap.points(func, group), groups)
        return False

    def before(self, a: Where, b: Where) -> bool:
        """Whether an event can come before another of the same function, in one activation."""
        if a[0] != b[0]:
            return False
        after = self._reachable.get(a[0])
        if after is None:
            after = self._reachable[a[0]] = reachable(self.index.bodies[a[0]].blocks)
        return (a[1] == b[1] and a[2] < b[2]) or bool(after[a[1]] >> b[1] & 1)

    def _same(self, a: Bits, b: Bits) -> bool:
        """Whether what is waited for is what is signalled."""
        return a != 0 and a & ~b == 0 and a.bit_count() == 1

    def _unbuffered(self, channels: Bits) -> Bits:
        found = 0
        for number in range(channels.bit_length()):
            if channels >> number & 1:
                o = self.heap.objects.all[number]
                event = self.index.bodies[o.func].blocks[o.block].events[o.place] if o.kind == "alloc" else None
                if isinstance(event, Alloc) and event.size == NONE:
                    found |= 1 << number
        return found
