"""From each access up the call graph to the threads that can execute it: paths, locks and ownership in terms of every caller on the way.

The walk goes against the call edges. It ends at a root (a handler, a go statement, main), at memory that no other goroutine can reach
yet (owned), or at a function that nobody in the tree calls. Each end is one ``Context``.
"""

from collections import deque
from typing import NamedTuple

from mapguard.concurrency.aliases import Aliases
from mapguard.concurrency.body import substitute
from mapguard.concurrency.domain import (
    ALLOC,
    ELEM,
    GLOBAL,
    JOINED,
    PARAM,
    RECEIVED,
    RECEIVER,
    RESULT,
    TOKEN,
    WRITE,
    Access,
    Base,
    Edge,
    Location,
    Locks,
    Path,
    location,
    place,
)
from mapguard.concurrency.roots import entry_points
from mapguard.concurrency.solve import Analysis
from mapguard.program.model import Func

DEPTH_LIMIT = 24
STATE_LIMIT = 400
PER_ACCESS = 40
_MAKERS = 3  # calls between the one that makes a function literal and the one that runs it, and ways that are followed
_MAKERS_SEEN = 60
_STEPS_KEPT = 50_000  # steps up that are remembered for other accesses


class Thread(NamedTuple):
    """The thread of a context. ``spawn`` is the edge that starts it inside the tree, None for a root from outside."""

    kind: str  # goroutine, http, grpc, main, init, exported, stored (called by who was given it), unknown …
    many: bool
    func: Func
    spawn: Edge | None

    @property
    def id(self) -> str:
        """Equal for contexts that the same go statement, registration or entry point starts, or one goroutine runs in turn."""
        if self.spawn is None:
            return f"{self.kind}:{self.func.id}"
        return self.spawn.series or self.spawn.id


class Context(NamedTuple):
    """One way to an access: by which thread, through which edges (outermost first), with which locks, on which object."""

    access: Access
    thread: Thread
    chain: tuple[Edge, ...]
    path: Path
    locks: Locks
    where: Location
    depth: int
    private: bool  # the object is an allocation that only goroutines started beside it can reach
    joined: tuple[Path, ...]  # what was waited for on the way

    def executed(self) -> frozenset[str]:
        """The functions that run on the thread itself on this way."""
        inside = {e.caller.id for e in self.chain if not e.starts_thread}
        return frozenset(inside | {self.thread.func.id, self.access.func.id})

    @property
    def stuck(self) -> bool:
        """Whether the object is a parameter in the middle of the way: no caller says what was passed."""
        if self.path.base[0] != PARAM or self.path.base[1] not in self.executed():
            return False
        ends = (self.thread.func, self.thread.spawn.caller if self.thread.spawn is not None else None)
        return all(self.path.base[1] not in _around(f) for f in ends if f is not None)


def _around(func: Func) -> set[str]:
    """A function and those that enclose it."""
    found: set[str] = set()
    at: Func | None = func
    while at is not None:
        found.add(at.id)
        at = at.outer
    return found


State = tuple[str, Path, Locks]  # what has been seen: the same way need not be walked twice


class Way(NamedTuple):
    """A state of the walk: the access in terms of ``func``.

    ``owned``: nobody else can reach the object, the walk ends. ``ours``: so it was where the object was last seen. ``hidden``:
    ``Context.private`` so far.
    """

    func: Func
    path: Path
    locks: Locks
    chain: tuple[Edge, ...]
    owned: bool
    hidden: bool
    ours: bool


