"""Objects that are made with a lock held, and that a method of theirs gives up, to the locks under which their other methods run.

``func (s *Store) Begin() *Tx { s.mu.Lock(); return &Tx{store: s} }``: from then on until ``(*Tx).End`` the lock is the transaction's.
"""

from typing import NamedTuple

from mapguard.concurrency.domain import ALLOC, PARAM, RECEIVER, UNKNOWN_TYPE, Base, Locks, Path
from mapguard.concurrency.solve import Analysis, Held
from mapguard.facts.syntax import TName
from mapguard.program.model import Func


class _Session(NamedTuple):
    """``field``: the way from the object to the one whose lock it holds; ``lock``: the way to that; ``mode`` as in ``Locks``."""

    field: tuple[str, ...]
    lock: tuple[str, ...]
    mode: str


class Sessions:
    """Answers for one solved program."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._of: dict[str, tuple[_Session, ...]] = {}
        opened = {base: held for made in analysis.made_locked.values() for base, held in made.items()}
        owners = {owner for base in opened if (owner := self._type(base))}
        if not owners:
            return
        methods: dict[str, list[Func]] = {owner: [] for owner in sorted(owners)}
        for func in analysis.program.funcs:
            owner = ".".join(func.recv.key) if func.recv is not None and func.outer is None else ""
            if owner in methods:
                methods[owner].append(func)
        for owner, found in methods.items():
            held = self._always(owner, opened)
            sessions = tuple(sorted(_Session(*h) for h in held if self._kept(h, found)))
            if sessions:
                self._of.update({m.id: sessions for m in found})

    def locks(self, func: Func, path: Path) -> Locks:
        """The locks that are held when ``func`` is called on such an object and gets at ``path`` through the object that has the lock.

        What is the session's own is not guarded: several goroutines may use one session.
        """
        sessions = self._of.get(func.id, ())
        base = (PARAM, func.id, RECEIVER)
        if not sessions or path.base != base:
            return ()
        return tuple((Path(base, s.lock), s.mode) for s in sessions if path.fields[: len(s.field)] == s.field)

    def _type(self, base: Base) -> str:
        types = self._analysis.types
        kind = types.alias(types.deref(self._analysis.alloc_types.get(base, UNKNOWN_TYPE)))
        return f"{kind.pkg}.{kind.name}" if isinstance(kind, TName) and kind.pkg and base not in self._analysis.mixed else ""

    def _always(self, owner: str, opened: dict[Base, frozenset[Held]]) -> frozenset[Held]:
        """What is held wherever the program makes an object of the type."""
        by_id = self._analysis.program.by_id
        makers = [b for b in self._analysis.made(owner) if (f := by_id.get(b[1])) is None or not f.support]
        found = [opened.get(base, frozenset()) for base in makers if base[0] == ALLOC]
        return frozenset.intersection(*found) if found else frozenset()

    def _kept(self, held: Held, methods: list[Func]) -> bool:
        """Whether a method gives the lock up without taking it, and no other takes it."""
        closes = False
        for method in methods:
            lock = Path((PARAM, method.id, RECEIVER), held[1])
            summary, unit = self._analysis.summaries.get(method.id), self._analysis.units.get(method.id)
            if summary is not None and lock in summary.releases:
                closes = True
            elif unit is not None and lock in unit.took:
                return False
        return closes
