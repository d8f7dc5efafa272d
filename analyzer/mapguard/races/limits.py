"""Bounds of the analysis that were reached to gaps: each can hide a race, so a report names them."""

from collections.abc import Iterator

from mapguard.base.gap import Gap, Reason
from mapguard.base.span import line_of
from mapguard.heap.written import written
from mapguard.races.judge import Judge


def gaps(judge: Judge) -> list[Gap]:
    """One gap for each place where a bound was reached, in the order of places; over the budget one for all that is left."""
    return sorted(set(_all(judge)))


def _all(judge: Judge) -> Iterator[Gap]:
    for func in judge.bodies.unsettled:
        yield gap_at(judge, func, 0, "the locks that this function takes and releases did not settle")
    if judge.stopped:
        yield _left(judge)


def _left(judge: Judge) -> Gap:
    if not judge.unjudged:
        return Gap(Reason.LIMIT, "", 0, f"{judge.stopped}: not everything was judged")
    access = judge.unjudged[0].accesses[0]
    count = len(judge.unjudged)
    left = "the map used here was not judged" if count == 1 else f"{count} maps were not judged, first the one used here"
    return gap_at(judge, access.func, access.at, f"{judge.stopped}: {left}")


def gap_at(judge: Judge, func: int, at: int, detail: str) -> Gap:
    """A bound that was reached at a byte of a function; ``at`` is 0 for the function itself."""
    path, begin = written(judge.index, func)
    file = judge.index.types.program.files.get(path)
    line = line_of(file.newlines, at or begin) if file is not None and (at or begin) else 0
    return Gap(Reason.LIMIT, path, line, detail)
