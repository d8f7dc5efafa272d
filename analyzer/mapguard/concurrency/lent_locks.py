"""Pointers to locks to what they point to: a field that is only ever set to the address of another object's lock names that lock."""

from mapguard.concurrency.aliases import Aliases
from mapguard.concurrency.domain import GLOBAL, PARAM, READ, RECEIVER, WRITE, Access, Edge, Locks, Path, Place, is_elem
from mapguard.concurrency.roots import reachable_from_outside
from mapguard.concurrency.solve import Analysis
from mapguard.concurrency.state import join_locks
from mapguard.facts.syntax import TName, TPtr

_STEPS = 4  # parameters and fields that the address is passed through


def name_lent_locks(analysis: Analysis, aliases: Aliases) -> None:
    """Locks of all accesses and calls under the names of their owners."""
    lent = LentLocks(analysis, aliases)
    for unit in analysis.units.values():
        found: list[Access | Edge] = [*unit.accesses, *unit.acts, *unit.edges]
        for x in found:
            _rename(x, lent)


def _rename(x: Access | Edge, lent: "LentLocks") -> None:
    x.locks = lent.named(x.locks)
    if isinstance(x, Edge):
        x.around = lent.named(x.around)
    x.dropped = frozenset(map(lent.owned, x.dropped)) if x.dropped else x.dropped


class LentLocks:
    """Answers for one solved program; remembers them by field."""

    def __init__(self, analysis: Analysis, aliases: Aliases) -> None:
        self._analysis = analysis
        self._aliases = aliases
        self._known: dict[str, Place | None] = {}

    def named(self, locks: Locks) -> Locks:
        """The locks by the names of their owners; what is known by two names now is held as both say."""
        renamed = [(self.owned(p) if m in (READ, WRITE) else p, m) for p, m in locks]
        if all(new == old for (new, _), (old, _) in zip(renamed, locks, strict=True)):
            return locks
        found: dict[Path, str] = {}
        for path, mode in renamed:
            found.update(join_locks({path: found.get(path, mode)}, {path: mode}))
        return tuple(sorted(found.items()))

    def owned(self, lock: Path) -> Path:
        """The lock's own path: on a way that leads through its owner the way back to that."""
        field = lock.fields[-1] if lock.fields else ""
        owner = self._owner(field) if field and not is_elem(field) else None
        if owner is None:
            return lock
        return Path(lock.base, lock.fields[:-1]).plus(owner) if isinstance(owner, str) else Path(owner)

    def _owner(self, field: str) -> Place | None:
        if field not in self._known:
            self._known[field] = self._search(field)
        return self._known[field]

    def _search(self, field: str) -> Place | None:
        if not isinstance(self._analysis.field_type(field), TPtr):
            return None
        at: Place = field
        for _ in range(_STEPS):
            sources = self._aliases.sources(at)
            if len(sources) != 1 or not self._all_known(at):
                return None
            (at,) = sources
            if isinstance(at, str):
                kind = self._analysis.field_type(at)
                if isinstance(kind, TName):
                    return at
                if not isinstance(kind, TPtr):
                    return None
            elif at[0] == GLOBAL:
                return at
        return None

    def _all_known(self, at: Place) -> bool:
        """Whether the tree sees all that is kept there: callers from outside pass what is theirs."""
        if isinstance(at, str):
            return True
        func = self._analysis.program.by_id.get(at[1])
        if at[0] != PARAM or at[2] == RECEIVER or func is None:
            return False
        return not (func.exported and reachable_from_outside(func))
