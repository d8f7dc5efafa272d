"""Paths and locations to the parts of their names."""

from mapguard.bodies.paths import CAPTURED, Path, is_element
from mapguard.evidence.location import Location, location
from mapguard.ir.model import CELL


def is_named(field: str) -> bool:
    """Whether a field of a path is one of a struct."""
    return field != CELL and not is_element(field) and not field.startswith(CAPTURED)


def named_fields(path: Path) -> list[str]:
    """The fields of structs on the way."""
    return [f for f in path.fields if is_named(f)]


def depth(path: Path) -> int:
    """How many containers lie between what the location of a path names and the object itself."""
    count = 0
    for field in reversed(path.fields):
        if is_named(field):
            break
        count += is_element(field)
    return count


def owner(field: str) -> str:
    """The type of a field's identity, with its package."""
    return field.rpartition(".")[0]


def last(field: str) -> str:
    """The name of a field."""
    return field.rpartition(".")[2]


__all__ = ["Location", "depth", "is_named", "last", "location", "named_fields", "owner"]
