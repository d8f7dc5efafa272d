"""Functions to the calls of function values whose type they fit: a filter that needs no objects, before any are asked for."""

from mapguard.facts.syntax import TChan, TFunc, TInterface, TMap, TName, TPtr, TSlice, TStruct, Type
from mapguard.heap.index import Index
from mapguard.ir.model import Call, Dynamic, Reg
from mapguard.program.model import TYPE_PARAM

Head = tuple[object, ...] | None  # the outside of a type, None where it may be any: what differs here is another type
Shape = tuple[tuple[Head, ...], tuple[Head, ...] | None]  # of the parameters and, where known, of the results
_DEPTH = 2
_SAME = {"byte": "uint8", "rune": "int32"}


class Fitting:
    def __init__(self, index: Index) -> None:
        self.index = index
        self._heads: dict[tuple[Type, int], Head] = {}
        self._of_shape: dict[Shape, list[int]] = {}
        self._sites: dict[int, dict[Shape | None, list[int]]] = {}  # by number of arguments
        for count, sites in index.dynamic.items():
            by_shape: dict[Shape | None, list[int]] = {}
            for site in sites:
                by_shape.setdefault(self._called(site), []).append(site)
            self._sites[count] = by_shape

    def sites(self, func: int) -> list[int]:
        """The calls of function values that may be this function: given its receiver or with it as an argument."""
        body = self.index.bodies[func]
        types = body.types[: body.params]
        facts = self.index.funcs[func]
        results = tuple(map(self._head, facts.results)) if facts is not None else None
        found: list[int] = []
        for first in (0, 1):
            mine = (tuple(map(self._head, types[first:])), results)
            for theirs, sites in self._sites.get(len(types) - first, {}).items() if len(types) >= first else ():
                if theirs is None or _alike(mine, theirs):
                    found.extend(sites)
        return found

    def may_hold(self, func: int, reg: Reg) -> bool:
        """Whether the type of a register allows it to be a function value."""
        return self._may_be_function(self.index.types.underlying(self.index.bodies[func].types[reg]))

    def _may_be_function(self, under: Type) -> bool:
        return not isinstance(under, TPtr | TSlice | TMap | TChan | TStruct) and not (
            isinstance(under, TName) and under.pkg == "" and under.name not in ("any", "error", "nil")
        )

    def _called(self, site: int) -> Shape | None:
        """The shape of the function value that is called, None where its type is not known."""
        place = self.index.sites[site]
        assert isinstance(place.event, Call) and isinstance(place.event.callee, Dynamic)
        type_ = self.index.types.underlying(self.index.bodies[place.func].types[place.event.callee.reg])
        if not isinstance(type_, TFunc) or len(type_.params) != len(place.event.args):
            return None
        params = tuple(map(self._head, type_.params))
        return ((*params[:-1], None) if type_.variadic else params), tuple(map(self._head, type_.results))

    def _head(self, t: Type, depth: int = 0) -> Head:
        key = (t, depth)
        if key not in self._heads:
            self._heads[key] = self._made(t, depth)
        return self._heads[key]

    def _made(self, t: Type, depth: int) -> Head:
        t = self.index.types.alias(t)
        match t:
            case TName(pkg="", name=name):
                return None if name == "nil" else ("basic", _SAME.get(name, name))
            case TName(pkg=pkg, name=name):
                known = pkg != TYPE_PARAM and self.index.types.program.named(pkg, name) is not None
                return ("named", pkg, name) if known else None  # a library's name may be an alias
            case TInterface(methods=(), embeds=()):
                return ("basic", "any")
            case TPtr(elem=elem) | TSlice(elem=elem) | TChan(elem=elem):
                return (type(t).__name__, self._head(elem, depth + 1) if depth < _DEPTH else None)
            case TMap(key=key, elem=elem):
                return ("map", self._head(key, depth + 1), self._head(elem, depth + 1)) if depth < _DEPTH else ("map", None, None)
            case TFunc(params=params, results=results):
                return ("func", len(params), len(results))
            case TStruct(fields=fields):
                return ("struct", len(fields))
        return None


def _alike(mine: Shape, theirs: Shape) -> bool:
    if mine[1] is not None and theirs[1] is not None and not _all_alike(mine[1], theirs[1]):
        return False
    return _all_alike(mine[0], theirs[0])


def _all_alike(a: tuple[Head, ...], b: tuple[Head, ...]) -> bool:
    return len(a) == len(b) and all(map(_one_alike, a, b))


def _one_alike(a: object, b: object) -> bool:
    if a is None or b is None or a == b:
        return True
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_one_alike, a, b))
    return False
