"""Function values that another thread runs for a caller who waits for its reply: the call is over when the value has run.

An event loop runs what comes over a channel. Who sends it a function that answers on a channel of its own, and waits for the answer,
has it run as if he had called it: what he does afterwards comes after it, and his own signals tell that it is over.
"""

from collections.abc import Iterator

from mapguard.heap.index import Index
from mapguard.ir.flow import ends, reaches
from mapguard.ir.model import Bound, Call, Closure
from mapguard.order.after import Where
from mapguard.order.ancestry import Ancestry
from mapguard.order.edges import Edge
from mapguard.order.endings import Endings, Frames
from mapguard.order.stops import NOBODY, Told
from mapguard.races.contexts import Context

_CALLS = 8  # calls from the start of the sender's thread


class Posted:
    def __init__(self, index: Index, endings: Endings, ancestry: Ancestry) -> None:
        self.index = index
        self.endings = endings
        self.ancestry = ancestry
        self._senders: dict[Context, Frames | None] = {}

    def received(self, edge: Edge) -> bool:
        """Whether what a call runs came over a channel."""
        return self.index.received(self.index.sites[edge.site]) is not None

    def reply(self, c: Context, frames: Frames) -> Told:
        """The signals of a received value about what was made for this value alone: nobody else gives them. ``frames`` tell how the thread
        comes to the access of the context."""
        value = self._value(c)
        if value is None:
            return NOBODY
        number, made = value
        inner = frames._replace(ways=frames.ways[number - c.inside + 1 :])
        told = self.endings.of(inner)
        return Told(frozenset((s, n) for s, n in told.signals if self._made_with(s.obj, made)))

    def sender(self, c: Context, frames: Frames) -> Frames | None:
        """How the thread that sends the value, and waits for its reply, comes to the wait; None where it does not wait, or is not clear."""
        if c not in self._senders:
            self._senders[c] = self._sender(c, frames)
        return self._senders[c]

    def _value(self, c: Context) -> tuple[int, Where] | None:
        """The edge of a context that runs the value that the thread has received, and the event that makes the value."""
        for number in range(c.inside, len(c.chain)):
            made = self.index.made.get(c.chain[number].func, ())
            if len(made) == 1 and isinstance(made[0].event, Closure) and self.received(c.chain[number]):
                return number, made[0][:3]
        return None

    def _made_with(self, obj: int, value: Where) -> bool:
        """Whether an object is made anew for each function value, by the function that makes the value."""
        objects = self.endings.signalling.heap.objects
        o = objects.all[objects.origin(obj)]
        blocks = self.index.bodies[value[0]].blocks
        return o.kind == "alloc" and o.func == value[0] and not reaches(blocks, value[1:], value[1:], [(o.block, o.place)])

    # ------------------------------------------------------------ the sender

    def _sender(self, c: Context, frames: Frames) -> Frames | None:
        value, reply = self._value(c), self.reply(c, frames)
        wait = self._wait(value[1], reply) if value is not None and reply != NOBODY else None
        if wait is None:
            return None
        ways = [wait]
        for _ in range(_CALLS):
            calls = [e for e in self.endings.edges.into(ways[0][0]) if e.kind in ("call", "once")]
            if not calls:
                threads = [t for t in self.ancestry.threads.started(ways[0][0]) if t.kind != "unused"]
                return Frames(threads[0], tuple(ways)) if len(threads) == 1 else None
            calls = list(self._passing(c, calls)) or calls
            if len(calls) != 1:
                return None
            ways.insert(0, self.index.sites[calls[0].site][:3])
        return None

    def _wait(self, value: Where, reply: Told) -> Where | None:
        """The one event that waits for a reply, on every way from where the value is made."""
        blocks = self.index.bodies[value[0]].blocks
        spots = self.endings.waits.stops(reply).marks(value[0]).spots
        if len(spots) != 1 or any(reaches(blocks, value[1:], end, spots) for end in ends(blocks)):
            return None
        return (value[0], *next(iter(spots)))

    def _passing(self, c: Context, calls: list[Edge]) -> Iterator[Edge]:
        """The calls that pass a function which the value runs on the way to the access."""
        values = {place[:3] for edge in c.chain[c.inside :] for place in self.index.made.get(edge.func, ())}
        for edge in calls:
            func, _, _, event = self.index.sites[edge.site]
            made = (self.index.bodies[f].blocks[b].events[p] for f, b, p in values if f == func)
            if isinstance(event, Call) and any(isinstance(e, Closure | Bound) and e.dst in event.args for e in made):
                yield edge
