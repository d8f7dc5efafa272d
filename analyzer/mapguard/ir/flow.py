"""Events to what they define and use; graphs of blocks to predecessors, loops and dominators."""

from collections.abc import Collection, Iterator, Sequence

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
    Copy,
    CopyInto,
    Dynamic,
    Event,
    Field,
    Load,
    MapOp,
    Op,
    Phi,
    Recv,
    Reg,
    Return,
    Send,
    Static,
    Store,
)


def defined(event: Event) -> tuple[Reg, ...]:
    """The registers that an event defines."""
    dst: Reg | None = getattr(event, "dst", None)
    if dst is not None:
        return (dst,)
    if isinstance(event, Call):
        return event.dsts
    if isinstance(event, MapOp) and event.op in ("read", "len") and event.value != NONE:
        return (event.value,)
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


def shift(call: Call, target: Body) -> int:
    """How many parameters of what a call runs come before its arguments: the receiver that a method value has already."""
    return 0 if isinstance(call.callee, Static) or target.params == len(call.args) else 1


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


def immediate_dominators(blocks: tuple[Block, ...]) -> list[int]:
    """For each block the nearest other block that every way from the entry to it passes; the entry is its own.

    Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm, 2001.
    """
    before = predecessors(blocks)
    order = postorder(blocks)
    place = {number: i for i, number in enumerate(order)}
    found = [-1] * len(blocks)
    found[0] = 0
    changed = True
    while changed:
        changed = False
        for number in reversed(order[:-1]):
            common = -1
            for p in before[number]:
                if found[p] < 0:
                    continue
                if common < 0:
                    common = p
                while p != common:
                    if place[p] < place[common]:
                        p = found[p]
                    else:
                        common = found[common]
            if common != found[number]:
                found[number] = common
                changed = True
    return found


def postorder(blocks: tuple[Block, ...]) -> list[int]:
    """The blocks, each after those that it leads to, but for the ways back of loops; the entry is the last."""
    found: list[int] = []
    seen = {0}
    pending = [(0, iter(blocks[0].succs))]
    while pending:
        number, succs = pending[-1]
        for succ in succs:
            if succ not in seen:
                seen.add(succ)
                pending.append((succ, iter(blocks[succ].succs)))
                break
        else:
            found.append(number)
            pending.pop()
    return found


def components(blocks: tuple[Block, ...]) -> list[list[int]]:
    """The strongly connected components, each after those that it leads to.

    Tarjan: Depth-First Search and Linear Graph Algorithms, 1972.
    """
    found: list[list[int]] = []
    number = [-1] * len(blocks)
    low = [0] * len(blocks)
    open_: list[int] = []
    count = 0
    for start in range(len(blocks)):
        pending = [(start, 0)] if number[start] < 0 else []
        while pending:
            block, place = pending.pop()
            if number[block] < 0:
                number[block] = low[block] = count
                count += 1
                open_.append(block)
            succs = blocks[block].succs
            while place < len(succs) and number[succs[place]] >= 0:
                low[block] = min(low[block], low[succs[place]])
                place += 1
            if place < len(succs):
                pending += [(block, place), (succs[place], 0)]
                continue
            if low[block] == number[block]:
                component: list[int] = []
                while not component or component[-1] != block:
                    component.append(open_.pop())
                    low[component[-1]] = len(blocks)  # it is no way back for others
                found.append(component)
    return found


def reachable(blocks: tuple[Block, ...]) -> list[int]:
    """For each block the set of blocks that control can get to after it, as the bits of an int."""
    after = [0] * len(blocks)
    for component in components(blocks):
        members = 0
        for number in component:
            members |= 1 << number
        now = members if len(component) > 1 else 0
        for number in component:
            for succ in blocks[number].succs:
                now |= 1 << succ | after[succ]
        for number in component:
            after[number] = now
    return after


def dominators(blocks: tuple[Block, ...]) -> list[int]:
    """For each block the set of blocks that every way from the entry to it passes, itself too, as the bits of an int."""
    above = immediate_dominators(blocks)
    found = [0] * len(blocks)
    for number in reversed(postorder(blocks)):
        found[number] = found[above[number]] | 1 << number
    return found


Spot = tuple[int, int]  # a block and a place in it


def ends(blocks: Sequence[Block]) -> list[Spot]:
    """The last events of a body: where it returns, and where it panics."""
    return [(b, len(block.events) - 1) for b, block in enumerate(blocks) if block.kind == "end"]


def reaches(blocks: tuple[Block, ...], start: Spot, end: Spot, without: Collection[Spot]) -> bool:
    """Whether control can get from one event to another without passing any of some others."""
    pending = [(start[0], start[1] + 1)]
    seen: set[Spot] = set()
    while pending:
        block, place = pending.pop()
        if (block, place) in seen:
            continue
        seen.add((block, place))
        stops = [p for b, p in without if b == block and p >= place]
        stop = min(stops, default=len(blocks[block].events))
        if end[0] == block and place <= end[1] < stop:
            return True
        if not stops:
            pending.extend((succ, 0) for succ in blocks[block].succs)
    return False
