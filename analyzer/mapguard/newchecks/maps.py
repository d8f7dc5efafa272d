"""Anchored paths and objects to the maps that a reader of the code knows: named by a field, a package variable or a local variable."""

from collections import Counter
from collections.abc import Iterable

from mapguard.bodies.paths import Path
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import NONE, Alloc, Call, Global, MapOp, Store
from mapguard.newchecks.evlocation import Location, location
from mapguard.newchecks.variables import Variables
from mapguard.races.contexts import Anchored, Context
from mapguard.races.judge import Judge

_NAMED = ("field", "global")


class Maps:
    def __init__(self, judge: Judge, variables: Variables) -> None:
        self.judge = judge
        self.index = judge.index
        self.variables = variables
        self._homes: dict[int, set[Location]] | None = None

    def of_path(self, anchored: Anchored) -> Location:
        """What a path names."""
        return location(self.index, anchored)

    def of(self, contexts: Iterable[Context], objects: Bits) -> Location:
        """The map of a race: as most of the ways to it name it, else by where its objects are kept, else by the variable that it was made
        for."""
        votes: Counter[Location] = Counter()
        for c in contexts:
            votes[self.of_path(c.map)] += 1
        named = {where: n for where, n in votes.items() if where.kind in _NAMED} or self._kept(objects) or self._made(objects) or votes
        return min(named, key=lambda where: (-named[where], where))

    def _kept(self, objects: Bits) -> dict[Location, int]:
        return dict.fromkeys(sorted({h for o in members(objects) for h in self.homes().get(o, ())}), 1)

    def _made(self, objects: Bits) -> dict[Location, int]:
        found: dict[Location, int] = {}
        for number in members(objects):
            o = self.judge.heap.objects.all[number]
            event = self.index.maker(o) if o.kind in ("alloc", "result") else None
            regs = (event.dst,) if isinstance(event, Alloc) else event.dsts if isinstance(event, Call) else ()
            for reg in regs:
                where = self.of_path(Anchored(o.func, Path(self.stored(o.func, reg))))
                if where.kind == "local":
                    found[where] = found.get(where, 0) + bool(self.index.bodies[o.func].names[reg])
        return found

    def stored(self, func: int, reg: int) -> int:
        """The cell of the variable that a new value is put into first, else the register of the value."""
        for block in self.index.bodies[func].blocks:
            for event in block.events:
                if isinstance(event, Store) and event.src == reg and self.index.bodies[func].names[event.base] and event.field == "*":
                    return event.base
        return reg

    def homes(self) -> dict[int, set[Location]]:
        """Map objects to the fields, package variables and maps that they are put into."""
        if self._homes is None:
            self._homes = {}
            for func, body in enumerate(self.index.bodies):
                for block in body.blocks:
                    for event in block.events:
                        match event:
                            case Store(base=base, field=field, src=src):
                                self._note(func, base, field, src)
                            case MapOp(op="write", map=base, value=src) if src != NONE:
                                self._note(func, base, "[]", src)
        return self._homes

    def _note(self, func: int, base: int, field: str, src: int) -> None:
        body = self.index.bodies[func]
        if self.index.types.map_of(body.types[src]) is None or self._homes is None:
            return
        path = self.judge.bodies.paths(func).of(base)
        place = self.index.place(func, base)
        plain = place is not None and isinstance(place.event, Global) and field == "*"
        where = self.of_path(Anchored(func, path if plain else path.plus(field)))
        if where.kind in _NAMED:
            for number in members(self.judge.heap.points(func, src)):
                self._homes.setdefault(number, set()).add(where)
