"""Contexts of one map to races: a chain of named filters over pairs of accesses, and the evidence for what is left.

The first filter that answers ends a pair with its reason; a pair that none ends is a race.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from mapguard.concurrency.aliases import Aliases, Likeness
from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import Climber, Context
from mapguard.concurrency.declared import declared_guard
from mapguard.concurrency.domain import ALLOC, COPY, GLOBAL, PARAM, READ, RECEIVER, RESULT, WRITE, Access, Location, Path, is_elem, location
from mapguard.concurrency.guards import common_lock, guards, lock_key
from mapguard.concurrency.intent import Intent
from mapguard.concurrency.ordering import different_program, initialising, ordered, other_call, same_single_root, self_parallel
from mapguard.concurrency.promises import for_one_goroutine
from mapguard.concurrency.solve import Analysis
from mapguard.program.model import Func

PER_LOCATION = 120
_FEW_CANDIDATES, _MANY_CANDIDATES = 3, 8  # a call that may run so many functions says next to nothing about which one it runs

_LONG_WAY = 8  # calls on both ways together: each may be one that does not happen on that object


class Filter(StrEnum):
    BOTH_READ = "BOTH_READ"
    DIFFERENT_LOCATION = "DIFFERENT_LOCATION"
    DIFFERENT_OBJECT = "DIFFERENT_OBJECT"
    NOT_SHARED = "NOT_SHARED"
    DIFFERENT_PROGRAM = "DIFFERENT_PROGRAM"
    OTHER_CALL = "OTHER_CALL"
    SAME_SINGLE_ROOT = "SAME_SINGLE_ROOT"
    INIT_ONLY = "INIT_ONLY"
    ORDERED = "ORDERED"
    COMMON_LOCK = "COMMON_LOCK"
    SNAPSHOT = "SNAPSHOT"
    NO_EVIDENCE = "NO_EVIDENCE"


REAL = "real"
API = "api"


class Guard(NamedTuple):
    """The lock that most accesses hold, or the declared one: its path in the terms of one access; who holds it, who does not."""

    lock: Path
    shown_with: Access
    held: tuple[Access, ...]
    missed: tuple[Access, ...]
    declared: bool = False


class Race(NamedTuple):
    where: Location
    a: Context
    b: Context
    guard: Guard | None
    accesses: tuple[Access, ...]
    score: int
    evidence: tuple[str, ...]
    check_then_act: bool = False


def strength(c: Context) -> str:
    """Whether the thread is known to run concurrently, or only could be by an unknown caller."""
    return API if c.thread.kind in ("exported", "stored", "unknown") else REAL


class Judge:
    """Decides the pairs of one program; counts what ended each pair."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.aliases = Aliases(analysis)
        self.graph = CallGraph(analysis, self.aliases)
        self.climber = Climber(self.graph)
        self.counts: Counter[str] = Counter()
        self._contexts: dict[int, list[Context]] = {}
        self._chain = self._filters()
        self.intent = Intent(analysis)

    # ------------------------------------------------------------ pairs

    def decide(self, a: Context, b: Context) -> Filter | None:
        """The filter that ends the pair; None when it is a race (given enough evidence for the map as a whole)."""
        for name, test in self._chain:
            if test(a, b):
                return name
        return None

    def _filters(self) -> tuple[tuple[Filter, Callable[[Context, Context], bool]], ...]:
        graph, aliases = self.graph, self.aliases
        return (
            (Filter.BOTH_READ, lambda a, b: not (a.access.writes or b.access.writes)),
            (Filter.DIFFERENT_LOCATION, lambda a, b: different_location(graph, a, b)),
            (Filter.DIFFERENT_PROGRAM, lambda a, b: different_program(graph, a, b)),
            (Filter.OTHER_CALL, lambda a, b: other_call(graph, a, b) or other_call(graph, b, a)),
            (Filter.SAME_SINGLE_ROOT, same_single_root),
            (Filter.NOT_SHARED, lambda a, b: a.thread.id == b.thread.id and not self_parallel(graph, a)),
            (Filter.INIT_ONLY, initialising),
            (Filter.COMMON_LOCK, lambda a, b: common_lock(a.path, a.locks, b.path, b.locks) is not None or lock_of_one_call(graph, a, b)),
            (Filter.SNAPSHOT, lambda a, b: took_it_before(a, b) or took_it_before(b, a)),
            (Filter.ORDERED, lambda a, b: ordered(graph, a, b)),
            (Filter.DIFFERENT_OBJECT, lambda a, b: aliases.different_objects(a.where, a.path, b.path) == Likeness.DIFFERENT),
        )

    def contexts(self, access: Access) -> list[Context]:
        known = self._contexts.get(id(access))
        if known is None:
            known = self._contexts[id(access)] = self.climber.contexts(access)
        return known

    # ------------------------------------------------------------ maps

    def race(self, where: Location, accesses: list[Access]) -> Race | None:
        """The strongest race on one map, None when every pair is ended by a filter."""
        if not any(x.writes for x in accesses):
            return None
        if guarded_on_the_spot(accesses):
            self.counts[Filter.COMMON_LOCK] += 1
            return None
        found: list[Context] = []
        for access in accesses:
            found.extend(c for c in self.contexts(access) if c.where == where and not self.aliases.impossible(where, c.path))
        if not found or not any(c.access.writes for c in found):
            return None
        guard = infer_guard(found, declared_guard(self.analysis.program, where))
        intent = self.intent.reason(where, accesses)
        found = distinct(found)
        best: tuple[int, Context, Context, tuple[str, ...]] | None = None
        for i, a in enumerate(found):
            for b in found[i:]:
                if not (a.access.writes or b.access.writes):
                    continue
                reason = self.decide(a, b)
                if reason is not None:
                    self.counts[reason] += 1
                    continue
                score, evidence = self.weigh(a, b, guard, intent, accesses)
                if score <= 0:
                    self.counts[Filter.NO_EVIDENCE] += 1
                    continue
                self.counts["RACE"] += 1
                if best is None or score > best[0]:
                    best = (score, a, b, evidence)
        if best is None:
            return None
        score, a, b, evidence = best
        if b.access.writes and not a.access.writes:
            a, b = b, a
        return Race(where, a, b, guard, tuple(accesses), score, evidence)

    def check_then_acts(self) -> Iterable[Race]:
        """Stores into concurrent maps that follow a look-up of the same key, where two threads can interleave."""
        for ident in sorted(self.analysis.units):
            for access in self.analysis.units[ident].acts:
                for c in self.contexts(access):
                    if strength(c) == REAL and not c.locks and self_parallel(self.graph, c):
                        yield Race(
                            c.where, c, c, None, (access,), 3, ("Load and Store are two steps: another thread can come between",), True
                        )
                        break

    def weigh(self, a: Context, b: Context, guard: Guard | None, intent: str | None, accesses: list[Access]) -> tuple[int, tuple[str, ...]]:
        """How strong the evidence is: 0 none, 1 low, 2 and 3 medium, 4 and more high; with the reasons."""
        reasons: list[str] = []
        kinds = sorted((strength(a), strength(b)))
        held = len(guard.held) if guard is not None else 0
        if intent is not None and not (_own_method(a) and _own_method(b)):
            intent = None  # what a type promises, it promises to those who call its methods
        if kinds == [REAL, REAL]:
            score = 4
            reasons.append("both sides start at known entry points")
        elif REAL in kinds:
            score = 2 if held or self._started_by(a, b) or self._started_by(b, a) else 1
            reasons.append("one side starts at a known entry point, the other is called from outside this tree")
        elif held or lock_beside(a) or lock_beside(b):
            score = 2
            reasons.append(
                "both sides are called from outside this tree; a lock held at other accesses shows that concurrent use is intended"
            )
        elif (reason := intent or self.intent.of_pair(a, b, accesses)) is not None:
            score = 2
            reasons.append(f"both sides are called from outside this tree; {reason}")
        else:
            score = 0
        if kinds == [API, API] and (for_one_goroutine(a.thread.func) or for_one_goroutine(b.thread.func)):
            score = 0
        if held and score:
            score += 1
            reasons.append("other accesses of the map hold a lock")
        if "unknown" in (a.thread.kind, b.thread.kind):
            score -= 2  # most likely a call that could not be resolved, and its locks with it
        if a.access.weak or b.access.weak:
            score -= 1
            reasons.append("one access is an argument of a function that is not in the tree")
        guesses = max((e.candidates for c in (a, b) for e in c.chain), default=1)
        if guesses > 1 and any(e.kind == "callback" and e.candidates > 1 for c in (a, b) for e in c.chain):
            score -= 3
            reasons.append(f"a stored function is called that may be one of {guesses}")
        elif guesses > _FEW_CANDIDATES:
            single = a.path.base[0] == GLOBAL and b.path.base[0] == GLOBAL  # whoever gets there finds the one object
            score -= (2 if single else 4) if guesses > _MANY_CANDIDATES else 1
            reasons.append(f"an interface is called that {guesses} types implement")
        if self.aliases.different_objects(a.where, a.path, b.path) == Likeness.UNLIKELY:
            score -= 3
            reasons.append("nothing in the tree brings the two sides to one object")
        elif _inside_another(a, b, guard) or _inside_another(b, a, guard):
            score -= 3
            reasons.append("one side reaches the map inside another object, the other is called on an object of its own")
        elif _holders_differ(a.path, b.path):
            score -= 1 if REAL in kinds else 2
            reasons.append("the two sides reach the map through different fields, which may hold different objects")
        elif a.path.base != b.path.base and (passed_in(a) or passed_in(b)) and not _kin(a, b):
            score -= 1 if guard is not None and len(guard.held) >= len(guard.missed) else 3
            reasons.append("the object is an argument on one side, and nothing says that the other side has the same")
        if self._under_construction(a, b) or self._under_construction(b, a):
            score -= 3
            reasons.append("one side is the function that makes the object, before it returns it")
        if len(a.own) + len(b.own) > _LONG_WAY:
            score -= 1
            reasons.append("the ways to the two accesses are long")
        if "len" in (a.access.op, b.access.op):
            score = min(score, 3)  # a data race, but the runtime does not check it
        if any(c.path.base[0] not in (PARAM, GLOBAL, ALLOC) or c.stuck for c in (a, b)):
            score -= 1 if guard is not None and len(guard.held) >= len(guard.missed) else 3
            reasons.append("where the object comes from is not known on one side")
        return score, tuple(reasons)

    def _under_construction(self, a: Context, b: Context) -> bool:
        """Whether ``a`` belongs to the constructor of the object, and ``b`` is no goroutine that the constructor starts."""
        base = a.path.base
        maker = self.analysis.program.by_id.get(base[1])
        if base[0] != ALLOC or maker is None or not a.ran(maker):
            return False
        returned = any(p.base == base and not p.fields for v in self.analysis.summary(maker).returns for p in v.paths)
        spawn = b.thread.spawn
        return returned and (spawn is None or self.graph.starters(spawn.id).isdisjoint(self.graph.spawns(maker)))

    def _started_by(self, a: Context, b: Context) -> bool:
        """Whether the goroutine of ``a`` is started by the very call that ``b`` is part of, or belongs to the type that has the map."""
        spawn = a.thread.spawn
        if spawn is None:
            return False
        owner = a.where.name.rpartition(".")[0] if a.where.kind == "field" else ""
        for f in (spawn.callee, spawn.caller.frame):
            if f.recv is not None and ".".join(f.recv.key) == owner:
                return True
        on_the_way = {b.thread.func, b.access.func, *(e.caller for e in b.own)}
        return any(spawn.caller is f or spawn.id in self.graph.spawns(f) for f in on_the_way)


