"""A path to the values that it may stand for, where its root is one of several: the paths that are known of each."""

from mapguard.bodies.paths import Path, is_element
from mapguard.bodies.translate import Translator
from mapguard.heap.fields import LIBRARY
from mapguard.heap.index import Place
from mapguard.heap.tabling import members
from mapguard.ir.flow import events
from mapguard.ir.model import ELEM, Alloc, Call, External, MapOp, Op, Phi, Reg, Store
from mapguard.models.load import Models

_PATHS = 64  # that are looked at for one
_CALLS = 4  # whose results are followed into the function that returns them
_TARGETS = 3  # functions that one call may run
_ITS_OWN = frozenset(["fresh", "own"])  # results that a library's method makes for its caller

Value = tuple[Path, ...]  # the paths of one value


class Alternatives:
    def __init__(self, translator: Translator, models: Models) -> None:
        self.translator = translator
        self.models = models
        self.heap = translator.heap
        self.index = translator.index
        self._found: dict[tuple[int, Path], tuple[Value, ...]] = {}

    def of(self, func: int, path: Path, depth: int = 0) -> tuple[Value, ...]:
        """The values, in terms of the function; one with the path alone, where nothing more is known."""
        key = (func, path)
        known = self._found.get(key)
        if known is None:
            self._found[key] = ((path,),)  # a value that rests on itself
            known = self._found[key] = tuple(dict.fromkeys(self._values(func, path, depth)))
        return known

    def _values(self, func: int, path: Path, depth: int) -> list[Value]:
        found: list[Value] = []
        seen = [path]
        pending = [path]
        while pending:
            at = pending.pop()
            place = self.index.place(func, at.root) if isinstance(at.root, int) else None
            more = self._parts(place, at) if place is not None else None
            if more is not None:
                new = [p for p in dict.fromkeys(more) if p not in seen and not any(_below(p, q) for q in seen)]
                pending.extend(new)
                seen.extend(new)
                if len(seen) > _PATHS:
                    return [(path,)]
                continue
            returned = self._returned(place, at, depth) if place is not None and depth < _CALLS else None
            found.extend(((at, *self._places(func, at)),) if returned is None else returned)
        return found

    def _parts(self, place: Place, path: Path) -> list[Path] | None:
        """The paths of what a value is one of: of a variable with several values, of the elements of a slice or map of the function's own,
        of what a library's object holds whose method gives it. None where it is not known to be one of several."""
        paths = self.translator.paths(place.func)
        match place.event:
            case Phi(args=args) | Op(op="append", args=args):
                return [paths.of(a).plus(*path.fields) for a in args if paths.constants.get(a) != "nil"]
            case Alloc() if path.fields and is_element(path.fields[0]):
                return self._elements(place, path)
            case Call(callee=External(name=name), args=(receiver, *_)) if name.startswith("("):
                model = self.models.function(name)
                return None if model is not None and model.returns in _ITS_OWN else [paths.of(receiver).plus(LIBRARY, *path.fields)]
        return None

    def _elements(self, made: Place, path: Path) -> list[Path] | None:
        """What a function puts into a slice or map that it makes; None where others put something in, or nothing is."""
        assert isinstance(made.event, Alloc)
        mine = self.heap.points(made.func, made.event.dst)
        paths = self.translator.paths(made.func)
        found: list[Path] = []
        for stores in self.index.kept(self.index.key(ELEM, made.event.type)):
            into = [*stores.local.get(made[:3], ()), *(k for k in stores.others if self.heap.goes_into(k, mine))]
            if any(kept.func != made.func for kept in into):
                return None
            found.extend(paths.of(kept.src).plus(*path.fields[1:]) for kept in into)
        return found or None

    def _returned(self, place: Place, path: Path, depth: int) -> list[Value] | None:
        """The values that the functions which a call may run return, in terms of the caller; None where one of them cannot be said so."""
        event = place.event
        if not isinstance(event, Call) or isinstance(event.callee, External):
            return None
        assert isinstance(path.root, int)
        site = self.index.site_at[place[:3]]
        targets = members(self.heap.targets(site))
        number = event.dsts.index(path.root)
        found: list[Value] = []
        for target in targets if len(targets) <= _TARGETS else ():
            values = self._given_back(site, target, number, path.fields, depth)
            if values is None:
                return None
            found.extend(values)
        return found or None

    def _given_back(self, site: int, target: int, number: int, fields: tuple[str, ...], depth: int) -> list[Value] | None:
        """The values that one function returns, in terms of its caller."""
        paths = self.translator.paths(target)
        found: list[Value] = []
        for returned in self.index.returns[target]:
            if number >= len(returned.values):
                return None
            if paths.constants.get(returned.values[number]) == "nil":
                continue
            inner = self.translator.normal(target, paths.of(returned.values[number]).plus(*fields))
            for value in self.of(target, inner, depth + 1):
                outer = [p for q in value if (p := self.translator.given(site, target, q)) is not None]
                if not outer:
                    return None
                found.append(tuple(outer))
        return found

    def _places(self, func: int, path: Path) -> list[Path]:
        """The paths to the same by way of the places that a function puts an object into which it makes or gets from a call."""
        made = self.index.place(func, path.root) if isinstance(path.root, int) else None
        if made is None or not isinstance(made.event, Alloc | Call):
            return []
        assert isinstance(path.root, int)
        return [p.plus(*path.fields) for p in self._stored(func, path.root)]

    def _stored(self, func: int, reg: Reg) -> list[Path]:
        paths = self.translator.paths(func)
        found: list[Path] = []
        for _, _, event in events(self.index.bodies[func]):
            match event:
                case Store(base=base, field=field, index=index, src=src) if paths.of(src) == Path(reg):
                    found.append(paths.member(base, field, index))
                case MapOp(op="write", map=base, key=key, value=value) if paths.of(value) == Path(reg):
                    found.append(paths.member(base, ELEM, key))
        return found


def _below(path: Path, other: Path) -> bool:
    """Whether a path leads further down from the same: from what a loop found in the round before, or from an element of a list into which
    elements of its elements are put."""
    x, y = path.fields, other.fields
    if path.root != other.root or len(x) <= len(y):
        return False
    same = x[len(x) - len(y) :] == y
    return same or (len(y) > 0 and is_element(y[0]) and is_element(x[0]) and x[len(x) - len(y) + 1 :] == y[1:])
