"""The ways to a map to whether it is kept or filled as what several goroutines use: in a concurrent map, on demand, for each request."""

from collections.abc import Iterable

from mapguard.evidence.location import Location
from mapguard.evidence.proof import Use
from mapguard.heap.index import Index
from mapguard.ir.model import Call, External
from mapguard.models.load import Models
from mapguard.program.model import Func
from mapguard.program.names import show_type
from mapguard.races.contexts import Context


class Caches:
    """Answers for one program."""

    def __init__(self, index: Index, models: Models) -> None:
        self.index = index
        self.models = models
        self._packages: frozenset[str] | None = None

    def reason(self, where: Location, a: Context, b: Context, uses: Iterable[Use]) -> str:
        """What shows it, as a sentence without an end; "" where nothing does."""
        if any(self._in_concurrent_map(c) for c in (a, b)):
            return "the object is kept in a concurrent map, where several goroutines find it"
        if not _filled_on_demand(uses):
            return ""
        funcs = [self.index.funcs[c.thread.func] for c in (a, b)]
        if all(f is not None and for_each_request(f) for f in funcs):
            return "the map is filled on demand, and both sides have the shape of methods that a server calls for each request"
        if where.kind == "global" and where.package in self._concurrent_packages():
            return "the map is filled on demand, and its package starts goroutines or takes locks elsewhere"
        return ""

    def _in_concurrent_map(self, c: Context) -> bool:
        """Whether the way to the map starts from what a sync.Map or its like gave."""
        func, path = c.map
        place = self.index.place(func, path.root) if isinstance(path.root, int) else None
        event = place.event if place is not None else None
        if not isinstance(event, Call) or not isinstance(event.callee, External) or not event.callee.name.startswith("("):
            return False
        owner = event.callee.name[1:].partition(")")[0].removeprefix("*").partition("[")[0]
        return self.models.type(owner) == "concurrent-map"

    def _concurrent_packages(self) -> frozenset[str]:
        """The packages that start goroutines or take locks."""
        if self._packages is None:
            found = set()
            for place in self.index.sites:
                event = place.event
                func = self.index.funcs[place.func]
                if func is None or not isinstance(event, Call):
                    continue
                model = self.models.function(event.callee.name) if isinstance(event.callee, External) else None
                if event.how == "go" or (model is not None and (model.acquires or model.spawns)):
                    found.add(func.scope.package.path)
            self._packages = frozenset(found)
        return self._packages


def for_each_request(func: Func) -> bool:
    """Whether it has the shape of a service's call: an exported method that takes a context and returns an answer or an error."""
    if func.recv is None or not func.exported:
        return False
    params, results = tuple(show_type(p) for p in func.params), tuple(show_type(r) for r in func.results)
    return bool(params) and params[0] == "context.Context" and len(results) > 1 and results[-1] == "error"


def _filled_on_demand(uses: Iterable[Use]) -> bool:
    """Whether one function both looks a key up and stores it."""
    accesses = [use.access for use in uses]
    readers = {x.func for x in accesses if x.op == "read"}
    return any(x.op == "write" and x.func in readers for x in accesses)
