"""Two contexts to whether a lock keeps them apart: one that must be the same where their maps are one."""

from mapguard.bodies.state import READ, RECEIVED, SENT, WRITE
from mapguard.heap.objects import Objects
from mapguard.heap.tabling import members
from mapguard.races.contexts import Anchored, Context
from mapguard.races.escape import Escape
from mapguard.races.resolve import Resolver
from mapguard.races.timing import Timing

_APART = frozenset([(WRITE, WRITE), (READ, WRITE), (WRITE, READ), (SENT, SENT), (RECEIVED, RECEIVED)])  # modes that exclude each other


class Exclusion:
    def __init__(self, resolver: Resolver, escape: Escape, timing: Timing) -> None:
        self.objects: Objects = resolver.heap.objects
        self.resolver = resolver
        self.escape = escape
        self.timing = timing

    def excluded(self, a: Context, b: Context) -> bool:
        """Whether a lock keeps the two accesses apart."""
        for lock, mode in a.locks:
            for other, other_mode in b.locks:
                if (mode, other_mode) in _APART and self._same_lock(a, lock, b, other):
                    return True
        return False

    def _same_lock(self, a: Context, lock: Anchored, b: Context, other: Anchored) -> bool:
        """Whether the two locks must be one where the two maps are one."""
        x, y = self.resolver.places(lock), self.resolver.places(other)
        if not x or not y or not any(self.objects.compatible(o) & y for o in members(x)):
            return False
        if lock == other and a.map == b.map and lock.func == a.map.func and not self._of_each_activation(lock, a.map):
            return True
        mine, theirs = self._relative(a.map, lock), self._relative(b.map, other)
        if mine is not None and mine == theirs:
            return True
        return x == y and x.bit_count() == 1 and self.once(members(x)[0])

    def _of_each_activation(self, lock: Anchored, map_: Anchored) -> bool:
        """Whether each activation of a function makes a lock of its own, but not the map."""
        return self.escape.fresh(lock.func, lock.path.root) and not self.escape.owns(*map_)

    def _relative(self, map_: Anchored, lock: Anchored) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """How a lock lies to a map: the fields from the last object that both are reached from."""
        if map_.func != lock.func and not (isinstance(map_.path.root, str) and map_.path.root == lock.path.root):
            return None
        if map_.path.root != lock.path.root:
            return None
        m, k = map_.path.fields, lock.path.fields
        common = 0
        while common < min(len(m), len(k)) and m[common] == k[common]:
            common += 1
        return m[common:], k[common:]

    def once(self, obj: int) -> bool:
        """Whether an abstract object stands for a single one."""
        o = self.objects.all[self.objects.origin(obj)]
        if o.kind == "global":
            return True
        if o.kind != "alloc":
            return False
        if self.timing.runs_again((o.func, o.block, o.place)):
            return False
        return not any(self.timing.many(t) for t in self.timing.ancestry.running(o.func))
