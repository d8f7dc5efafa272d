"""Maps that a goroutine was passed by themselves: who later puts another one in their place does not touch them."""

from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import GLOBAL, PARAM, RECEIVER, Edge, Path, named_fields
from mapguard.concurrency.ordering import self_parallel
from mapguard.program.model import Func

_PASSED_ON = 6  # starts and calls up to where the map is taken out of its field


def keeps_the_old(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether ``a`` only puts another map in the place of one that ``b``'s goroutine was passed, and takes it out of there itself to pass
    it: nobody else does, beside it."""
    if a.access.op != "replace" or a.thread.id == b.thread.id or self_parallel(graph, a):
        return False
    takers = _takers(graph, b)
    return bool(takers) and all(_only_in(graph, func, a) for func in takers)


def _only_in(graph: CallGraph, func: Func, c: Context) -> bool:
    """Whether the function is on the way of the thread, or called by functions on that way only."""
    executed = c.executed()
    edges = graph.incoming.get(func.id, ())
    if func.id in executed:
        return True
    return bool(edges) and func.id not in graph.roots and all(not e.starts_thread and e.caller.id in executed for e in edges)


def _takers(graph: CallGraph, c: Context) -> list[Func]:
    """The functions that take the map out of its field to pass it to the goroutine; empty where not all are known, or it is not passed."""
    spawn, given = c.thread.spawn, _given(c)
    if spawn is None or spawn.kind != "go" or given is None:
        return []
    found: list[Func] = []
    pending: list[tuple[Edge, int, int]] = [(spawn, given, 0)]
    while pending:
        edge, index, depth = pending.pop()
        for path in edge.args.get(index, ()):
            if named_fields(path) or path.base[0] == GLOBAL:
                found.append(edge.caller)
                continue
            edges = graph.incoming.get(edge.caller.id, ())
            if not _bare(path, edge.caller) or not edges or depth > _PASSED_ON:
                return []
            pending.extend((e, path.base[2], depth + 1) for e in edges)
    return found


def _given(c: Context) -> int | None:
    """Which parameter of the goroutine's function is the map itself."""
    path, func = c.access.path, c.access.func
    for edge in reversed(c.own):
        paths = edge.args.get(path.base[2], ()) if _bare(path, func) else ()
        if len(paths) != 1:
            return None
        path, func = paths[0], edge.caller
    return path.base[2] if _bare(path, func) and func is c.thread.func else None


def _bare(path: Path, func: Func) -> bool:
    return path.base[:2] == (PARAM, func.id) and path.base[2] != RECEIVER and not named_fields(path)
