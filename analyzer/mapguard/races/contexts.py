"""An access to its contexts: the threads that make it, by which calls, and where its map and the locks held come from.

Backwards over call edges, breadth first, so that the shortest way to each thread is found first. Paths are rewritten for every caller;
one that starts from what a function has of its own stays there: that function is its anchor.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from mapguard.bodies.effects import At, outermost
from mapguard.bodies.facts import Fact, possible
from mapguard.bodies.paths import CAPTURED, Path, is_element
from mapguard.bodies.state import RUNS, WRITE, Held, State
from mapguard.bodies.summaries import Bodies
from mapguard.heap.index import Place
from mapguard.ir.model import CELL, Call, Dynamic, External
from mapguard.order.after import Where
from mapguard.order.edges import Edge, Edges
from mapguard.order.threads import NO_SITE, Thread, Threads
from mapguard.races.accesses import Access
from mapguard.races.callbacks import Callbacks, Passed

_MOST = 400  # states that one access is looked at in


class Anchored(NamedTuple):
    """A path, and the function in whose terms it is."""

    func: int
    path: Path


Locks = frozenset[tuple[Anchored, str]]
Values = tuple[tuple[Anchored, ...], ...]  # what something may be: each value by the paths that are known of it


class Hop(NamedTuple):
    """A function value on the way from an object to its access, and the event that makes it. ``whole``: the path to the object through
    the value. ``leaves``: the event of the function where the object comes from that leads there, by calls alone if ``called``."""

    value: Anchored
    whole: Anchored
    made: Where
    leaves: Where
    called: bool = True


class Lending(NamedTuple):
    """A lock that the function ``giver`` holds for a thread that it has started, until that is over."""

    lock: Anchored
    giver: int


class Context(NamedTuple):
    """``map`` and ``locks`` as far up as they can be followed, also across the start of the thread. ``chain``: the edges from the
    outermost function that was looked at down to the access; those before ``inside`` lead to the start of the thread. ``held``: what
    the function itself holds at each of these edges, and at last at the access. ``hops``: the function values that the map was reached
    through, the outermost first. ``values``: what the map may be, where its function has it from a call or as one of several values.
    ``lent``: the locks that its starter holds for the thread."""

    access: Access
    thread: Thread
    map: Anchored
    locks: Locks
    chain: tuple[Edge, ...]
    inside: int
    held: tuple[At, ...] = ()
    hops: tuple[Hop, ...] = ()
    values: Values = ()
    lent: frozenset[Lending] = frozenset()


class _State(NamedTuple):
    func: int
    map: Anchored
    locks: Locks
    lost: frozenset[Anchored]  # what the functions below give up before the access
    needs: frozenset[Fact]
    thread: Thread | None
    passed: Passed | None = None
    ran: tuple[int, ...] = ()  # the functions that calls of function values ran, where several may be called there


class _Way(NamedTuple):
    """A state with the way that leads to it, as in ``Context``."""

    state: _State
    chain: tuple[Edge, ...]
    inside: int
    held: tuple[At, ...]


class _Seen:
    """The states that were found, ``count`` of them. One that needs more than another, and is alike otherwise, leads nowhere else."""

    def __init__(self) -> None:
        self.count = 0
        self._needs: dict[_State, list[frozenset[Fact]]] = {}

    def __contains__(self, state: _State) -> bool:
        return any(needs <= state.needs for needs in self._needs.get(_alike(state), ()))

    def add(self, states: Iterable[_State]) -> None:
        for state in states:
            if state not in self:
                self._needs.setdefault(_alike(state), []).append(state.needs)
                self.count += 1


def _alike(state: _State) -> _State:
    return state._replace(needs=frozenset())


class _Climbed(NamedTuple):
    """Contexts of any access that is there; ``cut``: there are more."""

    contexts: list[Context]
    cut: bool


class Climber:
    """``cut`` has the accesses whose contexts were too many."""

    def __init__(self, bodies: Bodies, edges: Edges, threads: Threads) -> None:
        self.bodies = bodies
        self.callbacks = Callbacks(bodies)
        self.edges = edges
        self.threads = threads
        self.cut: set[Access] = set()
        self._climbed: dict[tuple[tuple[_State, At], ...], _Climbed] = {}

    def maps(self, access: Access) -> list[Anchored]:
        """The map of an access in its own function, as each way there has it."""
        held = self.bodies.held(access.func, access.block, access.place)
        return [Anchored(access.func, self.bodies.normal(access.func, at.where(access.path))) for at in held]

    def here(self, access: Access) -> list[Context]:
        """An access as its own function has it, whoever calls that: what is held on every way further out is held here as well."""
        anyone = Thread("unknown", True, access.func)
        return [Context(access, anyone, s.map, s.locks, (), 0, (at,)) for s, at in self._start(access).items()]

    def _start(self, access: Access) -> dict[_State, At]:
        start: dict[_State, At] = {}
        for at, map_ in zip(self.bodies.held(access.func, access.block, access.place), self.maps(access), strict=True):
            state = _State(
                access.func,
                map_,
                self._anchored(access.func, at.held),
                _given_up(access.func, at),
                self._outer_facts(access.func, at),
                None,
            )
            start.setdefault(state, at)
        return start

    def contexts(self, access: Access) -> list[Context]:
        """Every context of an access, the ones with short chains first."""
        key = tuple(self._start(access).items())
        climbed = self._climbed.get(key)
        if climbed is None:
            climbed = self._climbed[key] = self._climb(access, key)
        if climbed.cut:
            self.cut.add(access)
        return [c._replace(access=access) for c in climbed.contexts]

    def _climb(self, access: Access, start: tuple[tuple[_State, At], ...]) -> _Climbed:
        """All ways out from some states: accesses of one map in one place of a body have them in common."""
        found: list[Context] = []
        seen = _Seen()
        seen.add(state for state, _ in start)
        pending = deque(_Way(state, (), 0, (at,)) for state, at in start)
        while pending and seen.count <= _MOST:
            self.bodies.heap.budget.step()
            way = pending.popleft()
            state = way.state
            outer = [following for following in self._outer(way) if following.state not in seen]  # several calls of one function all count
            for thread in self._ends(state, bool(outer)):
                found.append(Context(access, thread, state.map, state.locks, way.chain, way.inside, way.held))
            seen.add(following.state for following in outer)
            pending.extend(outer)
        return _Climbed(found, bool(pending))

    def way(self, c: Context) -> list[tuple[Anchored, Where]]:
        """The map of a context in terms of each function on the way from the access out to its anchor, and the event there that leads
        to the access."""
        access = c.access
        found = [(Anchored(access.func, self.bodies.normal(access.func, access.path)), access.where)]
        for edge in reversed(c.chain):
            if found[-1][0].func == c.map.func:
                break
            place = self.bodies.index.sites[edge.site]
            found.append((self._moved(found[-1][0], edge.func, edge, place.func), place[:3]))
        return found

    def _ends(self, state: _State, goes_on: bool) -> list[Thread]:
        """The threads of the contexts that end here: nothing leads further, or something outside the tree calls the function."""
        if state.thread is not None:
            return [] if goes_on else [state.thread]
        return [t for t in self.threads.started(state.func) if t.site == NO_SITE]

    def _outer(self, way: _Way) -> list[_Way]:
        """The states one call further out."""
        state, chain, inside, below = way
        found = []
        if state.thread is not None and not self._moves(state):
            return []  # above the start of its thread only the map's origin is of interest
        for edge in self.edges.into(state.func):
            place = self.bodies.index.sites[edge.site]
            starts = edge.kind in ("go", "root", "parallel")
            thread = state.thread
            if starts and thread is None:
                thread = next(t for t in self.threads.started(state.func) if t.site == edge.site)
            if state.passed is not None and not self.callbacks.may_pass(place, state.passed):
                continue
            passed = self.callbacks.parameter(place, state.func, state.passed)
            for at in self.bodies.held(place.func, place.block, place.number):
                needs = self._needs(state, edge, at)
                if needs is None:
                    continue
                map_ = self._moved(state.map, state.func, edge, place.func)
                locks = {(self._moved(a, state.func, edge, place.func), mode) for a, mode in state.locks}
                if map_ == state.map and map_.func == state.func:  # it stays: as seen from here the locks lie beside it
                    locks |= state.locks
                lost = frozenset(self._moved(a, state.func, edge, place.func) for a in state.lost)
                if starts and state.thread is None:
                    given_up = {self._canonical(a) for a in lost}
                    locks |= {(a, mode) for a, mode in self._handed(edge, place.func, at) if self._canonical(a) not in given_up}
                if thread is None:
                    given_up = {self._canonical(a) for a in lost}
                    locks |= {(a, mode) for a, mode in self._anchored(place.func, at.held) if self._canonical(a) not in given_up}
                    lost |= _given_up(place.func, at)
                    if edge.kind == "once":
                        locks |= {(Anchored(place.func, self._receiver(edge)), WRITE)}
                    locks |= self._loop(place) | self._flight(place)
                out = _State(place.func, map_, frozenset(locks), lost, needs, thread, passed, self._ran(state, edge))
                now_inside = inside + 1 if state.thread is not None else 1 if starts else 0
                found.append(_Way(out, (edge, *chain), now_inside, (at, *below)))
        return found

    def _ran(self, state: _State, edge: Edge) -> tuple[int, ...]:
        """The functions that were run as values, with the one that a call runs."""
        call = self.bodies.index.sites[edge.site].event
        one_of_several = isinstance(call, Call) and isinstance(call.callee, Dynamic) and len(self.edges.out(edge.site)) > 1
        return (*state.ran, edge.func) if one_of_several and edge.func not in state.ran else state.ran

    def _anchored(self, func: int, held: Held) -> Locks:
        return frozenset((Anchored(func, self.bodies.normal(func, path)), mode) for path, mode in held)

    def _canonical(self, anchored: Anchored) -> Anchored:
        return Anchored(anchored.func, self.bodies.translator.canonical(*anchored))

    def _loop(self, place: Place) -> Locks:
        """The event loop that a call belongs to, where what is called came over a channel."""
        received = self.bodies.index.received(place)
        if received is None:
            return frozenset()
        return frozenset([(Anchored(place.func, self.bodies.paths(place.func).of(received.channel)), RUNS)])

    def _flight(self, place: Place) -> Locks:
        """What keeps the calls of a function apart that a library makes: one at a time for each receiver and each constant key."""
        call = place.event
        assert isinstance(call, Call)
        model = self.bodies.models.function(call.callee.name) if isinstance(call.callee, External) else None
        if model is None or not model.alone:
            return frozenset()
        paths = self.bodies.paths(place.func)
        key = paths.numbers.get(call.args[int(model.alone[3:]) + 1])
        receiver = self.bodies.normal(place.func, paths.of(call.args[0]))
        return frozenset([(Anchored(place.func, receiver.plus(f"[#{key}]")), WRITE)]) if key is not None else frozenset()

    def _handed(self, edge: Edge, caller: int, at: At) -> Locks:
        """The locks that a goroutine is started with: it gives them up."""
        held = self._anchored(caller, at.held)
        lost = {p for way in self.bodies.effect(edge.func) for p, _ in way.lost}
        given = [self.bodies.given(edge.site, edge.func, p) for p in sorted(lost, key=repr)]
        known = {self._canonical(Anchored(caller, p)) for p in given if p is not None}
        return frozenset((a, mode) for a, mode in held if self._canonical(a) in known)

    def _receiver(self, edge: Edge) -> Path:
        place = self.bodies.index.sites[edge.site]
        assert isinstance(place.event, Call)
        return self.bodies.paths(place.func).of(place.event.args[0])

    def _moves(self, state: _State) -> bool:
        """Whether the map is something that the function was given."""
        body = self.bodies.index.bodies[state.func]
        root = state.map.path.root
        return state.map.func == state.func and isinstance(root, int) and root < body.params + body.captures

    def _moved(self, anchored: Anchored, func: int, edge: Edge, caller: int) -> Anchored:
        """An anchored path one call further out, where it is about what ``func`` was given. It stays where it would go through a field
        once more: objects in objects of their kind, which call each other, would lead ever deeper."""
        if anchored.func != func:
            return anchored
        path = self.bodies.given(edge.site, func, anchored.path)
        if path is None or _repeated(path) > _repeated(anchored.path):
            return anchored
        return Anchored(caller, path)

    def _needs(self, state: _State, edge: Edge, at: At) -> frozenset[Fact] | None:
        """What must be true of what the caller is given for this way to be taken; None where what is known there rules it out."""
        place = self.bodies.index.sites[edge.site]
        values = self.bodies.values(place.func)
        here = State(facts=at.facts, chosen=at.chosen)
        found = set(self._outer_facts(place.func, at))
        kinds = self.bodies.dynamic_types(edge.site)
        asked = [(self.bodies.given(edge.site, state.func, path), value) for path, value in state.needs]
        if edge.func in kinds:
            assert isinstance(place.event, Call)
            asked.append((self.bodies.paths(place.func).of(place.event.args[0]), kinds[edge.func]))
        for given, value in asked:
            if given is None:
                continue
            path = here.where(given)
            if not possible(values.known(here, path), value):
                return None
            if _repeated(path) == 0 and self._is_outer(place.func, path) and self.bodies.translator.fields.lasting(path):
                found.add((path, value))
        return frozenset(found)

    def _outer_facts(self, func: int, at: At) -> frozenset[Fact]:
        """What is known of what a function was given, and stays so."""
        lasting = self.bodies.translator.fields.lasting
        return frozenset(f for f in at.facts if self._is_outer(func, f[0]) and lasting(f[0]))

    def _is_outer(self, func: int, path: Path) -> bool:
        body = self.bodies.index.bodies[func]
        return outermost(path, body.params + body.captures)


def _repeated(path: Path) -> int:
    """How many fields of a path are there again."""
    if len(set(path.fields)) == len(path.fields):
        return 0
    fields = [f for f in path.fields if not is_element(f) and f != CELL and not f.startswith(CAPTURED)]
    return len(fields) - len(set(fields))


def _given_up(func: int, at: At) -> frozenset[Anchored]:
    return frozenset(Anchored(func, path) for path, _ in at.lost)