def passed_in(c: Context) -> bool:
    """Whether the object is an argument of the function that starts the thread, or of its first function."""
    return c.path.base[0] == PARAM and c.path.base[2] != RECEIVER


def _kin(a: Context, b: Context) -> bool:
    """Whether one function starts both threads, or one of them starts in what the other runs."""
    x, y = a.thread.spawn, b.thread.spawn
    starts = [s.caller.frame.id for s in (x, y) if s is not None]
    return len(set(starts)) < len(starts) or any(s in c.executed() for s in starts for c in (a, b))


def lock_beside(c: Context) -> bool:
    """Whether a lock is held that lies in the map's own object, or beside the package variable: it may be meant to guard the map."""
    for lock, _ in c.locks:
        if _own_lock(c.path, lock):
            return True
        if lock.base[0] == GLOBAL and c.path.base[0] == GLOBAL and _package(lock) == _package(c.path):
            return True
    return False


def _package(path: Path) -> str:
    return path.base[1].rpartition(".")[0]


def _holders_differ(a: Path, b: Path) -> bool:
    """Whether the fields that hold the map's owner are known on both sides and are not the same."""
    x, y = _holder(a), _holder(b)
    return x is not None and y is not None and x != y


def _own_method(c: Context) -> bool:
    """Whether a known thread gets there, or an unknown caller by a method of the type that has the map."""
    recv = c.thread.func.recv
    return strength(c) == REAL or c.where.kind != "field" or (recv is not None and ".".join(recv.key) == c.where.name.rpartition(".")[0])


