"""Goroutines that wait for their first piece of work, while the function that starts them goes on to set up what they use."""

from collections.abc import Iterator

from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import ALLOC, Access, Edge, Path, Place, place
from mapguard.concurrency.promises import once_an_object


def still_idle(graph: CallGraph, a: Context, b: Context) -> int:
    """How much it speaks against a race that ``b`` is on a goroutine that has nothing to do yet; 0 for nothing.

    The call that starts it, and that ``a`` is part of, has made the object or is the object's ``Start``; it has not told the goroutine to
    go on by then, and has not waited for something itself.
    """
    spawn, woken = b.thread.spawn, b.woken
    if spawn is None or spawn.kind != "go" or not woken:
        return 0
    steps: list[Edge | Access] = [*a.own, a.access]
    functions = [*(e.caller for e in a.own), a.access.func]
    starters = graph.starters(spawn.id)
    maker = graph.analysis.program.by_id.get(a.path.base[1]) if a.path.base[0] == ALLOC else None
    started = False
    for step, func in zip(reversed(steps), reversed(functions), strict=True):
        if step.woken or any(_wakes(woken, p) for p in _told(graph, step)):
            return 0
        started = started or not starters.isdisjoint(step.live)
        if maker is not None and func.frame is maker.frame:
            return 3 if started else 0
        if started and once_an_object(func):
            return 2
    return 0


def _told(graph: CallGraph, step: Edge | Access) -> Iterator[Path]:
    """What has been signalled by then, or may have been by the goroutines that are there."""
    yield from step.signaled
    for thread in step.live:
        edge = graph.analysis.threads.get(thread)
        if edge is not None:
            yield from graph.analysis.signals.get((edge.caller.frame.id, thread), ())


def _wakes(woken: frozenset[Place], signal: Path) -> bool:
    """Whether it is one of those; a variable has other names where it is passed."""
    return place(signal) in woken or any(not isinstance(p, str) for p in woken)
