"""What makes it less likely that two threads meet at one object: a chain of small tests over a pair of contexts, each with its weight."""

from collections.abc import Iterator
from typing import NamedTuple

from mapguard.concurrency.aliases import Aliases, Likeness
from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import API, REAL, Context, strength
from mapguard.concurrency.domain import ALLOC, GLOBAL, PARAM, RECEIVER, RESULT, Base, Path, named_fields
from mapguard.concurrency.flags import refusals
from mapguard.concurrency.guards import own_lock
from mapguard.concurrency.inference import Guard
from mapguard.concurrency.intent import Intent, for_each_request
from mapguard.concurrency.leases import Leases
from mapguard.concurrency.ordering import live_since
from mapguard.concurrency.promises import begins, configures, fills_new, for_several_goroutines, in_a_phase, once_an_object
from mapguard.concurrency.servants import SERVED, Servants
from mapguard.concurrency.ways import Ways
from mapguard.concurrency.workers import still_idle
from mapguard.facts.syntax import TStruct
from mapguard.program.model import Func

_FEW_CANDIDATES, _MANY_CANDIDATES = 3, 8  # a call that may run so many functions says next to nothing about which one it runs
_LONG_WAY = 8  # calls on both ways together: each may be one that does not happen on that object
_FAR = 5  # calls and starts from the entry point on each of the two ways: so it is with those that start the threads


class Doubt(NamedTuple):
    """``weight`` is taken off the score: 3 leaves little of a race between known entry points, 0 keeps it from being sure."""

    weight: int
    reason: str


