"""A register's objects to the events of its function after which others can reach them."""

from collections.abc import Collection

from mapguard.bodies.paths import Path, Paths
from mapguard.bodies.summaries import Bodies
from mapguard.heap.handed import argument_name
from mapguard.ir.flow import Spot, shift, used
from mapguard.ir.model import (
    NONE,
    Alloc,
    Bound,
    Call,
    Clone,
    Closure,
    CopyInto,
    Dynamic,
    Event,
    External,
    MapOp,
    Op,
    Phi,
    Reg,
    Return,
    Send,
    Store,
)
from mapguard.order.edges import Edge, Edges

_DEPTH = 6  # calls that a parameter is followed into


class Leaks:
    def __init__(self, bodies: Bodies, edges: Edges) -> None:
        self.bodies = bodies
        self.edges = edges
        self.index = bodies.index
        self._found: dict[tuple[int, Reg], tuple[Spot, ...]] = {}
        self._users: dict[int, dict[Reg, list[tuple[Spot, Event]]]] = {}

    def of(self, func: int, root: Reg, depth: int = 0) -> tuple[Spot, ...]:
        """The events that let others reach what a register of a function refers to."""
        key = (func, root)
        if key in self._found:
            return self._found[key]
        self._found[key] = ()  # a recursive call
        mine, events = self.followed(func, root)
        self._found[key] = tuple(where for where, event in events if self._leak(func, *where, event, mine, depth))
        return self._found[key]

    def followed(self, func: int, root: Reg) -> tuple[frozenset[Reg], list[tuple[Spot, Event]]]:
        """The registers of a function that refer to an object, or to the function's own objects that it is put into, and the events that
        do something else with one of them."""
        paths, users = self.bodies.paths(func), self._users_in(func)
        mine = {root}
        pending = [root]
        events: dict[Spot, Event] = {}
        while pending:
            for spot, event in users.get(pending.pop(), ()):
                holder = self._holder(event, mine, paths)
                if holder is None:
                    events[spot] = event
                    continue
                events.pop(spot, None)
                if holder not in mine:
                    mine.add(holder)
                    pending.append(holder)
        return frozenset(mine), sorted(events.items(), key=lambda found: found[0])

    def _users_in(self, func: int) -> dict[Reg, list[tuple[Spot, Event]]]:
        """The events of a function by the registers that what they use starts from."""
        found = self._users.get(func)
        if found is None:
            found = self._users[func] = {}
            paths = self.bodies.paths(func)
            for b, block in enumerate(self.index.bodies[func].blocks):
                for place, event in enumerate(block.events):
                    for root in {root for r in used(event) if isinstance(root := paths.of(r).root, int)}:
                        found.setdefault(root, []).append(((b, place), event))
        return found

    def _holder(self, event: Event, mine: Collection[Reg], paths: Paths) -> Reg | None:
        """What is followed instead: the function's own new object that a value of ``mine`` is put into, a copy of what has it, the function
        value that captures it."""
        of = paths.of
        match event:
            case Store(base=base, src=src) | MapOp(op="write", map=base, value=src) | CopyInto(base=base, src=src) if of(src).root in mine:
                held = of(base).root
                return held if isinstance(held, int) and held in mine else self._local(of(base), paths)
            case Closure(dst=dst) | Bound(dst=dst) | Clone(dst=dst) | Phi(dst=dst) | Op(dst=dst, op="append"):
                return dst
        return None

    def _local(self, path: Path, paths: Paths) -> Reg | None:
        return path.root if isinstance(path.root, int) and isinstance(paths.definitions.get(path.root), Alloc) else None

    def _leak(self, func: int, block: int, place: int, event: Event, mine: Collection[Reg], depth: int) -> bool:
        of = self.bodies.paths(func).of
        match event:
            case Store(src=src) | Send(value=src) | MapOp(op="write", value=src) | CopyInto(src=src):
                return of(src).root in mine
            case Call(how="go"):
                return True
            case Call():
                edges = self.edges.out(self.index.site_at[func, block, place])
                if isinstance(event.callee, External):
                    if any(e.kind in ("go", "root", "parallel") for e in edges):
                        return any(of(a).root in mine for a in event.args)
                    if self._published(event, self.bodies.paths(func), mine):
                        return True
                return any(self._inside(e, func, event, mine, depth) for e in edges)
        return False

    def _inside(self, edge: Edge, func: int, call: Call, mine: Collection[Reg], depth: int) -> bool:
        """Whether what a call runs lets others reach what it is given, or what the function value that is called has."""
        if depth >= _DEPTH:
            return True
        of = self.bodies.paths(func).of
        target = self.index.bodies[edge.func]
        library = isinstance(call.callee, External)
        skipped = shift(call, target)
        given = () if library else call.args
        for number, a in enumerate(given):
            if of(a).root in mine and number + skipped < target.params and self.of(edge.func, number + skipped, depth + 1):
                return True
        values = call.args if library else (call.callee.reg,) if isinstance(call.callee, Dynamic) else ()
        for value in values:
            if of(value).root in mine and any(self.of(edge.func, reg, depth + 1) for reg in self.captured(func, value, edge.func, mine)):
                return True
        return False

    def captured(self, func: int, value: Reg, target: int, mine: Collection[Reg]) -> list[Reg]:
        """The registers of a function that are what its function value captured of ``mine``; all, where that is not seen."""
        paths = self.bodies.paths(func)
        body = self.index.bodies[target]
        match paths.definition(value):
            case Closure(captures=captures, func=name) if name == body.func:
                return [body.params + n for n, c in enumerate(captures) if paths.of(c).root in mine]
            case Bound():
                return [0] if body.params else []
        return list(range(body.params, body.params + body.captures))

    def _published(self, event: Call, paths: Paths, mine: Collection[Reg]) -> bool:
        """Whether a library keeps what it is given where others can reach it."""
        assert isinstance(event.callee, External)
        model = self.bodies.models.function(event.callee.name)
        if model is None:
            return False
        for number, a in enumerate(event.args):
            name = argument_name(event.callee.name, number)
            if paths.of(a).root in mine and model.keeps(name):
                return True
        return False


