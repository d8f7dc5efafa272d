"""Indices to the loops that count them: the ways to the next round, where an index stands for another element."""

from mapguard.heap.index import Index
from mapguard.ir.flow import predecessors, reachable
from mapguard.ir.model import Cast, Copy, Op, Phi, Reg
from mapguard.order.flows import Where


def next_round(index: Index, func: int, reg: Reg) -> frozenset[Where]:
    """The ways out of blocks (function, block, which successor) that lead to the next round of the loop that a register counts."""
    place = index.place(func, reg)
    seen: set[Reg] = set()
    while place is not None and reg not in seen:
        seen.add(reg)
        match place.event:
            case Copy(src=src) | Cast(src=src):
                reg = src
            case Op(op="+" | "-", args=(first, _)):
                reg = first
            case _:
                break
        place = index.place(func, reg)
    if place is None or not isinstance(place.event, Op | Phi) or (isinstance(place.event, Op) and place.event.op != "next"):
        return frozenset()
    blocks = index.bodies[func].blocks
    before = predecessors(blocks)
    after = reachable(blocks)
    heads = [place.block] if isinstance(place.event, Phi) else before[place.block]
    latches = {(p, head) for head in heads for p in before[head] if after[head] >> p & 1}
    return frozenset((func, p, way) for p, head in latches for way, succ in enumerate(blocks[p].succs) if succ == head)
