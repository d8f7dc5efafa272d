"""A lock of a context to whether it lies in a copy of a struct: a value receiver, a copied variable, a value taken out of a container."""

from mapguard.bodies.paths import Path
from mapguard.checks.location import is_named
from mapguard.heap.index import Index
from mapguard.ir.model import Clone
from mapguard.program.types import Types
from mapguard.races.contexts import Anchored


def is_copy(index: Index, lock: Anchored) -> bool:
    """Whether the lock's storage is a part of a struct that the function got by value, or has copied."""
    func, path = lock
    if not isinstance(path.root, int) or not path.fields or not _by_value(index, func, path):
        return False
    body = index.bodies[func]
    place = index.place(func, path.root)
    if place is None:
        return path.root < body.params and index.types.is_storage(body.types[path.root])
    return isinstance(place.event, Clone)


def _by_value(index: Index, func: int, path: Path) -> bool:
    """Whether a lock lies in the storage that its path starts from, not behind a pointer in it."""
    types: Types = index.types
    assert isinstance(path.root, int)
    at = types.deref(index.bodies[func].types[path.root])
    for field in path.fields:
        if not is_named(field):
            return False
        selected = types.select(at, field.rpartition(".")[2])
        if selected is None or not selected.steps or selected.method is not None or not types.is_storage(selected.steps[-1].type):
            return False
        at = selected.steps[-1].type
    return True
