"""From each access up the call graph to the threads that can execute it: paths, locks and ownership in terms of every caller on the way.

The walk goes against the call edges. It ends at a root (a handler, a go statement, main), at memory that no other goroutine can reach
yet (owned), or at a function that nobody in the tree calls. Each end is one ``Context``.
"""

from collections import deque
from typing import NamedTuple

from mapguard.concurrency.callgraph import DEPTH_LIMIT, CallGraph
from mapguard.concurrency.domain import (
    ALLOC,
    COPY,
    DROPPED,
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
    Needs,
    Path,
    Place,
    is_elem,
    location,
    passed_map,
)
from mapguard.concurrency.promises import for_initialisation, for_several_goroutines
from mapguard.concurrency.roots import reachable_from_outside
from mapguard.concurrency.sessions import Sessions
from mapguard.concurrency.steps import moves, result_names
from mapguard.program.model import Func

STATE_LIMIT = 400
PER_ACCESS = 40
REAL, API = "real", "api"
_MAKERS = 3  # calls between the one that makes a function literal and the one that runs it, and ways that are followed
_MAKERS_SEEN = 60
_INITIALISERS = 2
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
    under: frozenset[tuple[Location, str]]  # as in ``Value``, on the way to the access
    within: bool  # the goroutine ends before the function that starts it: this context is about what that one call runs
    made: Path | None  # the map under the name of an allocation of this thread that is also kept where ``path`` finds it
    passed: Path  # the map in the terms of the function that starts the goroutine, where ``path`` is what a caller of that passes
    around: Locks  # what the call that starts the goroutine holds for as long as that runs
    early: bool = False  # called from outside to where the tree itself gets at package initialisation only, again and again

    @property
    def own(self) -> tuple[Edge, ...]:
        """The edges that the thread itself goes through."""
        return self.chain[1:] if self.thread.spawn is not None else self.chain

    def executed(self) -> frozenset[str]:
        """The functions that run on the thread itself on this way."""
        inside = {e.caller.id for e in self.own}
        return frozenset(inside | {self.thread.func.id, self.access.func.id})

    @property
    def woken(self) -> frozenset[Place]:
        """The places of what the thread has waited for before it gets to the access; without any it may get there at once."""
        return self.access.woken.union(*(e.woken for e in self.own))

    def ran(self, func: Func | None) -> bool:
        """Whether the thread runs ``func``, or the function that the literal ``func`` is written in."""
        return func is not None and not {func.id, func.frame.id}.isdisjoint(self.executed())

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


State = tuple[str, Path, Locks, Needs, bool]  # what has been seen: the same way need not be walked twice


class Way(NamedTuple):
    """A state of the walk: the access in terms of ``func``.

    ``owned``: nobody else can reach the object, the walk ends. ``ours``: so it was where the object was last seen. ``hidden``:
    ``Context.private`` so far. ``needs``: what must hold for the call of ``func`` that gets to the access. ``made`` and ``passed`` as in
    ``Context``.
    """

    func: Func
    path: Path
    locks: Locks
    chain: tuple[Edge, ...]
    owned: bool
    hidden: bool
    ours: bool
    under: frozenset[tuple[Location, str]]
    needs: Needs
    made: Path | None
    passed: Path | None = None


def strength(c: Context) -> str:
    """Whether the thread is known to run concurrently (``REAL``), or only could be by an unknown caller (``API``)."""
    return API if c.thread.kind in ("exported", "stored", "unknown") else REAL