class Doubts:
    """Answers for one program."""

    def __init__(self, graph: CallGraph, aliases: Aliases, intent: Intent) -> None:
        self.graph = graph
        self.aliases = aliases
        self.intent = intent
        self.servants = Servants(graph, aliases)
        self.leases = Leases(graph, aliases)
        self.ways = Ways(graph)

    def of(self, a: Context, b: Context, guard: Guard | None) -> list[Doubt]:
        """All doubts about a pair."""
        mostly_held = guard is not None and len(guard.held) >= len(guard.missed)
        found = [d for d in (_guess(a, b), self._identity(a, b, guard, mostly_held)) if d is not None]
        return [*found, *self._threads(a, b), *_time(a, b), *self._ways(a, b, guard), *self._origin(a, b, mostly_held)]

    def _threads(self, a: Context, b: Context) -> Iterator[Doubt]:
        """Whether both threads are there, at the same time."""
        kinds = {a.thread.kind, b.thread.kind}
        if "unknown" in kinds:
            yield Doubt(2, "one side is called by nobody that is known, most likely through a call that could not be resolved")
        if self._under_construction(a, b) or self._under_construction(b, a):
            yield Doubt(3, "one side is the function that makes the object, before it returns it")
        idle = max(still_idle(self.graph, a, b), still_idle(self.graph, b, a))
        if idle:
            yield Doubt(idle, "one side waits for something to do, which the call that starts it has not given it yet")
        if self._uncalled(a, b) or self._uncalled(b, a):
            yield Doubt(2, "nobody calls one side in this tree, which has the program that it belongs to")
        if {c.thread.kind for c in (a, b)} == {"exported"} and all(self._one_at_a_time(c.thread.func) for c in (a, b)):
            many = "this tree calls it like that method of many other types, and never twice at a time on one object"
            yield Doubt(2 if a.thread.id == b.thread.id else 1, many)
        if self._before_start(a, b) or self._before_start(b, a):
            yield Doubt(4, "one side is refused once the object has started, the other only reads")
        if self.leases.common(a, b):
            yield Doubt(3, "both sides got the object locked, most likely: a deferred call gives it up")
        if a.early or b.early:
            yield Doubt(2, "this tree gets to one side when its packages are initialised only")
        if kinds == {"exported", "goroutine"} and not (self.started_by(a, b) or self.started_by(b, a)):
            yield Doubt(1, "an object's goroutine and a caller from outside, who may come before it starts or after it ends")

    def _one_at_a_time(self, func: Func) -> bool:
        return self.graph.one_at_a_time(func) and not for_each_request(func)

    def _before_start(self, a: Context, b: Context) -> bool:
        """Whether ``a`` gives up under the lock where a flag is set, as only ``Start``, ``Serve`` and the like do: the map is filled before
        and read without a lock from then on. Who ``closed`` an object says nothing of the kind."""
        if b.access.writes:
            return False
        by_id = self.graph.analysis.program.by_id
        return any(all(once_an_object(by_id[f]) for f in found.setters) for found in refusals(self.graph, a))

    def _uncalled(self, c: Context, other: Context) -> bool:
        """Whether it is a function that the program it belongs to does not call, and that nobody is invited to call from everywhere.

        Calls that could not be resolved may be calls of it, though most likely not two at a time.
        """
        func = c.thread.func
        if c.thread.kind != "exported" or not self.graph.in_program(func):
            return False
        analysis = self.graph.analysis
        answers = (
            (func is not other.thread.func and analysis.may_answer(func)) or func.id in analysis.crowded or self.graph.left_to_library(func)
        )
        return not (answers or for_each_request(func) or for_several_goroutines(func) or self.intent.in_concurrent_map(c))

    def _identity(self, a: Context, b: Context, guard: Guard | None, mostly_held: bool) -> Doubt | None:
        """Whether the two ways lead to one object."""
        apart = a.path.base != b.path.base and a.path.base[0] == b.path.base[0] == ALLOC and not self.aliases.meet(a.path, b.path)
        if apart or self.aliases.different_objects(a.where, a.path, b.path) == Likeness.UNLIKELY:
            return Doubt(3, "nothing in the tree brings the two sides to one object")
        if self.servants.lent(a) and self.servants.lent(b):
            return Doubt(3, "each request makes such an object for itself, most likely")
        if _inside_another(a, b, guard) or _inside_another(b, a, guard):
            return Doubt(3, "one side reaches the map inside another object, the other is called on an object of its own")
        if _holders_differ(a.path, b.path) and not self.aliases.meet(a.path, b.path):
            known = REAL in (strength(a), strength(b))
            return Doubt(1 if known else 2, "the two sides reach the map through different fields, which may hold different objects")
        if a.path.base != b.path.base and (_passed_in(a) or _passed_in(b)) and not _kin(a, b):
            argument = "the object is an argument on one side, and nothing says that the other side has the same"
            return Doubt(1 if mostly_held else 3, argument)
        return None

    def _under_construction(self, a: Context, b: Context) -> bool:
        """Whether ``a`` belongs to the constructor of the object, and ``b`` is no goroutine that the constructor has started by then.

        Who finds the object in a place where the constructor has put it may come at any time, but a handler is not served yet.
        """
        base = a.path.base
        maker = self.graph.analysis.program.by_id.get(base[1])
        if base[0] != ALLOC or maker is None or not a.ran(maker):
            return False
        spawn = b.thread.spawn
        if self._registers(maker, b.thread.func):
            return self._returns(maker, base, (RESULT, *base[1:]))
        if a.private:
            started = live_since(a, maker)
            return self._returns(maker, base, (RESULT, *base[1:])) and (spawn is None or self.graph.starters(spawn.id).isdisjoint(started))
        return self._returns(maker, base) and (spawn is None or self.graph.starters(spawn.id).isdisjoint(self.graph.spawns(maker)))

    def _registers(self, maker: Func, handler: Func) -> bool:
        """Whether the function registers the other one with a server, itself or through a call."""
        threads = self.graph.analysis.threads
        found = (threads[t] for t in self.graph.spawns(maker) if t in threads)
        return any(e.callee is handler and e.kind == "root" and e.root in SERVED for e in found)

    def _returns(self, maker: Func, *bases: Base) -> bool:
        """Whether the function returns one of the objects or what that leads to. One that has escaped is a result like any other."""
        types = self.graph.analysis.types
        values = (
            v
            for v in self.graph.analysis.summary(maker).returns
            if types.is_reference(v.type) or isinstance(types.underlying(v.type), TStruct)
        )
        return any(p.base in bases for v in values for p in v.paths)

    def _origin(self, a: Context, b: Context, mostly_held: bool) -> Iterator[Doubt]:
        """Whether it is known what the two ways start from; a result that both have from one call made once is one object."""
        kind, maker, _ = a.path.base
        func = self.graph.analysis.program.by_id.get(maker)
        if a.path.base == b.path.base and kind == RESULT and func is not None and not self.graph.runs_many(func):
            return
        if self._begun_before(a, b) or self._begun_before(b, a):
            return
        if any(c.path.base[0] not in (PARAM, GLOBAL, ALLOC) or c.stuck for c in (a, b)):
            yield Doubt(1 if mostly_held else 3, "where the object comes from is not known on one side")

    def _begun_before(self, a: Context, b: Context) -> bool:
        """Whether ``a`` is about the result of a call that its thread has got, and ``b`` on the goroutine that it has started for that by
        then: wherever the object comes from, both have the same."""
        got, base = a.path.base, b.path.base
        spawn, caller = b.thread.spawn, self.graph.analysis.program.by_id.get(got[1])
        if got[0] != RESULT or spawn is None or caller is None or spawn.id not in live_since(a, caller):
            return False
        starts = self.graph.incoming.get(spawn.caller.id, ()) if base[:2] == (PARAM, spawn.caller.id) else ()
        return any(e.caller is caller and Path(got) in e.args.get(base[2], ()) for e in starts)

    def _ways(self, a: Context, b: Context, guard: Guard | None) -> Iterator[Doubt]:
        """Whether the ways to the two accesses can be trusted."""
        if a.access.weak or b.access.weak:
            yield Doubt(1, "one access is an argument of a function that is not in the tree")
        both_write = a.access.writes and b.access.writes
        far = guard is None and not both_write and all(len(self.ways.shown(c)) > _FAR for c in (a, b))
        if far or len(a.own) + len(b.own) > _LONG_WAY:
            guessed = any(e.candidates > 1 for c in (a, b) for e in c.chain)
            sure = guard is not None or (both_write and not guessed)  # else nothing else speaks for one shared map
            yield Doubt(1 if sure or _one_variable(a, b) else 3, "the ways to the two accesses are long")

    def started_by(self, a: Context, b: Context) -> bool:
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


