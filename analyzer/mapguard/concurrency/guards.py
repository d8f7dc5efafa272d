"""Locks on two sides, compared relative to what they guard: the same package variable, or both hanging off the same base as the map."""

import functools
from typing import NamedTuple

from mapguard.concurrency.domain import ALLOC, CLAIM, COPY, ELEM, FLIGHT, GLOBAL, READ, Location, Path, is_elem, location

_BY_VALUE = 3  # a copy further from the lock than this was a copy of something that points to the lock's holder


class LockKey(NamedTuple):
    """``relative``: how to get from what lock and map share to each of them; None where they share nothing. ``kind``: the lock itself."""

    relative: tuple[tuple[str, ...], tuple[str, ...]] | None
    kind: Location | None
    copied: bool


@functools.lru_cache(maxsize=65536)
def lock_key(map_path: Path, lock: Path) -> LockKey:
    found = location(lock)
    kind = found[0] if found is not None else None
    fields = lock.fields
    copied = any(f.startswith(COPY) for f in fields[-_BY_VALUE:])
    mine = tuple(f for f in map_path.fields if not f.startswith(COPY))
    theirs = tuple(f for f in fields if not f.startswith(COPY))
    mine = tuple(ELEM if is_elem(f) else f for f in mine)
    theirs = tuple(ELEM if is_elem(f) else f for f in theirs)
    if lock.base != map_path.base:
        return LockKey(None, kind, copied)
    shared = 0
    while shared < len(mine) and shared < len(theirs) and mine[shared] == theirs[shared]:
        shared += 1
    return LockKey((mine[shared:], theirs[shared:]), kind, copied)


def _indexed(fields: tuple[str, ...]) -> bool:
    return any(is_elem(f) for f in fields)


@functools.lru_cache(maxsize=65536)
def guards(map_path: Path, lock: Path) -> bool:
    """Whether holding ``lock`` can exclude others from ``map_path`` at all: not a copy, not one lock of many around one map."""
    key = lock_key(map_path, lock)
    if key.copied:
        return False
    if is_claim(lock):
        return key.relative is not None and (_indexed(key.relative[0]) if is_elem(lock.fields[-1]) else len(key.relative[1]) == 1)
    if key.relative is not None and lock.base[0] != GLOBAL:
        # one lock of many guards one map of many, not one map as a whole
        return not _indexed(key.relative[1]) or _indexed(key.relative[0])
    if lock.base[0] == ALLOC and not lock.fields and map_path.base != lock.base:
        # a lock made in one call guards nothing that outlives the call
        return map_path.base[0] == ALLOC and _frame(map_path) == _frame(lock)
    return True


def is_once(lock: Path) -> bool:
    """Whether it is a ``sync.Once``, by its name: it orders its function before others, and guards nothing that comes later."""
    name = next((f for f in reversed(lock.fields) if not is_elem(f) and not f.startswith(COPY)), lock.base[1])
    return name.lower().endswith("once")


def is_flight(lock: Path) -> bool:
    """Whether it stands for calls that run one at a time: nobody else can hold it."""
    return any(FLIGHT in f.rpartition(".")[2][1:] for f in lock.fields if not is_elem(f))


def is_claim(lock: Path) -> bool:
    """Whether it stands for a key in a set: for the object that has the key, or the elements of containers under it."""
    return any(f.endswith(CLAIM) for f in lock.fields[-2:])


def _frame(path: Path) -> str:
    """The function that an allocation belongs to, for its literals too."""
    return path.base[1].partition("$")[0]


def same_lock(a_map: Path, a: Path, b_map: Path, b: Path) -> bool:
    """Whether the two locks are the same one when the two maps are."""
    if a == b and a.base[0] in (GLOBAL, ALLOC):
        return True
    ka, kb = lock_key(a_map, a), lock_key(b_map, b)
    if ka.kind is None or ka.kind != kb.kind:
        return False
    if ka.relative is not None and kb.relative is not None:
        short = min(len(ka.relative[0]), len(kb.relative[0]))
        if ka.relative[1] == kb.relative[1] or ka.relative[0][-short:] == kb.relative[0][-short:]:
            return True
        # found on roundabout ways, where other names of the object that holds the lock were lost
        return len(ka.relative[1]) > 1 and len(kb.relative[1]) > 1
    return True


def common_lock(a_map: Path, a_locks: tuple[tuple[Path, str], ...], b_map: Path, b_locks: tuple[tuple[Path, str], ...]) -> Path | None:
    """A lock that both sides hold and that keeps them apart (at least one in write mode)."""
    for a, a_mode in a_locks:
        for b, b_mode in b_locks:
            if (a_mode != READ or b_mode != READ) and guards(a_map, a) and guards(b_map, b) and same_lock(a_map, a, b_map, b):
                return a
    return None


def shared_read_lock(a_map: Path, a_locks: tuple[tuple[Path, str], ...], b_map: Path, b_locks: tuple[tuple[Path, str], ...]) -> Path | None:
    """A lock that both sides hold in read mode only: it lets them in together."""
    for a, a_mode in a_locks:
        for b, b_mode in b_locks:
            if a_mode == b_mode == READ and not is_once(a) and guards(a_map, a) and guards(b_map, b) and same_lock(a_map, a, b_map, b):
                return a
    return None


def own_lock(path: Path, lock: Path) -> bool:
    """Whether the lock lies in the very object that the map lies in."""
    found = lock_key(path, lock).relative
    return found is not None and sum(not is_elem(f) for f in found[0]) <= 1
