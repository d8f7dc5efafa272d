"""Which rule a race breaks: the registry of checks, most specific cause first."""

from collections.abc import Callable

from mapguard.checks.wording import can_crash
from mapguard.concurrency.domain import COPY, RESULT, Path
from mapguard.concurrency.guards import common_lock, guards, shared_read_lock
from mapguard.concurrency.races import Race

IsLock = Callable[[Path], bool]  # whether readers of the code would call it a lock
Check = Callable[[Race, IsLock], bool]


def guard_copied(race: Race, is_lock: IsLock) -> bool:
    """A side holds the lock of a copy of the struct: value receiver, copied struct, or a new object that gets another one's map."""
    return race.one_of_two or any(_is_copy(lock) for c in (race.a, race.b) for lock, _ in c.locks)


def _is_copy(lock: Path) -> bool:
    return any(f.startswith(COPY) for f in lock.fields)


def write_under_rlock(race: Race, is_lock: IsLock) -> bool:
    return shared_read_lock(race.a.path, race.a.locks, race.b.path, race.b.locks) is not None


def guard_mismatch(race: Race, is_lock: IsLock) -> bool:
    sides = [[lock for lock, _ in c.locks if guards(c.path, lock) and is_lock(lock)] for c in (race.a, race.b)]
    return bool(sides[0]) and bool(sides[1]) and common_lock(race.a.path, race.a.locks, race.b.path, race.b.locks) is None


def escapes_guard(race: Race, is_lock: IsLock) -> bool:
    """The side without the guard uses the map through a local variable that was assigned under a lock, or through a getter."""
    taken = any(c.access.alias and not c.locks and (c.access.under or c.access.path.base[0] == RESULT) for c in (race.a, race.b))
    return race.guard is not None and taken and bool(race.guard.held)


def guard_missed(race: Race, is_lock: IsLock) -> bool:
    guard = race.guard
    if guard is None:
        return False
    if guard.declared:
        missed = {(x.func.id, x.at) for x in guard.missed}
        return any((c.access.func.id, c.access.at) in missed for c in (race.a, race.b))
    return len(guard.held) >= len(guard.missed) or (len(guard.held) >= 2 and any(x.writes for x in guard.held))


def iteration(race: Race, is_lock: IsLock) -> bool:
    return "range" in (race.a.access.op, race.b.access.op)


def both_write(race: Race, is_lock: IsLock) -> bool:
    return race.a.access.writes and race.b.access.writes


REGISTRY: tuple[tuple[str, Check], ...] = (
    ("sync-map-check-then-act", lambda race, is_lock: race.check_then_act),
    ("map-guard-copied", guard_copied),
    ("map-write-under-rlock", write_under_rlock),
    ("map-guard-mismatch", guard_mismatch),
    ("map-escapes-guard", escapes_guard),
    ("map-guard-missed", guard_missed),
    ("concurrent-map-iteration", iteration),
    ("concurrent-map-write", both_write),
    ("concurrent-map-read-write", lambda race, is_lock: True),
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


def classify(race: Race, is_lock: IsLock) -> str:
    """The id of the rule that names the cause."""
    for rule, check in REGISTRY:
        if check(race, is_lock):
            return rule
    raise AssertionError("the last check takes every race")


def severity(rule: str, race: Race) -> str:
    """The severity of the rule, but a warning where the runtime does not end the program for such a pair."""
    found = _SEVERITY[rule]
    return found if found != "error" or can_crash(race.a.access.op, race.b.access.op) else "warning"
