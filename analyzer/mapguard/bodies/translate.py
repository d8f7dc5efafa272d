"""Paths of a function to those of its caller, and to the shortest path of the same object."""

from mapguard.bodies.fields import Fields
from mapguard.bodies.paths import CAPTURED, Path, Paths, captured
from mapguard.heap.heap import Heap
from mapguard.heap.tabling import members
from mapguard.ir.flow import events
from mapguard.ir.model import ELEM, Alloc, Bound, Call, Clone, Dynamic, External, MapOp, Phi, Reg, Store

_GETTERS = 3  # calls whose result a path is followed into
_ALTERNATIVES = 16  # values that a register may have
_STEPS = 8  # fields of new objects that a path is followed through


class Translator:
    """``paths`` has the paths of each function."""

    def __init__(self, heap: Heap) -> None:
        self.heap = heap
        self.index = heap.index
        self.fields = Fields(heap.index, self.paths)
        self._paths: dict[int, Paths] = {}
        self._known: dict[tuple[int, Path], tuple[Path, ...]] = {}

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
        return self._forms(func, path, depth)[-1]

    def forms(self, func: int, path: Path) -> tuple[Path, ...]:
        """The paths that are known to lead to one object, the given one first. A field of a copy is left out where it still has what it had
        in the original: it belongs to that one."""
        found = self._forms(func, path, 0)
        return tuple(p for p, following in zip(found, (*found[1:], None), strict=True) if following is None or not self._copied(func, p))

    def places(self, func: int, reg: Reg) -> list[Path]:
        """The places that a function puts an object into which it makes."""
        made = self.index.place(func, reg)
        if made is None or not isinstance(made.event, Alloc):
            return []
        paths = self.paths(func)
        found: list[Path] = []
        for _, _, event in events(self.index.bodies[func]):
            match event:
                case Store(base=base, field=field, index=index, src=src) if paths.of(src) == Path(reg):
                    found.append(paths.member(base, field, index))
                case MapOp(op="write", map=base, key=key, value=value) if paths.of(value) == Path(reg):
                    found.append(paths.member(base, ELEM, key))
        return found

    def alternatives(self, func: int, path: Path) -> list[Path]:
        """The paths that one may stand for: those of each value that its root may have."""
        found: list[Path] = []
        seen: set[Path] = set()
        pending = [path]
        while pending:
            at = pending.pop()
            place = self.index.place(func, at.root) if isinstance(at.root, int) else None
            if place is None or not isinstance(place.event, Phi):
                found.append(at)
                continue
            paths = self.paths(func)
            more = [paths.of(a).plus(*at.fields) for a in place.event.args if paths.constants.get(a) != "nil"]
            pending.extend(p for p in more if p not in seen and len(seen) < _ALTERNATIVES)
            seen.update(more)
        return found

    def _forms(self, func: int, path: Path, depth: int) -> tuple[Path, ...]:
        known = self._known.get((func, path))
        if known is None:
            found = [path]
            for _ in range(_STEPS):
                at = self.normal(func, found[-1], depth)
                if at != found[-1]:
                    found.append(at)
                made = self.fields.made(func, at)
                if made is None or made.path is None or made.path in found:
                    break
                found.append(made.path)
            known = self._known[func, path] = tuple(found)
        return known

    def _copied(self, func: int, path: Path) -> bool:
        place = self.index.place(func, path.root) if isinstance(path.root, int) else None
        return place is not None and isinstance(place.event, Clone)

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
