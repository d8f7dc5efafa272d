"""A race to a finding: the two threads step by step, every access with its locks, the message, the reasons, the advice."""

from collections.abc import Mapping, Sequence

from mapguard.checks import held
from mapguard.checks.advice import Adviser
from mapguard.checks.classify import classify, severity
from mapguard.checks.held import along, at_access, callers, guard_beside, missing, on_all_ways
from mapguard.checks.lockname import LockNames, Seen, lock_kind
from mapguard.checks.message import Side, message
from mapguard.checks.names import Names
from mapguard.checks.sources import Sources
from mapguard.checks.wording import thread
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import WRITE, Edge, Location, Path
from mapguard.concurrency.domain import Access as RawAccess
from mapguard.concurrency.guards import guards, own_lock
from mapguard.concurrency.inference import Guard as RaceGuard
from mapguard.concurrency.races import Judge, Race
from mapguard.concurrency.ways import Ways
from mapguard.findings.model import Access, Confidence, Finding, Guard, HeldLock, RootInfo, Severity, Step
from mapguard.findings.words import VERBS, start

_OTHERS_SHOWN = 60
_NAMED = 3  # callers without a lock that are named


class Explainer:
    def __init__(self, judge: Judge, sources: Sources) -> None:
        self.judge = judge
        self.analysis = judge.analysis
        self.sources = sources
        self.names = Names(judge.analysis, sources)
        self.locks = LockNames(judge.analysis, sources)
        self.ways = Ways(judge.graph)
        self.adviser = Adviser(judge, self.locks, sources)

    def finding(self, race: Race) -> Finding:
        ways = self._all_ways(race)
        race = race._replace(guard=_counted(race, ways))
        rule = classify(race, self.locks.is_lock)
        return _Telling(self, rule, self._defect_first(rule, race), ways).finding()

    def _all_ways(self, race: Race) -> dict[int, list[Context]]:
        """The ways to each access, by its identity. An expression that may denote one of two maps counts as one access."""
        found: dict[tuple[str, int, str], list[Context]] = {}
        keys = {id(x): (x.func.path, x.at, x.op) for x in race.accesses}
        for x in race.accesses:
            found.setdefault(keys[id(x)], []).extend(self.contexts(race.where, x))
        return {ident: found[key] for ident, key in keys.items()}

    def contexts(self, where: Location, access: RawAccess) -> list[Context]:
        """The ways to an access of the map."""
        return [c for c in self.judge.contexts(access) if c.where == where and self.judge.possible(c)]

    def _defect_first(self, rule: str, race: Race) -> Race:
        """The race with the side that needs the fix first: the one that misses the guard."""
        if race.guard is None:
            return race
        kind = lock_kind(race.guard.lock)
        if rule == "map-guard-missed":
            wrong = held.holds(race.a, kind) and not held.holds(race.b, kind)
        else:
            wrong = rule == "map-escapes-guard" and not (race.a.access.alias and not race.a.locks)
        return race._replace(a=race.b, b=race.a) if wrong else race


