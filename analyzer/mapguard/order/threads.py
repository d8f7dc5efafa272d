"""Functions to the threads that they are the entry of: main, initialisers, handlers by contract, and what callers outside may call."""

from fnmatch import fnmatchcase
from typing import NamedTuple

from mapguard.facts.syntax import TStruct
from mapguard.heap.index import Index
from mapguard.models.entries import MethodModel, SignatureModel, comparable_type, serves_calls
from mapguard.models.load import Models
from mapguard.order.edges import Edges, entry_of
from mapguard.order.settings import Settings
from mapguard.order.stored import StoredFunctions
from mapguard.program.model import Func
from mapguard.program.names import show_type

NO_SITE = -1
_ALWAYS = frozenset(["http", "grpc", "reconcile"])  # kinds of entry points by contract, also where the tree calls them itself


class Thread(NamedTuple):
    """``site`` starts it, NO_SITE where no event of the tree does; ``func`` is its first function. ``kind``: main, init, goroutine, the
    kind of an entry point, exported (nobody in the tree calls the function), unknown (it becomes a value whose callers were not found),
    unused (nobody can call it). ``turn`` numbers a goroutine that runs several entry points one after another, -1 where there is none.
    ``stage``: of one turn those of a later stage run later, and of one stage one process runs one only; -1 where they have no stages."""

    kind: str
    many: bool
    func: int
    site: int = NO_SITE
    turn: int = -1
    stage: int = -1


class Threads:
    def __init__(self, edges: Edges, models: Models) -> None:
        self.edges = edges
        self.index: Index = edges.index
        self.models = models
        self.stored = StoredFunctions(edges, models)
        self.settings = Settings(edges.index, models)
        self._started: dict[int, tuple[Thread, ...]] = {}
        self._embedders = self._by_embedding()

    def started(self, func: int) -> tuple[Thread, ...]:
        """The threads that begin with a function: one for each event that starts one, and one where something outside calls it."""
        known = self._started.get(func)
        if known is None:
            known = self._started[func] = self._of(func)
        return known

    def known(self) -> set[Thread]:
        """The threads of all functions that were asked about."""
        return {t for threads in self._started.values() for t in threads}

    def _of(self, func: int) -> tuple[Thread, ...]:
        found = [Thread(e.root or "goroutine", e.many, func, e.site) for e in self.edges.into(func) if e.kind in ("go", "root", "parallel")]
        for model, turn in self.stored.of(func):
            if not self._serves_tests(self.index.funcs[func]):
                found.append(Thread(model.kind, model.many, func, NO_SITE, turn, model.stage))
        outside = self._outside(func) if not self.stored.of(func) else None
        if outside is not None and not any(t.kind == outside.kind for t in found):
            found.append(outside)
        return tuple(found)

    def _outside(self, number: int) -> Thread | None:
        func = self.index.funcs[number]
        if func is None:  # a package's initialiser, or a part of a function that has a body of its own
            ident = self.index.bodies[number].func
            return Thread("init", False, number) if ident.rpartition("$")[0].endswith(".init") else None
        if func.facts.name == "init" and func.recv is None and func.outer is None:
            return Thread("init", False, number)
        if func.facts.name == "main" and func.recv is None and func.outer is None and func.scope.package.name == "main":
            return Thread("main", False, number, NO_SITE, self.stored.main, 0)
        contract = self._contract(func)
        if contract is not None:
            return Thread(*contract, number)
        if any(not self.edges.guessed(e) for e in self.edges.into(number)):
            return None
        if func.outer is not None or number in self.index.made:
            return Thread("unknown", False, number)
        visible = func.exported and func.scope.package.name != "main"
        return Thread("exported" if visible else "unused", visible, number)

    def _contract(self, func: Func) -> tuple[str, bool] | None:
        """What models say of functions of this shape: kind, and whether several run at a time."""
        if self._serves_tests(func):
            return None
        signature = entry_of(self.models, func)
        if signature is not None:
            return signature.kind, self._many(signature, func)
        if func.recv is None or func.outer is not None:
            return None
        params = tuple(comparable_type(show_type(p)) for p in func.params)
        results = tuple(comparable_type(show_type(r)) for r in func.results)
        method = self.models.contract(func.facts.name, params, results)
        # what only the tree itself calls runs when the tree decides
        if method is not None and (method.kind in _ALWAYS or not self.edges.into(self.index.number[func.id])):
            return method.kind, self._many(method, func)
        served = self._embedders.get(func.recv.key)
        if served is not None and func.exported and serves_calls(params, results) and func.recv.key not in self._registered():
            return served
        return None

    def _many(self, entry: SignatureModel | MethodModel, func: Func) -> bool:
        """Whether the entry point runs several at a time: where a setting decides, whether its type or package names that setting."""
        return self.settings.uses(func, entry.many_if_named) if entry.many_if_named else entry.many

    def _serves_tests(self, func: Func | None) -> bool:
        return func is not None and func.support and not func.scope.file.test

    def _registered(self) -> frozenset[tuple[str, str]]:
        """The types whose methods a registration names: no other method of theirs serves calls."""
        funcs = (self.index.funcs[f] for f in self.edges.registered())
        return frozenset(f.recv.key for f in funcs if f is not None and f.recv is not None)

    def _by_embedding(self) -> dict[tuple[str, str], tuple[str, bool]]:
        """Types that embed ``UnimplementedXServer`` and its like: services."""
        found: dict[tuple[str, str], tuple[str, bool]] = {}
        for package in self.index.types.program.packages.values():
            for named in package.types.values():
                if isinstance(named.decl.type, TStruct):
                    for field in named.decl.type.fields:
                        for entry in self.models.embeddings if field.embedded else ():
                            if fnmatchcase(field.name, entry.pattern):
                                found[named.key] = (entry.kind, entry.many)
        return found