class Climber:
    """Incoming edges by callee, roots, and how often functions run."""

    def __init__(self, analysis: Analysis, aliases: Aliases) -> None:
        self.analysis = analysis
        self.incoming: dict[str, list[Edge]] = {}
        self._joinable = {place(p) for ends in analysis.signals.values() for p in ends}
        for unit in analysis.units.values():
            for edge in unit.edges:
                edge.locks = self._telling(edge.locks)
                scope = edge.caller.scope
                if aliases.reaches(edge) and (scope.file.test or not scope.support):
                    self.incoming.setdefault(edge.callee.id, []).append(edge)
        for edges in self.incoming.values():
            edges.sort(key=lambda e: (e.caller.path, e.at, e.kind, e.caller.id))
        self.roots = entry_points(analysis)
        self._many: dict[str, bool] = {}
        self._programs: dict[str, frozenset[str]] = {}
        self._spawns: dict[str, frozenset[str]] = {}
        self._descendants: dict[str, frozenset[str]] = {}
        self._imported: dict[str, frozenset[str]] = {}
        self._chained: dict[tuple[str, str], list[tuple[Edge, ...]]] = {}
        self._stepped: dict[State, list[tuple[Edge, Path, Locks]]] = {}

    # ------------------------------------------------------------ how often

    def runs_many(self, func: Func) -> bool:
        """Whether several activations of ``func`` can be under way or follow each other: a handler, called in a loop, from such a one."""
        known = self._many.get(func.id)
        if known is not None:
            return known
        self._many[func.id] = False
        root = self.roots.get(func.id)
        found = root is not None and root.many
        if not found:
            for edge in self.incoming.get(func.id, ()):
                if edge.callee is not edge.caller and (edge.many or bool(edge.loops) or self.runs_many(edge.caller)):
                    found = True
                    break
        self._many[func.id] = found
        return found

    def spawns(self, func: Func) -> frozenset[str]:
        """The threads that ``func`` may start, itself or through what it calls."""
        known = self._spawns.get(func.id)
        if known is not None:
            return known
        self._spawns[func.id] = frozenset()
        unit = self.analysis.units.get(func.id)
        found: set[str] = set()
        for edge in unit.edges if unit is not None else ():
            if edge.starts_thread:
                found.add(edge.id)
            else:
                found |= self.spawns(edge.callee)
        self._spawns[func.id] = frozenset(found)
        return self._spawns[func.id]

    def starts(self, thread: str, goal: str) -> bool:
        """Whether the thread is ``goal``, or starts it in turn, itself or through others."""
        if thread == goal:
            return True
        known = self._descendants.get(thread)
        if known is None:
            found: set[str] = set()
            pending = [thread]
            while pending:
                edge = self.analysis.threads.get(pending.pop())
                more = (self.spawns(edge.callee) if edge is not None else frozenset()) - found
                found |= more
                pending.extend(more)
            known = self._descendants[thread] = frozenset(found)
        return goal in known

    def programs(self, func: Func) -> frozenset[str]:
        """The main functions from which ``func`` is reached; "*" stands for callers outside the tree."""
        known = self._programs.get(func.id)
        if known is not None:
            return known
        self._programs[func.id] = frozenset()
        root = self.roots.get(func.id)
        found: set[str] = {func.id} if root is not None and root.kind == "main" else set()
        edges = self.incoming.get(func.id, ())
        for edge in edges:
            found |= self.programs(edge.caller)
        if not edges and not found:
            found.add("*")
        self._programs[func.id] = frozenset(found)
        return self._programs[func.id]

    def imported_by(self, main: str) -> frozenset[str]:
        """The packages that the program of a main function consists of."""
        known = self._imported.get(main)
        if known is None:
            packages = self.analysis.program.imports()
            found: set[str] = set()
            pending = [self.analysis.program.by_id[main].scope.package.path]
            while pending:
                path = pending.pop()
                if path not in found:
                    found.add(path)
                    pending.extend(packages.get(path, ()))
            known = self._imported[main] = frozenset(found)
        return known

    def one_spawn_each(self, func: Func, base: Base, depth: int = 0) -> bool:
        """Whether every object passed as the parameter ``base`` of ``func`` is made for that one call: it gets one goroutine of its own."""
        edges = [e for e in self.incoming.get(func.id, ()) if not e.starts_thread]
        if not edges or depth > 4:
            return False
        for edge in edges:
            targets = edge.args.get(base[2], ())
            if not targets:
                return False
            for target in targets:
                if any(f"{ELEM}@{loop}" in target.fields for loop in edge.loops):
                    continue
                if target.base[0] == ALLOC and target.base[1] == edge.caller.id:
                    around = self.analysis.alloc_loops.get(target.base, ())
                    if any(loop not in around for loop in edge.loops):
                        return False
                elif not (
                    target.base[0] == PARAM
                    and not target.fields
                    and target.base[1] == edge.caller.id
                    and not edge.loops
                    and self.one_spawn_each(edge.caller, target.base, depth + 1)
                ):
                    return False
        return True

    def made_each(self, func: Func, base: Base, depth: int = 0) -> bool:
        """Whether every object passed as the parameter ``base`` of ``func`` is made by the callers on the way: none is passed twice."""
        edges = self.incoming.get(func.id, ())
        if not edges or depth > _MAKERS + 1:
            return False
        for edge in edges:
            for target in edge.args.get(base[2], ()) or (None,):
                made = target is not None and target.base[0] == ALLOC and target.base[1] == edge.caller.id
                passed = target is not None and target.base[0] == PARAM and target.base[1] == edge.caller.id and not target.fields
                if not made and not (passed and target is not None and self.made_each(edge.caller, target.base, depth + 1)):
                    return False
        return True

    def way_to(self, func: Func) -> tuple[Edge, ...]:
        """A shortest chain of edges from an entry point to ``func``, outermost first; empty when there is none."""
        queue: deque[tuple[Func, tuple[Edge, ...]]] = deque([(func, ())])
        seen = {func.id}
        while queue:
            at, chain = queue.popleft()
            if at.id in self.roots or len(chain) > DEPTH_LIMIT:
                return chain
            for edge in self.incoming.get(at.id, ()):
                if edge.caller.id not in seen:
                    seen.add(edge.caller.id)
                    queue.append((edge.caller, (edge, *chain)))
        return ()

    # ------------------------------------------------------------ climbing

    def _telling(self, locks: Locks) -> Locks:
        """Without waits for what no goroutine of the tree signals."""
        if any(m == JOINED for _, m in locks):
            return tuple((p, m) for p, m in locks if m != JOINED or place(p) in self._joinable)
        return locks

    def contexts(self, access: Access) -> list[Context]:
        """All ways to one access, breadth first, within the limits; the nearest are found first."""
        done: list[Context] = []
        locks = self._telling(access.locks)
        start_owned = access.owned and access.path.base[1] == access.func.id
        queue: deque[Way] = deque([Way(access.func, access.path, locks, (), start_owned, access.private, access.owned)])
        seen: set[State] = {(access.func.id, access.path, locks)}
        while queue and len(done) < PER_ACCESS:
            way = queue.popleft()
            if not way.owned:
                self._step(access, way, queue, seen, done)
        return done

    def _step(self, access: Access, way: "Way", queue: "deque[Way]", seen: "set[State]", done: list[Context]) -> None:
        func, path, locks, chain, _, hidden, ours = way
        root = self.roots.get(func.id)
        if root is not None and not _given(root.kind, func, path):
            self._end(done, access, Thread(root.kind, root.many, func, None), chain, path, locks, hidden)
        edges = self.incoming.get(func.id, ())
        if not edges or len(chain) >= DEPTH_LIMIT:
            if root is None:
                kind = "exported" if func.exported and reachable_from_outside(func) else "unknown"
                if (func.outer is not None or func.id in self.analysis.handed_on) and "cmd" not in func.scope.package.path.split("/"):
                    kind = "stored"
                if func.scope.support:
                    return  # only tests call it
                if written_in_main(func):
                    kind = "main"
                if path.base[0] == PARAM and path.base[1] == func.id and path.base[2] != RECEIVER:
                    return  # what an unknown caller passes is that caller's business
                self._end(done, access, Thread(kind, kind != "main", func, None), chain, path, locks, hidden)
            return
        for edge, target, held in self._callers(func, path, locks):
            if edge in chain:
                continue
            concealed = hidden if target.base == path.base else target.base in edge.private
            if edge.starts_thread:
                many = edge.many or bool(edge.loops) or self.runs_many(edge.caller)
                if edge.kind == "root":
                    if _given(edge.root, func, path):
                        continue
                    thread = Thread(edge.root, edge.many, func, edge)
                else:
                    thread = Thread("goroutine", many, func, edge)
                if target.base in edge.owned and edge.kind == "go" and target.base[0] == RECEIVED:
                    continue
                self._end(done, access, thread, (edge, *chain), target, held, False)
                continue
            if len(seen) >= STATE_LIMIT:
                continue
            state = (edge.caller.id, target, held)
            if state not in seen:
                seen.add(state)
                # memory of an enclosing function is still ours when no goroutine lies between it and here
                kept = ours if target.base == path.base else target.base in edge.owned
                owned = kept and target.base[0] in (ALLOC, RECEIVED) and target.base[1] == edge.caller.id
                queue.append(Way(edge.caller, target, held, (edge, *chain), owned, concealed, kept))

    def _callers(self, func: Func, path: Path, locks: Locks) -> list[tuple[Edge, Path, Locks]]:
        """One step up: every edge to ``func`` with path and locks in the terms of its caller, and the locks held there."""
        key = (func.id, path, locks)
        known = self._stepped.get(key)
        if known is not None:
            return known
        found: list[tuple[Edge, Path, Locks]] = []
        homes = self._homes(path, locks, func)
        for edge in self.incoming.get(func.id, ()):
            for home, there in homes:
                for target, held in self._moves(home, there, func, edge):
                    if edge.starts_thread:
                        found.append((edge, target, (*held, *edge.locks)))
                        continue
                    merged = dict(edge.locks)
                    for p, m in held:
                        if merged.get(p) != WRITE:
                            merged[p] = m
                    if edge.kind == "once" and not edge.locks:
                        merged[Path((GLOBAL, "sync.Once", edge.at))] = WRITE
                    found.append((edge, target, tuple(sorted(merged.items()))))
        if len(self._stepped) >= _STEPS_KEPT:
            self._stepped.clear()
        self._stepped[key] = found
        return found

    def _homes(self, path: Path, locks: Locks, func: Func) -> list[tuple[Path, Locks]]:
        """An object made by ``func`` that it stored below a parameter is that parameter's from the caller's point of view."""
        if path.base[0] != ALLOC or path.base[1] != func.id:
            return [(path, locks)]
        homes = [h for h in self.analysis.homes.get(path.base, ()) if h.base[0] == PARAM and h.base[1] == func.id]
        found = [(h.plus(*path.fields), tuple((h.plus(*p.fields) if p.base == path.base else p, m) for p, m in locks)) for h in homes]
        return found or [(path, locks)]

    def _moves(self, path: Path, locks: Locks, func: Func, edge: Edge) -> list[tuple[Path, Locks]]:
        """``moves``, also for a function literal that left the function it is written in: the call of that one tells its parameters."""
        kind, owner, _ = path.base
        if kind == PARAM and owner != func.id:
            maker = self.analysis.program.by_id.get(owner)
            if maker is not None and edge.caller.frame is not maker.frame:
                return self._made_by(path, locks, maker, edge.caller) or [(path, locks)]
        return moves(path, locks, func, edge)

    def _made_by(self, path: Path, locks: Locks, maker: Func, caller: Func) -> list[tuple[Path, Locks]]:
        """``path`` of ``maker`` in the terms of ``caller``, which calls it directly or through few others; empty when it does not."""
        found: list[tuple[Path, Locks]] = []
        for chain in self._chains(maker, caller):
            func, there = maker, [(path, locks)]
            for edge in chain:
                there = [m for p, held in there for m in moves(p, held, func, edge)][:_MAKERS]
                func = edge.caller
            found.extend(there)
        return found[:_MAKERS]

    def _chains(self, maker: Func, caller: Func) -> list[tuple[Edge, ...]]:
        """The shortest chains of calls from ``caller`` to ``maker``, innermost first."""
        known = self._chained.get((maker.id, caller.id))
        if known is not None:
            return known
        found: list[tuple[Edge, ...]] = []
        queue: deque[tuple[Func, tuple[Edge, ...]]] = deque([(maker, ())])
        seen = {maker.id}
        while queue and len(seen) < _MAKERS_SEEN and len(found) < _MAKERS:
            func, chain = queue.popleft()
            for edge in self.incoming.get(func.id, ()):
                if edge.starts_thread:
                    continue
                if edge.caller is caller:
                    found.append((*chain, edge))
                elif len(chain) < _MAKERS and edge.caller.id not in seen:
                    seen.add(edge.caller.id)
                    queue.append((edge.caller, (*chain, edge)))
        self._chained[maker.id, caller.id] = found[:_MAKERS]
        return found[:_MAKERS]

    def _one_of_many(self, lock: Path) -> bool:
        """Whether the lock belongs to one of several objects: around something that exists once it excludes nobody."""
        found = location(lock)
        if lock.base[0] == GLOBAL or found is None or found[0].kind != "field":
            return False
        return self.analysis.several(found[0].name.rpartition(".")[0])

    def _is_token(self, channel: Path) -> bool:
        """Whether sending on the channel and receiving again works like a mutex: it holds one element."""
        found = location(channel)
        return found is not None and found[0] in self.analysis.token_channels

    def _end(
        self, done: list[Context], access: Access, thread: Thread, chain: tuple[Edge, ...], path: Path, locks: Locks, hidden: bool
    ) -> None:
        if path.is_copy:
            if access.op == "replace":
                return  # a field of a copy: the original keeps its map
            path = path.original()
        found = location(path)
        if found is None or (found[0].kind == "local" and path.base[0] in (RESULT, RECEIVED)):
            return
        where, depth = found
        joined = tuple(p for p, m in locks if m == JOINED)
        locks = tuple((p, WRITE if m == TOKEN else m) for p, m in locks if m != JOINED and (m != TOKEN or self._is_token(p)))
        if path.base[0] == GLOBAL:
            locks = tuple((p, m) for p, m in locks if not self._one_of_many(p))
        done.append(Context(access, thread, chain, path, locks, where, depth, hidden, joined))