class _Telling:
    """One finding under construction. All locks that it shows are collected first, so that each gets one name."""

    def __init__(self, explainer: Explainer, rule: str, race: Race, ways: dict[int, list[Context]]) -> None:
        self.x = explainer
        self.rule = rule
        self.race = race
        self.kind = lock_kind(race.guard.lock) if race.guard is not None else None
        self.info = explainer.names.map_info(race.where, race.a.access)
        self.ways = ways
        self.edges = [explainer.ways.shown(c) for c in (race.a, race.b)]
        self.steps = [along(explainer.locks, edges) for edges in self.edges]
        self.sides = [at_access(explainer.locks, c) for c in (race.a, race.b)]
        self.others = [(x, on_all_ways(explainer.locks, x, self.ways[id(x)])) for x in self._not_racing()]
        self.chosen = explainer.locks.choose(self._seen())

    def _seen(self) -> list[Seen]:
        found = [s for side in self.sides for s in side]
        found += [s for way in self.steps for step in way for s in step]
        found += [s for _, locks in self.others for s in locks]
        found += [s for ways in self.ways.values() for s in self._own(ways)]
        guard = self.race.guard
        if guard is not None:  # the message names it at the accesses that lack it too
            accesses = (self.race.a.access, self.race.b.access)
            found += [Seen(guard.lock, WRITE, x.func, guard_beside(guard, x.path, x.func, self.ways)) for x in accesses]
        return found

    def _not_racing(self) -> list[RawAccess]:
        """One access for each other place: ``m[k]++`` is shown as the write that it is, not as a read too."""
        shown = {(c.access.func.path, c.access.at) for c in (self.race.a, self.race.b)}
        found: list[RawAccess] = []
        for raw in sorted(self.race.accesses, key=lambda x: (x.func.path, x.at, not x.writes, x.op)):
            place = (raw.func.path, raw.at)
            if place not in shown:
                shown.add(place)
                found.append(raw)
        return found[:_OTHERS_SHOWN]

    def finding(self) -> Finding:
        race, info = self.race, self.info
        guard = self._guard()
        sides = [self._side(c, seen) for c, seen in zip((race.a, race.b), self.sides, strict=True)]
        name = f"{info.owner}.{info.name}" if info.owner and info.kind == "field" else info.name
        writes = frozenset(x.op for x in race.accesses if x.writes and self.ways[id(x)])
        racing = [self._access(c, i) for i, c in enumerate((race.a, race.b))]
        others = [self._other(raw, seen) for raw, seen in self.others]
        accesses = (*racing, *others)
        return Finding(
            self.rule,
            Severity(severity(self.rule, race)),
            Confidence.HIGH if race.score >= 4 else Confidence.MEDIUM if race.score >= 2 else Confidence.LOW,
            "",
            message(self.rule, race, name, sides[0], sides[1], guard, writes),
            info,
            accesses,
            guard,
            self._reasons(),
            self.x.adviser.advise(self.rule, race, info, guard, self.ways),
        )

    # ------------------------------------------------------------ locks

    def _held(self, seen: Sequence[Seen]) -> tuple[HeldLock, ...]:
        return tuple(sorted({HeldLock(self.chosen[s.kind], s.mode) for s in seen if s.kind is not None}))

    def _guard(self) -> Guard | None:
        """The guard, the number of places that hold it on every way, and the places that do not."""
        if self.race.guard is None or self.kind is None:
            return None
        missed = self.race.guard.missed
        places = tuple(sorted({self.x.sources.place(x.func.path, x.at, x.end) for x in missed}))
        return Guard(self.chosen[self.kind], len(self.race.guard.held), len(missed), places)

    def _side(self, c: Context, seen: Sequence[Seen]) -> Side:
        able = [s for s in seen if guards(c.path, s.lock)]
        place = missing(c, self.ways.get(id(c.access), [c]), self.kind) if self.kind is not None else None
        caller = place.edge.caller.display if place is not None and place.edge is not None and not place.at_start else ""
        text = self.x.sources.text(c.access.func.path, c.access.at, c.access.end)
        return Side(c, text, self._held(able), caller)

    # ------------------------------------------------------------ accesses

    def _access(self, c: Context, number: int) -> Access:
        locks = self._held(self.sides[number])
        plain = self._other(c.access, self.sides[number])
        steps = [self._step(e, held) for e, held in zip(self.edges[number], self.steps[number], strict=True)]
        text = f"{VERBS[plain.op]} {self.info.name}: {self.x.sources.line(plain.path, c.access.at)}"
        steps.append(Step(plain.path, plain.line, plain.column, plain.function, text, plain.end_column, locks))
        return Access(
            plain.op,
            plain.path,
            plain.line,
            plain.column,
            plain.end_column,
            plain.function,
            plain.expression,
            locks,
            self._root(c),
            tuple(steps),
            plain.note,
        )

    def _other(self, raw: RawAccess, seen: Sequence[Seen]) -> Access:
        place = self.x.sources.place(raw.func.path, raw.at, raw.end)
        return Access(
            raw.op,
            raw.func.path,
            place.line,
            place.column,
            place.end_column,
            raw.func.display,
            self.x.sources.text(raw.func.path, raw.at, raw.end),
            self._held(seen),
            note=self._note(raw),
        )

    def _note(self, raw: RawAccess) -> str:
        """What differs between the callers of an access, or why the access does not race."""
        ways = self.ways.get(id(raw), [])
        if not ways and raw.owned:
            return "before the map is shared"
        if raw.leaks:
            return "hands the map out"
        if not ways:
            return "on no way that several goroutines are known to take"
        kinds = {s.kind for side in self.sides for s in side} | {s.kind for s in self._own(ways)} | {self.kind}
        notes = [self._level(ways), *(self._differs(ways, kind) for kind in sorted(k for k in kinds if k is not None))]
        return "; ".join(filter(None, notes))

    def _level(self, ways: Sequence[Context]) -> str:
        """Whether an access is of a map that the racing one holds, or is held by: both lie in one field or variable."""
        racing, here = self.race.a.depth, {c.depth for c in ways}
        if racing in here:
            return ""
        return "of a map inside this one" if min(here) > racing else "of the map around this one"

    def _own(self, ways: Sequence[Context]) -> list[Seen]:
        """The locks in the map's own object that at least one way holds."""
        return [s for c in ways for s in at_access(self.x.locks, c) if own_lock(c.path, s.lock)]

    def _differs(self, ways: Sequence[Context], kind: Location) -> str:
        found = callers(ways, kind)
        bare = sorted({c.func.display if c.edge is not None else f"whoever calls {c.func.display}" for c in found if not c.held})
        keeping = sum(c.held for c in found)
        if not bare or not keeping:
            return ""
        more = f" and {len(bare) - _NAMED} more" if len(bare) > _NAMED else ""
        holding = f"{self.chosen[kind]} held by {keeping} of {len(found)} callers"
        return f"{holding}; not by {', '.join(bare[:_NAMED])}{more}"

    def _root(self, c: Context) -> RootInfo:
        spawn = c.thread.spawn
        first = spawn or (c.chain[0] if c.chain else None)
        if first is not None and (spawn is not None or c.thread.func.facts.index < 0):
            place = self.x.sources.place(first.caller.path, first.at, first.end)
        elif c.thread.func.facts.index < 0:  # the initialisation of package variables
            place = self.x.sources.place(c.access.func.path, c.access.at)
        else:
            place = self.x.sources.place(c.thread.func.path, c.thread.func.facts.at)
        return RootInfo(c.thread.kind, c.thread.many, place.path, place.line, c.thread.func.display)

    def _step(self, edge: Edge, seen: Sequence[Seen]) -> Step:
        place = self.x.sources.place(edge.caller.path, edge.at, edge.end)
        line = self.x.sources.line(edge.caller.path, edge.at)
        what = {"go": start("goroutine").set_up, "root": start(edge.root).set_up, "defer": "defers"}.get(edge.kind, "calls")
        literal = "" if edge.kind in ("go", "root") else " a function literal"
        text = f"{what}{literal if edge.callee.outer is not None else f' {edge.callee.display}'}: {line}"
        return Step(place.path, place.line, place.column, edge.caller.display, text, place.end_column, self._held(seen))

    # ------------------------------------------------------------ reasons

    def _reasons(self) -> tuple[str, ...]:
        a, b = self.race.a, self.race.b
        out = [f"parallel: {'; '.join(dict.fromkeys((thread(a), thread(b))))}"]
        mine, theirs = self._reached(a.path), self._reached(b.path)
        out.append(f"shared: both sides reach {mine}" if mine == theirs else f"shared: {mine} and {theirs} are one map")
        same = (a.access, a.locks) == (b.access, b.locks)
        for label, seen in (("the", self.sides[0]),) if same else (("the first", self.sides[0]), ("the second", self.sides[1])):
            locks = ", ".join(f"{h.lock} ({h.mode})" for h in self._held(seen))
            out.append(f"unprotected: {label} access holds {locks or 'no lock'}")
        out.extend(self.race.evidence)
        return tuple(out)

    def _reached(self, path: Path) -> str:
        """The map, as written in the function where the known path to it starts."""
        func = self.x.analysis.program.by_id.get(path.base[1])
        text = self.x.names.path(path)
        return f"{text} in {func.display}" if func is not None else text


def _counted(race: Race, ways: Mapping[int, Sequence[Context]]) -> RaceGuard | None:
    """The guard with one access for each reachable place, split into places that hold it on every way and the others.

    None where no place holds it on every way, unless the map's declaration names the guard.
    """
    guard = race.guard
    if guard is None:
        return None
    kind = lock_kind(guard.lock)
    sites: dict[tuple[str, int], list[RawAccess]] = {}
    for x in race.accesses:
        if ways[id(x)]:
            sites.setdefault((x.func.path, x.at), []).append(x)
    held_at: list[RawAccess] = []
    missed: list[RawAccess] = []
    for found in sites.values():
        kept = all(held.keeps(c, kind) for x in found for c in ways[id(x)])
        (held_at if kept else missed).append(found[0])
    return guard._replace(held=tuple(held_at), missed=tuple(missed)) if held_at or guard.declared else None
