"""Objects to what the program puts into them: by stores of a field, through pointers to it, as a whole, and into atomic values."""

from collections.abc import Callable

from mapguard.heap.fields import LIBRARY
from mapguard.heap.heap import Heap
from mapguard.heap.index import Index, Kept
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import Spot, used
from mapguard.ir.model import CELL, Call, External

ALWAYS = -1  # no function: what anybody puts there counts
NOWHERE: Spot = (-1, -1)


class Puts:
    """``runs`` tells all functions that one runs, itself too. Questions with ``during`` are for what those put there."""

    def __init__(self, heap: Heap, runs: Callable[[int], Bits]) -> None:
        self.heap = heap
        self.index: Index = heap.index
        self.runs = runs

    def into(self, objects: Bits, field: str, during: int) -> list[Kept]:
        """What is stored into a field of any of the objects."""
        if field == LIBRARY:
            return self._counted(self._in_atomic_values(objects), during)
        found: dict[Kept, None] = {}
        for o in members(objects):
            obj = self.heap.objects.all[o]
            made = self.heap.objects.all[self.heap.objects.origin(o)]
            key = self.index.cell(obj.type) if field == CELL else self.index.key(field, obj.type)
            for stores in self.index.kept(key):
                local = stores.local.get((made.func, made.block, made.place), ())
                found.update((kept, None) for kept in local if self.heap.goes_into(kept, 1 << o))
                found.update((kept, None) for kept in self._counted(stores.others, during) if self.heap.goes_into(kept, 1 << o))
            for part in members(self.heap.address(1 << o, field)) if field in self.index.addressed else ():
                for stores in self.index.kept(self.index.cell(self.heap.objects.all[part].type)):
                    found.update((kept, None) for kept in self._counted(list(stores.all()), during) if self.heap.goes_into(kept, 1 << part))
        return list(found)

    def over(self, objects: Bits, fields: tuple[str, ...], during: int) -> list[Kept]:
        """What is copied over any of the objects as a whole, and is what some fields lead to afterwards."""
        found: dict[Kept, None] = {}
        for o in members(objects):
            stores = self.index.copies.get(self.index.struct(self.heap.objects.all[o].type))
            for kept in self._counted(list(stores.all()), during) if stores is not None else ():
                renewed = bool(fields) and self.heap.overwritten.renews(self.index.copied[kept], fields[0])
                if not renewed and self.heap.goes_into(kept, 1 << o):
                    found[kept] = None
        return list(found)

    def spot(self, kept: Kept) -> Spot:
        """The event that a store is."""
        for b, block in enumerate(self.index.bodies[kept.func].blocks):
            for p, event in enumerate(block.events):
                if used(event)[:1] == (kept.base,) and kept.src in used(event)[1:]:
                    return (b, p)
        return NOWHERE

    def _counted(self, every: list[Kept], during: int) -> list[Kept]:
        if during == ALWAYS or not every:
            return every
        runs = self.runs(during)
        return [kept for kept in every if runs >> kept.func & 1]

    def _in_atomic_values(self, objects: Bits) -> list[Kept]:
        """What is given to the methods of atomic values among the objects."""
        found: list[Kept] = []
        for site in self.index.methods_of_libraries:
            place = self.index.sites[site]
            match place.event:
                case Call(callee=External(name=name), args=(base, *values)) if self.heap.is_atomic(name):
                    if self.heap.goes_into(Kept(place.func, base, base), objects):
                        found.extend(Kept(place.func, base, value) for value in values)
        return found
