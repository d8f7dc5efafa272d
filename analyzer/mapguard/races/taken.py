"""Contexts of maps that were taken out of their place under a lock to that lock: who holds it afterwards finds another map there.

``old := s.m; s.m = map[K]V{}`` under a lock leaves ``old`` to its taker alone, as if he held the lock for as long as he uses it. The
value is followed back from the access to the read: through variables, captures, arguments and results, on one thread.
"""

from typing import NamedTuple

from mapguard.bodies.paths import Path
from mapguard.bodies.state import READ
from mapguard.bodies.summaries import Bodies
from mapguard.heap.index import Place
from mapguard.heap.tabling import members
from mapguard.ir.flow import Spot, ends, reaches
from mapguard.ir.model import CELL, ELEM, Call, Cast, Closure, Copy, Dynamic, Field, Load, MapOp, Reg, Static, Store
from mapguard.races.accesses import Access
from mapguard.races.contexts import Climber, Context, Locks
from mapguard.races.escape import Escape
from mapguard.races.provenance import Provenance

_STEPS = 16  # variables, captures, arguments and results that a value is followed through
_NOTHING: Locks = frozenset()


class _At(NamedTuple):
    """A register, and how far the thread has come in its function when the value is used: at an event, None at the end. ``level``: the
    edges of the context's chain that lead to the function, -1 where it has been called and has returned."""

    func: int
    reg: Reg
    use: Spot | None
    level: int


class _Read(NamedTuple):
    """The read of a place, and the events that put something else there."""

    func: int
    read: Spot
    replaced: tuple[Spot, ...]
    level: int


