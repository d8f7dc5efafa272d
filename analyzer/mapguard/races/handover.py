"""Maps that go from one thread to another over a channel, or are taken out of their place under a lock: who has them has them alone."""

from mapguard.bodies.paths import Path
from mapguard.bodies.state import Held
from mapguard.bodies.summaries import Bodies
from mapguard.heap.index import Kept
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import Spot, reaches, used
from mapguard.ir.model import ELEM, Load, MapOp, Recv, Reg, Send, Store
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
        for stores in self.index.kept(self.index.key(ELEM, self.index.bodies[func].types[place.event.channel])):
            for kept in [*stores.others, *(k for local in stores.local.values() for k in local)]:
                if self.bodies.heap.points(kept.func, kept.base) & channels:
                    paths = self.bodies.paths(kept.func)
                    value = Anchored(kept.func, paths.normal(paths.of(kept.src).plus(*path.fields)))
                    if self._given_back(kept, channels):
                        continue
                    if value in sent or not self.escape.owns(*value) or self._sent_again(kept, value):
                        return False
                    sent.add(value)
        return bool(sent) or all(self._from_outside(channel) for channel in members(channels))

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

    def taken_out(self, func: int, reg: Reg, block: int, place: int) -> Held:
        """The locks under which a map was replaced after it was read from its place, on every way to an event: who holds one of them
        finds another map there."""
        read = self.index.place(func, reg)
        if read is None or not isinstance(read.event, Load | MapOp):
            return frozenset()
        paths = self.bodies.paths(func)
        slot = paths.of(reg)
        replaced = self._replaced(func, slot)
        start = (read.block, read.number)
        if not replaced or reaches(self.index.bodies[func].blocks, start, (block, place), replaced):
            return frozenset()
        held: Held | None = None
        for spot in (start, *replaced):
            for at in self.bodies.held(func, *spot):
                held = at.held if held is None else held & at.held
        return held or frozenset()

    def _replaced(self, func: int, slot: Path) -> list[Spot]:
        """Where a function puts another value into a place, or takes out what is there."""
        paths = self.bodies.paths(func)
        found: list[Spot] = []
        for b, block in enumerate(self.index.bodies[func].blocks):
            for p, event in enumerate(block.events):
                match event:
                    case Store(base=base, field=field, index=index) if paths.member(base, field, index) == slot:
                        found.append((b, p))
                    case MapOp(op="write" | "delete", map=base, key=key) if paths.member(base, ELEM, key) == slot:
                        found.append((b, p))
        return found
