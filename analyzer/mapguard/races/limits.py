"""Bounds of the analysis that were reached to gaps: each can hide a race, so a report names them."""

from collections.abc import Iterator

from mapguard.base.gap import Gap, Reason
from mapguard.base.span import line_of
from mapguard.races.judge import Judge


def gaps(judge: Judge) -> list[Gap]:
    """One gap for each place where a bound was reached, in the order of places."""
    return sorted(set(_all(judge)))


def _all(judge: Judge) -> Iterator[Gap]:
    for access in judge.climber.cut:
        yield _gap(judge, access.func, access.at, "this access of a map is reached in more ways than are followed")
    for access, ways in judge.crowded.items():
        yield _gap(judge, access.func, access.at, f"of {ways} ways to this access of a map only the shortest are judged")
    for name in judge.bodies.unsettled:
        func = judge.index.number[name]
        yield _gap(judge, func, 0, f"the locks that {name.rpartition('/')[2]} takes and releases did not settle")
    if judge.stopped:
        for map_ in judge.unjudged:
            access = map_.accesses[0]
            yield _gap(judge, access.func, access.at, f"{judge.stopped}: the map used here was not judged")
        if not judge.unjudged:
            yield Gap(Reason.LIMIT, "", 0, f"{judge.stopped}: no map was judged")


def _gap(judge: Judge, func: int, at: int, detail: str) -> Gap:
    known = judge.index.funcs[func]
    if known is None:
        return Gap(Reason.LIMIT, "", 0, f"{detail} ({judge.index.bodies[func].func})")
    file = known.scope.file
    return Gap(Reason.LIMIT, file.path, line_of(file.newlines, at) if at else 0, detail)
