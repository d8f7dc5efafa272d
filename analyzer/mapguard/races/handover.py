"""Maps that go from one thread to another over a channel: who has them has them alone."""

from collections.abc import Iterator

from mapguard.bodies.summaries import Bodies
from mapguard.heap.index import FieldKey, Kept
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import reaches, used
from mapguard.ir.model import ELEM, Recv, Send
from mapguard.races.contexts import Anchored
from mapguard.races.escape import Escape


class Handover:
    def __init__(self, bodies: Bodies, escape: Escape) -> None:
        self.bodies = bodies
        self.escape = escape
        self.index = bodies.index

    def each_its_own(self, anchored: Anchored) -> bool:
        """Whether each receive from a channel gets another object: one made anew for each send, or one that was received and is given back.
        What callers outside the tree send is taken to be made anew."""
        func, path = anchored
        place = self.index.place(func, path.root) if isinstance(path.root, int) else None
        if place is None or not isinstance(place.event, Recv):
            return False
        channels = self.bodies.heap.points(func, place.event.channel)
        sent: set[Anchored] = set()
        for kept in self._sends(self.index.key(ELEM, self.index.bodies[func].types[place.event.channel])):
            if self.bodies.heap.points(kept.func, kept.base) & channels:
                paths = self.bodies.paths(kept.func)
                value = Anchored(kept.func, paths.normal(paths.of(kept.src).plus(*path.fields)))
                if self._given_back(kept, channels):
                    continue
                if value in sent or not self.escape.owns(*value) or self._sent_again(kept, value):
                    return False
                sent.add(value)
        return bool(sent) or all(self._from_outside(channel) for channel in members(channels))

    def _sends(self, key: FieldKey) -> Iterator[Kept]:
        """All that is sent on channels of one type of elements."""
        for one in dict.fromkeys((key, (key[0], None))):
            yield from self.index.given_back.get(one, ())
        for stores in self.index.kept(key):
            yield from stores.all()

    def _from_outside(self, channel: int) -> bool:
        objects = self.bodies.heap.objects
        return objects.all[objects.origin(channel)].kind == "outside"

    def _given_back(self, kept: Kept, channels: Bits) -> bool:
        """Whether a send gives back what came from the channel, and nothing is done with that afterwards."""
        paths = self.bodies.paths(kept.func)
        path = paths.of(kept.src)
        got = self.index.place(kept.func, path.root) if isinstance(path.root, int) and not path.fields else None
        if got is None or not isinstance(got.event, Recv) or not self.bodies.heap.points(kept.func, got.event.channel) & channels:
            return False
        blocks = self.index.bodies[kept.func].blocks
        uses = [
            (b, p)
            for b, block in enumerate(blocks)
            for p, e in enumerate(block.events)
            if any(paths.of(r).root == path.root for r in used(e))
        ]
        sends = [(b, p) for b, p in uses if isinstance(e := blocks[b].events[p], Send) and (e.channel, e.value) == (kept.base, kept.src)]
        return not any(reaches(blocks, send, use, (got[1:3],)) for send in sends for use in uses)

    def _sent_again(self, kept: Kept, value: Anchored) -> bool:
        """Whether a send can happen again before its value is made again."""
        made = self.index.place(kept.func, value.path.root) if isinstance(value.path.root, int) else None
        if made is None:
            return True
        for b, block in enumerate(self.index.bodies[kept.func].blocks):
            for p, event in enumerate(block.events):
                if isinstance(event, Send) and (event.channel, event.value) == (kept.base, kept.src):
                    return reaches(self.index.bodies[kept.func].blocks, (b, p), (b, p), (made[1:3],))
        return True