class WaysOut:
    """Whether callers outside the tree may get hold of a function's object: it is returned to them, kept where they may look, or given to a
    library that nothing is known of."""

    def __init__(self, leaks: Leaks) -> None:
        self.leaks = leaks
        self.edges = leaks.edges
        self.index = leaks.index
        self._found: dict[tuple[int, Reg], bool] = {}

    def found(self, func: int, root: Reg) -> bool:
        key = (func, root)
        known = self._found.get(key)
        if known is None:
            self._found[key] = False  # a recursive call
            mine, events = self.leaks.followed(func, root)
            known = self._found[key] = any(self._leads_out(func, where, event, mine) for where, event in events)
        return known

    def _leads_out(self, func: int, where: Spot, event: Event, mine: Collection[Reg]) -> bool:
        of = self.leaks.bodies.paths(func).of
        match event:
            case Store(src=src) | Send(value=src) | MapOp(op="write", value=src) | CopyInto(src=src):
                return of(src).root in mine
            case Return(values=values):
                return any(v != NONE and of(v).root in mine and self._returned(func, number) for number, v in enumerate(values))
            case Call():
                edges = self.edges.out(self.index.site_at[func, *where])
                if isinstance(event.callee, External):
                    model = self.leaks.bodies.models.function(event.callee.name)
                    return model is None or bool(model.publishes or model.root or model.acts)
                return any(self.found(e.func, reg) for e in edges for reg in self._passed(func, e, event, mine))
        return False

    def _returned(self, func: int, number: int) -> bool:
        calls = [e for e in self.edges.into(func) if e.kind in ("call", "once")]
        for edge in calls:
            place = self.index.sites[edge.site]
            assert isinstance(place.event, Call)
            if isinstance(place.event.callee, External):
                return True
            if number < len(place.event.dsts) and self.found(place.func, place.event.dsts[number]):
                return True
        return not calls

    def _passed(self, func: int, edge: Edge, call: Call, mine: Collection[Reg]) -> list[Reg]:
        """The parameters and captured values of what a call runs that are something of ``mine``."""
        of = self.leaks.bodies.paths(func).of
        target = self.index.bodies[edge.func]
        skipped = shift(call, target)
        found = [n + skipped for n, a in enumerate(call.args) if of(a).root in mine and n + skipped < target.params]
        if isinstance(call.callee, Dynamic) and of(call.callee.reg).root in mine:
            found.extend(self.leaks.captured(func, call.callee.reg, edge.func, mine))
        return found