class Climber:
    """Walks up the call graph; remembers steps that several accesses share."""

    def __init__(self, graph: CallGraph) -> None:
        self.graph = graph
        self.analysis = graph.analysis
        self.incoming = graph.incoming
        self.roots = graph.roots
        self.sessions = Sessions(self.analysis)
        self._chained: dict[tuple[str, str], list[tuple[Edge, ...]]] = {}
        self._stepped: dict[tuple[str, Path, Locks, bool], list[tuple[Edge, Path, Locks]]] = {}

    def contexts(self, access: Access) -> list[Context]:
        """All ways to one access, breadth first, within the limits; the nearest are found first."""
        done: list[Context] = []
        late: list[Way] = []
        locks = without(self.graph.telling(access.locks), access.dropped)
        start_owned = access.owned and access.path.base[1] == access.func.id
        starts = result_names(access.path, self.analysis.named_results)
        needs = self.graph.decided(access.needs)
        made = self._made(access.made) if access.made is not None else None
        first = Way(access.func, access.path, locks, (), start_owned, access.private, access.owned, access.under, needs, made)
        queue = deque(first._replace(path=path) for path in starts)
        seen: set[State] = {(access.func.id, access.path, locks, needs, made is not None)}
        while queue and len(done) < PER_ACCESS:
            way = queue.popleft()
            if not way.owned:
                self._step(access, way, queue, seen, done, late)
        for way in late:  # these take no known way's place
            self._end(done, access, self._unknown_caller(way.func), way)
        if not done and not start_owned and access.path.base[2] == RECEIVER and for_several_goroutines(access.func):
            self._end(done, access, self._unknown_caller(access.func), first._replace(hidden=False))
        return [c._replace(early=strength(c) == API) for c in done] if self._initialises(done) else done

    def _initialises(self, contexts: list[Context]) -> bool:
        """Whether all known threads are package initialisation, in several places: callers from outside do as the tree does."""
        known = [c for c in contexts if strength(c) == REAL]
        if any(c.thread.kind != "init" for c in known):
            return False
        first = [(c.thread.func, c.chain[0].callee) for c in known if c.chain]
        return sum(e.caller is func for func, callee in first for e in self.incoming.get(callee.id, ())) >= _INITIALISERS

    def _step(self, access: Access, way: Way, queue: deque[Way], seen: set[State], done: list[Context], late: list[Way]) -> None:
        opened = self.sessions.locks(way.func, way.path)
        if opened:
            way = way._replace(locks=merged(way.locks, opened))
        func, path, locks, chain, _, hidden, ours, under, _, made, _ = way
        root = self.roots.get(func.id)
        if root is not None and not _given(root.kind, func, path):
            self._end(done, access, Thread(root.kind, root.many, func, None), way)
        edges = self.incoming.get(func.id, ())
        if edges and root is None and path.base == (PARAM, func.id, RECEIVER) and self.graph.offered(func):
            late.append(way)
        if access.leaks and edges:
            return  # what callers of the tree do with the map is seen there
        if not edges or len(chain) >= DEPTH_LIMIT:
            passed = path.base[:2] == (PARAM, func.id) and path.base[2] != RECEIVER  # an unknown caller passes what is its own business
            if root is None and not func.support and not passed:
                self._end(done, access, self._unknown_caller(func), way)
            return
        made = made or (self._made(path) if path.base[:2] == (ALLOC, func.id) else None)
        for edge, target, held in self._callers(func, path, locks, access.op == "replace" or access.renewed):
            if edge in chain or not self._fits(target):
                continue
            needs = self.graph.needed(way.needs, edge)
            if needs is None:
                continue  # this call never gets to the access
            concealed = hidden if target.base == path.base else target.base in edge.private
            within = edge.kind == "go" and not self.graph.outlives(edge)
            if edge.starts_thread:
                handed_over = edge.kind == "go" and target.base[0] == RECEIVED and target.base in edge.owned
                if handed_over or (edge.kind == "root" and _given(edge.root, func, path)):
                    continue
                inside = target.base == path.base and target.base[1] != edge.caller.id  # made on the thread itself
                beside = within and self._never_published(target.base, edge)
                here = way._replace(path=target, locks=held, chain=(edge, *chain), hidden=beside or (hidden and inside), made=made)
                for named in self._named(edge.caller, here):
                    self._end(done, access, self._started(edge, within), named, within)
                if not within:
                    continue
                held = merged(held, edge.around)
            if len(seen) >= STATE_LIMIT:
                continue
            state = (edge.caller.id, target, held, needs, made is not None)
            if state not in seen:
                seen.add(state)
                # memory of an enclosing function is still ours when no goroutine lies between it and here
                kept = ours if target.base == path.base else target.base in (edge.private if within else edge.owned)
                owned = kept and target.base[0] in (ALLOC, RECEIVED) and target.base[1] == edge.caller.id
                taken = edge.taken.get(path.base[2], frozenset()) if path.base[:2] == (PARAM, func.id) else frozenset()
                queue.append(Way(edge.caller, target, held, (edge, *chain), owned, concealed, kept, under | taken, needs, made))

    def _named(self, func: Func, way: Way) -> list[Way]:
        """The way of a goroutine that got a map which is a plain parameter of its starter: whoever calls that has a name for it."""
        if location(way.path) is not None or way.path.base[0] != PARAM:
            return [way]
        found: list[Way] = []
        pending = deque([(func, way.path, way.locks)])
        seen = {(func.id, way.path)}
        while pending and len(seen) < _MAKERS_SEEN and len(found) < _MAKERS:
            at, path, locks = pending.popleft()
            if at.id not in self.incoming and path.base[1] == at.id:
                found.append(way._replace(path=path, locks=locks, passed=way.path))
            for edge in self.incoming.get(at.id, ()):
                for target, held in self._moves(path, locks, at, edge):
                    if location(target) is not None:
                        found.append(way._replace(path=target, locks=held, passed=way.path))
                    elif (edge.caller.id, target) not in seen:
                        seen.add((edge.caller.id, target))
                        pending.append((edge.caller, target, held))
        return found[:_MAKERS]

    def _unknown_caller(self, func: Func) -> Thread:
        """The thread of a function that nobody in the tree calls."""
        kind = "exported" if func.exported and reachable_from_outside(func) else "unknown"
        if (func.outer is not None or func.id in self.analysis.handed_on) and "cmd" not in func.scope.package.path.split("/"):
            kind = "stored"
        if kind == "exported" and for_initialisation(func):
            kind = "init"
        if written_in_main(func):
            kind = "main"
        return Thread(kind, kind not in ("main", "init"), func, None)

    def _started(self, edge: Edge, within: bool) -> Thread:
        if edge.kind == "root":
            return Thread(edge.root, edge.many, edge.callee, edge)
        many = edge.many or bool(edge.loops) or (not within and self.graph.runs_many(edge.caller))
        return Thread("goroutine", many, edge.callee, edge)

    def _fits(self, path: Path) -> bool:
        """Whether the parameter that the path starts from can have its first field: else a call was taken for one of another type."""
        kind, owner, index = path.base
        first = next((f for f in path.fields if not f.startswith(COPY)), "")
        if kind == GLOBAL and first and not is_elem(first) and not first.startswith("?"):
            return not self.analysis.never_holds(path.base, first.rpartition(".")[0])
        if kind != PARAM or not first or is_elem(first) or first.startswith("?"):
            return True
        func = self.analysis.program.by_id.get(owner)
        if func is None:
            return True
        declared = func.recv_type if index == RECEIVER else func.params[index] if index < len(func.params) else None
        named = self.graph.struct_name(declared) if declared is not None else ""
        return not named or named == first.rpartition(".")[0]

    def _callers(self, func: Func, path: Path, locks: Locks, place: bool) -> list[tuple[Edge, Path, Locks]]:
        """One step up: every edge to ``func`` with path and locks in the terms of its caller, and the locks held there. ``place`` as in
        ``moves``."""
        key = (func.id, path, locks, place)
        known = self._stepped.get(key)
        if known is not None:
            return known
        found: list[tuple[Edge, Path, Locks]] = []
        homes = self._homes(path, locks, func)
        for edge in self.incoming.get(func.id, ()):
            for home, there in homes:
                moved = self._moves(home, there, func, edge, place)
                for target, held in ((q, h) for p, h in moved for q in result_names(p, self.analysis.named_results)):
                    if edge.starts_thread:
                        found.append((edge, target, merged(held, edge.locks)))
                        continue
                    if edge.kind == "once" and not edge.locks:
                        held = merged(held, ((Path((GLOBAL, "sync.Once", edge.at)), WRITE),))
                    found.append((edge, target, without(merged(held, edge.locks), edge.dropped)))
        if len(self._stepped) >= _STEPS_KEPT:
            self._stepped.clear()
        self._stepped[key] = found
        return found

    def _homes(self, path: Path, locks: Locks, func: Func) -> list[tuple[Path, Locks]]:
        """An object made by ``func`` that it stored below a parameter is that parameter's from the caller's point of view."""
        if path.base[0] != ALLOC or path.base[1] != func.id:
            return [(path, locks)]
        homes = self._below_parameters(path.base, func)
        return [(h.plus(*path.fields), _at_home(h, path.base, locks)) for h in homes] or [(path, locks)]

    def _below_parameters(self, made: Base, func: Func) -> list[Path]:
        """Where ``func`` has stored the object below a parameter, itself or in other objects that it has stored there."""
        found: list[Path] = []
        pending = [Path(made)]
        seen = {made}
        while pending:
            inside = pending.pop(0)
            homes = self.analysis.homes.get(inside.base, ())
            if inside.fields and any(home.base[1] != func.id for home in homes):
                continue  # others find it elsewhere too
            for home in homes:
                if home.base[0] == PARAM and home.base[1] == func.id:
                    found.append(home.plus(*inside.fields))
                elif home.base[:2] == (ALLOC, func.id) and home.base not in seen:
                    seen.add(home.base)
                    pending.append(home.plus(*inside.fields))
        return found

    def _made(self, path: Path) -> Path | None:
        """``path`` if the function that makes its object never takes one out of the places that it keeps it in."""
        func = self.analysis.program.by_id.get(path.base[1])
        looked_up = self.analysis.looked_up.get(func.frame.id, set()) if func is not None else set()
        return None if any(home.plain() in looked_up for home in self.analysis.homes.get(path.base, ())) else path

    def _moves(self, path: Path, locks: Locks, func: Func, edge: Edge, place: bool = False) -> list[tuple[Path, Locks]]:
        """``moves``, also for a function literal that left the function it is written in: the call of that one tells its parameters."""
        kind, owner, _ = path.base
        if kind == PARAM and owner != func.id:
            maker = self.analysis.program.by_id.get(owner)
            if maker is not None and edge.caller.frame is not maker.frame:
                return self._made_by(path, locks, maker, edge.caller) or [(path, locks)]
        return moves(path, locks, func, edge, self.analysis, place)

    def _made_by(self, path: Path, locks: Locks, maker: Func, caller: Func) -> list[tuple[Path, Locks]]:
        """``path`` of ``maker`` in the terms of ``caller``, which calls it directly or through few others; empty when it does not."""
        found: list[tuple[Path, Locks]] = []
        for chain in self._chains(maker, caller):
            func, there = maker, [(path, locks)]
            for edge in chain:
                there = [m for p, held in there for m in moves(p, held, func, edge, self.analysis)][:_MAKERS]
                func = edge.caller
            unknown = Path((RESULT, caller.id, chain[0].at))  # the call of the maker does not say which object it is about
            found.extend((_from(unknown, path, p), tuple((_from(unknown, path, q), m) for q, m in held)) for p, held in there)
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

    def _never_published(self, base: Base, edge: Edge) -> bool:
        """Whether only the goroutines of the call that made the object get it."""
        unit = self.analysis.units.get(base[1])
        return base[0] == ALLOC and base[1] == edge.caller.id and unit is not None and base not in unit.published

    def _one_of_many(self, lock: Path) -> bool:
        """Whether the lock belongs to one of several objects: around something that exists once it excludes nobody."""
        found = location(lock)
        if lock.base[0] == GLOBAL or found is None or found[0].kind != "field":
            return False
        return self.analysis.several(found[0].name.rpartition(".")[0])

    def _beyond_copies(self, lock: Path) -> Path:
        """A lock that a pointer in a copied struct leads to is the lock that the original leads to."""
        for i in range(len(lock.fields) - 1, 0, -1):
            if lock.fields[i - 1].startswith(COPY) and self.analysis.points(lock.fields[i]):
                return Path(lock.base, (*(f for f in lock.fields[:i] if not f.startswith(COPY)), *lock.fields[i:]))
        return lock

    def _is_token(self, channel: Path) -> bool:
        """Whether sending on the channel and receiving again works like a mutex: it holds one element."""
        found = location(channel)
        return found is not None and found[0] in self.analysis.token_channels

    def _end(self, done: list[Context], access: Access, thread: Thread, way: Way, within: bool = False) -> None:
        path, locks = way.path, way.locks
        if path.is_copy:
            if access.op == "replace":
                return  # a field of a copy: the original keeps its map
            path = path.original()
        found = location(path) or (passed_map(path) if thread.spawn is not None and thread.spawn.kind == "go" else None)
        if found is None or (found[0].kind == "local" and path.base[0] in (RESULT, RECEIVED)):
            return
        where, depth = found
        joined = tuple(p for p, m in locks if m == JOINED)
        locks = tuple((p, WRITE if m == TOKEN else m) for p, m in locks if m not in (JOINED, DROPPED) and (m != TOKEN or self._is_token(p)))
        locks = tuple((self._beyond_copies(p), m) for p, m in locks)
        if path.base[0] == GLOBAL:
            locks = tuple((p, m) for p, m in locks if not self._one_of_many(p))
        around = self.graph.held_around(thread.spawn) if within and thread.spawn is not None else ()
        passed = way.passed or path
        made = Context(
            access, thread, way.chain, path, locks, where, depth, way.hidden, joined, way.under, within, way.made, passed, around
        )
        if all(self.graph.made_on_the_way(e, made.executed()) for e in made.own):
            done.append(made)


def merged(held: Locks, more: Locks) -> Locks:
    """Both locksets held at once: those of the caller, without what has been given up since, and those taken since."""
    found = dict(more)
    for p, m in held:
        if found.get(p) != WRITE or m == DROPPED:
            found[p] = m
    return tuple(sorted(found.items()))


def without(locks: Locks, dropped: frozenset[Path]) -> Locks:
    """The locks, and that the caller's ``dropped`` do not count; what has been taken does."""
    if not dropped:
        return locks
    held = {p for p, _ in locks}
    return tuple(sorted((*locks, *((p, DROPPED) for p in dropped if p not in held))))


def _at_home(home: Path, made: Base, locks: Locks) -> Locks:
    """The locks when ``made`` gets the name of its home. One that it holds has been taken since the same was given up under that name."""
    own = {home.plus(*p.fields): m for p, m in locks if p.base == made}
    return (*own.items(), *((p, m) for p, m in locks if p.base != made and (m != DROPPED or p not in own)))


def _from(base: Path, top: Path, path: Path) -> Path:
    """The path with ``base`` instead of the base of ``top``, where it starts from that."""
    return base.plus(*path.fields) if path.base == top.base else path


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
