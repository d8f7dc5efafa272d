"""Paths of a function to those of its caller, and to the shortest path of the same object."""

from functools import partial

from mapguard.bodies.fields import Fields
from mapguard.bodies.paths import ADDRESS, CAPTURED, Path, Paths, captured, embedded, index_of, is_element
from mapguard.bodies.single import Single
from mapguard.bodies.stored import Stored
from mapguard.facts.syntax import TChan, TFunc, TInterface, TMap, TPtr, TSlice, Type
from mapguard.heap.fields import LIBRARY
from mapguard.heap.heap import Heap
from mapguard.heap.index import Kept, Place
from mapguard.heap.tabling import members
from mapguard.ir.model import CELL, ELEM, Call, Clone, Closure, Dynamic, External, Invoke, Recv, Reg

_GETTERS = 6  # calls whose result, and variables whose value, a path is followed into
_TARGETS = 16  # functions that a call may run, all of which may give the same
_STEPS = 8  # fields of new objects that a path is followed through


class Translator:
    """``paths`` has the paths of each function."""

    def __init__(self, heap: Heap) -> None:
        self.heap = heap
        self.index = heap.index
        self.fields = Fields(heap.index, self.paths)
        self.stored = Stored(heap, self.paths, self.normal)
        self.single = Single(heap, self.paths, lambda func, number: self._returned(func, number, (), 1))
        self._paths: dict[int, Paths] = {}
        self._rests: dict[tuple[str, tuple[str, ...]], tuple[str, ...] | None] = {}
        self._known: dict[tuple[int, Path], tuple[Path, ...]] = {}
        self._given: dict[tuple[int, int, Path], Path | None] = {}
        self._normal: dict[tuple[int, Path], Path] = {}

    def paths(self, func: int) -> Paths:
        found = self._paths.get(func)
        if found is None:
            found = self._paths[func] = Paths(self.index.bodies[func], self._refers, partial(self.heap.overwritten.old, func))
        return found

    def _refers(self, t: Type) -> bool:
        """Whether a variable of a type refers to something, as maps and pointers do and structs and numbers do not."""
        under = self.index.types.underlying(t)
        return isinstance(under, TMap | TSlice | TPtr | TChan | TFunc | TInterface) and not self.index.types.is_storage(t)

    def normal(self, func: int, path: Path, depth: int = 0) -> Path:
        """The path of the same object that does not lead through a function value that the body makes, the result of a getter, or a
        variable that is set once."""
        if depth:
            return self._shortened(func, path, depth)
        key = (func, path)
        known = self._normal.get(key)
        if known is None:
            self._normal[key] = path  # a value that rests on itself
            known = self._normal[key] = self._shortened(func, path, 0)
        return known

    def _shortened(self, func: int, path: Path, depth: int) -> Path:
        path = self.paths(func).normal(path)
        if any(f.startswith(CAPTURED) for f in path.fields):
            path = self._through_made(func, path)
        if not isinstance(path.root, int) or depth >= _GETTERS:
            return path
        if path.fields and (path.fields[0] == CELL or (path.fields[1:2] and path.fields[1].startswith(CAPTURED))):
            value = self.stored.value(func, path.root, path.fields[0])
            if value is not None:
                return self.normal(func, value.plus(*path.fields[1:]), depth + 1)
        place = self.index.place(func, path.root)
        if place is not None and isinstance(place.event, Clone):
            return self._original(func, path, place.event, depth)
        value = self.single.value(func, path.root)
        if value is not None:
            return self.normal(func, value.plus(*path.fields), depth + 1)
        value = self._result(func, path.root, path.fields, depth)
        return value if value is not None else path

    def _result(self, func: int, root: Reg, fields: tuple[str, ...], depth: int) -> Path | None:
        """What fields of a call's result are in terms of its caller, where all that it may run give the same."""
        place = self.index.place(func, root)
        if place is None or not isinstance(place.event, Call) or depth >= _GETTERS:
            return None
        if isinstance(place.event.callee, External):
            same = self.heap.given_back(place.event) if place.event.dsts[0] == root else None
            if same is not None:
                return self.normal(func, self.paths(func).of(same).plus(*fields), depth + 1)
            if not self.heap.reads_atomic(place.event.callee.name):
                return None
            return self.normal(func, self.paths(func).of(place.event.args[0]).plus(LIBRARY, *fields), depth + 1)
        site = self.index.site_at[place[:3]]
        targets = members(self.heap.targets(site))
        found: set[Path | None] = set()
        for target in targets if len(targets) <= _TARGETS else ():
            for inner in self._returned(target, place.event.dsts.index(root), fields, depth):
                found.add(self.given(site, target, inner) if inner is not None else None)
            if len(found) > 1:
                return None
        return found.pop() if found else None

    def _original(self, func: int, path: Path, copy: Clone, depth: int) -> Path:
        """What a field of a copy refers to, as what the field of the original does, where the copy's is never set."""
        owner = self.index.bodies[func].types[copy.dst]
        if not path.fields or is_element(path.fields[0]) or self.fields.storage(owner, path.fields[0]) is not None:
            return path
        value = self.stored.value(func, copy.dst, path.fields[0])
        return self.normal(func, value.plus(*path.fields[1:]), depth + 1) if value is not None else path

    def _returned(self, func: int, number: int, fields: tuple[str, ...], depth: int) -> set[Path | None]:
        """The paths that what a function returns has there; nil has none. None is one that is not known."""
        paths = self.paths(func)
        found: set[Path | None] = set()
        for returned in self.index.returns[func]:
            if number >= len(returned.values):
                return {None}
            value = returned.values[number]
            if paths.constants.get(value) != "nil":
                path = self.normal(func, paths.of(value).plus(*fields), depth + 1)
                found.add(path if self._is_outer(func, path) else self.canonical(func, path, depth + 1))
        return found

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

    def _forms(self, func: int, path: Path, depth: int) -> tuple[Path, ...]:
        known = self._known.get((func, path))
        if known is None:
            found = [path]
            for _ in range(_STEPS):
                at = self.normal(func, found[-1], depth)
                if at != found[-1]:
                    found.append(at)
                made = self.fields.made(func, at)
                source = made.path if made is not None else self._received(func, at) or self._linked(at)
                if source is None or source in found:
                    break
                found.append(source)
            known = self._known[func, path] = tuple(found)
        return known

    def _linked(self, path: Path) -> Path | None:
        """A shorter path of the same object, which follows from how the objects on the way are made: a helper that is given the address of
        its owner's mutex, a field that is set to a method of another field."""
        for at, field in enumerate(path.fields[:-1]):
            rest = self._rest_from_owner(field, path.fields[at:])
            if rest is not None:
                return Path(path.root, path.fields[:at] + rest)
        return None

    def _rest_from_owner(self, field: str, fields: tuple[str, ...]) -> tuple[str, ...] | None:
        """What leads from every object with a field to where the fields lead, where whoever makes such an object sees to that."""
        key = (field, fields)
        if key not in self._rests:
            self._rests[key] = None  # an object that leads back to itself
            stores = self.index.stores.get((field, None))
            if stores is not None and self.fields.lasting(Path(0, (field,))):
                found = {self._rest(kept, fields) for kept in stores.all()}
                self._rests[key] = found.pop() if len(found) == 1 else None
        return self._rests[key]

    def _rest(self, kept: Kept, fields: tuple[str, ...]) -> tuple[str, ...] | None:
        base = self.paths(kept.func).of(kept.base)
        if base.fields:
            return None
        inner = [p for p in self._forms(kept.func, base.plus(*fields), 0) if p.root == base.root and len(p.fields) < len(fields)]
        return inner[-1].fields if inner else None

    def _received(self, func: int, path: Path) -> Path | None:
        """A path of a value that came over a channel, as one of the channel's elements."""
        place = self.index.place(func, path.root) if isinstance(path.root, int) else None
        if place is None or not isinstance(place.event, Recv):
            return None
        return self.paths(func).member(place.event.channel, ELEM, place.event.dst).plus(*path.fields)

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
        key = (site, func, path)
        if key not in self._given:
            self._given[key] = self._to_caller(site, func, path)
        return self._given[key]

    def _to_caller(self, site: int, func: int, path: Path) -> Path | None:
        assert isinstance(path.root, int)
        place = self.index.sites[site]
        passed = self._passed(place, func, path.root)
        if passed is None:
            return None
        return self.normal(place.func, passed.plus(*(self._index_given(f, place, func) for f in path.fields)))

    def _passed(self, place: Place, func: int, root: Reg) -> Path | None:
        """What a call passes as a parameter or captured value of ``func``."""
        event = place.event
        assert isinstance(event, Call)
        target = self.index.bodies[func]
        paths = self.paths(place.func)
        if root >= target.params + target.captures:
            return None
        if root >= target.params:
            value = self._function_value(place, func)
            return paths.of(value).plus(captured(root - target.params)) if value is not None else None
        if isinstance(event.callee, External):
            value = self._function_value(place, func) if root == 0 else None
            if value is not None and self.heap.is_bound(place.func, value):
                return paths.of(value).plus(CAPTURED)
            return self._handed_over(place, func, root)
        if not self.heap.targets(self.index.site_at[place[:3]]) >> func & 1:  # it registers the object with this method
            return self._handed_over(place, func, root)
        number = root
        if isinstance(event.callee, Dynamic) and target.params == len(event.args) + 1:  # a method value
            if number == 0:
                return paths.of(event.callee.reg).plus(CAPTURED)
            number -= 1
        if number >= len(event.args):
            return None
        inside = self._embedded(place.func, event, func) if number == 0 and isinstance(event.callee, Invoke) else ()
        return paths.of(event.args[number]).plus(*inside)

    def _handed_over(self, place: Place, func: int, root: Reg) -> Path | None:
        """The object that a call gives away as the receiver of a method which is called later."""
        reg = self.heap.handed(self.index.site_at[place[:3]], func) if root == 0 else None
        return self.paths(place.func).of(reg) if reg is not None else None

    def _index_given(self, field: str, place: Place, func: int) -> str:
        """The index of an element in terms of the caller, where it is a parameter or was captured there."""
        if field.startswith(ADDRESS):
            return ADDRESS + self._index_given(field.removeprefix(ADDRESS), place, func)
        named = index_of(field)
        body, call = self.index.bodies[func], place.event
        assert isinstance(call, Call)
        if named is None or named[0] != body.func:
            return field
        if named[1] >= body.params:
            value = self._function_value(place, func)
            made = self.paths(place.func).definition(value) if value is not None else None
            return self.index_captured(field, place.func, made) if isinstance(made, Closure) else field
        bound = isinstance(call.callee, Dynamic) and body.params == len(call.args) + 1  # a method value has its receiver already
        number = named[1] - bound
        if not 0 <= number < len(call.args) or isinstance(call.callee, External):
            return field
        return self.paths(place.func).element(call.args[number])

    def index_captured(self, field: str, func: int, made: Closure) -> str:
        """The index of an element in terms of ``func``, which makes a literal, where it is a value that the literal captured."""
        if field.startswith(ADDRESS):
            return ADDRESS + self.index_captured(field.removeprefix(ADDRESS), func, made)
        named = index_of(field)
        target = self.index.number.get(made.func)
        if named is None or target is None or named[0] != made.func:
            return field
        capture = named[1] - self.index.bodies[target].params
        return self.paths(func).element(made.captures[capture]) if 0 <= capture < len(made.captures) else field

    def _embedded(self, caller: int, event: Call, func: int) -> tuple[str, ...]:
        """The embedded fields that lead from an interface's value to the receiver of its method."""
        method = self.index.funcs[func]
        ways: set[tuple[str, ...]] = set()
        for obj in members(self.heap.points(caller, event.args[0])):
            kind = self.index.struct(self.heap.objects.all[obj].type)
            selected = self.index.types.select(kind, method.facts.name) if method is not None else None
            if selected is not None and selected.method is not None and method is not None and selected.method.id == method.id:
                ways.add(tuple(step.field for step in selected.steps))
        if len(ways) > 1 and method is not None and method.recv is not None:
            return (embedded(method.recv.key),)
        return ways.pop() if ways else ()

    def _function_value(self, place: Place, target: int) -> int | None:
        """The register of the function value that a call runs, or that it gives to a library which runs ``target``."""
        event = place.event
        assert isinstance(event, Call)
        if isinstance(event.callee, Dynamic):
            return event.callee.reg
        if isinstance(event.callee, External):
            values = [a for a in dict.fromkeys(event.args) if target in self.heap.functions(place.func, a)]
            return values[0] if len(values) == 1 else None
        return None
