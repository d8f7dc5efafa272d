"""What the flags of an object say about the order of two threads: one call gets past them, or none after the start (see ``gates``)."""

from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import PARAM, RECEIVER, Access, Edge, Path
from mapguard.concurrency.gates import Refusal
from mapguard.program.model import Func


def of_only_call(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether both sides belong to the one call on their object that a method lets go on, and come one after the other: ``a`` is on that
    thread too, or on a goroutine that has not been started yet."""
    spawn = a.thread.spawn
    for func, step in _steps(b):
        gate = graph.gates.only_call(func)
        if not 0 <= gate < step.at or not in_receiver(graph, func, b.access.path, b.own):
            continue
        if any(f is func and gate < s.at for f, s in _steps(a)) and in_receiver(graph, func, a.access.path, a.own):
            return True
        if spawn is not None and starts_once(graph, spawn, a.path, func):
            return spawn.id not in step.live
    return False


def starts_once(graph: CallGraph, spawn: Edge, path: Path, by: Func | None = None) -> bool:
    """Whether a method, ``by``, that lets one call on each object go on starts the goroutine then, for that object, itself or through what
    it calls."""
    way = graph.only_way(spawn)
    for i, edge in enumerate(way):
        if i and edge.loops:
            return False
        gate = graph.gates.only_call(edge.caller)
        if 0 <= gate < edge.at and by in (None, edge.caller):
            return spawn.kind == "go" and in_receiver(graph, edge.caller, path, tuple(reversed(way[1 : i + 1])))
    return False


def before_flag(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether ``a`` happens only while a flag is not set, under the lock under which the thread of ``b``, or its starter, has set it."""
    return any(_sets_before(graph, refusal, b) for refusal in refusals(graph, a))


def refusals(graph: CallGraph, c: Context) -> list[Refusal]:
    """What ends the way to the access, under a lock that is held from there on, where a flag of the object is set."""
    return [
        refusal
        for func, step in _steps(c)
        for refusal in graph.gates.refusals(func)
        if refusal.mark.at < step.at < refusal.mark.end and not _deferred(step) and in_receiver(graph, func, c.access.path, c.own)
    ]


def _deferred(step: Edge | Access) -> bool:
    return isinstance(step, Edge) and step.kind == "defer"


def _sets_before(graph: CallGraph, refusal: Refusal, c: Context) -> bool:
    """Whether the flag has been set on the same object when the thread gets to the access, or when it was started."""
    spawn, setters = c.thread.spawn, refusal.setters
    if spawn is not None and spawn.kind == "go" and 0 <= setters.get(spawn.caller.id, -1) < spawn.at:
        return in_receiver(graph, spawn.caller, c.path, ())
    return any(0 <= setters.get(f.id, -1) < s.at and in_receiver(graph, f, c.access.path, c.own) for f, s in _steps(c))


def _steps(c: Context) -> list[tuple[Func, Edge | Access]]:
    """The functions that a context passes through, and where it leaves each for the next or does the access."""
    return [*((e.caller, e) for e in c.own), (c.access.func, c.access)]


def in_receiver(graph: CallGraph, func: Func, path: Path, way: tuple[Edge, ...]) -> bool:
    """Whether the map lies in the receiver of ``func``; ``path`` says where in the terms of the end of the way."""
    base = path.base
    for edge in reversed(way):
        if base == (PARAM, func.id, RECEIVER):
            break
        passed = edge.args.get(RECEIVER, ()) if base == (PARAM, edge.callee.id, RECEIVER) else ()
        if len(passed) != 1 or passed[0].fields:
            return False
        base = passed[0].base
    return base == (PARAM, func.id, RECEIVER) and graph.belongs(path)
