"""A race to a finding: the two threads step by step, every access with its locks, the message, the reasons, the advice."""

from mapguard.checks.advice import advise
from mapguard.checks.classify import SEVERITY, classify
from mapguard.checks.names import Names
from mapguard.checks.sources import Sources
from mapguard.concurrency.contexts import Context, from_entry
from mapguard.concurrency.domain import READ, WRITE, Edge, Locks, Path
from mapguard.concurrency.domain import Access as RawAccess
from mapguard.concurrency.guards import guards, lock_key
from mapguard.concurrency.inference import Guard as RaceGuard
from mapguard.concurrency.races import Judge, Race
from mapguard.findings.model import Access, Confidence, Finding, Guard, HeldLock, MapInfo, RootInfo, Severity, Step

_VERB = {
    "write": "writes",
    "delete": "deletes from",
    "read": "reads",
    "range": "iterates over",
    "len": "takes the length of",
    "replace": "replaces",
}
_PASSIVE = {
    "write": "written",
    "delete": "deleted from",
    "read": "read",
    "range": "iterated over",
    "len": "measured",
    "replace": "replaced",
}
_OTHERS_SHOWN = 60


class Explainer:
    def __init__(self, judge: Judge, sources: Sources) -> None:
        self.judge = judge
        self.analysis = judge.analysis
        self.sources = sources
        self.names = Names(judge.analysis, sources)

    def finding(self, race: Race) -> Finding:
        rule = classify(race)
        race = self._defect_first(rule, race)
        info = self.names.map_info(race.where, race.a.access)
        racing = [self._access(c, info, race.guard) for c in (race.a, race.b)]
        others = self._others(race, info)
        guard = None
        if race.guard is not None:
            guard = Guard(self.names.path(race.guard.lock), len(race.guard.held), len(race.guard.missed))
        confidence = Confidence.HIGH if race.score >= 4 else Confidence.MEDIUM if race.score >= 2 else Confidence.LOW
        accesses = (*racing, *others)
        return Finding(
            rule,
            Severity(SEVERITY[rule]),
            confidence,
            "",
            self._message(rule, race, info, guard),
            info,
            accesses,
            guard,
            self._reasons(race, guard),
            advise(rule, info, accesses, guard, self._unlocked(race)),
        )

    def _defect_first(self, rule: str, race: Race) -> Race:
        """The side to mend is shown first: the one that misses the guard, not the one that holds it."""
        if race.guard is None:
            return race
        a, b = (self._holds(c, race.guard) for c in (race.a, race.b))
        wrong = (rule == "map-guard-missed" and a and not b) or (
            rule == "map-escapes-guard" and not (race.a.access.alias and not race.a.locks)
        )
        return race._replace(a=race.b, b=race.a) if wrong else race

    def _unlocked(self, race: Race) -> int:
        """Which of the two racing accesses the remedy is for: the one without the guard."""
        return 1 if self._holds(race.a, race.guard) and not self._holds(race.b, race.guard) else 0

    # ------------------------------------------------------------ accesses

    def _access(self, c: Context, info: MapInfo, guard: RaceGuard | None) -> Access:
        raw = c.access
        place = self.sources.place(raw.func.path, raw.at, raw.end)
        return Access(
            raw.op,
            raw.func.path,
            place.line,
            place.column,
            place.end_column,
            raw.func.display,
            self.sources.text(raw.func.path, raw.at, raw.end),
            self._locks(c.path, c.locks, guard),
            self._root(c),
            self._trace(c, info, guard),
        )

    def _others(self, race: Race, info: MapInfo) -> list[Access]:
        shown = {(c.access.func.path, c.access.at, c.access.op) for c in (race.a, race.b)}
        found: list[Access] = []
        for raw in sorted(race.accesses, key=lambda x: (x.func.path, x.at, x.op)):
            key = (raw.func.path, raw.at, raw.op)
            if key in shown:
                continue
            shown.add(key)
            found.append(self._plain(raw, race.guard))
        return found[:_OTHERS_SHOWN]

    def _plain(self, raw: RawAccess, guard: RaceGuard | None) -> Access:
        contexts = self.judge.contexts(raw)
        locks = raw.locks if not contexts else tuple(sorted(set.intersection(*(set(c.locks) for c in contexts)))) or raw.locks
        place = self.sources.place(raw.func.path, raw.at, raw.end)
        text = self.sources.text(raw.func.path, raw.at, raw.end)
        return Access(
            raw.op, raw.func.path, place.line, place.column, place.end_column, raw.func.display, text, self._locks(raw.path, locks, guard)
        )

    def _root(self, c: Context) -> RootInfo:
        spawn = c.thread.spawn
        if spawn is not None:
            place = self.sources.place(spawn.caller.path, spawn.at, spawn.end)
        else:
            place = self.sources.place(c.thread.func.path, c.thread.func.facts.at)
        return RootInfo(c.thread.kind, c.thread.many, place.path, place.line, c.thread.func.display)

    def _trace(self, c: Context, info: MapInfo, guard: RaceGuard | None) -> tuple[Step, ...]:
        steps: list[Step] = []
        for edge in from_entry(self.judge.graph, c):
            steps.append(self._step(edge, c))
        raw = c.access
        place = self.sources.place(raw.func.path, raw.at, raw.end)
        verb = _VERB[raw.op]
        text = f"{verb} {info.name}: {self.sources.line(raw.func.path, raw.at)}"
        held = self._locks(c.path, c.locks, guard)
        steps.append(Step(raw.func.path, place.line, place.column, raw.func.display, text, place.end_column, held))
        return tuple(steps)

    def _step(self, edge: Edge, c: Context) -> Step:
        place = self.sources.place(edge.caller.path, edge.at, edge.end)
        line = self.sources.line(edge.caller.path, edge.at)
        what = {"go": "starts a goroutine", "root": f"registers a {edge.root} handler", "defer": "defers"}.get(edge.kind, "calls")
        text = f"{what} {edge.callee.display}: {line}" if edge.callee.outer is None else f"{what}: {line}"
        return Step(place.path, place.line, place.column, edge.caller.display, text, place.end_column, self.names.locks(edge.locks))

    # ------------------------------------------------------------ words

    def _message(self, rule: str, race: Race, info: MapInfo, guard: Guard | None) -> str:
        name = f"{info.owner}.{info.name}" if info.owner and info.kind == "field" else info.name
        a, b = race.a, race.b
        first = f"Map '{name}' is {_PASSIVE[a.access.op]} in '{a.access.func.display}'"
        second = (
            f"{_PASSIVE[b.access.op]} in '{b.access.func.display}'"
            if (a.access.func, a.access.at) != (b.access.func, b.access.at)
            else "by another goroutine at the same place"
        )
        match rule:
            case "map-guard-missed" if guard is not None:
                here = race.a if not self._holds(race.a, race.guard) else race.b
                held = f"which {guard.held} of {guard.held + guard.missed} accesses hold"
                why = "which its declaration names as its guard" if race.guard is not None and race.guard.declared else held
                return (
                    f"Map '{name}' is {_PASSIVE[here.access.op]} in '{here.access.func.display}' without '{guard.lock}', "
                    f"{why}; it can meet the {_noun(race.b if here is race.a else race.a)}."
                )
            case "map-escapes-guard" if guard is not None:
                here = a if a.access.alias and not a.locks else b
                text = self.sources.text(here.access.func.path, here.access.at, here.access.end)
                return (
                    f"Map '{name}' leaves the protection of '{guard.lock}': "
                    f"'{here.access.func.display}' uses it as '{text}' without the lock; "
                    f"it can meet the {_noun(b if here is a else a)}."
                )
            case "sync-map-check-then-act":
                return (
                    f"'{name}' is a concurrent map, but '{a.access.func.display}' looks a key up and stores it in two steps; "
                    "two callers can interleave and one update is lost."
                )
            case "map-write-under-rlock":
                return f"{first} while only the read lock is held, which lets any number of readers in at the same time."
            case "map-guard-mismatch":
                return f"{first} and {second}, each under a lock, but not the same one."
            case "map-guard-copied" if race.one_of_two:
                return f"{first} and {second}, each under the lock of its own object; but new objects get the map of another one."
            case "map-guard-copied":
                return f"{first} under a lock that is a copy; it does not keep out the one {second}."
        many = " that runs many times at once" if race.a.thread.many and race.a.thread is race.b.thread else ""
        return f"{first} and {second}{many}; no common lock is held: {_FATAL[rule]}."

    def _holds(self, c: Context, guard: RaceGuard | None) -> bool:
        return guard is not None and any(_is_guard(c.path, p, guard) for p, _ in c.locks)

    def _locks(self, path: Path, locks: Locks, guard: RaceGuard | None) -> tuple[HeldLock, ...]:
        """Locks as the code writes them; the guard by one name, whatever the way to it."""
        found = self.names.locks(locks)
        if guard is None:
            return found
        kept = [lock for lock in locks if lock[1] in (READ, WRITE)]
        name = self.names.path(guard.lock)
        return tuple(HeldLock(name, shown.mode) if _is_guard(path, p, guard) else shown for (p, _), shown in zip(kept, found, strict=True))

    def _reasons(self, race: Race, guard: Guard | None) -> tuple[str, ...]:
        out = [
            f"parallel: {_thread(race.a)}" if race.a.thread.id == race.b.thread.id else f"parallel: {_thread(race.a)} and {_thread(race.b)}"
        ]
        mine, theirs = self.names.path(race.a.path), self.names.path(race.b.path)
        out.append(f"shared: all of them reach {mine}" if mine == theirs else f"shared: {mine} and {theirs} name the same map")
        same = (race.a.access, race.a.locks) == (race.b.access, race.b.locks)
        for label, c in (("the", race.a),) if same else (("the first", race.a), ("the second", race.b)):
            held = ", ".join(f"{h.lock} ({h.mode})" for h in self._locks(c.path, c.locks, race.guard))
            out.append(f"unprotected: {label} access holds {held or 'no lock'}")
        out.extend(race.evidence)
        return tuple(out)


def _noun(c: Context) -> str:
    return f"{c.access.op} in '{c.access.func.display}'"


def _thread(c: Context) -> str:
    kind = {
        "goroutine": "a goroutine",
        "exported": "callers of the exported",
        "unknown": "unknown callers of",
        "stored": "whoever was given",
        "http": "HTTP handlers run",
        "grpc": "gRPC calls run",
    }.get(c.thread.kind, f"{c.thread.kind} runs")
    many = " many at a time" if c.thread.many and c.thread.kind not in ("exported", "stored", "unknown") else ""
    return f"{kind} {c.thread.func.display}{many}"


_FATAL = {
    "concurrent-map-write": "the program can end with 'fatal error: concurrent map writes'",
    "concurrent-map-read-write": "the program can end with 'fatal error: concurrent map read and map write'",
    "concurrent-map-iteration": "the program can end with 'fatal error: concurrent map iteration and map write'",
}


def _is_guard(path: Path, lock: Path, guard: RaceGuard) -> bool:
    """Whether a lock that is held where the map goes by ``path`` is the one that guards it, under whatever name."""
    return guards(path, lock) and lock_key(path, lock).kind == lock_key(guard.shown_with.path, guard.lock).kind