def _inside_another(a: Context, b: Context, guard: Guard | None) -> bool:
    """Whether ``a`` is the call of an exported method from outside, ``b`` gets at such an object inside the one that keeps it.

    Where the type has the lock itself it is made for both; a lock of the keeper speaks for the object that is kept only.
    """
    mine, theirs = _fields(a.path), _fields(b.path)
    inside = len(theirs) > len(mine) and theirs[-len(mine) :] == mine
    if strength(a) != API or a.path.base != (PARAM, a.thread.func.id, RECEIVER) or not inside:
        return False
    locks = [(c.path, lock) for c in (a, b) for lock, _ in c.locks]
    if guard is not None and guard.held:
        locks.append((guard.shown_with.path, guard.lock))
    return not any(_own_lock(path, lock) for path, lock in locks)


def _own_lock(path: Path, lock: Path) -> bool:
    """Whether the lock lies in the very object that the map lies in."""
    found = lock_key(path, lock).relative
    return found is not None and sum(not is_elem(f) for f in found[0]) <= 1


def _fields(path: Path) -> list[str]:
    return [f for f in path.fields if not is_elem(f) and not f.startswith(COPY)]


def _holder(path: Path) -> str | None:
    fields = _fields(path)
    return fields[-2] if len(fields) >= 2 else None


