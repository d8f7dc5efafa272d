"""Indices to the loops that count them: the ways to the next round, where an index stands for another element."""

from mapguard.heap.heap import Heap
from mapguard.heap.index import Place
from mapguard.heap.tabling import members
from mapguard.ir.flow import predecessors, reachable
from mapguard.ir.model import NONE, Call, Cast, Closure, Copy, Load, Op, Phi, Reg
from mapguard.order.flows import Where

_STEPS = 8  # copies, captures and calls that an index is followed back through


def next_round(heap: Heap, func: int, reg: Reg) -> frozenset[Where]:
    """The ways out of blocks (function, block, which successor) that lead to the next round of the loop that a register counts."""
    place = _counted(heap, func, reg)
    if place is None:
        return frozenset()
    blocks = heap.index.bodies[place.func].blocks
    before = predecessors(blocks)
    after = reachable(blocks)
    heads = [place.block] if isinstance(place.event, Phi) else before[place.block]
    latches = {(p, head) for head in heads for p in before[head] if after[head] >> p & 1}
    return frozenset((place.func, p, way) for p, head in latches for way, succ in enumerate(blocks[p].succs) if succ == head)


def _counted(heap: Heap, func: int, reg: Reg) -> Place | None:
    """Where a loop gives an index its value for a round."""
    for _ in range(_STEPS):
        place = heap.index.place(func, reg)
        match place.event if place is not None else None:
            case Copy(src=src) | Cast(src=src):
                reg = src
            case Op(op="+" | "-", args=(first, _)):
                reg = first
            case Load(index=key) if key != NONE:  # what stands in the rounds of a list: taken to be another thing in each
                reg = key
            case Phi() | Op(op="next"):
                return place
            case None:
                outer = _outer(heap, func, reg)
                if outer is None:
                    return None
                func, reg = outer
            case _:
                return None
    return None


def _outer(heap: Heap, func: int, reg: Reg) -> tuple[int, Reg] | None:
    """What a parameter or a captured value is in the one function that passes it, or makes the literal."""
    index = heap.index
    body = index.bodies[func]
    if reg < body.params:
        sites = members(heap.callers(func))
        place = index.sites[sites[0]] if len(sites) == 1 else None
        event = place.event if place is not None else None
        if place is None or not isinstance(event, Call) or len(event.args) != body.params:
            return None
        return place.func, event.args[reg]
    made = index.made.get(func, ())
    if len(made) != 1 or not isinstance(made[0].event, Closure):
        return None
    return made[0].func, made[0].event.captures[reg - body.params]
