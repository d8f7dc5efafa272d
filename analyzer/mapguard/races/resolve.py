"""Anchored paths to the objects that they may lead to."""

from mapguard.bodies.paths import ADDRESS, CAPTURED, EMBEDDED, Path, is_element, named
from mapguard.heap.heap import Heap
from mapguard.heap.index import Index
from mapguard.heap.tabling import Bits
from mapguard.ir.model import CELL, ELEM
from mapguard.races.accesses import Access
from mapguard.races.contexts import Anchored


class Resolver:
    def __init__(self, heap: Heap) -> None:
        self.heap = heap
        self.index: Index = heap.index
        self._found: dict[Anchored, Bits] = {}

    def objects(self, anchored: Anchored) -> Bits:
        """What the value at the end of a path may be; for storage (a lock, a struct) the storage itself."""
        known = self._found.get(anchored)
        if known is None:
            known = self._found[anchored] = self._resolve(anchored)
        return known

    def accessed(self, access: Access) -> Bits:
        """The maps of an access or, of a replacement or a load, what holds the map."""
        objects = self.heap.points(access.func, access.reg)
        for field in access.inner:
            objects = self.heap.follow(objects, ELEM if is_element(field) else field)
        return objects

    def holders(self, anchored: Anchored) -> Bits:
        """What a path leads to that has a variable for a map in it: of a package variable its storage."""
        root, fields = anchored.path
        return self.heap.of_global(root) if isinstance(root, str) and not fields else self.objects(anchored)

    def places(self, anchored: Anchored) -> Bits:
        """What a lock is: its storage or, for a flag, the object that holds it."""
        found = self.objects(anchored)
        if found:
            return found
        func, path = anchored
        if path.fields:
            return self.objects(Anchored(func, Path(path.root, path.fields[:-1])))
        return self.heap.of_global(path.root) if isinstance(path.root, str) else 0

    def _resolve(self, anchored: Anchored) -> Bits:
        func, path = anchored
        if isinstance(path.root, str):
            objects = self.heap.of_global(path.root)
            fields = path.fields
            if self.heap.is_cell(path.root):
                fields = (CELL, *fields)
        else:
            objects = self.heap.points(func, path.root)
            fields = path.fields
        return self.follow(objects, fields)

    def follow(self, objects: Bits, fields: tuple[str, ...]) -> Bits:
        """What objects hold at the end of some fields."""
        for field in fields:
            if is_element(field):
                objects = self.heap.follow(objects, ELEM)
            elif field.startswith(ADDRESS):
                objects = self.heap.address(objects, named(field))
            elif field.startswith(CAPTURED):
                objects = self.heap.captured(objects, int(field.removeprefix(CAPTURED) or 0))
            elif field.startswith(EMBEDDED):
                objects = self.heap.embedded(objects, field.removeprefix(EMBEDDED))
            else:
                objects = self.heap.follow(objects, field)
        return objects