def moves(path: Path, locks: Locks, func: Func, edge: Edge) -> list[tuple[Path, Locks]]:
    """Path and locks of ``func`` in the terms of the edge's caller, one pair for each object that the argument under the path may be.

    Locks under the same argument move with it. An argument without a path leaves the object unknown, and its locks with it.
    """
    kind, owner, index = path.base
    alternatives = edge.args.get(index, ()) if kind == PARAM and owner == func.id else ()
    out: list[tuple[Path, Locks]] = []
    for one in alternatives or (None,):
        args = edge.args if one is None else {**edge.args, index: (one,)}
        held = tuple((q, m) for p, m in locks for q in substitute(p, func, args) or (p,))
        for target in substitute(path, func, args) or (path,):
            stored = edge.stores and target.base[0] == ALLOC
            out.extend(through(target, held, edge.stores) if stored else ((target, held),))
    return out


def through(path: Path, locks: Locks, stores: dict[Path, tuple[Path, ...]]) -> list[tuple[Path, Locks]]:
    """A path through an allocation's field or element that holds something else continues there; so do the locks found on that way."""
    for length in range(len(path.fields), 0, -1):
        gate = Path(path.base, path.fields[:length]).plain()
        held = stores.get(gate)
        if held is not None:
            return [
                (h.plus(*path.fields[length:]), tuple((h.plus(*p.fields[length:]) if _is_below(p, gate) else p, m) for p, m in locks))
                for h in held
            ]
    return [(path, locks)]


