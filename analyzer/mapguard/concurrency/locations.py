"""Accesses grouped by the map that they touch."""

from collections import deque

from mapguard.concurrency.body import substitute
from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.domain import ALLOC, PARAM, Access, Location, Path, location, passed_map
from mapguard.concurrency.steps import result_names, through
from mapguard.program.model import Func


def by_location(graph: CallGraph) -> dict[Location, list[Access]]:
    """Accesses grouped by the map they touch. Accesses of bare parameters are grouped where a caller gives the parameter a name.

    A map that is kept in a field or in another map has a name by that. It is no map of its own where all its accesses count there.
    """
    grouped: dict[Location, list[Access]] = {}
    kept: dict[Location, set[Location]] = {}
    for unit in graph.analysis.units.values():
        for access in unit.accesses:
            for where in locations(graph, access):
                if where not in kept:
                    kept[where] = _kept_in(graph, where)
                if all(keeper.kind == "local" for keeper in kept[where]):
                    grouped.setdefault(where, []).append(access)
    for where in [w for w in grouped if kept[w]]:
        there = {(a.func.id, a.at, a.op) for keeper in kept[where] for a in grouped.get(keeper, ())}
        if all((a.func.id, a.at, a.op) in there for a in grouped[where]):
            del grouped[where]
    return grouped


def _kept_in(graph: CallGraph, where: Location) -> set[Location]:
    """The maps and fields that a local map was stored in, itself or in what was stored there."""
    found: set[Location] = set()
    pending = [where]
    while pending:
        inside = pending.pop()
        for home in graph.analysis.homes.get((ALLOC, inside.name, inside.at), ()) if inside.kind == "local" else ():
            named = location(home)
            if named is not None and named[0] not in found and named[0] != where:
                found.add(named[0])
                pending.append(named[0])
    return found


def locations(graph: CallGraph, access: Access) -> list[Location]:
    found = location(access.path)
    if found is not None:
        return [found[0]]
    names = graph.analysis.named_results
    out: dict[Location, None] = {f[0]: None for p in names.get(access.path.base, ()) if (f := location(p)) is not None}
    if access.path.base[0] != PARAM:
        return list(out)
    queue: deque[tuple[Func, Path, int]] = deque([(access.func, access.path, 0)])
    seen: set[tuple[str, Path]] = set()
    while queue and len(seen) < 200:
        func, path, depth = queue.popleft()
        if (func.id, path) in seen or depth > 8:
            continue
        seen.add((func.id, path))
        owner = _frame_of(func, path)
        top = passed_map(path) if func.id not in graph.incoming and owner is func else None
        if top is not None:
            out[top[0]] = None
        for edge in graph.incoming.get(func.id, ()):
            targets = substitute(path, func, edge.args) if owner is func else (path,)
            if edge.stores:
                targets = tuple(q for p in targets for q, _ in through(p, (), edge.stores))
            for target in (q for p in targets for q in result_names(p, names)):
                named = location(target)
                if named is None:
                    queue.append((edge.caller, target, depth + 1))
                else:
                    out[named[0]] = None
    return list(out)


def _frame_of(func: Func, path: Path) -> Func | None:
    return func if path.base[1] == func.id else None
