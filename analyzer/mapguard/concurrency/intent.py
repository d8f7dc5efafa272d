"""Evidence that concurrent use is intended where no goroutine is in sight: libraries show it by their locks and comments.

After RacerD's principle: report only where the code itself says that it means to be used by several threads.
"""

import itertools
from collections.abc import Sequence

from mapguard.concurrency.contexts import Context
from mapguard.concurrency.declared import declared_guard
from mapguard.concurrency.domain import GLOBAL, Access, Location, Path, is_elem
from mapguard.concurrency.promises import SAFE, UNSAFE
from mapguard.concurrency.solve import Analysis
from mapguard.facts.syntax import TName, TStruct, Type
from mapguard.program.model import Func, NamedType
from mapguard.program.names import show_type


class Intent:
    """Answers by location, with the reason in words; None where nothing speaks for concurrent use."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self._packages: set[str] | None = None
        self._fields: dict[str, bool] = {}
        self._reasons: dict[tuple[Location, str], str | None] = {}

    def reason(self, where: Location, inner: Path | None = None) -> str | None:
        """What the declarations say; the field ``inner`` says nothing."""
        field = inner.fields[-1] if inner is not None and inner.fields else ""
        if (where, field) not in self._reasons:
            self._reasons[where, field] = self._declared(where, field)
        return self._reasons[where, field]

    def _declared(self, where: Location, inner: str) -> str | None:
        if declared_guard(self.analysis.program, where) is not None:
            return "the map's declaration names the lock that guards it"
        return self._of_type(where, inner) if where.kind == "field" else None

    def of_pair(self, a: Context, b: Context, accesses: Sequence[Access]) -> str | None:
        """What the ways to the object say."""
        for c in (a, b):
            if self.in_concurrent_map(c):
                return "the object is kept in a concurrent map, where several goroutines find it"
        if _filled_lazily(accesses) and all(for_each_request(c.thread.func) for c in (a, b)):
            return "the map is filled on demand by methods that are called for each request"
        single = a.path.base[0] == GLOBAL and b.path.base[0] == GLOBAL
        if single and _filled_lazily(accesses) and accesses[0].func.scope.package.path in self._concurrent_packages():
            return "the map is filled on demand, and its package starts goroutines or takes locks elsewhere"
        return None

    def in_concurrent_map(self, c: Context) -> bool:
        """Whether the way to the map leads through an element of a sync.Map or its like."""
        path, fields = c.path, c.path.fields
        if c.where.kind == "local":
            return False
        if path.base[0] == GLOBAL and fields and is_elem(fields[0]):
            variable = self.analysis.program.variable(path.base[1])
            if variable is not None and self._is_concurrent_map(self.analysis.global_type(variable)):
                return True
        return any(is_elem(b) and not is_elem(a) and self._concurrent_field(a) for a, b in itertools.pairwise(fields))

    def _concurrent_field(self, ident: str) -> bool:
        known = self._fields.get(ident)
        if known is None:
            kind = self.analysis.field_type(ident)
            known = self._fields[ident] = kind is not None and self._is_concurrent_map(kind)
        return known

    def _is_concurrent_map(self, kind: Type) -> bool:
        return self.analysis.models.type(show_type(self.analysis.types.deref(kind))) == "concurrent-map"

    def _owner(self, where: Location) -> NamedType | None:
        if where.kind != "field":
            return None
        owner = where.name.rpartition(".")[0]
        package, _, name = owner.rpartition(".")
        return self.analysis.program.named(package, name)

    def _of_type(self, where: Location, inner: str) -> str | None:
        named = self._owner(where)
        if named is None or not isinstance(named.decl.type, TStruct):
            return None
        if UNSAFE.search(named.decl.comment):
            return None
        if SAFE.search(named.decl.comment):
            return f"the comment of {named.name} promises that it is safe for concurrent use"
        under = self.analysis.types.underlying(TName(named.pkg, named.name))
        for field in under.fields if isinstance(under, TStruct) else ():
            kind = self.analysis.models.type(show_type(self.analysis.types.deref(field.type)))
            if kind in ("mutex", "rwmutex") and f"{named.pkg}.{named.name}.{field.name}" != inner:
                return f"{named.name} holds a lock ({field.name}): it is meant for several goroutines"
        return None

    def _concurrent_packages(self) -> set[str]:
        if self._packages is None:
            self._packages = set()
            for unit in self.analysis.units.values():
                if any(e.kind == "go" or e.locks for e in unit.edges) or any(a.locks for a in unit.accesses):
                    self._packages.add(unit.func.scope.package.path)
        return self._packages


def for_each_request(func: Func) -> bool:
    """Whether it has the shape of a service's call: an exported method that takes a context and returns an answer or an error."""
    if func.recv is None or not func.exported:
        return False
    params, results = tuple(show_type(p) for p in func.params), tuple(show_type(r) for r in func.results)
    return bool(params) and params[0] == "context.Context" and len(results) > 1 and results[-1] == "error"


def _filled_lazily(accesses: Sequence[Access]) -> bool:
    """Whether one function both looks a key up and stores it: a cache."""
    readers = {a.func.frame.id for a in accesses if a.op == "read"}
    return any(a.op == "write" and a.func.frame.id in readers for a in accesses)
