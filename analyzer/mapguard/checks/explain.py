"""A proof to a finding: the two threads step by step, every access with its locks, the message, the reasons, the advice."""

from collections.abc import Sequence

from mapguard.base.span import Place
from mapguard.bodies.state import WRITE
from mapguard.checks.advice import Adviser
from mapguard.checks.classify import Case, classify, lacks, one_of_two, severity
from mapguard.checks.functions import Functions
from mapguard.checks.held import STARTS, Held, Ways
from mapguard.checks.location import Location
from mapguard.checks.lockname import LockNames, Seen
from mapguard.checks.message import Side, message
from mapguard.checks.names import Names
from mapguard.checks.plain import Plain
from mapguard.checks.registered import Registrations
from mapguard.checks.sharing import Provenance
from mapguard.checks.sources import Sources
from mapguard.checks.taken import Taken
from mapguard.checks.variables import Variables
from mapguard.checks.ways import Ways as Shown
from mapguard.evidence.location import levels
from mapguard.evidence.proof import Proof
from mapguard.findings.model import Access, Confidence, Finding, Guard, HeldLock, RootInfo, Severity, Step
from mapguard.findings.words import VERBS, many_at_a_time, start
from mapguard.models.load import Models
from mapguard.order.after import Where
from mapguard.order.edges import Edge
from mapguard.order.threads import NO_SITE
from mapguard.races.accesses import Access as RawAccess
from mapguard.races.contexts import Anchored, Context
from mapguard.races.judge import Judge

_OTHERS_SHOWN = 60
_WITHOUT_GUARD = ("concurrent-map-write", "concurrent-map-read-write", "concurrent-map-iteration")
_NAMED = 3  # callers without a lock that are named


class Explainer:
    """What explains the findings of one program."""

    def __init__(self, judge: Judge, models: Models, sources: Sources) -> None:
        self.judge = judge
        self.index = judge.index
        self.models = models
        self.sources = sources
        self.functions = Functions(judge.index)
        self.variables = Variables(self.functions)
        self.names = Names(judge.index, self.functions, self.variables, sources)
        self.locks = LockNames(judge, self.functions, self.variables, models, sources)
        self.held = Held(self.locks)
        self.ways = Shown(judge)
        self.taken = Taken(judge)
        self.registrations = Registrations(judge, models)
        self.plain = Plain(judge.accesses())
        self.provenance = Provenance(self.held, self.functions, self.names, sources)
        self.adviser = Adviser(judge, models, self.held, self.functions, sources)

    def finding(self, proof: Proof, rule: str = "") -> Finding:
        """``rule`` is given where the proof is of no race."""
        proof = self.plain.proof(proof)
        case = Case(proof, self.judge, self.locks, self.taken)
        rule = rule or classify(case)
        if rule in _WITHOUT_GUARD and not lacks(case):
            proof = proof._replace(guard=None)  # each side holds one, and neither keeps the other out
        return _Telling(self, rule, case._replace(proof=self._defect_first(rule, proof))).finding()

    def _defect_first(self, rule: str, proof: Proof) -> Proof:
        """The proof with the side that needs the fix first: the one that misses the guard, of two writes the one with fewer locks."""
        if proof.guard is None:
            fewer = proof.b.access.writes and len(proof.b.locks) < len(proof.a.locks)
            return proof._replace(a=proof.b, b=proof.a) if fewer else proof
        kind = proof.guard.lock
        if rule == "map-guard-missed":
            wrong = self.held.holds(proof.a, kind) and not self.held.holds(proof.b, kind)
        else:
            wrong = rule == "map-escapes-guard" and not (self.taken.under(proof.a) and not proof.a.locks)
        return proof._replace(a=proof.b, b=proof.a) if wrong else proof


