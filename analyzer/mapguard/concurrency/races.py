"""Contexts of one map to races: a chain of named filters over pairs of accesses, and the evidence for what is left.

The first filter that answers ends a pair with its reason; a pair that none ends is a race.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from mapguard.concurrency.aliases import Aliases, Likeness
from mapguard.concurrency.builders import Builders
from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import API, REAL, Climber, Context, strength
from mapguard.concurrency.declared import declared_guard
from mapguard.concurrency.domain import ALLOC, GLOBAL, PARAM, READ, RECEIVER, RESULT, WRITE, Access, Location, Path, location, named_fields
from mapguard.concurrency.doubts import unsure
from mapguard.concurrency.evidence import Evidence
from mapguard.concurrency.guards import common_lock, guards, lock_key
from mapguard.concurrency.inference import Guard, infer_guard
from mapguard.concurrency.lent_locks import name_lent_locks
from mapguard.concurrency.ordering import (
    different_program,
    initialising,
    live_since,
    made_itself,
    one_of_two_starts,
    one_starts_it,
    ordered,
    other_call,
    same_single_root,
    self_parallel,
)
from mapguard.concurrency.ownlocks import OwnLocks
from mapguard.concurrency.passedmaps import keeps_the_old
from mapguard.concurrency.shapes import Shapes
from mapguard.concurrency.solve import Analysis
from mapguard.program.model import Func
from mapguard.program.signatures import may_be_same

PER_LOCATION = 120


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


class Race(NamedTuple):
    where: Location
    a: Context
    b: Context
    guard: Guard | None
    accesses: tuple[Access, ...]
    score: int
    evidence: tuple[str, ...]
    check_then_act: bool = False
    one_of_two: bool = False  # both sides hold a lock that each object has for itself, and new objects get the map of others


class Judge:
    """Decides the pairs of one program; counts what ended each pair."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.aliases = Aliases(analysis)
        self.shapes = Shapes(analysis)
        name_lent_locks(analysis, self.aliases)
        self.graph = CallGraph(analysis, self.aliases)
        self.climber = Climber(self.graph)
        self.counts: Counter[str] = Counter()
        self._contexts: dict[int, list[Context]] = {}
        self.builders = Builders(self.graph)
        self._chain = self._filters()
        self.evidence = Evidence(self.graph, self.aliases)
        self.own_locks = OwnLocks(self.graph)

    # ------------------------------------------------------------ pairs

    def decide(self, a: Context, b: Context) -> Filter | None:
        """The filter that ends the pair; None when it is a race (given enough evidence for the map as a whole)."""
        for name, test in self._chain:
            if test(a, b):
                return name
        return None

    def _filters(self) -> tuple[tuple[Filter, Callable[[Context, Context], bool]], ...]:
        graph, aliases, builders = self.graph, self.aliases, self.builders
        return (
            (Filter.BOTH_READ, lambda a, b: not (a.access.writes or b.access.writes)),
            (Filter.DIFFERENT_LOCATION, lambda a, b: different_location(graph, aliases, a, b)),
            (Filter.DIFFERENT_PROGRAM, lambda a, b: different_program(graph, a, b)),
            (Filter.OTHER_CALL, lambda a, b: other_call(graph, a, b) or other_call(graph, b, a)),
            (Filter.SAME_SINGLE_ROOT, same_single_root),
            (Filter.NOT_SHARED, lambda a, b: not_shared(graph, a, b)),
            (Filter.INIT_ONLY, lambda a, b: initialising(graph, a, b)),
            (Filter.COMMON_LOCK, lambda a, b: one_lock(graph, self.telling(a, b), self.telling(b, a))),
            (
                Filter.SNAPSHOT,
                lambda a, b: any(took_it_before(x, y) or keeps_the_old(graph, x, y) for x, y in ((a, b), (b, a))),
            ),
            (Filter.ORDERED, lambda a, b: ordered(graph, a, b) or builders.finished(a, b) or builders.finished(b, a)),
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
        if not any(x.writes for x in accesses) or self.analysis.always_nil(where):
            return None
        if guarded_on_the_spot(accesses) and not self.own_locks.passed_on(where):
            self.counts[Filter.COMMON_LOCK] += 1
            return None
        found: list[Context] = []
        for access in accesses:
            found.extend(c for c in self.contexts(access) if c.where == where and self.possible(c))
        if not found or not any(c.access.writes for c in found):
            return None
        guard = infer_guard(found, declared_guard(self.analysis.program, where))
        found = distinct(self.graph, found)
        best: tuple[tuple[int, int], Context, Context, tuple[str, ...]] | None = None
        for i, a in enumerate(found):
            for b in found[i:]:
                if not (a.access.writes or b.access.writes):
                    continue
                reason = self.decide(a, b)
                if reason is not None:
                    self.counts[reason] += 1
                    continue
                score, evidence = self.evidence.weigh(a, b, guard, accesses)
                if score <= 0:
                    self.counts[Filter.NO_EVIDENCE] += 1
                    continue
                self.counts["RACE"] += 1
                rank = (score, -guessed(a, b))
                if best is None or rank > best[0]:
                    best = (rank, a, b, evidence)
        if best is None:
            return None
        (score, _), a, b, evidence = best
        if b.access.writes and not a.access.writes:
            a, b = b, a
        return Race(where, a, b, guard, tuple(accesses), score, evidence, one_of_two=one_lock(self.graph, a, b))

    def telling(self, a: Context, b: Context) -> Context:
        """``a`` with the locks that keep ``b`` out also where their objects are two that have one map."""
        if "replace" in (a.access.op, b.access.op) or not self.own_locks.passed_on(a.where):
            return a
        if a.path == b.path and self.own_locks.starts_alone(a.where, a.path):
            return a
        return a._replace(locks=self.own_locks.telling(a.where, a.path, a.locks))

    def possible(self, c: Context) -> bool:
        """Whether one program has all that is on the way, and the types there allow the object to be at its end."""
        if self.graph.of_one_program(c.executed()) is None:
            return False
        return not self.aliases.impossible(c.where, c.path) and self.shapes.allow(c.path)

    def check_then_acts(self) -> Iterable[Race]:
        """Stores into concurrent maps that follow a look-up of the same key, where two threads can interleave: one race for each map."""
        found: dict[Location, list[Context]] = {}
        for ident in sorted(self.analysis.units):
            for access in self.analysis.units[ident].acts:
                for c in self.contexts(access):
                    if strength(c) == REAL and not c.locks and self_parallel(self.graph, c):
                        found.setdefault(c.where, []).append(c)
                        break
        reason = "Load and Store are two steps: another thread can come between"
        for where, contexts in sorted(found.items()):
            c = next((c for c in contexts if not self._same_again(c.access)), contexts[0])
            yield Race(where, c, c, None, tuple(x.access for x in contexts), 1 if self._same_again(c.access) else 3, (reason,), True)

    def _same_again(self, store: Access) -> bool:
        """Whether who comes second stores the same once more."""
        stored = self.analysis.act_values.get((store.func.id, store.at))
        return store.weak or (stored is not None and self.analysis.never_changes(stored))


def guessed(a: Context, b: Context) -> int:
    """How many calls of the two threads may run one of several functions: of pairs with as much evidence the surest one is shown."""
    return sum(e.candidates > 1 for c in (a, b) for e in c.own)


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


def distinct(graph: CallGraph, contexts: list[Context]) -> list[Context]:
    """One context of each kind that matters to the pairs: access, thread, object and locks; writes and the least locked first.

    It is the surest one of its kind, the nearest of these.
    Every thread has its turn before any has its second one: a location with very many contexts loses none of its threads. Those go last
    that may have the object to themselves.
    """
    seen: dict[tuple[int, str, Path, object, bool], Context] = {}
    for c in sorted(contexts, key=unsure):
        seen.setdefault((id(c.access), c.thread.id, c.path, c.locks, c.made is None), c)
    turns: Counter[tuple[str, bool]] = Counter()
    ranked: list[tuple[int, Context]] = []
    for c in sorted(seen.values(), key=lambda c: (strength(c) == API, len(c.locks), not c.access.writes)):
        ranked.append((turns[c.thread.id, c.access.writes], c))
        turns[c.thread.id, c.access.writes] += 1
    ranked.sort(key=lambda turn: turn[0])
    if len(ranked) > PER_LOCATION:
        ranked.sort(key=lambda turn: turn[1].path.base[0] == ALLOC and made_itself(graph, turn[1]))
    return [c for _, c in ranked[:PER_LOCATION]]


def different_location(graph: CallGraph, aliases: Aliases, a: Context, b: Context) -> bool:
    """Other nesting levels are other maps; so are two allocations that are known to be different."""
    if a.depth != b.depth and "replace" not in (a.access.op, b.access.op):
        return True
    if _other_map_type(graph, a, b):
        return True
    pa, pb = a.path.base, b.path.base

    def leads_on(mine: Path, other: Path) -> bool:
        """Whether the map is not in the object itself, but in one that it points to and that the other side may reach."""
        return not graph.belongs(mine) and aliases.meet(mine, other)

    if pa[0] == ALLOC and pb[0] == ALLOC and pa != pb and (_own_field(a.path) or _own_field(b.path)):
        return True  # what their fields point to may be one object
    if _own_object(graph, a) and _own_object(graph, b):
        return True  # each has its object from itself, wherever that is kept too
    if _started_later(graph, aliases, a, b) or _started_later(graph, aliases, b, a):
        return True  # each call of the maker has its own object, and starts the goroutine after it is done with this
    kept_apart = a.private and b.private and pa[0] == pb[0] == ALLOC  # nobody else gets at what either of them has made
    if (
        (kept_apart or (pa == pb and pa[0] in (ALLOC, RESULT)))
        and a.thread.id != b.thread.id
        and made_itself(graph, a)
        and made_itself(graph, b)
    ):
        return True  # each thread ran the function that made the object: two objects
    if pa[0] == GLOBAL and pb[0] == GLOBAL and pa != pb:
        return True
    if pa != pb and any(x.private and not _started_beside(graph, x, y) and not leads_on(x.path, y.path) for x, y in ((a, b), (b, a))):
        return True  # not published: only goroutines that were given this very allocation can reach it
    # the receiver of one function called twice from outside may be one object; two plain parameters are two objects
    return pa[0] == PARAM and pb[0] == PARAM and pa != pb and RECEIVER not in (pa[2], pb[2]) and pa[1] == pb[1]


def not_shared(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether only one goroutine gets to the two sides, or each of several with an object of its own."""
    if one_of_two_starts(a, b) or one_starts_it(graph, a, b):
        return True
    return a.thread.id == b.thread.id and not self_parallel(graph, a)


def _other_map_type(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether the maps have other keys or elements: a field or parameter of an interface type holds maps of several types."""
    types = graph.analysis.types
    x, y = types.map_of(types.deref(a.access.type)), types.map_of(types.deref(b.access.type))
    return x is not None and y is not None and not may_be_same(types, x, y)


def _own_field(path: Path) -> bool:
    """Whether the map lies in the object itself, not in another one that it points to."""
    return len(named_fields(path)) <= 1


def one_lock(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether a lock keeps the two sides apart, their own or the one of a call that a side belongs to."""
    if common_lock(a.path, a.locks, b.path, b.locks) is not None or lock_of_one_call(graph, a, b):
        return True
    return lock_of_starter(a, b) or lock_of_starter(b, a)


def lock_of_starter(a: Context, b: Context) -> bool:
    """Whether who started ``a`` holds a lock until ``a`` has ended, and ``b`` takes it on another goroutine."""
    spawn = a.thread.spawn
    if not a.around or spawn is None or b.thread.spawn is None or b.ran(spawn.caller):
        return False  # the starter itself holds the lock all the time
    return common_lock(a.path, a.around, b.path, b.locks) is not None


def _own_object(graph: CallGraph, c: Context) -> bool:
    """Whether the map lies in an object that the thread has made in this very run."""
    return c.made is not None and c.ran(graph.analysis.program.by_id.get(c.made.base[1])) and graph.belongs(c.made)


def _started_later(graph: CallGraph, aliases: Aliases, a: Context, b: Context) -> bool:
    """Whether ``a`` is about the object that its thread has just made, wherever that is kept too, and ``b`` is on a goroutine that gets
    its object from the call that made it: the same one, when ``a`` is done, or another one."""
    spawn, base = b.thread.spawn, b.path.base
    if a.made is None or spawn is None or base[0] != ALLOC or not a.made.fields or named_fields(a.made) != named_fields(b.path):
        return False
    if not _own_object(graph, a) or not graph.belongs(b.path):
        return False
    maker = _frame(graph, b.path)
    if maker is None or maker is not spawn.caller.frame or (a.made.base != base and aliases.may_be_one(a.made.base, base)):
        return False
    starters = {spawn.id} if spawn.caller is maker else graph.starters(spawn.id)
    return a.made.base != base or live_since(a, maker).isdisjoint(starters)


def lock_of_one_call(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether both goroutines hold a lock that the call which started them has made, and other calls are about other objects."""
    x, y = a.thread.spawn, b.thread.spawn
    if x is None or y is None or x.caller.frame is not y.caller.frame or a.path.base != b.path.base or a.passed.base != b.passed.base:
        return False
    frame = x.caller.frame
    theirs = dict(b.locks)
    if not any(
        p.base[0] == ALLOC and not p.is_copy and p in theirs and WRITE in (m, theirs[p]) and _frame(graph, p) is frame for p, m in a.locks
    ):
        return False
    kind, owner, _ = a.passed.base
    if kind == PARAM:
        maker = graph.analysis.program.by_id.get(owner)
        return maker is not None and maker.frame is frame and not graph.shared(maker, a.passed.base, overlapping=True)
    return kind == ALLOC and _frame(graph, a.passed) is frame


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
    """Whether the other side's goroutine may run beside the function that made the unpublished object and has started it, itself or
    through a call, before it gets to the access."""
    maker = graph.analysis.program.by_id.get(private.path.base[1])
    spawn = other.thread.spawn
    if maker is None or spawn is None or other.path.base[0] != PARAM or spawn.id not in graph.spawns(maker):
        return False
    if not private.ran(maker):
        return True
    running = live_since(private, maker)
    return not running.isdisjoint(graph.starters(spawn.id))
