"""Paths and locations to the parts of their names."""

from mapguard.bodies.paths import Path, is_element
from mapguard.evidence.location import Location, is_named, location


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