def guarded_on_the_spot(accesses: list[Access]) -> bool:
    """Whether all accesses hold one lock in their own function, in the right mode: no caller needs to be asked."""
    common: set[tuple[object, object]] | None = None
    for x in accesses:
        if x.owned and x.path.base[1] == x.func.id:
            continue
        mine: set[tuple[object, object]] = set()
        for lock, mode in x.locks:
            key = lock_key(x.path, lock)
            if (mode == WRITE or (mode == READ and not x.writes)) and key.relative is not None and guards(x.path, lock):
                mine.add((key.relative[1], key.kind))
        common = mine if common is None else common & mine
        if not common:
            return False
    return bool(common)


def distinct(contexts: list[Context]) -> list[Context]:
    """One context of each kind that matters to the pairs: access, thread, object and locks; writes and the least locked first.

    Every thread has its turn before any has its second one: a location with very many contexts loses none of its threads.
    """
    seen: dict[tuple[int, str, Path, object], Context] = {}
    for c in contexts:
        seen.setdefault((id(c.access), c.thread.id, c.path, c.locks), c)
    turns: Counter[tuple[str, bool]] = Counter()
    ranked: list[tuple[int, Context]] = []
    for c in sorted(seen.values(), key=lambda c: (strength(c) == API, len(c.locks), not c.access.writes)):
        ranked.append((turns[c.thread.id, c.access.writes], c))
        turns[c.thread.id, c.access.writes] += 1
    ranked.sort(key=lambda turn: turn[0])
    return [c for _, c in ranked[:PER_LOCATION]]


def different_location(graph: CallGraph, a: Context, b: Context) -> bool:
    """Other nesting levels are other maps; so are two allocations that are known to be different."""
    if a.depth != b.depth and "replace" not in (a.access.op, b.access.op):
        return True
    pa, pb = a.path.base, b.path.base
    if pa[0] == ALLOC and pb[0] == ALLOC and pa != pb:
        return True
    maker = graph.analysis.program.by_id.get(pa[1])
    if pa == pb and pa[0] in (ALLOC, RESULT) and a.thread.id != b.thread.id and a.ran(maker) and b.ran(maker):
        return True  # each thread ran the function that made the object: two objects
    if pa[0] == GLOBAL and pb[0] == GLOBAL and pa != pb:
        return True
    if pa != pb and ((a.private and not _started_beside(graph, a, b)) or (b.private and not _started_beside(graph, b, a))):
        return True  # not published: only goroutines that were given this very allocation can reach it
    # the receiver of one function called twice from outside may be one object; two plain parameters are two objects
    return pa[0] == PARAM and pb[0] == PARAM and pa != pb and RECEIVER not in (pa[2], pb[2]) and pa[1] == pb[1]


