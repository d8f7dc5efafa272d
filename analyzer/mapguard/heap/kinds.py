"""Objects to the named struct types that they are of: which of them a variable of such a type can refer to, for many at once."""

from mapguard.facts.syntax import TName, TStruct, Type
from mapguard.heap.index import Index
from mapguard.heap.objects import Objects
from mapguard.heap.tabling import Bits


class Kinds:
    """Each object is looked at once; after that an answer is a union and an intersection of sets."""

    def __init__(self, index: Index, objects: Objects) -> None:
        self._index = index
        self._objects = objects
        self._looked_at = 0
        self._of: dict[tuple[str, str], Bits] = {}  # by package and name
        self._others: Bits = 0  # those that are of no named struct type, and no functions

    def in_variable(self, found: Bits, type_: Type) -> Bits:
        """Those that a variable can refer to: one of a struct's type, or a pointer to one, to structs of that type only, if none is
        converted to another; and to what is of unknown type. What models say of a library can make one object of several of its types."""
        target = self._index.struct(type_)
        if not found or target in self._index.recast or not isinstance(self._index.types.underlying(target), TStruct):
            return found
        if not isinstance(target, TName) or self._index.types.of_library(target):
            return found
        self._look()
        return found & (self._others | self._of.get((target.pkg, target.name), 0))

    def _look(self) -> None:
        objects = self._objects.all
        for number in range(self._looked_at, len(objects)):
            o = objects[number]
            kind = self._index.struct(o.type)
            if isinstance(kind, TName) and isinstance(self._index.types.underlying(kind), TStruct):
                self._of[kind.pkg, kind.name] = self._of.get((kind.pkg, kind.name), 0) | 1 << number
            elif o.kind not in ("closure", "bound"):
                self._others |= 1 << number
        self._looked_at = len(objects)
