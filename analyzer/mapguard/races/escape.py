"""A function's own new objects to the events after which others can reach them."""

from collections.abc import Sequence

from mapguard.bodies.paths import Path, Paths
from mapguard.bodies.summaries import Bodies
from mapguard.heap.handed import argument_name
from mapguard.ir.flow import Spot, reaches, used
from mapguard.ir.model import Alloc, Call, Closure, Dynamic, External, MapOp, Reg, Send, Static, Store
from mapguard.order.after import Where
from mapguard.order.edges import Edges

_DEPTH = 6  # calls that a parameter is followed into
_BEGIN: Spot = (0, -1)


class Escape:
    def __init__(self, bodies: Bodies, edges: Edges) -> None:
        self.bodies = bodies
        self.edges = edges
        self.index = bodies.index
        self._leaks: dict[tuple[int, Reg], tuple[Spot, ...]] = {}
        self._mine: dict[tuple[int, Reg], set[Reg]] = {}  # the registers that hold the object, or what it was put into

    def owned(self, func: int, root: Reg, way: Sequence[Where]) -> bool:
        """Whether nobody else can reach the object of ``root`` when the last event of ``way`` happens: its first one is in ``func``, each
        other one in the function that the one before it calls."""
        made = self.index.place(func, root)
        start = made[1:3] if made is not None else _BEGIN
        where = way[0][1:]
        if way[0][0] != func:
            return False
        blocks = self.index.bodies[func].blocks
        leaks = self.leaks(func, root)
        if any(reaches(blocks, leak, where, (start,)) for leak in leaks if leak != where):
            return False
        if where not in leaks:
            return True
        if len(way) < 2 or reaches(blocks, where, where, (start,)):
            return False
        event = blocks[where[0]].events[where[1]]
        inner = [reg for target, reg in self._passed(func, *where, event, self._mine[func, root]) if target == way[1][0]]
        return isinstance(event, Call) and event.how == "call" and all(self.owned(way[1][0], reg, way[1:]) for reg in inner)

    def leaks(self, func: int, root: Reg, depth: int = 0) -> tuple[Spot, ...]:
        """The events that let others reach what a register of a function refers to."""
        key = (func, root)
        if key in self._leaks:
            return self._leaks[key]
        self._leaks[key] = ()  # a recursive call
        paths = self.bodies.paths(func)
        body = self.index.bodies[func]
        mine = self._mine[key] = {root}
        found: list[Spot] = []
        grown = True
        while grown:
            grown = False
            found = []
            for b, block in enumerate(body.blocks):
                for place, event in enumerate(block.events):
                    if not any(paths.of(r).root in mine for r in used(event)):
                        continue
                    holder = self._holder(event, mine, paths)
                    if holder is not None and holder not in mine:
                        mine.add(holder)
                        grown = True
                    elif holder is None and self._leak(func, b, place, event, mine, depth):
                        found.append((b, place))
        self._leaks[key] = tuple(found)
        return self._leaks[key]

    def _holder(self, event: object, mine: set[Reg], paths: Paths) -> Reg | None:
        """The function's own new object that a value of ``mine`` is put into, or the literal that captures it: it is followed instead."""
        of = paths.of
        match event:
            case Store(base=base, src=src) if of(src).root in mine:
                return self._local(of(base), paths)
            case MapOp(op="write", map=base, value=src) if of(src).root in mine:
                return self._local(of(base), paths)
            case Closure(dst=dst, captures=captures) if any(of(c).root in mine for c in captures):
                return dst
        return None

    def _local(self, path: Path, paths: Paths) -> Reg | None:
        return path.root if isinstance(path.root, int) and isinstance(paths.definitions.get(path.root), Alloc) else None

    def _leak(self, func: int, block: int, place: int, event: object, mine: set[Reg], depth: int) -> bool:
        of = self.bodies.paths(func).of
        match event:
            case Store(src=src) | Send(value=src):
                return of(src).root in mine
            case MapOp(op="write", value=src):
                return of(src).root in mine
            case Call(callee=External(), args=args, how=how):
                if how != "go" and not any(
                    e.kind in ("go", "root", "parallel") for e in self.edges.out(self.index.site_at[func, block, place])
                ):
                    return self._published(event, self.bodies.paths(func), mine)
                return any(of(a).root in mine for a in args)
            case Call(how="go"):
                return True
            case Call():
                return depth >= _DEPTH or any(self.leaks(*inner, depth + 1) for inner in self._passed(func, block, place, event, mine))
        return False

    def _passed(self, func: int, block: int, place: int, event: object, mine: set[Reg]) -> list[tuple[int, Reg]]:
        """The functions that a call runs, with the registers that get the object or what holds it."""
        found: list[tuple[int, Reg]] = []
        if not isinstance(event, Call) or isinstance(event.callee, External):
            return found
        of = self.bodies.paths(func).of
        for edge in self.edges.out(self.index.site_at[func, block, place]):
            target = self.index.bodies[edge.func]
            shift = 0 if isinstance(event.callee, Static) or target.params == len(event.args) else 1
            for number, a in enumerate(event.args):
                if of(a).root in mine and number + shift < target.params:
                    found.append((edge.func, number + shift))
            if isinstance(event.callee, Dynamic) and of(event.callee.reg).root in mine:
                root = of(event.callee.reg).root
                value = self.bodies.paths(func).definitions.get(root) if isinstance(root, int) else None
                if isinstance(value, Closure):
                    found.extend((edge.func, target.params + n) for n, c in enumerate(value.captures) if of(c).root in mine)
                elif shift:
                    found.append((edge.func, 0))
        return found

    def _published(self, event: Call, paths: Paths, mine: set[Reg]) -> bool:
        """Whether a library keeps what it is given where others can reach it."""
        assert isinstance(event.callee, External)
        model = self.bodies.models.function(event.callee.name)
        if model is None:
            return False
        for number, a in enumerate(event.args):
            named = argument_name(event.callee.name, number) in model.publishes or "args" in model.publishes
            if paths.of(a).root in mine and (named or (model.acts and number > 0)):
                return True
        return False
