"""A variable that has one of several values to whether it may have the same object at a later event still, or again."""

from mapguard.heap.index import Index, Place
from mapguard.ir.flow import Spot, defined, predecessors, reaches
from mapguard.ir.model import Phi


def has_again(index: Index, made: Place, chosen: Place | None, start: Spot, end: Spot) -> bool:
    """Whether the object that is made at one place, and that a variable gets where ``chosen`` decides, may be what the variable has at
    ``end`` when it was at ``start``: control gets there without another one being made, or another value being chosen."""
    blocks = index.bodies[made.func].blocks
    if chosen is None or not isinstance(chosen.event, Phi):
        return reaches(blocks, start, end, (made[1:3],))
    if reaches(blocks, start, end, (made[1:3], chosen[1:3])):
        return True
    mine = defined(made.event)
    sources = [b for b, a in zip(predecessors(blocks)[chosen.block], chosen.event.args, strict=True) if a in mine]
    return any(not blocks[b].events or reaches(blocks, start, (b, len(blocks[b].events) - 1), (made[1:3],)) for b in sources)
