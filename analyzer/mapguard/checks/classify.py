"""Which rule a race breaks: the registry of checks, most specific cause first."""

from collections.abc import Callable
from typing import NamedTuple

from mapguard.bodies.state import READ, RUNS
from mapguard.checks.copies import is_copy
from mapguard.checks.lockname import LockNames
from mapguard.checks.taken import Taken
from mapguard.checks.wording import can_crash
from mapguard.evidence.guard import beside
from mapguard.evidence.proof import Proof
from mapguard.races.contexts import Anchored, Context
from mapguard.races.judge import Judge


class Case(NamedTuple):
    """A proof and what its classification asks."""

    proof: Proof
    judge: Judge
    names: LockNames
    taken: Taken

    @property
    def sides(self) -> tuple[Context, Context]:
        return self.proof.a, self.proof.b

    def guarding(self, c: Context) -> list[tuple[Anchored, str]]:
        """The locks of a way that can guard its map: no copy, not one of many for one map, and no event loop, which has no name."""
        same = self.judge.exclusion.same
        return [
            (lock, mode)
            for lock, mode in sorted(c.locks, key=repr)
            if mode != RUNS
            and self.names.is_lock(lock)
            and not is_copy(self.judge.index, lock)
            and (same.must(c, lock, c, lock) or self._beside(c, lock))
        ]

    @staticmethod
    def _beside(c: Context, lock: Anchored) -> bool:
        """Whether a lock lies in the very object that the map lies in."""
        return beside(c.map, lock)


Check = Callable[[Case], bool]


def guard_copied(case: Case) -> bool:
    """A side holds the lock of a copy of the struct: value receiver, copied struct, or a new object that gets another one's map."""
    index = case.judge.index
    copied = any(is_copy(index, lock) for c in case.sides for lock, _ in c.locks if case.names.is_lock(lock))
    return copied or one_of_two(case)


def one_of_two(case: Case) -> bool:
    """Whether both sides hold the lock that lies beside the map, each that of its own object: new objects get the map of others."""
    a, b = case.sides
    kind = case.names.kind
    return any(
        kind(lock) == kind(other) and beside(a.map, lock) and beside(b.map, other) and not (mode == other_mode == READ)
        for lock, mode in case.guarding(a)
        for other, other_mode in case.guarding(b)
    )


def shared_read_lock(case: Case) -> Anchored | None:
    """A lock that both sides hold in read mode only: it lets them in together."""
    a, b = case.sides
    for lock, mode in case.guarding(a):
        for other, other_mode in case.guarding(b):
            if mode == other_mode == READ and case.judge.exclusion.same.must(a, lock, b, other):
                return lock
    return None


def write_under_rlock(case: Case) -> bool:
    return shared_read_lock(case) is not None


def guard_mismatch(case: Case) -> bool:
    return all(case.guarding(c) for c in case.sides)


def escapes_guard(case: Case) -> bool:
    """The side without the guard uses the map through a local variable that was assigned under a lock, or through a getter."""
    guard = case.proof.guard
    return guard is not None and bool(guard.held) and any(not c.locks and case.taken.under(c) for c in case.sides)


def lacks(case: Case) -> bool:
    """Whether one of the two accesses does not hold the guard on every way."""
    guard = case.proof.guard
    missed = {(x.func, x.at) for x in guard.missed} if guard is not None else set()
    return any((c.access.func, c.access.at) in missed for c in case.sides)


def guard_missed(case: Case) -> bool:
    guard = case.proof.guard
    if guard is None or not lacks(case):
        return False
    return guard.declared or len(guard.held) >= len(guard.missed) or (len(guard.held) >= 2 and any(x.writes for x in guard.held))


def iteration(case: Case) -> bool:
    return "range" in (case.proof.a.access.op, case.proof.b.access.op)


def both_write(case: Case) -> bool:
    return case.proof.a.access.writes and case.proof.b.access.writes


REGISTRY: tuple[tuple[str, Check], ...] = (
    ("map-guard-copied", guard_copied),
    ("map-write-under-rlock", write_under_rlock),
    ("map-guard-mismatch", guard_mismatch),
    ("map-escapes-guard", escapes_guard),
    ("map-guard-missed", guard_missed),
    ("concurrent-map-iteration", iteration),
    ("concurrent-map-write", both_write),
    ("concurrent-map-read-write", lambda case: True),
)

_SEVERITY = {
    "concurrent-map-write": "error",
    "concurrent-map-read-write": "error",
    "concurrent-map-iteration": "error",
    "map-write-under-rlock": "error",
    "map-guard-missed": "warning",
    "map-guard-mismatch": "error",
    "map-guard-copied": "error",
    "map-escapes-guard": "warning",
    "sync-map-check-then-act": "note",
}


def classify(case: Case) -> str:
    """The id of the rule that names the cause."""
    return next(rule for rule, check in REGISTRY if check(case))


def severity(rule: str, a: str, b: str) -> str:
    """The severity of the rule, but a warning where the runtime does not end the program for such a pair of operations."""
    found = _SEVERITY[rule]
    return found if found != "error" or can_crash(a, b) else "warning"
