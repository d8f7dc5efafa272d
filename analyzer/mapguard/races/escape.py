"""A function's own new objects to the events after which others can reach them."""

from mapguard.bodies.paths import Path, Paths, is_element
from mapguard.bodies.summaries import Bodies
from mapguard.heap.handed import argument_name
from mapguard.ir.flow import reaches, used
from mapguard.ir.model import ELEM, Alloc, Bound, Call, Clone, Closure, External, MapOp, Reg, Send, Static, Store
from mapguard.order.after import Where
from mapguard.order.edges import Edges

_DEPTH = 6  # calls that a parameter is followed into


class Escape:
    def __init__(self, bodies: Bodies, edges: Edges) -> None:
        self.bodies = bodies
        self.edges = edges
        self.index = bodies.index
        self._leaks: dict[tuple[int, Reg], tuple[tuple[int, int], ...]] = {}

    def fresh(self, func: int, root: Reg | str, depth: int = 0) -> bool:
        """Whether each execution of the event that defines a register gives it an object that nobody else has: it makes the object, or
        calls what makes it and keeps it from others."""
        place = self.index.place(func, root) if isinstance(root, int) else None
        if place is None:
            return False
        event = place.event
        if isinstance(event, Alloc | Clone | Closure | Bound):
            return True
        if isinstance(event, Call) and isinstance(event.callee, External):
            model = self.bodies.models.function(event.callee.name)
            return model is not None and model.returns in ("fresh", "own")
        if not isinstance(event, Call) or depth >= _DEPTH:
            return False
        number = event.dsts.index(root)
        edges = self.edges.out(self.index.site_at[place[:3]])
        return bool(edges) and all(self._gives_fresh(e.func, number, depth + 1) for e in edges)

    def _gives_fresh(self, func: int, number: int, depth: int) -> bool:
        paths = self.bodies.paths(func)
        for returned in self.index.returns[func]:
            if number >= len(returned.values):
                return False
            value = returned.values[number]
            if paths.constants.get(value) == "nil":
                continue
            path = paths.of(value)
            if path.fields or not isinstance(path.root, int) or not self.fresh(func, path.root, depth) or self.leaks(func, path.root):
                return False
        return True

    def owns(self, func: int, path: Path, depth: int = 0) -> bool:
        """Whether what a path leads to is made anew, with all that leads there, whenever its root is: a fresh object, or what was put into
        one where it was made, and is fresh itself."""
        if not isinstance(path.root, int) or depth >= _DEPTH or not self.fresh(func, path.root):
            return False
        if not path.fields:
            return True
        place = self.index.place(func, path.root)
        assert place is not None
        if isinstance(place.event, Call):
            number = place.event.dsts.index(path.root)
            return all(self._returns_owned(e.func, number, path.fields, depth + 1) for e in self.edges.out(self.index.site_at[place[:3]]))
        stored = self._stored(func, path.root, ELEM if is_element(path.fields[0]) else path.fields[0])
        return bool(stored) and all(self._empty(f, p) or self.owns(f, p.plus(*path.fields[1:]), depth + 1) for f, p in stored)

    def _empty(self, func: int, path: Path) -> bool:
        return isinstance(path.root, int) and not path.fields and self.bodies.paths(func).constants.get(path.root) == "nil"

    def _returns_owned(self, func: int, number: int, fields: tuple[str, ...], depth: int) -> bool:
        paths = self.bodies.paths(func)
        values = [r.values[number] for r in self.index.returns[func] if number < len(r.values)]
        return all(paths.constants.get(v) == "nil" or self.owns(func, paths.of(v).plus(*fields), depth) for v in values)

    def _stored(self, func: int, root: Reg, field: str, depth: int = 0) -> list[tuple[int, Path]]:
        """What the function itself, or a literal in it, puts into a field of its object: paths with the functions that they are in."""
        paths = self.bodies.paths(func)
        found: list[tuple[int, Path]] = []
        for block in self.index.bodies[func].blocks:
            for event in block.events:
                match event:
                    case Store(base=base, field=name, src=src) if name == field and paths.of(base) == Path(root):
                        found.append((func, paths.of(src)))
                    case MapOp(op="write", map=base, value=src) if field == ELEM and paths.of(base) == Path(root):
                        found.append((func, paths.of(src)))
                    case Closure(func=literal, captures=captures) if depth < _DEPTH:
                        inner = self.index.number.get(literal)
                        for number, captured in enumerate(captures):
                            if inner is not None and paths.of(captured) == Path(root):
                                reg = self.index.bodies[inner].params + number
                                found.extend(self._stored(inner, reg, field, depth + 1))
        return found

    def owned(self, func: int, root: Reg, where: Where) -> bool:
        """Whether nobody else can reach the object of ``root`` when the event ``where`` of its function happens."""
        made = self.index.place(func, root)
        if made is None or where[0] != func:
            return False
        blocks = self.index.bodies[func].blocks
        return not any(reaches(blocks, leak, where[1:], (made[1:3],)) for leak in self.leaks(func, root))

    def leaks(self, func: int, root: Reg, depth: int = 0) -> tuple[tuple[int, int], ...]:
        """The events that let others reach what a register of a function refers to."""
        key = (func, root)
        if key in self._leaks:
            return self._leaks[key]
        self._leaks[key] = ()  # a recursive call
        paths = self.bodies.paths(func)
        body = self.index.bodies[func]
        mine = {root}
        found: list[tuple[int, int]] = []
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
            case Call(callee=callee, args=args):
                if depth >= _DEPTH:
                    return True
                site = self.index.site_at[func, block, place]
                for edge in self.edges.out(site):
                    target = self.index.bodies[edge.func]
                    shift = 0 if isinstance(callee, Static) or target.params == len(args) else 1
                    for number, a in enumerate(args):
                        if of(a).root in mine and number + shift < target.params and self.leaks(edge.func, number + shift, depth + 1):
                            return True
                return False
        return False

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
