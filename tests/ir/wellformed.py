"""A body to what is wrong with its graph: definitions, uses, phis, control, types of maps."""

from collections.abc import Iterator

from mapguard.facts.syntax import TMap
from mapguard.ir.flow import defined, events, immediate_dominators, predecessors, used
from mapguard.ir.model import NONE, Body, Call, Closure, MapOp, Panic, Phi, Reg, Return
from mapguard.program.types import UNKNOWN, Types

_SUCCESSORS = {"jump": (1, 1), "if": (2, 2), "select": (0, 10**9), "range": (2, 2), "end": (0, 0)}


class Tree:
    """The dominator tree of a body, for questions in constant time."""

    def __init__(self, body: Body) -> None:
        idom = immediate_dominators(body.blocks)
        below: list[list[int]] = [[] for _ in body.blocks]
        for number, above in enumerate(idom):
            if number and above >= 0:
                below[above].append(number)
        self.enter = [-1] * len(body.blocks)
        self.leave = [-1] * len(body.blocks)
        clock = 0
        pending = [(0, False)]
        while pending:
            number, done = pending.pop()
            clock += 1
            if done:
                self.leave[number] = clock
            else:
                self.enter[number] = clock
                pending.append((number, True))
                pending.extend((b, False) for b in below[number])

    def reached(self, number: int) -> bool:
        return self.enter[number] >= 0

    def dominates(self, a: int, b: int) -> bool:
        return self.enter[a] <= self.enter[b] and self.leave[b] <= self.leave[a]


def problems(body: Body, types: Types | None = None) -> Iterator[str]:
    """One line for each rule that the body breaks."""
    for number, block in enumerate(body.blocks):
        low, high = _SUCCESSORS[block.kind]
        if not low <= len(block.succs) <= high:
            yield f"b{number}: {len(block.succs)} successors of a {block.kind}"
        if any(not 0 <= s < len(body.blocks) for s in block.succs):
            yield f"b{number}: a successor that is no block"
            return
        if (block.kind == "if") != (block.cond != NONE) and block.kind != "range":
            yield f"b{number}: a condition does not fit a {block.kind}"
    if len(body.types) != len(body.names):
        yield "types and names differ in number"
    yield from _graph(body, types)


def _graph(body: Body, types: Types | None) -> Iterator[str]:
    tree = Tree(body)
    yield from (f"b{number}: nothing reaches it" for number in range(len(body.blocks)) if not tree.reached(number))
    where: dict[Reg, tuple[int, int]] = dict.fromkeys(range(body.params + body.captures), (0, -1))
    for number, place, event in events(body):
        for r in defined(event):
            if not 0 <= r < len(body.types):
                yield f"b{number}: register {r} of {event} has no type"
            if r in where:
                yield f"b{number}: register {r} of {event} is defined again"
            where[r] = (number, place)
    if len(where) != len(body.types):
        yield f"{len(body.types) - len(where)} registers have no definition"

    def visible(r: Reg, number: int, place: int) -> bool:
        if r not in where:
            return False
        at, when = where[r]
        return when < place if at == number else tree.dominates(at, number)

    before = predecessors(body.blocks)
    for number, block in enumerate(body.blocks):
        for place, event in enumerate(block.events):
            if isinstance(event, Phi):
                if len(event.args) != len(before[number]):
                    yield f"b{number}: {event} for {len(before[number])} predecessors"
                elif place and not isinstance(block.events[place - 1], Phi):
                    yield f"b{number}: {event} after other events"
                for r, p in zip(event.args, before[number], strict=False):
                    if not visible(r, p, len(body.blocks[p].events)):
                        yield f"b{number}: {event} uses {r}, which b{p} does not have"
                continue
            for r in used(event):
                if not visible(r, number, place):
                    yield f"b{number}: {event} uses {r}, which is not defined there"
            if isinstance(event, Return | Panic) and (place + 1 < len(block.events) or block.kind != "end"):
                yield f"b{number}: control goes on after {event}"
            if isinstance(event, MapOp):
                kind = body.types[event.map]
                if kind != UNKNOWN and not (isinstance(kind, TMap) or (types is not None and types.map_of(kind) is not None)):
                    yield f"b{number}: {event} on a {kind}"
            if isinstance(event, Call) and event.how != "call" and event.dsts and any(d in _all_used(body) for d in event.dsts):
                yield f"b{number}: the result of {event} is used"
        if block.cond != NONE and not visible(block.cond, number, len(block.events)):
            yield f"b{number}: the condition {block.cond} is not defined there"


def _all_used(body: Body) -> set[Reg]:
    return {r for _, _, event in events(body) for r in used(event)}


def between(bodies: list[Body]) -> Iterator[str]:
    """What is wrong from one body to another: ids that are not unique, closures that do not fit what they are made of."""
    known: dict[str, Body] = {}
    for body in bodies:
        if body.func in known:
            yield f"two bodies {body.func}"
        known[body.func] = body
    for body in bodies:
        for _, _, event in events(body):
            if isinstance(event, Closure) and event.func in known and len(event.captures) != known[event.func].captures:
                yield f"{body.func}: {event} for {known[event.func].captures} captured values"
