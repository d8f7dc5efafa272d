"""A judge to its races, one for each map: the best pair, every access of the map with the ways to it, the guard, the grade.

A stand-in for the package ``evidence``.
"""

from collections.abc import Iterator

from mapguard.heap.tabling import Bits, members
from mapguard.newchecks.evlocation import Location
from mapguard.newchecks.guard import Guards
from mapguard.newchecks.maps import Maps
from mapguard.newchecks.verdictmodel import Guard, Proof, Use
from mapguard.races.accesses import Access, accesses
from mapguard.races.contexts import Anchored, Context
from mapguard.races.judge import Judge

REAL_LAST = ("exported", "callback")
_PAIRS = 4000


def verdicts(judge: Judge, maps: Maps, guards: Guards) -> Iterator[Proof]:
    """The race of each map that has one, by the map."""
    best: dict[Location, tuple[tuple[int, ...], Context, Context, Bits]] = {}
    groups: dict[Location, dict[Access, None]] = {}
    for obj, group in judge._by_site():
        same = judge.heap.objects.same_site(obj)
        outside = judge._outside(obj)
        found = [c for access in group for c in judge.contexts(access) if judge._objects(c) & same or outside]
        found.sort(key=lambda c: (not c.access.writes, len(c.chain)))
        pair = _best(judge, found, same)
        if pair is None:
            continue
        where = maps.of(found, same)
        groups.setdefault(where, {}).update(dict.fromkeys(group))
        if where not in best or pair[0] > best[where][0]:
            best[where] = (*pair, same)
    everything: dict[Location, list[Access]] = {}
    for access in accesses(judge.bodies):
        everything.setdefault(maps.of_path(Anchored(access.func, judge.bodies.normal(access.func, access.path))), []).append(access)
    for where, (_, a, b, objects) in sorted(best.items(), key=lambda kv: kv[0]):
        mine = dict.fromkeys([*groups[where], *everything.get(where, ())])
        uses = []
        for x in sorted(mine, key=lambda x: (x.func, x.at, x.op)):
            ways = tuple(judge.contexts(x))
            private = not ways and bool([c for c in judge.climber.contexts(x) if c.thread.kind not in ("init", "unused")])
            uses.append(Use(x, ways, private))
        real = sum(c.thread.kind not in REAL_LAST for c in (a, b))
        if b.access.writes and (not a.access.writes or len(b.locks) < len(a.locks)):
            a, b = b, a
        objects_ = tuple(members(objects))
        yield Proof(where, a, b, ("low", "medium", "high")[real], (), tuple(uses), guards.of(where, uses), objects_)


def _best(judge: Judge, found: list[Context], same: Bits) -> tuple[tuple[int, ...], Context, Context] | None:
    best: tuple[tuple[int, ...], Context, Context] | None = None
    tried = 0
    for number, a in enumerate(found):
        for b in found[number:]:
            if not (a.access.writes or b.access.writes):
                continue
            tried += 1
            if tried > _PAIRS:
                return best
            if judge._may_be_one(a, b, same) and judge.meeting.meet(a, b) and not judge.exclusion.excluded(a, b):
                real = sum(c.thread.kind not in REAL_LAST for c in (a, b))
                rank = (real, -len(a.locks) - len(b.locks), -len(a.chain) - len(b.chain))
                if best is None or rank > best[0]:
                    best = (rank, a, b)
    return best


__all__ = ["Guard", "Proof", "Use", "verdicts"]