class _Telling:
    """One finding under construction. All locks that it shows are collected first, so that each gets one name."""

    def __init__(self, explainer: Explainer, rule: str, case: Case) -> None:
        self.x = explainer
        self.rule = rule
        self.case = case
        self.proof = case.proof
        self.kind = self.proof.guard.lock if self.proof.guard is not None else None
        self.info = explainer.names.map_info(self.proof.where, self.proof.a.access)
        self.ways: Ways = {use.access: use.contexts for use in self.proof.uses}
        self.private = {use.access for use in self.proof.uses if use.private}
        held = explainer.held
        self.shown = [explainer.ways.shown(c) for c in case.sides]
        self.steps = [held.along([e for e, _ in way], [at for _, at in way]) for way in self.shown]
        self.sides = [held.at_access(c) for c in case.sides]
        self.others = [(x, held.on_all_ways(x, self.ways[x])) for x in self._not_racing()]
        self.chosen = explainer.locks.choose(self._seen())

    def _seen(self) -> list[Seen]:
        found = [s for side in self.sides for s in side]
        found += [s for way in self.steps for step in way for s in step]
        found += [s for _, locks in self.others for s in locks]
        found += [s for ways in self.ways.values() for s in self._own(ways)]
        if self.kind is not None:  # the message names it at the accesses that lack it too
            for c in self.case.sides:
                path = self.x.held.map_at(c)
                lock = self.x.adviser.guard_at(self.kind, path, c.access.func, self.ways)
                found.append(Seen(self._named(lock or Anchored(c.access.func, path)), WRITE, c.access.func, lock))
        return found

    def _named(self, lock: Anchored) -> Anchored:
        """The guard as one that holds it knows it, so that it counts as that."""
        held = (known for ways in self.ways.values() for c in ways for known, _ in sorted(c.locks, key=repr))
        return next((known for known in held if self.x.locks.kind(known) == self.kind), lock)

    def _place(self, access: RawAccess) -> tuple[str, int]:
        return (self.x.functions.of(access.func).path, access.at)

    def _not_racing(self) -> list[RawAccess]:
        """One access for each other place: ``m[k]++`` is shown as the write that it is, not as a read too."""
        shown = {self._place(c.access) for c in self.case.sides}
        found: list[RawAccess] = []
        for raw in sorted(self.ways, key=lambda x: (self._place(x), not x.writes, x.op)):
            place = self._place(raw)
            if place not in shown:
                shown.add(place)
                found.append(raw)
        return found[:_OTHERS_SHOWN]

    def finding(self) -> Finding:
        proof, info = self.proof, self.info
        guard = self._guard()
        first, second = (self._side(c, seen) for c, seen in zip(self.case.sides, self.sides, strict=True))
        writes = frozenset(x.op for x in self.ways if x.writes and self.ways[x])
        declared = proof.guard is not None and proof.guard.declared
        racing = [self._access(c, i) for i, c in enumerate(self.case.sides)]
        others = [self._other(raw, seen) for raw, seen in self.others]
        return Finding(
            self.rule,
            Severity(severity(self.rule, proof.a.access.op, proof.b.access.op)),
            Confidence(proof.confidence),
            "",
            message(self.rule, info.title, first, second, guard, writes, declared, one_of_two(self.case)),
            info,
            (*racing, *others),
            guard,
            self._reasons(),
            self.x.adviser.advise(self.rule, self.case, info, guard, self.ways, self.shown),
            sharing=self.x.provenance.of(proof),
        )

    # ------------------------------------------------------------ locks

    def _held(self, seen: Sequence[Seen]) -> tuple[HeldLock, ...]:
        return tuple(sorted({HeldLock(self.chosen[self.x.locks.kind(s.lock)], s.mode) for s in seen}))

    def _guard(self) -> Guard | None:
        """The guard, the number of places that hold it on every way, and the places that do not."""
        guard = self.proof.guard
        if guard is None or self.kind is None:
            return None
        places = tuple(sorted({self._where(x) for x in guard.missed}))
        return Guard(self.chosen.get(self.kind) or self.x.locks.of_kind(self.kind), len(guard.held), len(guard.missed), places)

    def _where(self, access: RawAccess) -> Place:
        return self.x.sources.place(self.x.functions.of(access.func).path, access.at, access.end)

    def _side(self, c: Context, seen: Sequence[Seen]) -> Side:
        func = self.x.functions.of(c.access.func)
        able = {self.x.locks.kind(lock) for lock, _ in self.case.guarding(c)}
        place = self.x.held.missing(c, self.ways.get(c.access, (c,)), self.kind) if self.kind is not None else None
        edge = place.edge if place is not None and not place.at_start else None
        caller = self.x.functions.of(self.x.held.caller(edge)).display if edge is not None else ""
        text = self.x.sources.text(func.path, c.access.at, c.access.end)
        return Side(c.access.op, func.id, func.display, text, self._held([s for s in seen if self.x.locks.kind(s.lock) in able]), caller)

    # ------------------------------------------------------------ accesses

    def _access(self, c: Context, number: int) -> Access:
        locks = self._held(self.sides[number])
        plain = self._other(c.access, self.sides[number])
        steps = [self._step(e, held) for (e, _), held in zip(self.shown[number], self.steps[number], strict=True)]
        stored = self.x.registrations.of(c.thread)
        if stored is not None:
            steps.insert(0, self._registered(stored, c.thread.kind))
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
        func = self.x.functions.of(raw.func)
        place = self.x.sources.place(func.path, raw.at, raw.end)
        return Access(
            raw.op,
            func.path,
            place.line,
            place.column,
            place.end_column,
            func.display,
            self.x.sources.text(func.path, raw.at, raw.end),
            self._held(seen),
            note=self._note(raw),
        )

    def _note(self, raw: RawAccess) -> str:
        """What differs between the callers of an access, or why the access does not race."""
        ways = self.ways.get(raw, ())
        level = self._level(raw)
        if not ways:
            apart = "before the map is shared" if raw in self.private else "on no way that several goroutines are known to take"
            return "; ".join(filter(None, (level, apart)))
        locks = self.x.locks
        kinds = {locks.kind(s.lock) for side in self.sides for s in side} | {locks.kind(s.lock) for s in self._own(ways)}
        kinds |= {self.kind} if self.kind is not None else set()
        held = [(c, self.x.held.kinds(c)) for c in ways]
        notes = [level, *(self._differs(held, kind) for kind in sorted(kinds))]
        return "; ".join(filter(None, notes))

    def _level(self, raw: RawAccess) -> str:
        """Whether an access is of a map inside the one that the finding names: all go by one name."""
        body = self.x.index.bodies[raw.func]
        level = levels(self.x.index, self.proof.where, body.types[raw.reg]) if not raw.slot and not raw.inner else 0
        return f"on a map inside {self.info.name}" if level else ""

    def _own(self, ways: Sequence[Context]) -> list[Seen]:
        """The locks in the map's own object that at least one way holds."""
        found = []
        for c in ways:
            mine = self.x.held.beside(c)
            found += [s for s in self.x.held.at_access(c) if self.x.locks.kind(s.lock) in mine]
        return found

    def _differs(self, held: Sequence[tuple[Context, frozenset[Location]]], kind: Location) -> str:
        found = self.x.held.callers(held, kind)
        display = {c.func: self.x.functions.of(c.func).display for c in found}
        bare = sorted({display[c.func] if c.edge is not None else f"whoever calls {display[c.func]}" for c in found if not c.held})
        keeping = sum(c.held for c in found)
        if found and not keeping:
            return f"{self.chosen[kind]} held on some of the ways there"
        if not bare:
            return ""
        more = f" and {len(bare) - _NAMED} more" if len(bare) > _NAMED else ""
        holding = f"{self.chosen[kind]} held by {keeping} of {len(found)} callers"
        return f"{holding}; not by {', '.join(bare[:_NAMED])}{more}"

    # ------------------------------------------------------------ steps

    def _root(self, c: Context) -> RootInfo:
        thread = c.thread
        func = self.x.functions.of(thread.func)
        stored = self.x.registrations.of(thread)
        if thread.site != NO_SITE:
            place = self._site(thread.site)
        elif stored is not None:
            place = self._event(stored)
        elif func.facts.index < 0:  # the initialisation of package variables
            place = self._site(c.chain[0].site) if c.chain else self._where(c.access)
        else:
            place = self.x.sources.place(func.path, func.facts.at)
        return RootInfo(thread.kind, thread.many, place.path, place.line, func.display)

    def _site(self, site: int) -> Place:
        return self._event(self.x.index.sites[site][:3])

    def _event(self, where: Where) -> Place:
        at, end = self.x.functions.at(where)
        return self.x.sources.place(self.x.functions.of(where[0]).path, at, end)

    def _registered(self, where: Where, kind: str) -> Step:
        """The step that stores a function in a field of a library's, which makes it an entry point."""
        func, place = self.x.functions.of(where[0]), self._event(where)
        text = f"{start(kind).set_up}: {self.x.sources.line(func.path, self.x.functions.at(where)[0])}"
        return Step(place.path, place.line, place.column, func.display, text, place.end_column)

    def _step(self, edge: Edge, seen: Sequence[Seen]) -> Step:
        place = self._site(edge.site)
        event = self.x.index.sites[edge.site]
        caller, callee = self.x.functions.of(event.func), self.x.functions.of(edge.func)
        line = self.x.sources.line(caller.path, getattr(event.event, "at", 0))
        starts = edge.kind in STARTS
        deferred = getattr(event.event, "how", "") == "defer"
        root = edge.root if edge.kind == "root" else "goroutine"
        what = start(root).set_up if starts else "defers" if deferred else "calls"
        literal = "" if starts else " a function literal"
        text = f"{what}{literal if callee.outer is not None else f' {callee.display}'}: {line}"
        return Step(place.path, place.line, place.column, caller.display, text, place.end_column, self._held(seen))

    # ------------------------------------------------------------ reasons

    def _reasons(self) -> tuple[str, ...]:
        a, b = self.case.sides
        out = [f"parallel: {'; '.join(dict.fromkeys((self._thread(a), self._thread(b))))}"]
        mine, theirs = self._reached(a), self._reached(b)
        out.append(f"shared: both sides reach {mine}" if mine == theirs else f"shared: {mine} and {theirs} are one map")
        same = (a.access, a.locks) == (b.access, b.locks)
        for label, seen in (("the", self.sides[0]),) if same else (("the first", self.sides[0]), ("the second", self.sides[1])):
            locks = ", ".join(f"{h.lock} ({h.mode})" for h in self._held(seen))
            out.append(f"unprotected: {label} access holds {locks or 'no lock'}")
        out.extend(self.proof.reasons)
        return tuple(out)

    def _thread(self, c: Context) -> str:
        """What runs the thread of a way, as a clause: ``gRPC calls run (*S).Put, many at a time``."""
        many = ", many at a time" if many_at_a_time(c.thread.kind, c.thread.many) else ""
        return f"{start(c.thread.kind).runs} {self.x.functions.of(c.thread.func).display}{many}"

    def _reached(self, c: Context) -> str:
        """The map, as written in the function where the known path to it starts."""
        text = self.x.names.path(c.map)
        return text if isinstance(c.map.path.root, str) else f"{text} in {self.x.functions.of(c.map.func).display}"
