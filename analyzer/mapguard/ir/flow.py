"""Events to what they define and use; graphs of blocks to predecessors, loops and dominators."""

from collections.abc import Iterator

from mapguard.ir.model import (
    NONE,
    Alloc,
    Block,
    Body,
    Bound,
    Call,
    Cast,
    Clone,
    Close,
    Closure,
    Const,
    Copy,
    CopyInto,
    Dynamic,
    Event,
    Field,
    Global,
    Load,
    MapOp,
    Op,
    Phi,
    Recv,
    Reg,
    Return,
    Send,
    Store,
)


def defined(event: Event) -> tuple[Reg, ...]:
    """The registers that an event defines."""
    match event:
        case Call(dsts=dsts):
            return dsts
        case MapOp(op="read", value=value):
            return (value,) if value != NONE else ()
        case Alloc(dst=dst) | Copy(dst=dst) | Cast(dst=dst) | Phi(dst=dst) | Const(dst=dst) | Global(dst=dst) | Closure(dst=dst):
            return (dst,)
        case Bound(dst=dst) | Op(dst=dst) | Field(dst=dst) | Load(dst=dst) | Clone(dst=dst) | Recv(dst=dst):
            return (dst,)
    return ()


def used(event: Event) -> tuple[Reg, ...]:
    """The registers that an event reads, NONE left out."""
    found: tuple[Reg, ...] = ()
    match event:
        case Copy(src=src) | Cast(src=src) | Clone(src=src):
            found = (src,)
        case Phi(args=args) | Op(args=args):
            found = args
        case Closure(captures=captures):
            found = captures
        case Bound(recv=recv):
            found = (recv,)
        case Alloc(size=size):
            found = (size,)
        case Field(base=base, index=index) | Load(base=base, index=index):
            found = (base, index)
        case Store(base=base, src=src, index=index):
            found = (base, src, index)
        case CopyInto(base=base, src=src):
            found = (base, src)
        case MapOp(op=op, map=map_, key=key, value=value):
            found = (map_, key, value) if op == "write" else (map_, key)
        case Call(callee=Dynamic(reg=reg), args=args):
            found = (reg, *args)
        case Call(args=args):
            found = args
        case Send(channel=channel, value=value):
            found = (channel, value)
        case Recv(channel=channel) | Close(channel=channel):
            found = (channel,)
        case Return(values=values):
            found = values
    return tuple(r for r in found if r != NONE)


def events(body: Body) -> Iterator[tuple[int, int, Event]]:
    """Every event with the numbers of its block and of its place there."""
    for number, block in enumerate(body.blocks):
        for place, event in enumerate(block.events):
            yield number, place, event


def predecessors(blocks: tuple[Block, ...]) -> list[list[int]]:
    """The predecessors of each block, in the order of the ``args`` of its phis."""
    found: list[list[int]] = [[] for _ in blocks]
    for number, block in enumerate(blocks):
        for succ in block.succs:
            found[succ].append(number)
    return found


def reachable(blocks: tuple[Block, ...]) -> list[int]:
    """For each block the set of blocks that control can get to after it, as the bits of an int."""
    after = [0] * len(blocks)
    changed = True
    while changed:
        changed = False
        for number in range(len(blocks) - 1, -1, -1):
            now = after[number]
            for succ in blocks[number].succs:
                now |= 1 << succ | after[succ]
            if now != after[number]:
                after[number] = now
                changed = True
    return after


def dominators(blocks: tuple[Block, ...]) -> list[int]:
    """For each block the set of blocks that every way from the entry to it passes, itself too, as the bits of an int."""
    before = predecessors(blocks)
    everything = (1 << len(blocks)) - 1
    found = [everything] * len(blocks)
    found[0] = 1
    changed = True
    while changed:
        changed = False
        for number in range(1, len(blocks)):
            common = everything
            for p in before[number]:
                common &= found[p]
            common |= 1 << number
            if common != found[number]:
                found[number] = common
                changed = True
    return found
