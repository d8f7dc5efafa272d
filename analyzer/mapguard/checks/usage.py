"""The accesses of a map to how it is used: by whom most, and whether its keys are stored once and read often."""

from collections.abc import Sequence

from mapguard.checks.classify import Case
from mapguard.checks.functions import Functions
from mapguard.checks.held import Ways
from mapguard.checks.location import depth
from mapguard.heap.index import Index
from mapguard.order.threads import NO_SITE
from mapguard.races.accesses import Access as RawAccess


class Usage:
    """Answers for one program."""

    def __init__(self, index: Index, functions: Functions) -> None:
        self.index = index
        self.types = index.types
        self.functions = functions

    def owner(self, case: Case, ways: Ways, shared: Sequence[RawAccess]) -> str:
        """The function of the single goroutine that makes most accesses, if the other side runs elsewhere; else ""."""
        threads = sorted({w.thread for x in shared for w in ways.get(x, ())})
        if len(threads) < 2 or len(shared) <= 2:
            return ""
        for thread in threads:
            mine = sum(all(w.thread == thread for w in ways[x]) for x in shared if ways.get(x))
            alone = thread.kind == "goroutine" and thread.site != NO_SITE and not case.judge.one_caller.timing.many(thread)
            if alone and len(shared) > mine > len(shared) / 2:
                return self.functions.of(thread.func).display
        return ""

    def written_once(self, shared: Sequence[RawAccess], ways: Ways) -> bool:
        """Whether no function both looks up a key and writes the map, and the values are no maps."""
        for x in shared:
            if x.op == "replace":
                continue
            found = self.types.map_of(self.types.deref(self.index.bodies[x.func].types[x.reg]))
            if found is None or self.types.map_of(self.types.deref(found.elem)) is not None:
                return False
            if any(depth(w.map.path) > 0 for w in ways.get(x, ())):
                return False
        writers = {self.functions.of(x.func).frame.id for x in shared if x.writes}
        return not any(self.functions.of(x.func).frame.id in writers for x in shared if not x.writes)
