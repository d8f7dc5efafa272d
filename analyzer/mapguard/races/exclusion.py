"""Two contexts to whether a lock keeps them apart: one that must be the same where their maps are one."""

from mapguard.bodies.state import READ, RECEIVED, SENT, WRITE
from mapguard.races.contexts import Context
from mapguard.races.samelock import SameLock

_APART = frozenset([(WRITE, WRITE), (READ, WRITE), (WRITE, READ), (SENT, SENT), (RECEIVED, RECEIVED)])  # modes that exclude each other


class Exclusion:
    def __init__(self, same: SameLock) -> None:
        self.same = same

    def excluded(self, a: Context, b: Context) -> bool:
        """Whether a lock keeps the two accesses apart."""
        for lock, mode in a.locks:
            for other, other_mode in b.locks:
                if (mode, other_mode) in _APART and self.same.must(a, lock, b, other):
                    return True
        return False

    def once(self, obj: int) -> bool:
        """Whether an abstract object stands for a single one."""
        return self.same.once(obj)