class Taken:
    def __init__(self, bodies: Bodies, climber: Climber, escape: Escape, provenance: Provenance) -> None:
        self.bodies = bodies
        self.index = bodies.index
        self.climber = climber
        self.escape = escape
        self.provenance = provenance
        self._slots: dict[int, dict[Path, list[Spot]]] = {}

    def with_locks(self, c: Context) -> Context:
        """A context with the locks under which its map, or what holds it, was taken out of its place."""
        read = self._read(c)
        return c._replace(locks=c.locks | self._locks(c, read)) if read is not None else c

    def _locks(self, c: Context, read: _Read) -> Locks:
        """What is held at the read and wherever its place gets another value."""
        found: Locks | None = None
        for spot in (read.read, *read.replaced):
            every = self.climber.contexts(self._access(read.func, spot))
            if read.level >= 0:
                every = [x for x in every if x.chain == c.chain[: read.level]]
            for x in [x for x in every if x.thread == c.thread] or every:
                held = frozenset(entry for entry in self.provenance.traced(x).locks if entry[1] != READ)
                found = held if found is None else found & held
        return found or _NOTHING

    def _access(self, func: int, spot: Spot) -> Access:
        """An event that reads or sets a place, as an access."""
        event = self.index.bodies[func].blocks[spot[0]].events[spot[1]]
        assert isinstance(event, Load | Store | MapOp | Call)
        reg = event.map if isinstance(event, MapOp) else event.args[0] if isinstance(event, Call) else event.base
        return Access(func, *spot, "load", self.bodies.paths(func).of(reg), reg, event.at, event.end)

    # ------------------------------------------------------------ back to the read

    def _read(self, c: Context) -> _Read | None:
        """The read from which the map of a context, or what holds it, was taken out."""
        access = c.access
        at: _At | None = _At(access.func, access.reg, (access.block, access.place), len(c.chain))
        for _ in range(_STEPS):
            if at is None:
                return None
            place = self.index.place(at.func, at.reg)
            if place is None:
                at = self._outer(c, at)
                continue
            if isinstance(place.event, Load | MapOp):
                replaced = self._replaced(at, place)
                if replaced:
                    return _Read(at.func, place[1:3], replaced, at.level)
            at = self._from(at, place)
        return None

    def _from(self, at: _At, place: Place) -> _At | None:
        """One step back in a function, or into what was stored or returned."""
        match place.event:
            case Copy(src=src) | Cast(src=src):
                return at._replace(reg=src)
            case Load(base=base, field=field):
                return (self._variable(at, base) if field == CELL else None) or at._replace(reg=base)
            case Field(base=reg) | MapOp(map=reg):
                return at._replace(reg=reg)
            case Call(callee=Static(func=name), dsts=dsts) if name in self.index.number:
                return self._returned(self.index.number[name], dsts.index(at.reg))
        return None

    def _variable(self, at: _At, base: Reg) -> _At | None:
        """The one value that a variable gets, here or in a literal that has captured it."""
        kept = self.bodies.translator.stored.only(at.func, base)
        if kept is None:
            return None
        return at._replace(reg=kept.src) if kept.func == at.func else _At(kept.func, kept.src, None, -1)

    def _returned(self, func: int, number: int) -> _At | None:
        """The one value, nil aside, that a function returns."""
        constants = self.bodies.paths(func).constants
        values = {r.values[number] for r in self.index.returns[func] if number < len(r.values)}
        found = [reg for reg in values if constants.get(reg) != "nil"]
        return _At(func, found[0], None, -1) if len(found) == 1 else None

    def _outer(self, c: Context, at: _At) -> _At | None:
        """What was passed, or captured, in terms of a function further out on the same thread."""
        body = self.index.bodies[at.func]
        if at.level <= c.inside:
            return None  # it has come from another thread
        site = self.index.sites[c.chain[at.level - 1].site]
        call = site.event
        assert isinstance(call, Call)
        if at.reg < body.params:
            if not isinstance(call.callee, Static | Dynamic) or len(call.args) != body.params:
                return None
            return _At(site.func, call.args[at.reg], (site.block, site.number), at.level - 1)
        made = self.index.made.get(at.func, ())
        if len(made) != 1:
            return None
        func, block, number, closure = made[0]
        if not isinstance(closure, Closure):
            return None
        for level in range(at.level - 1, c.inside - 1, -1):
            if self.index.sites[c.chain[level].site].func == func:
                return _At(func, closure.captures[at.reg - body.params], (block, number), level)
        return None

    # ------------------------------------------------------------ what takes the place

    def _replaced(self, at: _At, place: Place) -> tuple[Spot, ...]:
        """The events that put something else into the place that was read, if one of them comes on every way to the use."""
        slots = self._all_replaced(at.func)
        replaced = slots.get(self.bodies.paths(at.func).of(at.reg), []) if slots else []
        blocks = self.index.bodies[at.func].blocks
        last = [at.use] if at.use is not None else ends(blocks)
        if not replaced or any(reaches(blocks, place[1:3], end, replaced) for end in last):
            return ()
        return tuple(replaced)

    def _all_replaced(self, func: int) -> dict[Path, list[Spot]]:
        """Where a function empties places, or puts something new there, itself or by what it calls."""
        found = self._slots.get(func)
        if found is None:
            found = self._slots[func] = {}
            paths = self.bodies.paths(func)
            for b, block in enumerate(self.index.bodies[func].blocks):
                for p, event in enumerate(block.events):
                    match event:
                        case Store(base=base, field=field, index=index, src=src) if self._new(func, src):
                            found.setdefault(paths.member(base, field, index), []).append((b, p))
                        case MapOp(op="write", map=base, key=key, value=src) if self._new(func, src):
                            found.setdefault(paths.member(base, ELEM, key), []).append((b, p))
                        case MapOp(op="delete", map=base, key=key):
                            found.setdefault(paths.member(base, ELEM, key), []).append((b, p))
                        case Call(callee=Static(), how="call"):
                            for slot in self._by_call(func, (b, p)):
                                found.setdefault(slot, []).append((b, p))
        return found

    def _by_call(self, func: int, spot: Spot) -> list[Path]:
        """The places that a called function gives something new on every way through it."""
        site = self.index.site_at[func, *spot]
        found: list[Path] = []
        for target in members(self.bodies.heap.targets(site)):
            body = self.index.bodies[target]
            paths = self.bodies.paths(target)
            last = ends(body.blocks)
            for b, block in enumerate(body.blocks):
                for p, event in enumerate(block.events):
                    if not isinstance(event, Store) or not self._new(target, event.src):
                        continue
                    if any(reaches(body.blocks, (0, -1), end, [(b, p)]) for end in last):
                        continue
                    slot = self.bodies.given(site, target, paths.member(event.base, event.field, event.index))
                    if slot is not None:
                        found.append(slot)
        return found

    def _new(self, func: int, reg: Reg) -> bool:
        """Whether a value is nil, or made anew."""
        paths = self.bodies.paths(func)
        path = paths.of(reg)
        return paths.constants.get(reg) == "nil" or (not path.fields and self.escape.fresh(func, path.root))
