"""Two contexts to whether a lock keeps them apart: one that must be the same where their maps are one."""

from collections.abc import Callable, Iterator

from mapguard.bodies.state import READ, RECEIVED, RUNS, SENT, WRITE
from mapguard.races.contexts import Anchored, Context
from mapguard.races.loops import Loops
from mapguard.races.samelock import SameLock

# Modes that exclude each other.
_APART = frozenset([(WRITE, WRITE), (READ, WRITE), (WRITE, READ), (SENT, SENT), (RECEIVED, RECEIVED), (RUNS, RUNS)])


class Exclusion:
    """``together`` tells whether two accesses can overlap in one activation of a function."""

    def __init__(self, same: SameLock, loops: Loops, together: Callable[[Context, Context, int], bool]) -> None:
        self.same = same
        self.loops = loops
        self.together = together

    def excluded(self, a: Context, b: Context) -> bool:
        """Whether a lock keeps the two accesses apart, whichever ways lead their threads to them."""
        return any(self.same.beside(a, lock, b, other) for lock, other in self._facing(a, b))

    def excluded_here(self, a: Context, b: Context) -> bool:
        """Whether a lock that an activation has for what it starts keeps the two accesses apart."""
        here = any(self.same.of_one_activation(a, lock, b, other) for lock, other in self._facing(a, b))
        return here or self._lent(a, b) or self._lent(b, a)

    def _facing(self, a: Context, b: Context) -> Iterator[tuple[Anchored, Anchored]]:
        """The locks of the two, each with each that its mode excludes."""
        one_loop = not self._of_other_loops(a, b)
        for lock, mode in a.locks:
            for other, other_mode in b.locks:
                if (mode, other_mode) in _APART and (mode != RUNS or (one_loop and self._serial(lock, other))):
                    yield lock, other

    def _lent(self, a: Context, b: Context) -> bool:
        """Whether a lock that is lent to the thread of ``a`` keeps ``b`` away, who has it for himself."""
        if not a.lent:
            return False
        others = [*(lock for lock, mode in b.locks if mode in (READ, WRITE)), *(lock for lock, _ in b.lent)]
        return any(
            self.same.must(a, lock, b, other) and not (self._for(giver, b) and self.together(a, b, giver))
            for lock, giver in a.lent
            for other in others
        )

    def _for(self, giver: int, c: Context) -> bool:
        """Whether a function that lends a lock is itself on the way to an access, or lends it to that as well."""
        inside = {self.same.index.sites[edge.site].func for edge in c.chain[c.inside :]}
        return giver in {c.thread.func, c.access.func, *inside} or any(lending.giver == giver for lending in c.lent)

    def _of_other_loops(self, a: Context, b: Context) -> bool:
        """Whether what the two run was sent to different loops."""
        mine, theirs = self.loops.sent(a), self.loops.sent(b)
        return bool(mine and theirs) and not self.same.objects.common(mine, theirs)

    def _serial(self, loop: Anchored, other: Anchored) -> bool:
        return self.loops.serial(self.same.resolver.objects(loop) | self.same.resolver.objects(other))

    def once(self, obj: int) -> bool:
        """Whether an abstract object stands for a single one."""
        return self.same.holders.once(obj)
