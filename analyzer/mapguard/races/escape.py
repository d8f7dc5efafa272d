"""A function's own new objects to the events after which others can reach them."""

from mapguard.bodies.effects import library_name
from mapguard.bodies.paths import Path, is_element
from mapguard.bodies.summaries import Bodies
from mapguard.heap.tabling import members
from mapguard.ir.flow import Spot, reaches
from mapguard.ir.model import ELEM, Alloc, Call, Clone, Closure, CopyInto, External, MapOp, Reg, Store
from mapguard.order.after import Where
from mapguard.order.edges import Edges
from mapguard.races.leaks import Leaks, WaysOut

_DEPTH = 6  # calls that a parameter is followed into

Made = tuple[int, Reg, Spot]  # an object by the register of a function that has it first, and the event that puts it into another one


class Escape:
    def __init__(self, bodies: Bodies, edges: Edges) -> None:
        self.bodies = bodies
        self.edges = edges
        self.index = bodies.index
        self.leaks = Leaks(bodies, edges)
        self.ways_out = WaysOut(self.leaks)

    def fresh(self, func: int, root: Reg | str, depth: int = 0) -> bool:
        """Whether each execution of the event that defines a register gives it an object that nobody else has: it makes the object, or
        calls what makes it and keeps it from others."""
        place = self.index.place(func, root) if isinstance(root, int) else None
        if place is None or not isinstance(root, int):
            return False
        event = place.event
        if isinstance(event, Alloc | Clone):
            return True
        name = library_name(event.callee) if isinstance(event, Call) else ""
        if name and isinstance(event, Call) and (isinstance(event.callee, External) or not self.edges.out(self.index.site_at[place[:3]])):
            model = self.bodies.models.function(name)
            if model is not None and model.returns == "held":
                found = self.bodies.heap.points(func, root)
                return all(self.bodies.heap.objects.all[o].kind == "result" for o in members(found))
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
            if path.fields or not isinstance(path.root, int) or not self.fresh(func, path.root, depth) or self.leaks.of(func, path.root):
                return False
        return True

    def let_out(self, func: int, path: Path) -> bool:
        """Whether callers outside the tree may get hold of what a path leads to, or of what has that in it."""
        return any(self.ways_out.found(maker, root) for maker, root, _ in self._line(func, path) or ())

    def owns(self, func: int, path: Path) -> bool:
        """Whether what a path leads to is made anew, with all that leads there, whenever its root is: a fresh object, or what was put into
        one where it was made, and is fresh itself."""
        return self._line(func, path) is not None

    def owned(self, func: int, path: Path, where: Where) -> bool:
        """Whether nobody else can reach what a path leads to when the event ``where`` of its function happens."""
        line = self._line(func, path)
        if line is None or where[0] != func:
            return False
        for maker, root, put in sorted(line):
            if maker == func:
                if self.leaked(func, root, where, put):
                    return False
            elif any(leak != put for leak in self.leaks.of(maker, root)):
                return False
        return True

    def leaked(self, func: int, root: Reg, where: Where, put: Spot = (-1, -1)) -> bool:
        """Whether an event of the function before ``where`` lets others reach what a register refers to. Deferred calls come last."""
        made = self.index.place(func, root)
        blocks = self.index.bodies[func].blocks
        event = blocks[where[1]].events[where[2]]
        leaks = [leak for leak in self.leaks.of(func, root) if leak != put]
        if isinstance(event, Call) and event.how == "defer":
            return any(leak != where[1:] for leak in leaks)
        return any(reaches(blocks, leak, where[1:], (made[1:3],) if made is not None else ()) for leak in leaks)

    def _line(self, func: int, path: Path, depth: int = 0, put: Spot = (-1, -1)) -> frozenset["Made"] | None:
        """The objects on the way to what a path leads to, each made anew with the one that holds it; None where one of them is not.
        ``put``: the event that puts the first one there."""
        if not isinstance(path.root, int) or depth >= _DEPTH or not self.fresh(func, path.root):
            return None
        found: set[Made] = {(func, path.root, put)}
        place = self.index.place(func, path.root)
        assert place is not None
        stored: list[tuple[int, Path, Spot]]
        if not path.fields:
            return frozenset(found)
        if isinstance(place.event, Call):
            number = place.event.dsts.index(path.root)
            edges = self.edges.out(self.index.site_at[place[:3]])
            stored = [(e.func, p.plus(*path.fields), (-1, -1)) for e in edges for p in self._returned(e.func, number)]
        else:
            held = self._held(func, path)
            if held == len(path.fields):
                return frozenset(found)
            field, rest = path.fields[held], path.fields[held + 1 :]
            kept = self._stored(func, Path(path.root, path.fields[:held]), ELEM if is_element(field) else field)
            if not kept:
                return None
            stored = [(f, p.plus(*rest), at) for f, p, at in kept if not self._empty(f, p)]
        for other, value, at in stored:
            line = self._line(other, value, depth + 1, at)
            if line is None:
                return None
            found |= line
        return frozenset(found)

    def _returned(self, func: int, number: int) -> list[Path]:
        paths = self.bodies.paths(func)
        values = [r.values[number] for r in self.index.returns[func] if number < len(r.values)]
        return [paths.of(v) for v in values if paths.constants.get(v) != "nil"]

    def _held(self, func: int, path: Path) -> int:
        """How many fields of a path, from its root on, are structs or arrays that the root itself has in it."""
        assert isinstance(path.root, int)
        type_ = self.index.types.deref(self.index.bodies[func].types[path.root])
        for number, field in enumerate(path.fields):
            type_ = self.index.types.element(type_) if is_element(field) else self.index.field_type(type_, field)
            if not self.index.types.is_storage(type_):
                return number
        return len(path.fields)

    def _empty(self, func: int, path: Path) -> bool:
        return isinstance(path.root, int) and not path.fields and self.bodies.paths(func).constants.get(path.root) == "nil"

    def _stored(self, func: int, holder: Path, field: str, depth: int = 0) -> list[tuple[int, Path, Spot]]:
        """What the function itself, or a literal in it, puts into a field of its object: paths with the functions that they are in and
        the events that put them there."""
        paths = self.bodies.paths(func)
        found: list[tuple[int, Path, Spot]] = []
        for b, block in enumerate(self.index.bodies[func].blocks):
            for place, event in enumerate(block.events):
                match event:
                    case Store(base=base, field=name, src=src) if name == field and _below(holder, paths.of(base)) == ():
                        found.append((func, paths.of(src), (b, place)))
                    case MapOp(op="write", map=base, value=src) if field == ELEM and _below(holder, paths.of(base)) == ():
                        found.append((func, paths.of(src), (b, place)))
                    case CopyInto(base=base, src=src) if (below := _below(holder, paths.of(base))) is not None:
                        found.append((func, paths.of(src).plus(*below, field), (b, place)))
                    case Clone(dst=dst, src=src) if dst == holder.root and (
                        holder.fields or field not in self.index.replaced(func, b, place)
                    ):
                        found.append((func, paths.of(src).plus(*holder.fields, field), (b, place)))
                    case Closure(func=literal, captures=captures) if depth < _DEPTH:
                        inner = self.index.number.get(literal)
                        for number, captured in enumerate(captures):
                            below = _below(holder, paths.of(captured))
                            if inner is not None and below is not None:
                                reg = self.index.bodies[inner].params + number
                                found.extend(self._stored(inner, Path(reg, below), field, depth + 1))
        return found


def _below(path: Path, holder: Path) -> tuple[str, ...] | None:
    """The fields that lead from a holder to a path, elements taken for one; None where they do not."""
    there = len(holder.fields)
    if path.root != holder.root or len(path.fields) < there:
        return None
    alike = all(a == b or (is_element(a) and is_element(b)) for a, b in zip(path.fields, holder.fields, strict=False))
    return path.fields[there:] if alike else None
