"""Deferred calls that give up an object's lock to the locks that others took for their caller: an object comes locked.

``e, release := cache.Get(key); defer release(nil)``, ``lease := desk.Lend(id); defer func() { lease.Done()() }()``: the lock is taken
somewhere below the first call; the function that gives it up is kept in a field, or passed on.
"""

from mapguard.concurrency.aliases import Aliases
from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import ALLOC, RESULT, Edge, Path, named_fields, place
from mapguard.facts.syntax import TName, TStruct
from mapguard.program.model import Func

_STEPS = 3  # calls from the deferred one to the one that unlocks
_CANDIDATES = 3  # functions that a stored function may be
_MUTEX = TName("sync", "Mutex")


class Leases:
    """Answers for one solved program."""

    def __init__(self, graph: CallGraph, aliases: Aliases) -> None:
        self._graph = graph
        self._analysis = graph.analysis
        self._aliases = aliases
        self._of: dict[str, tuple[tuple[int, str], ...]] = {}
        self._below: dict[tuple[str, Path], bool] = {}

    def common(self, a: Context, b: Context) -> bool:
        """Whether both sides run until a deferred call gives up the lock of an object of one type, and the map is below such an object."""
        return any(self._is_below(owner, a.path) and self._is_below(owner, b.path) for owner in self._leased(a) & self._leased(b))

    def _leased(self, c: Context) -> frozenset[str]:
        """The types of the objects that are given up at the end of calls which the thread is in when it gets to the map."""
        ways = [(e.caller, e.at) for e in c.own]
        return frozenset(
            owner for func, at in (*ways, (c.access.func, c.access.at)) for since, owner in self._given_up_by(func) if since < at
        )

    def _given_up_by(self, func: Func) -> tuple[tuple[int, str], ...]:
        """The types of the objects whose locks calls give up that ``func`` defers, each with the place of that."""
        known = self._of.get(func.id)
        if known is None:
            unit = self._analysis.units.get(func.id)
            deferred = [e for e in unit.edges if e.kind == "defer"] if unit is not None else []
            known = self._of[func.id] = tuple(sorted((e.at, owner) for e in deferred for owner in self._unlocked(e)))
        return known

    def _unlocked(self, deferred: Edge) -> set[str]:
        found: set[str] = set()
        at = [deferred]
        seen = {deferred.callee.id}
        for _ in range(_STEPS):
            further: list[Edge] = []
            for edge in at:
                if edge is deferred or not self._locks_itself(edge):
                    found |= self._unlocks(edge)
                unit = self._analysis.units.get(edge.callee.id)
                more = [e for e in unit.edges if not e.starts_thread and e.candidates <= _CANDIDATES] if unit is not None else []
                further += [e for e in more if e.callee.id not in seen]
                seen.update(e.callee.id for e in more)
            at = further
        return found

    def _locks_itself(self, unlock: Edge) -> bool:
        """Whether the function that calls ``Unlock`` has called ``Lock``: it has that for itself only."""
        unit, owner = self._analysis.units.get(unlock.caller.id), unlock.callee.recv
        return unit is not None and owner is not None and any(e.callee.name == "Lock" and e.callee.recv is owner for e in unit.edges)

    def _unlocks(self, edge: Edge) -> set[str]:
        """What the call gives up: by an ``Unlock`` that the tree has made out of other things than locks, or as a stored function that
        unlocks a mutex of an object it was made for."""
        callee = edge.callee
        released = self._analysis.summary(callee).releases
        if callee.recv is not None and callee.name == "Unlock" and callee.facts.body and not released:
            kind = TName(*callee.recv.key)
            return {".".join(callee.recv.key)} if self._analysis.types.select(kind, "Lock") is not None else set()
        unit = self._analysis.units.get(callee.id)
        if edge.kind != "callback" or unit is None:
            return set()
        fields = {place(p) for p in released if p not in unit.took}
        return {f.rpartition(".")[0] for f in fields if isinstance(f, str) and self._analysis.field_type(f) == _MUTEX}

    def _is_below(self, owner: str, path: Path) -> bool:
        """Whether the path leads through an object of the type, or starts at what those keep in a field."""
        if owner in {f.rpartition(".")[0] for f in named_fields(path)}:
            return True
        key = (owner, Path(path.base))
        if key not in self._below:
            package, _, name = owner.rpartition(".")
            under = self._analysis.types.underlying(TName(package, name))
            fields = [f"{owner}.{f.name}" for f in under.fields] if isinstance(under, TStruct) else []
            names = {(kind, *path.base[1:]) for kind in (ALLOC, RESULT)} if path.base[0] in (ALLOC, RESULT) else set()
            self._below[key] = any(not names.isdisjoint(self._aliases.origins(f).made) for f in fields) if names else False
        return self._below[key]