def _is_below(path: Path, top: Path) -> bool:
    return path.base == top.base and path.plain().fields[: len(top.fields)] == top.fields


def reachable_from_outside(func: Func) -> bool:
    """Whether code outside the repository can or will import the package: not a command, nor what belongs to one, not internal."""
    package = func.scope.package
    return package.name != "main" and not {"internal", "cmd"} & set(package.path.split("/"))


def written_in_main(func: Func) -> bool:
    """Whether it is a literal in ``main`` that nobody is known to run: a command of the program, most likely."""
    outermost = func
    while outermost.outer is not None:
        outermost = outermost.outer
    return func.outer is not None and outermost.facts.name == "main" and func.scope.package.name == "main"


def _given(kind: str, func: Func, path: Path) -> bool:
    """Whether the object is an argument that the library makes for each call: a request, a message. Informers hand out shared objects."""
    base = path.base
    return kind not in ("main", "init", "informer", "callback") and base[0] == PARAM and base[1] == func.id and base[2] != RECEIVER


def by_location(climber: Climber) -> dict[Location, list[Access]]:
    """Accesses grouped by the map they touch. Accesses of bare parameters are grouped where a caller gives the parameter a name."""
    grouped: dict[Location, list[Access]] = {}
    homes = climber.analysis.homes
    for unit in climber.analysis.units.values():
        for access in unit.accesses:
            for where in locations(climber, access):
                if where.kind == "local" and (ALLOC, where.name, where.at) in homes:
                    continue  # stored in a field: the accesses count there
                grouped.setdefault(where, []).append(access)
    return grouped


def locations(climber: Climber, access: Access) -> list[Location]:
    found = location(access.path)
    if found is not None:
        return [found[0]]
    if access.path.base[0] != PARAM:
        return []
    out: dict[Location, None] = {}
    queue: deque[tuple[Func, Path, int]] = deque([(access.func, access.path, 0)])
    seen: set[tuple[str, Path]] = set()
    while queue and len(seen) < 200:
        func, path, depth = queue.popleft()
        if (func.id, path) in seen or depth > 8:
            continue
        seen.add((func.id, path))
        owner = _frame_of(func, path)
        for edge in climber.incoming.get(func.id, ()):
            targets = substitute(path, func, edge.args) if owner is func else (path,)
            if edge.stores:
                targets = tuple(q for p in targets for q, _ in through(p, (), edge.stores))
            for target in targets:
                named = location(target)
                if named is None:
                    queue.append((edge.caller, target, depth + 1))
                else:
                    out[named[0]] = None
    return list(out)


def _frame_of(func: Func, path: Path) -> Func | None:
    return func if path.base[1] == func.id else None
