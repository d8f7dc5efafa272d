"""Maps that one object passes on to a new one of its type: which locks are then one of several around one map."""

from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.domain import ALLOC, Base, Location, Locks, Path
from mapguard.concurrency.guards import own_lock
from mapguard.facts.syntax import Type
from mapguard.program.names import show_type


class OwnLocks:
    """Answers for one program."""

    def __init__(self, graph: CallGraph) -> None:
        self._graph = graph
        self._known: dict[str, bool] = {}

    def passed_on(self, where: Location) -> bool:
        """Whether new objects get the map of another one, which keeps it, while each has a lock of its own."""
        known = self._known.get(where.name)
        if known is None:
            given = self._graph.analysis.inherited.get(where.name, ())
            known = self._known[where.name] = any(self._lasts(path, func) for path, func in given)
        return known and where.kind == "field"

    def telling(self, where: Location, path: Path, locks: Locks) -> Locks:
        """The locks without those of one of the objects that share the map."""
        if not self.passed_on(where):
            return locks
        return tuple((lock, mode) for lock, mode in locks if not (own_lock(path, lock) and self._beside(where, lock)))

    def starts_alone(self, where: Location, path: Path) -> bool:
        """Whether the object is made here and not given a map: two such objects have two maps, whoever gets these in turn."""
        base: Base | None = path.base
        if path.base[0] != ALLOC or path.fields != (where.name,):
            return False
        makers: set[str] = set()
        while base is not None and base[1] not in makers:
            makers.add(base[1])
            base = self._graph.analysis.renamed.get(base)
        return all(func not in makers for _, func in self._graph.analysis.inherited.get(where.name, ()))

    def _lasts(self, path: Path, func: str) -> bool:
        """Whether the object goes on with the map that the function passes on. One that is changed there has a successor."""
        unit = self._graph.analysis.units.get(func)
        if unit is None or unit.func.support or any(x.writes and x.path.plain() == path.plain() for x in unit.accesses):
            return False
        return unit.func.exported or bool(self._graph.incoming.get(func))

    def _beside(self, where: Location, lock: Path) -> bool:
        """Whether the lock itself, not a pointer to it, is a field of the map's owner."""
        field = lock.fields[-1] if lock.fields else ""
        kind = self._graph.analysis.field_type(field) if field.rpartition(".")[0] == where.name.rpartition(".")[0] else None
        return kind is not None and self._is_lock(kind)

    def _is_lock(self, kind: Type) -> bool:
        return self._graph.analysis.models.type(show_type(kind)) in ("mutex", "rwmutex")
