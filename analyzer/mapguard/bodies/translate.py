"""Paths of a function to those of its caller, and to the shortest path of the same object."""

from mapguard.bodies.fields import Fields
from mapguard.bodies.paths import CAPTURED, Path, Paths, captured
from mapguard.heap.heap import Heap
from mapguard.heap.tabling import members
from mapguard.ir.model import Bound, Call, Dynamic, External

_GETTERS = 3  # calls whose result a path is followed into
_STEPS = 8  # fields of new objects that a path is followed through


class Translator:
    """``paths`` has the paths of each function."""

    def __init__(self, heap: Heap) -> None:
        self.heap = heap
        self.index = heap.index
        self.fields = Fields(heap.index, self.paths)
        self._paths: dict[int, Paths] = {}
        self._canonical: dict[tuple[int, Path], Path] = {}

    def paths(self, func: int) -> Paths:
        found = self._paths.get(func)
        if found is None:
            found = self._paths[func] = Paths(self.index.bodies[func])
        return found

    def normal(self, func: int, path: Path, depth: int = 0) -> Path:
        """The path of the same object that does not lead through a function value that the body makes, or the result of a getter."""
        path = self.paths(func).normal(path)
        if any(f.startswith(CAPTURED) for f in path.fields):
            path = self._through_made(func, path)
        if not isinstance(path.root, int) or depth >= _GETTERS:
            return path
        place = self.index.place(func, path.root)
        if place is None or not isinstance(place.event, Call) or isinstance(place.event.callee, External):
            return path
        site = self.index.site_at[place[:3]]
        targets = members(self.heap.targets(site))
        if len(targets) != 1:
            return path
        number = place.event.dsts.index(path.root)
        inner = self._returned(targets[0], number, path.fields, depth)
        outer = self.given(site, targets[0], inner) if inner is not None else None
        return outer if outer is not None else path

    def _returned(self, func: int, number: int, fields: tuple[str, ...], depth: int) -> Path | None:
        """The path that what a function returns has there, where it does not depend on the way; nil has no fields."""
        paths = self.paths(func)
        found: set[Path] = set()
        for returned in self.index.returns[func]:
            if number >= len(returned.values):
                return None
            value = returned.values[number]
            if paths.constants.get(value) != "nil":
                path = self.normal(func, paths.of(value).plus(*fields), depth + 1)
                found.add(path if self._is_outer(func, path) else self.canonical(func, path, depth + 1))
        return found.pop() if len(found) == 1 else None

    def _is_outer(self, func: int, path: Path) -> bool:
        body = self.index.bodies[func]
        return isinstance(path.root, str) or path.root < body.params + body.captures

    def canonical(self, func: int, path: Path, depth: int = 0) -> Path:
        """The path of the same object from the oldest object that it is known to be reached from: what a field of an object that the
        function made was set to stands for the field."""
        known = self._canonical.get((func, path))
        if known is None:
            found = path
            for _ in range(_STEPS):
                found = self.normal(func, found, depth)
                made = self.fields.made(func, found)
                if made is None or made.path is None:
                    break
                found = made.path
            known = self._canonical[func, path] = found
        return known

    def _through_made(self, func: int, path: Path) -> Path:
        """A path that leads through a function value in a field of an object that the body makes, from what the value captured."""
        at = path
        for _ in range(_STEPS):
            made = self.fields.made(func, at)
            if made is None or made.path is None:
                return path
            at = made.path
            shorter = self.paths(func).normal(at)
            if shorter != at:
                return self.normal(func, shorter)
        return path

    # ------------------------------------------------------------ to the caller

    def given(self, site: int, func: int, path: Path) -> Path | None:
        """A path of ``func`` as one of the body that calls it at ``site``; None where it starts from what ``func`` has of its own."""
        if isinstance(path.root, str):
            return path
        place = self.index.sites[site]
        event = place.event
        assert isinstance(event, Call)
        target = self.index.bodies[func]
        paths = self.paths(place.func)
        if path.root >= target.params + target.captures:
            return None
        if path.root >= target.params:
            value = self._function_value(event, paths)
            if value is None:
                return None
            return self.normal(place.func, paths.of(value).plus(captured(path.root - target.params), *path.fields))
        if isinstance(event.callee, External):
            value = self._function_value(event, paths) if path.root == 0 else None
            if value is not None and isinstance(paths.definition(value), Bound):
                return self.normal(place.func, paths.of(value).plus(CAPTURED, *path.fields))
            reg = self.heap.handed(site, func) if path.root == 0 else None
            return self.normal(place.func, paths.of(reg).plus(*path.fields)) if reg is not None else None
        number = path.root
        if isinstance(event.callee, Dynamic) and target.params == len(event.args) + 1:  # a method value
            if number == 0:
                return self.normal(place.func, paths.of(event.callee.reg).plus(CAPTURED, *path.fields))
            number -= 1
        if number >= len(event.args):
            return None
        return self.normal(place.func, paths.of(event.args[number]).plus(*path.fields))

    def _function_value(self, event: Call, paths: Paths) -> int | None:
        """The register of the function value that a call runs, or that it gives to a library."""
        if isinstance(event.callee, Dynamic):
            return event.callee.reg
        if isinstance(event.callee, External):
            values = [a for a in event.args if paths.is_function(a)]
            return values[0] if len(values) == 1 else None
        return None
