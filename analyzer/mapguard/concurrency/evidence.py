"""How strong the evidence for a race is: what speaks for two threads on one object, less the doubts."""

from mapguard.concurrency.aliases import Aliases
from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import REAL, Context, strength
from mapguard.concurrency.domain import GLOBAL, PARAM, RECEIVER, Access, Path, named_fields
from mapguard.concurrency.doubts import Doubts
from mapguard.concurrency.guards import own_lock, shared_read_lock
from mapguard.concurrency.inference import Guard
from mapguard.concurrency.intent import Intent
from mapguard.concurrency.promises import for_one_goroutine

_SURE = 4  # high confidence


class Evidence:
    """Weighs the pairs of one program."""

    def __init__(self, graph: CallGraph, aliases: Aliases) -> None:
        self.intent = Intent(graph.analysis)
        self.doubts = Doubts(graph, aliases, self.intent)

    def weigh(self, a: Context, b: Context, guard: Guard | None, accesses: list[Access]) -> tuple[int, tuple[str, ...]]:
        """0 none, 1 low, 2 and 3 medium, 4 and more high; with the reasons. High is what nothing speaks against."""
        score, reasons = self._base(a, b, guard, accesses)
        if score == 0:
            return 0, ()
        doubts = self.doubts.of(a, b, guard)
        score -= sum(d.weight for d in doubts)
        if doubts or "len" in (a.access.op, b.access.op):  # len is a data race, but the runtime does not check it
            score = min(score, _SURE - 1)
        return score, (*reasons, *(d.reason for d in doubts))

    def _base(self, a: Context, b: Context, guard: Guard | None, accesses: list[Access]) -> tuple[int, list[str]]:
        kinds = sorted((strength(a), strength(b)))
        inner = guard is not None and REAL not in kinds and self._among_its_own(a, b, guard)
        kept = guard is not None and REAL not in kinds and _of_keeper(a, b, guard.lock)
        held = guard is not None and bool(guard.held) and not inner and not kept
        reasons: list[str] = []
        if kinds == [REAL, REAL]:
            score = 4
            reasons.append("both sides start at known entry points")
        elif REAL in kinds:
            score = 2 if held or self.doubts.started_by(a, b) or self.doubts.started_by(b, a) else 1
            reasons.append("one side starts at a known entry point, the other is called from outside this tree")
        elif shared_read_lock(a.path, a.locks, b.path, b.locks) is not None:
            score = 3
            reasons.append("both sides are called from outside this tree and hold the same lock, for reading only")
        elif for_one_goroutine(a.thread.func) or for_one_goroutine(b.thread.func):
            return 0, []
        elif held or (not inner and (lock_beside(a) or lock_beside(b))):
            score = 2
            reasons.append(
                "both sides are called from outside this tree; a lock held at some accesses shows that concurrent use is intended"
            )
        else:
            meant = self._meant(a, b, accesses, guard.lock if guard is not None and inner else None)
            if meant is None:
                return 0, []
            score = 2
            reasons.append(f"both sides are called from outside this tree; {meant}")
        if held and (a.locks or b.locks):  # where the accesses that hold it are no side of any race, it says little about these two
            score += 1
        if held:
            reasons.append("some accesses of the map hold a lock")
        return score, reasons

    def _among_its_own(self, a: Context, b: Context, guard: Guard) -> bool:
        """Whether only goroutines that the two sides themselves start hold the lock: it says nothing about their callers."""
        frames = {a.thread.func.frame.id, b.thread.func.frame.id}
        graph = self.doubts.graph
        return bool(guard.held) and all(
            h.func.outer is not None and h.func.frame.id in frames and all(e.starts_thread for e in graph.incoming.get(h.func.id, ()))
            for h in guard.held
        )

    def _meant(self, a: Context, b: Context, accesses: list[Access], inner: Path | None) -> str | None:
        """What shows that callers from outside may come at the same time; a type promises it to those who call its methods.

        ``inner`` is a lock that shows nothing.
        """
        promised = self.intent.reason(a.where, inner) if _own_method(a) and _own_method(b) else None
        return promised or self.intent.of_pair(a, b, accesses)


def lock_beside(c: Context) -> bool:
    """Whether a lock is held that lies in the map's own object, or beside the package variable: it may be meant to guard the map."""
    for lock, _ in c.locks:
        if own_lock(c.path, lock):
            return True
        if lock.base[0] == GLOBAL and c.path.base[0] == GLOBAL and _package(lock) == _package(c.path):
            return True
    return False


def _of_keeper(a: Context, b: Context, lock: Path) -> bool:
    """Whether the lock is of a type that keeps such objects, and a side is called on an object by itself, which no keeper is known of.

    A type that leaves the lock to its keepers is not meant for several goroutines.
    """
    owners = {f.rpartition(".")[0] for f in named_fields(lock)}
    calls = (c for c in (a, b) if c.path.base == (PARAM, c.thread.func.id, RECEIVER))
    return lock.base[0] != GLOBAL and any(owners.isdisjoint(f.rpartition(".")[0] for f in named_fields(c.path)) for c in calls)


def _package(path: Path) -> str:
    return path.base[1].rpartition(".")[0]


def _own_method(c: Context) -> bool:
    """Whether a known thread gets there, or an unknown caller by a method of the type that has the map."""
    recv = c.thread.func.recv
    return strength(c) == REAL or c.where.kind != "field" or (recv is not None and ".".join(recv.key) == c.where.name.rpartition(".")[0])
