"""A new object's variable or field to the one value that it ever holds, as a path of the function that makes the object."""

from collections.abc import Callable

from mapguard.bodies.paths import Path, Paths
from mapguard.heap.heap import Heap
from mapguard.heap.index import Kept, Place
from mapguard.ir.model import CELL, Alloc, Clone, Closure, Reg


class Stored:
    """What is set once can be read as what it was set to, wherever it is read: flow-insensitive single assignment."""

    def __init__(self, heap: Heap, paths: Callable[[int], Paths], normal: Callable[[int, Path, int], Path]) -> None:
        self.heap = heap
        self.index = heap.index
        self.paths = paths
        self.normal = normal
        self._found: dict[tuple[int, Reg, str], Path | None] = {}

    def value(self, func: int, root: Reg, field: str) -> Path | None:
        """The value of a field of the object that ``root`` is; None where the function does not make it, or sets it to several values."""
        key = (func, root, field)
        if key not in self._found:
            self._found[key] = None  # a value that rests on itself
            place = self.index.place(func, root)
            if place is not None and isinstance(place.event, Alloc | Clone):
                self._found[key] = self._value(place, root, field)
        return self._found[key]

    def only(self, func: int, cell: Reg) -> Kept | None:
        """The one store of anything but nil into a variable that a function has, or has captured."""
        at: tuple[int, Path] | None = (func, self.paths(func).of(cell))
        while at is not None:
            func, path = at
            made = self.index.place(func, path.root) if isinstance(path.root, int) and not path.fields else None
            if made is not None:
                stores = self._stores(made, path.root, CELL) if isinstance(made.event, Alloc) and isinstance(path.root, int) else []
                return stores[0] if len(stores) == 1 else None
            at = self.captured(func, path)
        return None

    def _value(self, made: Place, root: Reg, field: str) -> Path | None:
        if field in self.index.addressed:
            return None
        stores = self._stores(made, root, field)
        copied = isinstance(made.event, Clone) and field not in self.heap.overwritten.renewed(*made[:3])
        if not stores and isinstance(made.event, Clone):
            return self.paths(made.func).member(made.event.src, field)
        return self._lifted(stores[0], made.func) if len(stores) == 1 and not copied else None

    def _stores(self, made: Place, root: Reg, field: str) -> list[Kept]:
        """Everything but nil that is stored into the field, anywhere."""
        mine = self.heap.points(made.func, root)
        found: list[Kept] = []
        for stores in self.index.kept(self.index.key(field, self.index.bodies[made.func].types[root])):
            found.extend(stores.local.get(made[:3], ()))
            found.extend(kept for kept in stores.others if self.heap.goes_into(kept, mine))
        return [kept for kept in dict.fromkeys(found) if self.paths(kept.func).constants.get(kept.src) != "nil"]

    def _lifted(self, kept: Kept, func: int) -> Path | None:
        """What a store puts there, in terms of ``func``: the storing function itself, or one around it."""
        at = kept.func
        path = self.normal(at, self.paths(at).of(kept.src), 1)  # what a getter gives is what it gets
        while at != func:
            outer = self.captured(at, path)
            if outer is None:
                return None
            at, path = outer
        return path

    def captured(self, func: int, path: Path) -> tuple[int, Path] | None:
        """A path that starts from what a literal captured, in terms of the function that makes the literal."""
        body = self.index.bodies[func]
        made = self.index.made.get(func, ())
        if not isinstance(path.root, int) or not body.params <= path.root < body.params + body.captures or len(made) != 1:
            return None
        event = made[0].event
        if not isinstance(event, Closure):
            return None
        return made[0].func, self.paths(made[0].func).of(event.captures[path.root - body.params]).plus(*path.fields)
