"""Bounds on the ways to an access to gaps: one for each map of which more ways could change what is said, with its name."""

from mapguard.base.gap import Gap
from mapguard.evidence.location import Location
from mapguard.evidence.proofs import Proofs
from mapguard.races.accesses import Access
from mapguard.races.contexts import Anchored
from mapguard.races.judge import Judge
from mapguard.races.limits import gap_at
from mapguard.races.maps import Map


def unfollowed(proofs: Proofs) -> list[Gap]:
    """Maps without a finding that is at least of medium confidence: those that have one are told of, whatever else there is."""
    told = {where for where, sure in _names(proofs).items() if sure}
    found: dict[Location, tuple[Access, str]] = {}
    for map_ in proofs.judge.maps():
        open_ = _open(proofs.judge, map_) if proofs.verdicts.get(map_, "low") == "low" else []
        if open_ or map_ in proofs.unsure:
            access = min(open_ or map_.accesses, key=lambda x: (x.func, x.at))
            where = min((_where(proofs, x) for x in map_.accesses), key=lambda w: w.rank)
            if where not in told:
                found.setdefault(where, (access, _detail(proofs, map_, where, len(open_))))
    return [gap_at(proofs.judge, access.func, access.at, detail) for access, detail in found.values()]


def _names(proofs: Proofs) -> dict[Location, bool]:
    """The names of maps with a finding, and whether one of them is of more than low confidence."""
    found: dict[Location, bool] = {}
    for map_, confidence in proofs.verdicts.items():
        for where in {_where(proofs, x) for x in map_.accesses}:
            found[where] = found.get(where, False) or confidence != "low"
    return found


def _open(judge: Judge, map_: Map) -> list[Access]:
    """The accesses with ways that were not judged, on which they could race with another access of the map."""
    return [x for x in map_.accesses if not judge.followed(x) and any(_may_race(judge, x, y) for y in map_.accesses)]


def _may_race(judge: Judge, x: Access, y: Access) -> bool:
    if not (x.writes or y.writes) or (judge.followed(y) and not judge.contexts(y)):
        return False
    return bool(judge.stopped) or not judge.apart_here(x, y)


def _where(proofs: Proofs, x: Access) -> Location:
    path = x.path.plus(x.slot) if x.slot else x.path
    return proofs.locations.of(Anchored(x.func, proofs.judge.bodies.normal(x.func, path)))


def _detail(proofs: Proofs, map_: Map, where: Location, count: int) -> str:
    name = f"{where.owner}.{where.last}" if where.owner else where.last
    shown = f"'{name}'" if where.kind in ("field", "global") else "this map"
    if map_ in proofs.unsure:
        return f"{shown} has more races than are examined, and none of those that were is more than a guess"
    some = f"{count} of the {len(map_.accesses)} accesses of " if count < len(map_.accesses) else ""
    ways = f"more ways lead to {some}{shown} than are followed"
    if map_ in proofs.verdicts:
        return f"{ways}; the race that was found is little more than a guess"
    return f"{ways}; on those that were, no race was found"
