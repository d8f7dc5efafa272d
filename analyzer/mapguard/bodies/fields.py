"""Fields to what is known of their values without running anything: which are only set where their object is made, and to what."""

from collections.abc import Callable
from typing import NamedTuple

from mapguard.bodies.paths import ADDRESS, Path, Paths, is_element
from mapguard.facts.syntax import Type
from mapguard.heap.index import Index, Kept
from mapguard.ir.model import CELL, Alloc, Clone, Global, Reg


class Made(NamedTuple):
    """What a field of a new object was set to: the value's path, None for the zero value."""

    path: Path | None


class Fields:
    def __init__(self, index: Index, paths: Callable[[int], Paths]) -> None:
        self.index = index
        self.paths = paths
        self._lasting: dict[str, bool] = {}
        self._globals: dict[str, list[Kept]] | None = None

    def lasting(self, path: Path) -> bool:
        """Whether what a path leads to stays the same while its root does: every field on it is only set where its object is made."""
        if isinstance(path.root, str) and len(self._stores_of(path.root)) > 1:
            return False
        return all(self._is_lasting(f) for f in path.fields)

    def _is_lasting(self, field: str) -> bool:
        known = self._lasting.get(field)
        if known is None:
            stores = self.index.stores.get((field, None))
            known = not is_element(field) and field != CELL and field not in self.index.addressed and (stores is None or not stores.others)
            self._lasting[field] = known
        return known

    def made(self, func: int, path: Path) -> Made | None:
        """What the first field of a path of an object that a function makes there was set to, with the rest of the path. None where the
        root is no such object, or the field is not set just once."""
        place = self.index.place(func, path.root) if isinstance(path.root, int) else None
        if place is None or not path.fields or not isinstance(place.event, Alloc | Clone) or not isinstance(path.root, int):
            return None
        field = path.fields[0]
        if not self._is_lasting(field) or any(f.startswith(ADDRESS) for f in path.fields[:2]):
            return None
        stores = self.index.stores.get((field, None))
        paths = self.paths(func)
        root = Path(path.root)
        kept = [k for k in (stores.local.get(place[:3], ()) if stores is not None else ()) if paths.of(k.base) == root]
        if len(kept) == 1:
            return Made(paths.of(kept[0].src).plus(*path.fields[1:]))
        if kept:
            return None
        if isinstance(place.event, Clone):
            storage = self.storage(self.index.bodies[func].types[path.root], field) is not None
            return None if storage else Made(paths.of(place.event.src).plus(*path.fields))
        return self._part(func, path, place[:3])

    def _part(self, func: int, path: Path, made: tuple[int, int, int]) -> Made | None:
        """What a field of a struct held by value was set to when the whole struct was."""
        assert isinstance(path.root, int)
        part = self.storage(self.index.bodies[func].types[path.root], path.fields[0])
        if part is None:
            return Made(None)
        if len(path.fields) == 1 or self.storage(part, path.fields[1]) is not None:
            return None
        paths = self.paths(func)
        copies = self.index.copies.get(self.index.struct(part))
        slot = Path(path.root, path.fields[:1])
        kept = [k for k in (copies.local.get(made, ()) if copies is not None else ()) if paths.of(k.base) == slot]
        if len(kept) == 1:
            return Made(paths.of(kept[0].src).plus(*path.fields[1:]))
        stores = self.index.stores.get((path.fields[1], None))
        inner = [k for k in (stores.local.get(made, ()) if stores is not None else ()) if paths.of(k.base) == slot]
        if kept or len(inner) > 1 or not self._is_lasting(path.fields[1]):
            return None
        return Made(paths.of(inner[0].src).plus(*path.fields[2:])) if inner else Made(None)

    def storage(self, owner: Type, field: str) -> Type | None:
        """The type of a field that is held by value, None for one that refers to something else."""
        if is_element(field) or field == CELL:
            return None
        selected = self.index.types.select(owner, field.rpartition(".")[2])
        if selected is None or not selected.steps or selected.method is not None:
            return None
        type_ = selected.steps[-1].type
        return type_ if self.index.types.is_storage(type_) else None

    def variable(self, name: str) -> tuple[int, Reg] | None:
        """The only value that a package variable ever has: the initialiser that sets it, and the register."""
        stores = self._stores_of(name)
        if len(stores) != 1 or not self.index.bodies[stores[0].func].func.rpartition("$")[0].endswith(".init"):
            return None
        return stores[0].func, stores[0].src

    def _stores_of(self, name: str) -> list[Kept]:
        if self._globals is None:
            self._globals = {}
            for (field, _), stores in self.index.stores.items():
                for kept in stores.others if field == CELL else ():
                    place = self.index.place(kept.func, kept.base)
                    if place is not None and isinstance(place.event, Global):
                        self._globals.setdefault(place.event.name, []).append(kept)
        return self._globals.get(name, [])
