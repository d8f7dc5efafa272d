"""Accesses to the maps that they are of: what is made at one place in the text is one, and what comes from outside in one field."""

from collections.abc import Hashable
from contextlib import AbstractContextManager
from operator import itemgetter
from typing import NamedTuple

from mapguard.bodies.summaries import Bodies
from mapguard.heap.tabling import members
from mapguard.heap.written import written
from mapguard.races.accesses import Access, accesses
from mapguard.races.resolve import Resolver
from mapguard.races.walks import Walks


class Map(NamedTuple):
    """What is made at one place in the text: one object of it, and the accesses that may be of one of them."""

    obj: int
    accesses: tuple[Access, ...]


class Maps:
    """Answers for one program, found when they are first asked for."""

    def __init__(self, bodies: Bodies, resolver: Resolver) -> None:
        self.bodies = bodies
        self.heap = bodies.heap
        self.resolver = resolver
        self.walks = Walks(bodies.heap, bodies.models)
        self._accesses: list[Access] | None = None
        self._maps: list[Map] | None = None

    def accesses(self) -> list[Access]:
        """Every access of the program, in the order of functions and events."""
        if self._accesses is None:
            self._accesses = list(accesses(self.bodies, self.walks))
        return self._accesses

    def all(self) -> list[Map]:
        """The maps that are written, and the variables for maps that are set."""
        if self._maps is None:
            self._maps = self._grouped()
        return self._maps

    @property
    def counted(self) -> int:
        """How many maps there are, as far as they were asked for."""
        return len(self._maps or ())

    def kept(self, access: Access) -> AbstractContextManager[None]:
        """What goes on after an error, which is one of this access."""
        return self.heap.defects.kept(written(self.bodies.index, access.func)[0], access.at)

    def _grouped(self) -> list[Map]:
        every = self.accesses()
        stored = {a.slot for a in every if a.op == "replace"}
        found: dict[Hashable, tuple[int, dict[Access, None]]] = {}
        for access in every:
            if access.slot and access.slot not in stored:
                continue
            objects = 0
            with self.kept(access):
                objects = self.resolver.accessed(access)
            for number in members(objects):
                found.setdefault((self.heap.objects.site(number), access.slot), (number, {}))[1][access] = None
        maps = [Map(number, tuple(group)) for number, group in found.values() if any(a.writes for a in group)]
        return sorted(maps, key=itemgetter(0))
