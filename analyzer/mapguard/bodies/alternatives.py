"""A path to the values that it may stand for, where its root is one of several: the paths that are known of each."""

from mapguard.bodies.paths import Path
from mapguard.bodies.translate import Translator
from mapguard.heap.index import Place
from mapguard.heap.tabling import members
from mapguard.ir.flow import events
from mapguard.ir.model import ELEM, Alloc, Call, External, MapOp, Phi, Reg, Store

_VALUES = 16  # of one register
_CALLS = 4  # whose results are followed into the function that returns them

Value = tuple[Path, ...]  # the paths of one value


class Alternatives:
    def __init__(self, translator: Translator) -> None:
        self.translator = translator
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
        seen: set[Path] = set()
        pending = [path]
        while pending:
            at = pending.pop()
            place = self.index.place(func, at.root) if isinstance(at.root, int) else None
            if place is not None and isinstance(place.event, Phi):
                paths = self.translator.paths(func)
                more = [paths.of(a).plus(*at.fields) for a in place.event.args if paths.constants.get(a) != "nil"]
                pending.extend(p for p in dict.fromkeys(more) if p not in seen)
                seen.update(more)
                if len(seen) > _VALUES:
                    return [(path,)]
                continue
            returned = self._returned(place, at, depth) if place is not None and depth < _CALLS else None
            found.extend(((at, *self._places(func, at)),) if returned is None else returned)
        return found

    def _returned(self, place: Place, path: Path, depth: int) -> list[Value] | None:
        """The values that a function returns there, in terms of its caller; None where one of them cannot be said so."""
        event = place.event
        if not isinstance(event, Call) or isinstance(event.callee, External):
            return None
        assert isinstance(path.root, int)
        site = self.index.site_at[place[:3]]
        targets = members(self.heap.targets(site))
        if len(targets) != 1:
            return None
        [target] = targets
        number = event.dsts.index(path.root)
        paths = self.translator.paths(target)
        found: list[Value] = []
        for returned in self.index.returns[target]:
            if number >= len(returned.values):
                return None
            if paths.constants.get(returned.values[number]) == "nil":
                continue
            inner = self.translator.normal(target, paths.of(returned.values[number]).plus(*path.fields))
            for value in self.of(target, inner, depth + 1):
                outer = [p for q in value if (p := self.translator.given(site, target, q)) is not None]
                if not outer:
                    return None
                found.append(tuple(outer))
        return found

    def _places(self, func: int, path: Path) -> list[Path]:
        """The paths to the same by way of the places that a function puts an object into which it makes."""
        made = self.index.place(func, path.root) if isinstance(path.root, int) else None
        if made is None or not isinstance(made.event, Alloc):
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