def _time(a: Context, b: Context) -> Iterator[Doubt]:
    """Whether one side belongs to a time when nobody else has the object."""
    kept = _one_variable(a, b) or (_holder(a.path) is not None and named_fields(a.path) == named_fields(b.path))
    if not kept and any(c.access.writes and fills_new(c.access.func) for c in (a, b)):
        yield Doubt(3, "one side fills the object from its encoded form")
    if _beginning(a, b) or _beginning(b, a):
        yield Doubt(2, "one side makes the map where the object's life begins")
    if _configuring(a) or _configuring(b):
        yield Doubt(2, "one side fills the map when whoever made the connection sends the settings, once and before all else")
    if any(in_a_phase(f) for c in (a, b) for f in _functions(c)):
        yield Doubt(0, "one side parses, loads or resets, which may have the object to itself")
    if a.thread.id != b.thread.id and "replace" in (a.access.op, b.access.op) and a.access.writes and b.access.writes:
        yield Doubt(3, "one side puts another map in the place of the one that the other changes")


def _one_variable(a: Context, b: Context) -> bool:
    """Whether both ways reach the map through one package variable: whoever gets there finds the objects that are kept there."""
    return a.path.base[0] == GLOBAL and a.path.base == b.path.base and named_fields(a.path) == named_fields(b.path)


def guesses(c: Context) -> int:
    """Of how many functions a call on the way may run one, at most."""
    return max((e.candidates for e in c.chain), default=1)


def unsure(c: Context) -> int:
    """The same, where it is many enough to speak against the way."""
    return max(guesses(c), _FEW_CANDIDATES)


def _guess(a: Context, b: Context) -> Doubt | None:
    """Calls on the way that may run one of several functions."""
    most = max(guesses(a), guesses(b))
    single = a.path.base[0] == GLOBAL and b.path.base[0] == GLOBAL  # whoever gets there finds the one object
    stored = [e for c in (a, b) for e in c.chain if e.kind == "callback" and e.candidates > 1]
    if stored:
        all_run = single or all(e.queued for e in stored)
        return Doubt(1 if all_run else 3, f"a stored function is called that may be one of {most}")
    if most <= _FEW_CANDIDATES:
        return None
    many = 2 if single else 4
    return Doubt(many if most > _MANY_CANDIDATES else 1, f"an interface is called that {most} types implement")


def _beginning(a: Context, b: Context) -> bool:
    """Whether ``a`` makes a map for the object where that starts to work, or is a start that nobody in the tree is known to call."""
    if strength(a) == API and begins(a.thread.func):
        return True
    made = a.access.op == "replace" and any(begins(f) for f in _functions(a))
    return made and a.thread.id != b.thread.id


def _configuring(c: Context) -> bool:
    """Whether it is a remote call that tells an object its settings, and fills the map from them: the first call of a plugin's host."""
    return c.access.writes and c.thread.kind in ("grpc", "rpc") and configures(c.thread.func)


def _functions(c: Context) -> tuple[Func, ...]:
    """The functions on the way of the thread itself."""
    return (c.access.func, *(e.caller for e in c.own))


def _passed_in(c: Context) -> bool:
    """Whether the object is an argument of the function that starts the thread, or of its first function."""
    return c.path.base[0] == PARAM and c.path.base[2] != RECEIVER


def _kin(a: Context, b: Context) -> bool:
    """Whether one function starts both threads, or one of them starts in what the other runs."""
    x, y = a.thread.spawn, b.thread.spawn
    starts = [s.caller.frame.id for s in (x, y) if s is not None]
    return len(set(starts)) < len(starts) or any(s in c.executed() for s in starts for c in (a, b))


def _holders_differ(a: Path, b: Path) -> bool:
    """Whether the fields that hold the map's owner are known on both sides and are not the same."""
    x, y = _holder(a), _holder(b)
    return x is not None and y is not None and x != y


def _inside_another(a: Context, b: Context, guard: Guard | None) -> bool:
    """Whether ``a`` is the call of an exported method from outside, ``b`` gets at such an object inside the one that keeps it.

    Where the type has the lock itself it is made for both; a lock of the keeper speaks for the object that is kept only.
    """
    mine, theirs = named_fields(a.path), named_fields(b.path)
    inside = len(theirs) > len(mine) and theirs[-len(mine) :] == mine
    if strength(a) != API or a.path.base != (PARAM, a.thread.func.id, RECEIVER) or not inside:
        return False
    locks = [(c.path, lock) for c in (a, b) for lock, _ in c.locks]
    if guard is not None and guard.held:
        locks.append((guard.shown_with.path, guard.lock))
    return not any(own_lock(path, lock) for path, lock in locks)


def _holder(path: Path) -> str | None:
    fields = named_fields(path)
    return fields[-2] if len(fields) >= 2 else None
