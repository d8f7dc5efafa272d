"""Contexts to whether their map is confined to the thread that reaches it: nothing keeps it, or what holds it, beyond its calls."""

from mapguard.bodies.paths import CAPTURED, EMBEDDED, Path, named
from mapguard.heap.objects import OUTSIDE, Objects
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import CELL
from mapguard.races.contexts import Anchored
from mapguard.races.holders import Holders
from mapguard.races.resolve import Resolver
from mapguard.races.retained import Retained


class Confined:
    """Answers for one program."""

    def __init__(self, retained: Retained, holders: Holders, resolver: Resolver) -> None:
        self.retained = retained
        self.holders = holders
        self.resolver = resolver
        self.objects: Objects = resolver.heap.objects
        self._found: dict[tuple[Anchored, Bits], bool] = {}

    def confined(self, map_: Anchored, objects: Bits) -> bool:
        """Whether no other thread can have one of the objects, which the path leads to, while the thread that follows the path has it."""
        key = (map_, objects)
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = not any(self._shared(map_, o) for o in members(objects))
        return known

    def _shared(self, at: Anchored, obj: int) -> bool:
        """Whether another thread may have an object that a path leads to. One that lies in what holds it alone is shared where that is;
        so is what an object from outside was given with."""
        func, path = at
        holder = Anchored(func, Path(path.root, path.fields[:-1])) if path.fields else None
        if self.objects.all[self.objects.origin(obj)].kind == "outside":
            return holder is None or self._stored(holder, path.fields[-1], obj) or self._any_shared(holder)
        if not self.retained.of(obj):
            return False
        return holder is None or not self._lies_in(holder, named(path.fields[-1]), obj) or self._any_shared(holder)

    def _lies_in(self, holder: Anchored, field: str, obj: int) -> bool:
        """Whether each of the objects that ``obj`` stands for lies in one holder, and is kept with that alone."""
        if field == CELL or field.startswith((CAPTURED, EMBEDDED)):
            return False
        others = self.retained.holders(obj, field)
        if others is None:
            return False
        every = others | self.resolver.objects(holder)
        return not any(self.holders.is_copy(h, (field,), obj) for h in members(every)) and self.holders.put_once(obj, field, every)

    def _stored(self, holder: Anchored, field: str, obj: int) -> bool:
        """Whether an object from outside was put there by the tree, or by what copied the holder: it is not only what another object from
        outside was given with."""
        heap = self.resolver.heap
        for h in members(self.resolver.objects(holder)):
            known = self.objects.all[self.objects.origin(h)].kind not in OUTSIDE or heap.original(h)
            if known and self.resolver.follow(1 << h, (field,)) >> obj & 1:
                return True
        return False

    def _any_shared(self, holder: Anchored) -> bool:
        if isinstance(holder.path.root, str) and not holder.path.fields:
            return True
        return not self.confined(holder, self.resolver.objects(holder))
