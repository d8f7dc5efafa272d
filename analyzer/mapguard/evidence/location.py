"""Anchored paths to the name under which people know what they lead to: a field, a package variable, a local variable, a parameter."""

from typing import Literal, NamedTuple

from mapguard.bodies.paths import CAPTURED, is_element
from mapguard.facts.syntax import TName, Type
from mapguard.heap.index import Index
from mapguard.ir.model import CELL
from mapguard.program.types import UNKNOWN
from mapguard.races.contexts import Anchored

Kind = Literal["field", "global", "local", "param"]
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
        """The name of the struct type of a field, else ""."""
        return self.name.split(".")[-2] if self.kind == "field" and "." in self.name else ""

    @property
    def last(self) -> str:
        """The name without its owner."""
        return self.name.rpartition(".")[2]


def named_fields(anchored: Anchored) -> tuple[str, ...]:
    """The fields on the way that have names: without elements, captured values and pointers to variables."""
    return tuple(f for f in anchored.path.fields if not is_element(f) and not f.startswith(CAPTURED) and f != CELL)


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


def type_of(index: Index, where: Location) -> Type:
    """The declared type of what a location names."""
    if where.kind == "global":
        return index.global_type(where.name)
    if where.kind == "field":
        selected = index.types.select(TName(where.package, where.owner), where.last)
        return selected.steps[-1].type if selected is not None and selected.steps and selected.method is None else UNKNOWN
    number = index.number.get(where.name)
    return index.bodies[number].types[where.at] if number is not None else UNKNOWN