def lock_of_one_call(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether both goroutines hold a lock that the call which started them has made, and other calls are about other objects."""
    x, y = a.thread.spawn, b.thread.spawn
    if x is None or y is None or x.caller.frame is not y.caller.frame or a.path.base != b.path.base:
        return False
    frame = x.caller.frame
    theirs = dict(b.locks)
    if not any(
        p.base[0] == ALLOC and not p.is_copy and p in theirs and WRITE in (m, theirs[p]) and _frame(graph, p) is frame for p, m in a.locks
    ):
        return False
    kind, owner, _ = a.path.base
    if kind == PARAM:
        maker = graph.analysis.program.by_id.get(owner)
        return maker is not None and maker.frame is frame and not graph.shared(maker, a.path.base, overlapping=True)
    return kind == ALLOC and _frame(graph, a.path) is frame


def _frame(graph: CallGraph, path: Path) -> Func | None:
    func = graph.analysis.program.by_id.get(path.base[1])
    return func.frame if func is not None else None


def took_it_before(a: Context, b: Context) -> bool:
    """Whether ``a`` only puts another map in the place of the one that ``b`` took out under the same lock: ``b`` keeps the old one."""
    if a.access.op != "replace":
        return False
    held = {(found[0], mode) for p, mode in a.locks if (found := location(p)) is not None}
    return any(here == there and WRITE in (m, n) for here, m in held for there, n in b.under)


def _started_beside(graph: CallGraph, private: Context, other: Context) -> bool:
    """Whether the function that made the unpublished object also starts the other side's goroutine, itself or through a call."""
    maker = graph.analysis.program.by_id.get(private.path.base[1])
    spawn = other.thread.spawn
    return maker is not None and spawn is not None and other.path.base[0] == PARAM and spawn.id in graph.spawns(maker)


def infer_guard(contexts: list[Context], declared: Location | None = None) -> Guard | None:
    """The lock that the declaration names, else the one that most accesses hold.

    Writes are weighted double (after SpotBugs' inconsistent-synchronisation statistics).
    """
    by_access: dict[int, list[Context]] = {}
    for c in contexts:
        by_access.setdefault(id(c.access), []).append(c)
    votes: dict[Location, list[Access]] = {}
    shown: dict[Location, tuple[Path, Access]] = {}
    sites: dict[tuple[str, int], Access] = {}
    for group in by_access.values():
        access = group[0].access
        sites.setdefault((access.func.id, access.at), access)
        common: set[Location] | None = None
        for c in group:
            kinds = set()
            for lock, _ in c.locks:
                kind = lock_key(c.path, lock).kind
                if declared is not None and declared.name in lock.fields:
                    kind = declared  # the comment names the field that wraps the lock itself
                if kind is not None and guards(c.path, lock):
                    kinds.add(kind)
                    shown.setdefault(kind, (lock, access))
            common = kinds if common is None else common & kinds
        for kind in common or ():
            mine = votes.setdefault(kind, [])
            if all((x.func.id, x.at) != (access.func.id, access.at) for x in mine):
                mine.append(access)
    if declared is not None and declared not in votes:
        return _never_held(declared, tuple(sites.values()))
    if not votes:
        return None
    best = declared or max(sorted(votes), key=lambda k: _weight(votes[k]))
    held = tuple(votes[best])
    missed = tuple(x for key, x in sites.items() if all((h.func.id, h.at) != key for h in held))
    lock, access = shown[best]
    if declared is not None:
        return Guard(lock, access, held, missed, True)
    near = lock_key(access.path, lock).relative is not None or lock.base[0] == GLOBAL
    if _weight(held) * (3 if near else 1) < _weight(missed):
        return None  # a lock that happens to be held somewhere is no guard
    return Guard(lock, access, held, missed)


def _never_held(lock: Location, missed: tuple[Access, ...]) -> Guard | None:
    """A declared guard that no access holds: it has a name where it is a package variable or stands beside the map."""
    if lock.kind == "global":
        return Guard(Path((GLOBAL, lock.name, 0)), missed[0], (), missed, True)
    for access in missed:
        fields = access.path.fields
        while fields and (is_elem(fields[-1]) or fields[-1].startswith(COPY)):
            fields = fields[:-1]
        if fields and fields[-1].rpartition(".")[0] == lock.name.rpartition(".")[0]:
            return Guard(Path(access.path.base, (*fields[:-1], lock.name)), access, (), missed, True)
    return None


def _weight(accesses: Iterable[Access]) -> int:
    return sum(2 if x.writes else 1 for x in accesses)
