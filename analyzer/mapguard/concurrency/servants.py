"""Objects that a call makes for itself while a request is served, and lends to a library: a handler, a transport, a recorder."""

from functools import cached_property

from mapguard.concurrency.aliases import Aliases
from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import ALLOC, GLOBAL, PARAM, RESULT, Base, Place, is_elem
from mapguard.facts.syntax import TFunc, TInterface
from mapguard.program.model import Func
from mapguard.program.names import show_type

SERVED = ("http", "grpc", "rpc")


class Servants:
    """Answers for one program."""

    def __init__(self, graph: CallGraph, aliases: Aliases) -> None:
        self._graph = graph
        self._analysis = graph.analysis
        self._aliases = aliases
        self._of_calls: dict[str, bool] = {}

    def lent(self, c: Context) -> bool:
        """Whether a library runs the thread, and the map belongs to an object that most likely the call which lends it made for itself.

        What is found in a container, or comes from an unknown function, may have been put there by another call.
        """
        found = c.where.kind == "field" and c.path.base[0] == PARAM and not any(is_elem(f) for f in c.path.fields)
        if not found or c.thread.spawn is not None or c.thread.kind not in SERVED:
            return False
        known = self._of_calls.get(c.where.name)
        if known is None:
            known = self._of_calls[c.where.name] = self._made_for_calls(c.where.name)
        return known

    def _made_for_calls(self, field: str) -> bool:
        """Whether all objects with that field are made for one call each, some of them while a request is served, with a map of their
        own."""
        owner = field.rpartition(".")[0]
        made = [b for b in self._analysis.made(owner) if not self._beside(b)]
        if owner in self._graph.parts or not all(self._stays(b, set()) for b in made) or not any(b[1] in self._while_served for b in made):
            return False
        if field not in self._analysis.passed_on:
            return True
        return all(self._beside(b) or self._stays(b, set()) for b in self._maps(field))

    def _maps(self, field: str) -> set[Base]:
        """The maps that the field may hold; what comes from elsewhere is among them. A result may be what its function has made."""
        found: set[Base] = set()
        pending: list[Place] = [field]
        seen: set[Place] = {field}
        while pending:
            at = pending.pop()
            sources = self._aliases.sources(at)
            if not isinstance(at, str) and (at[0] in (ALLOC, GLOBAL) or not sources):
                own = (ALLOC, *at[1:])
                found.add(own if at[0] == RESULT and own in self._analysis.alloc_types else at)
                continue  # what is kept in the map's elements comes from there
            more = sources - seen
            seen |= more
            pending.extend(more)
        return found

    def _beside(self, made: Base) -> bool:
        """Whether only what is no part of the program itself makes it."""
        func = self._analysis.program.by_id.get(made[1])
        return func is not None and func.support

    def _stays(self, made: Base, seen: set[Base]) -> bool:
        """Whether what a function makes again and again stays with each call: kept in nothing that others have, nor registered, and where
        it is returned the same is true of every caller."""
        func = self._analysis.program.by_id.get(made[1])
        if func is None or made[0] != ALLOC:
            return False
        if made in seen:
            return True
        seen.add(made)
        if made in self._registered:
            return False
        if not all(self._stays(home.base, seen) for home in self._analysis.homes.get(made, ())):
            return False
        if any(self._wraps(func, n) for n in range(len(func.results))):
            return False
        if not self._returned(func, made):
            return self._graph.runs_many(func)
        edges = [e for e in self._graph.incoming.get(func.id, ()) if not e.caller.support]
        got = {b[1]: b for b in self._got.get(made, ())}
        return bool(edges) and all(e.caller.id in got and self._stays(got[e.caller.id], seen) for e in edges)

    def _wraps(self, func: Func, position: int) -> bool:
        """Whether the result may be a function or an object of any type that holds on to what the call has made."""
        kind = func.results[position]
        return show_type(kind) != "error" and isinstance(self._analysis.types.underlying(kind), TFunc | TInterface)

    def _returned(self, func: Func, made: Base) -> bool:
        names = (made, (RESULT, *made[1:]))
        return any(p.base in names for v in self._analysis.summary(func).returns for p in v.paths)

    @cached_property
    def _got(self) -> dict[Base, list[Base]]:
        """What callers call the objects that a function has made for them."""
        found: dict[Base, list[Base]] = {}
        for theirs, made in self._analysis.renamed.items():
            found.setdefault(made, []).append(theirs)
        return found

    @cached_property
    def _registered(self) -> frozenset[Base]:
        """The objects whose methods a function registers."""
        edges = (e for unit in self._analysis.units.values() for e in unit.edges if e.kind == "root")
        return frozenset(p.base for e in edges for paths in e.args.values() for p in paths if p.base[0] == ALLOC)

    @cached_property
    def _while_served(self) -> frozenset[str]:
        """The functions that run while a request is served."""
        return self._graph.below_roots(SERVED)
