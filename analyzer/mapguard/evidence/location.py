"""Anchored paths to the name under which people know what they lead to: a field, a package variable, a local variable, a parameter."""

from typing import Literal, NamedTuple

from mapguard.bodies.paths import CAPTURED, Path, is_element
from mapguard.bodies.summaries import Bodies
from mapguard.facts.syntax import TMap, TName, TSlice, Type
from mapguard.heap.fields import HELD, LIBRARY
from mapguard.heap.index import Index
from mapguard.ir.model import CELL, ELEM, NONE, MapOp, Phi, Store
from mapguard.program.types import UNKNOWN
from mapguard.races.contexts import Anchored, Context

Kind = Literal["field", "global", "local", "param"]
_DEPTH = 3  # variables that a name is looked for through
_NESTED = 8  # maps and slices in one another
_ORDER: tuple[Kind, ...] = ("field", "global", "local", "param")


class Location(NamedTuple):
    """``name`` is ``import/path.Type.field``, ``import/path.variable``, or the id of a function, of which ``at`` is a register."""

    kind: Kind
    name: str
    at: int = -1

    @property
    def rank(self) -> int:
        """How well the name says which map it is: of several names of one map that of a field is the best."""
        return _ORDER.index(self.kind)

    @property
    def package(self) -> str:
        """The import path, "" where the name has none."""
        owner = self.name.rpartition(".")[0]
        return owner.rpartition(".")[0] if self.kind == "field" else owner if self.kind == "global" else ""

    @property
    def owner(self) -> str:
        """The name of the struct type of a field, else "", also where the type is not known."""
        owner = self.name.split(".")[-2] if self.kind == "field" and "." in self.name else ""
        return "" if owner == "?" else owner

    @property
    def last(self) -> str:
        """The name without its owner."""
        return self.name.rpartition(".")[2]


def is_named(field: str) -> bool:
    """Whether a field of a path is one of a struct: no element, no captured value, not what a pointer or a library's value leads to."""
    return not is_element(field) and not field.startswith(CAPTURED) and field not in (CELL, LIBRARY, HELD)


def named_fields(anchored: Anchored) -> tuple[str, ...]:
    """The fields on the way that have names."""
    return tuple(f for f in anchored.path.fields if is_named(f))


def location(index: Index, anchored: Anchored) -> Location:
    """The last field on the way, or what the way starts from. The maps in a map, or in a slice, go by the name of that."""
    fields = named_fields(anchored)
    if fields:
        return Location("field", fields[-1])
    root = anchored.path.root
    if isinstance(root, str):
        return Location("global", root)
    body = index.bodies[anchored.func]
    return Location("param" if root < body.params else "local", body.func, root)


def reached(c: Context) -> Anchored:
    """The map that a way leads to: of an access to the variable that holds one, what is in it."""
    return Anchored(c.map.func, c.map.path.plus(c.access.slot)) if c.access.slot else c.map


class Locations:
    """The names of maps: also of those that only a local variable leads to, where the function puts them into something with a name."""

    def __init__(self, bodies: Bodies) -> None:
        self.bodies = bodies
        self.index = bodies.index
        self._found: dict[Anchored, Location] = {}

    def of(self, anchored: Anchored) -> Location:
        known = self._found.get(anchored)
        if known is None:
            known = self._found[anchored] = self._location(anchored, 0)
        return known

    def _location(self, anchored: Anchored, depth: int) -> Location:
        """The best name of a map: by its way, by what it may be besides, or by where it is stored."""
        func, path = anchored
        plain = location(self.index, anchored)
        if plain.kind != "local" or depth > _DEPTH:
            return plain
        assert isinstance(path.root, int)
        place = self.index.place(func, path.root)
        paths = self.bodies.paths(func)
        others: list[Path] = []
        if place is not None and isinstance(place.event, Phi):
            others.extend(paths.of(arg) for arg in place.event.args if paths.of(arg) != path)
        for block in self.index.bodies[func].blocks:
            for event in block.events:
                match event:
                    case Store(base=base, field=field, src=src, index=index) if paths.of(src) == path:
                        others.append(paths.member(base, field, index))
                    case MapOp(op="write", map=base, value=src, key=key) if src != NONE and paths.of(src) == path:
                        others.append(paths.member(base, ELEM, key))
        found = [self._location(Anchored(func, other), depth + 1) for other in dict.fromkeys(others)]
        return min([plain, *found], key=lambda where: where.rank)


def may_hold_map(index: Index, where: Location) -> bool:
    """Whether what a name stands for can be a map, or hold one as an element: its declared type says so, or is not known."""
    kind = index.types.underlying(index.types.deref(type_of(index, where)))
    while isinstance(kind, TSlice):
        kind = index.types.underlying(index.types.deref(kind.elem))
    return not isinstance(kind, TName) or kind.pkg != "" or kind.name == "any"  # else a number, a text, a truth value


def levels(index: Index, where: Location, kind: Type) -> int | None:
    """How many maps and slices lie between what a name stands for and a map of type ``kind`` in it; None where the types do not tell."""
    at: Type = type_of(index, where)
    wanted = index.types.map_of(kind)
    for level in range(_NESTED):
        at = index.types.deref(at)
        under = index.types.map_of(at) or index.types.underlying(at)
        if wanted is not None and under == wanted:
            return level
        if not isinstance(under, TMap | TSlice):
            return None
        at = under.elem
    return None


def type_of(index: Index, where: Location) -> Type:
    """The declared type of what a location names."""
    if where.kind == "global":
        return index.global_type(where.name)
    if where.kind == "field":
        selected = index.types.select(TName(where.package, where.owner), where.last)
        return selected.steps[-1].type if selected is not None and selected.steps and selected.method is None else UNKNOWN
    number = index.number.get(where.name)
    return index.bodies[number].types[where.at] if number is not None else UNKNOWN
