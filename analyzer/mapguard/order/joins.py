"""Threads to the events that wait until they have done their part: WaitGroups and groups, channels."""

from typing import NamedTuple

from mapguard.heap.heap import Heap
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import reachable
from mapguard.ir.model import NONE, Alloc, Call, Close, Dynamic, Event, External, Invoke, Op, Recv, Reg, Send
from mapguard.models.load import Models
from mapguard.order.after import Where
from mapguard.order.threads import NO_SITE, Thread


class Signals(NamedTuple):
    """What tells others that a thread has passed an event: groups of which it is done, channels that it sends on, channels that it closes
    (no other thread does), unbuffered channels that it receives from, atomic values that it sets, contexts that it cancels."""

    groups: Bits = 0
    channels: Bits = 0
    taken: Bits = 0
    flags: Bits = 0
    cancelled: Bits = 0
    closed: Bits = 0

    def __or__(self, other: "Signals") -> "Signals":
        return Signals(*(a | b for a, b in zip(self, other, strict=True)))


NO_SIGNALS = Signals()
_SETS = ("Store", "Add", "Swap", "CompareAndSwap", "Or", "And")
_DEPTH = 3  # calls that a signal is looked for in


class Joins:
    def __init__(self, heap: Heap, models: Models) -> None:
        self.heap = heap
        self.index = heap.index
        self.models = models
        self._reachable: dict[int, list[int]] = {}
        self._signals: dict[int, Signals] = {}
        self._may_wait: list[Where] | None = None
        self._rounds: dict[tuple[int, int, Signals], bool] = {}

    def signals(self, thread: Thread, last: Where) -> Signals:
        """What tells others that a thread has passed the event ``last`` of its first function for good."""
        found = NO_SIGNALS
        if thread.site != NO_SITE:
            start = self.index.sites[thread.site]
            if isinstance(start.event, Call) and isinstance(start.event.callee, External) and start.event.args:
                model = self.models.function(start.event.callee.name)
                if model is not None and model.spawns and start.event.callee.name.startswith("("):
                    found |= Signals(groups=self.heap.points(start.func, start.event.args[0]))
        for b, block in enumerate(self.index.bodies[thread.func].blocks):
            for place, event in enumerate(block.events):
                deferred = isinstance(event, Call) and event.how == "defer"
                if deferred or not self.before((thread.func, b, place), last):
                    found |= self._given((thread.func, b, place), 0)
        return found

    def _given(self, where: Where, depth: int) -> Signals:
        """The signals that an event gives, itself or in what it calls."""
        func, block, place = where
        event = self.index.bodies[func].blocks[block].events[place]
        match event:
            case Call(callee=External(name="close"), args=(channel,)) | Close(channel=channel):
                return Signals(closed=self.heap.points(func, channel))
            case Send(channel=channel):
                return Signals(channels=self.heap.points(func, channel))
            case Recv(channel=channel):
                return Signals(taken=self._unbuffered(self.heap.points(func, channel)))
            case Call(callee=External(name=name), args=(first, *_)):
                model = self.models.function(name)
                if model is not None and model.done:
                    return Signals(groups=self.heap.points(func, first))
                return Signals(flags=self.heap.points(func, first)) if self._atomic(name, _SETS) else NO_SIGNALS
            case Call(callee=Dynamic(reg=reg), args=()):
                cancelled = self._cancelled(self.heap.points(func, reg))
                if cancelled:
                    return Signals(cancelled=cancelled)
        if isinstance(event, Call) and event.how != "go" and depth < _DEPTH:
            targets = members(self.heap.targets(self.index.site_at[where]))
            return self._of_function(targets[0], depth + 1) if len(targets) == 1 else NO_SIGNALS
        return NO_SIGNALS

    def _cancelled(self, functions: Bits) -> Bits:
        """The contexts that came with functions which cancel them, as far as they are known."""
        found = 0
        for number in members(functions):
            o = self.heap.objects.all[number]
            if o.kind == "result":
                event = self.index.maker(o)
                if isinstance(event, Call) and len(event.dsts) == 2:
                    found |= self.heap.points(o.func, event.dsts[0])
        return found

    def _of_function(self, func: int, depth: int) -> Signals:
        """The signals that a function gives wherever it is called."""
        known = self._signals.get(func)
        if known is None:
            self._signals[func] = known = NO_SIGNALS
            for b, block in enumerate(self.index.bodies[func].blocks):
                for place in range(len(block.events)):
                    known |= self._given((func, b, place), depth)
            self._signals[func] = known
        return known

    def _atomic(self, name: str, methods: tuple[str, ...]) -> bool:
        """Whether a library's function sets, or reads, an atomic value."""
        owner, _, method = name.rpartition(".")
        plain = owner.removeprefix("(").removesuffix(")").removeprefix("*").partition("[")[0]
        return method.startswith(methods) and (owner == "sync/atomic" or self.models.type(plain) == "atomic")

    def waiting(self, signals: Signals) -> list[Where]:
        """The events that go on only after one of the signals; the place after the last event of a block is its end."""
        return [where for where in self._candidates() if self.waits(where, signals)] if signals != NO_SIGNALS else []

    def _candidates(self) -> list[Where]:
        """The events that may wait for anything: communication, calls of libraries that join or read atomic values, the blocks that such
        a read decides on, and the heads of loops with any of these in them."""
        if self._may_wait is None:
            self._may_wait = []
            for func, body in enumerate(self.index.bodies):
                found = [(func, b, p) for b, block in enumerate(body.blocks) for p, event in enumerate(block.events) if self._asks(event)]
                if found:
                    for b, block in enumerate(body.blocks):
                        found.append((func, b, len(block.events)))
                        if block.events:
                            found.append((func, b, 0))
                self._may_wait.extend(dict.fromkeys(found))
        return self._may_wait

    def _asks(self, event: Event) -> bool:
        match event:
            case Recv() | Send():
                return True
            case Call(callee=External(name=name)):
                model = self.models.function(name)
                return (model is not None and bool(model.joins)) or self._atomic(name, ("Load",))
        return False

    def waits(self, where: Where, signals: Signals) -> bool:
        """Whether an event goes on only after one of the signals; the place after the last event of a block is its end."""
        func, block, place = where
        if place == 0 and signals.flags and self._told(func, block, signals.flags):
            return True
        if place == len(self.index.bodies[func].blocks[block].events):
            return self._waits_in_rounds(func, block, signals)
        return self._event_waits(where, signals)

    def _event_waits(self, where: Where, signals: Signals) -> bool:
        func, block, place = where
        event = self.index.bodies[func].blocks[block].events[place]
        match event:
            case Recv(channel=channel):
                told = signals.channels | signals.closed
                if told and self._same(self.heap.points(func, channel), told):
                    return True
                return bool(signals.cancelled) and self._done_of(func, channel, signals.cancelled)
            case Send(channel=channel) if signals.taken:
                return self._same(self.heap.points(func, channel), signals.taken)
            case Call(callee=External(name=name), args=(first, *_), how="call"):
                model = self.models.function(name)
                if model is not None and model.joins and signals.groups:
                    return self._same(self.heap.points(func, first), signals.groups)
                if signals.flags and self._atomic(name, ("Load",)) and self._same(self.heap.points(func, first), signals.flags):
                    return self._spins(func, block, event.dsts)
        return False

    def _waits_in_rounds(self, func: int, head: int, signals: Signals) -> bool:
        """Whether a block is the head of a loop that waits in each round: it is taken to have one round at least."""
        key = (func, head, signals)
        known = self._rounds.get(key)
        if known is None:
            self._rounds[key] = False
            blocks = self.index.bodies[func].blocks
            self.before((func, 0, 0), (func, 0, 0))
            after = self._reachable[func]
            known = False
            if blocks[head].kind in ("range", "if") and after[head] >> head & 1:
                first = blocks[head].succs[0]
                inner = [n for n in range(len(blocks)) if n != head and (after[first] | 1 << first) >> n & 1 and after[n] >> head & 1]
                known = not after[blocks[head].succs[-1]] >> head & 1 and any(
                    self._event_waits((func, n, p), signals) for n in inner for p in range(len(blocks[n].events))
                )
            self._rounds[key] = known
        return known

    def _done_of(self, func: int, channel: Reg, cancelled: Bits) -> bool:
        """Whether a channel is the Done of a context that is cancelled."""
        place = self.index.place(func, channel)
        event = place.event if place is not None else None
        if not isinstance(event, Call) or not event.args or not isinstance(event.callee, External | Invoke):
            return False
        return event.callee.name.endswith("Done") and self._same(self.heap.points(func, event.args[0]), cancelled)

    def _spins(self, func: int, block: int, results: tuple[Reg, ...]) -> bool:
        """Whether a block is asked again and again until the value read decides to go on."""
        self.before((func, 0, 0), (func, 0, 0))
        graph = self.index.bodies[func].blocks[block]
        return graph.kind == "if" and self._decides(func, graph.cond, results) and bool(self._reachable[func][block] >> block & 1)

    def _decides(self, func: int, cond: Reg, results: tuple[Reg, ...]) -> bool:
        place = self.index.place(func, cond)
        return cond in results or (place is not None and isinstance(place.event, Op) and any(a in results for a in place.event.args))

    def _told(self, func: int, block: int, flags: Bits) -> bool:
        """Whether a block is entered only where an atomic value was read as true."""
        blocks = self.index.bodies[func].blocks
        before = [n for n, b in enumerate(blocks) if block in b.succs]
        if len(before) != 1 or blocks[before[0]].kind != "if" or blocks[before[0]].succs[0] != block:
            return False
        place = self.index.place(func, blocks[before[0]].cond)
        event = place.event if place is not None else None
        if not isinstance(event, Call) or not isinstance(event.callee, External) or not event.args:
            return False
        return self._atomic(event.callee.name, ("Load",)) and self._same(self.heap.points(func, event.args[0]), flags)

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
                event = self.index.maker(o) if o.kind == "alloc" else None
                if isinstance(event, Alloc) and event.size == NONE:
                    found |= 1 << number
        return found
