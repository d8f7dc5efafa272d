"""One function body being interpreted: the state at hand, what was recorded so far, and the elementary effects on both."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from mapguard.concurrency.domain import (
    ALLOC,
    COPY,
    GLOBAL,
    HANDLERS,
    JOINED,
    PARAM,
    READ,
    READ_HALF,
    RECEIVED,
    RECEIVER,
    RESULT,
    UNKNOWN_TYPE,
    WRITE,
    Access,
    Base,
    Edge,
    FuncVal,
    Intact,
    Locks,
    Needs,
    Path,
    Value,
    both_intact,
    both_woken,
    is_elem,
    location,
    merge_values,
    place,
)
from mapguard.concurrency.state import State, join_locks
from mapguard.concurrency.summary import ParamCall, Summary
from mapguard.facts.syntax import Expr, TFunc, TInterface, TPtr, TSlice, TStruct, Type
from mapguard.program.model import Func

if TYPE_CHECKING:
    from mapguard.concurrency.solve import Analysis

_PUTS, _PUT_FIELDS = 8, 3  # what a summary tells of parameters stored below others
_NESTING = 20  # slices in slices that are looked through

VARIADIC = 1000  # offset of the argument keys that hold the elements of a variadic parameter


class Exits:
    """The states that leave a loop, switch or select by break and continue."""

    __slots__ = ("breaks", "continues", "label", "loop")

    def __init__(self, label: str, loop: bool) -> None:
        self.label = label
        self.loop = loop
        self.breaks: list[State] = []
        self.continues: list[State] = []


class PathEndedError(LookupError):
    """A call inside an expression never returns: what would use its result is not run."""


class Body:
    """``store`` (what fields of allocations hold) is shared by a function and its literals: they share the frame."""

    def __init__(self, analysis: "Analysis", func: Func, state: State, store: dict[Path, Value]) -> None:
        self.analysis = analysis
        self.types = analysis.types
        self.func = func
        self.state: State | None = state
        self.store = store
        self.own_names: set[str] = set()
        self.captured: set[Base] = set()
        self.addressed: set[Path] = set()  # parts of objects whose address was taken
        self.loops: tuple[int, ...] = ()
        self.around: tuple[int, ...] = ()  # the position of the statement at hand, and of those around it, each in its block
        self.copies: dict[Base, tuple[int, tuple[int, ...]]] = {}  # objects that variables hold by value: where copied, the block
        self.parts: dict[Path, tuple[int, ...]] = {}  # structs inside others that are copies as a whole: the block where they were copied
        self.keys: dict[str, int] = {}  # variables that hold another key in each round of the loop given
        self.series_at: int | None = None  # the literal being evaluated whose functions one goroutine runs in turn
        self.label = ""
        self.exits: list[Exits] = []
        self.accesses: dict[tuple[str, Path, int], Access] = {}
        self.edges: dict[tuple[str, int, str], Edge] = {}
        self.took: set[Path] = set()  # locks that it takes
        self.lock_names: dict[Path, object] = {}  # the expressions by which they were taken
        self.taken_at_end: dict[Path, str] = {}  # locks that deferred calls take
        self.unlocked: dict[Path, str] = {}  # locks that it gives up itself without having taken them
        self.unlocks: dict[Path, str] = {}  # the modes of those that it gives up at its end
        self.entered: frozenset[Path] = frozenset()  # locks that it was entered with
        self.results: tuple[Value, ...] = ()  # all results of the call evaluated last
        self.written: tuple[Expr, ...] = ()  # the arguments of the call at hand as they are written
        self.called: Expr | None = None  # and its function
        self.won: Locks = ()  # what the call evaluated last has taken if it succeeded
        self.returned: list[State] = []
        self.succeeded: list[State] = []  # those of ``returned`` whose last result is a nil error, or true
        self.returned_when: list[tuple[Needs, tuple[Value, ...]]] = []
        self.return_values: tuple[Value, ...] = ()
        self.summary = Summary()
        self.escaped_params: set[int] = set()
        self.published_params: set[int] = set()
        self.param_calls: set[ParamCall] = set()
        self.spawned: set[str] = set()
        self.begun: set[str] = set()  # the goroutines that the body itself starts
        self.waited: set[Path] = set()
        self.groups: set[Path] = set()  # those that it waits for until all have signalled
        self.swapped: set[Path] = set()  # maps replaced by fresh ones
        self.renewed: set[Path] = set()  # those that every way from here on finds replaced
        self.puts: dict[Path, Value] = {}  # parameters stored below other parameters
        self.signals: set[Path] = set()
        self.counted: set[Path] = set()  # groups that the body adds to
        self.touched_after: set[Path] = set()  # what it signals before its last access
        self.found: dict[str, tuple[tuple[Path, ...], object]] = {}  # variables that hold a map's element: the map, and the key's shape
        self.checked: list[tuple[Path, object]] = []  # keys looked up in concurrent maps
        self.acts: dict[tuple[Path, int], Access] = {}  # stores of a key that was looked up before
        self.asked: frozenset[tuple[Path, object]] = frozenset()  # by the call evaluated last
        self.left = 0  # how many ways have ended, or gone elsewhere
        self.looked_before: dict[tuple[Path, object], int] = {}  # keys of sets: how many had when they were looked up last
        self.hits: dict[str, frozenset[tuple[Path, object]]] = {}  # variables that are true or not nil where a key was found

    @property
    def now(self) -> State:
        """The state at hand; ``PathEndedError`` when an operand before has ended the path."""
        if self.state is None:
            raise PathEndedError
        return self.state

    def inside(self, owner: str) -> bool:
        """Whether this is the body of the function ``owner`` or of a literal in it: only there its parameters mean anything."""
        at: Func | None = self.func
        while at is not None and at.id != owner:
            at = at.outer
        return at is not None

    def lives_on(self, path: Path) -> bool:
        """Whether ``path`` means anything to callers: a parameter, a package variable, or memory of an enclosing function."""
        kind, owner, _ = path.base
        return kind != ALLOC or owner != self.func.id

    def ends(self) -> list[State]:
        """The states in which the body returns."""
        return [*self.returned, *([self.state] if self.state is not None else [])]

    # ------------------------------------------------------------ memory

    def touched(self, value: Value) -> None:
        """Somebody else may change the objects that ``value`` is from here on: it is passed, kept, or gets a second name."""
        intact = self.now.intact
        if intact:
            gone = {p.base for p in value.paths if not p.fields and p.base in intact}
            if gone:
                self.now.intact = {b: fields for b, fields in intact.items() if b not in gone}

    def set_field(self, path: Path) -> None:
        """A field of an object is set, or its address taken."""
        intact = self.now.intact
        if path.base in intact and path.fields:
            self.now.intact = {**intact, path.base: intact[path.base] | {path.fields[0]}}

    def alloc(self, at: int, kind: Type) -> Value:
        """A new object. Made again in a loop it is another one than those that escaped in the rounds before."""
        base = (ALLOC, self.func.id, at)
        state = self.now
        if base in state.escaped:
            state.escaped -= {base}
            state.published -= {base}
        if state.signaled:
            state.signaled = frozenset(p for p in state.signaled if p.base != base)
        return Value(kind, (Path(base),))

    def owned(self, path: Path) -> bool:
        """Whether nobody but this goroutine can reach what ``path`` names."""
        kind = path.base[0]
        if kind == RECEIVED:
            return True
        return kind == ALLOC and path.base not in self.now.escaped

    def shared(self, path: Path) -> bool:
        """Whether anybody may reach what ``path`` names, not only goroutines started here."""
        return path.base[0] != ALLOC or path.base in self.now.published

    def escape(self, value: Value, publish: bool = True, into: Base | None = None) -> None:
        """Others may reach ``value`` from here on, and everything that its allocations hold.

        ``publish`` is false when only a goroutine started here gets it; ``into`` is the object it is stored in.
        """
        pending = [(p.base, publish) for p in value.paths if self._reveals(p, value.type)]
        # who gets a function can run it, but finds what it captured in no other place
        pending.extend((p.base, False) for f in value.funcs for p in self.analysis.captures(f))
        seen: set[tuple[Base, bool]] = {(into, True), (into, False)} if into is not None else set()
        while pending:
            base, known = pending.pop()
            if (base, known) in seen or (base, True) in seen:
                continue
            seen.add((base, known))
            if base[0] == ALLOC:
                self.now.escaped |= {base}
                if known:
                    self.now.published |= {base}
            elif base[0] == PARAM and base[1] == self.func.id:
                self.escaped_params.add(base[2])
                if known:
                    self.published_params.add(base[2])
            else:
                continue
            for held, stored in self.store.items():
                if held.base == base:
                    pending.extend((p.base, known) for p in stored.paths if self._reveals(p, stored.type))

    def _reveals(self, path: Path, kind: Type) -> bool:
        """Whether who gets a value gets at the object that its path starts from: the object, an element, the address of a part of it.

        A pointer or a map that was read from a field leads on to other memory, not back.
        """
        if all(is_elem(f) or f.startswith(COPY) for f in path.fields):
            return True
        return path in self.addressed or isinstance(self.types.underlying(kind), TStruct)

    def assign_path(self, target: Path, value: Value) -> None:
        """``target = value`` where ``target`` is a field or element."""
        self.touched(value)
        if value.funcs:
            self.analysis.handed_on.update(f.target.id for f in value.funcs if isinstance(f.target, Func))
            self.analysis.keep_functions(target, value.funcs)
            for f in value.funcs:
                self.keeps_too(f.target)
        for p in value.paths:
            if p.base[0] == PARAM and all(is_elem(f) for f in p.fields) and self._may_be_function(value.type):
                found = location(target)
                if found is not None:
                    self.param_calls.add(ParamCall(p.base[1], p.base[2], f"keep:{found[0].name}", (), False))
        self.analysis.flow(target, value, self.types.map_of(value.type) is not None)
        self.store[target.plain()] = value
        self.reachable_from(target, value)

    def reachable_from(self, target: Path, value: Value) -> None:
        """``value`` is kept in ``target`` from here on: who can reach that can reach it too."""
        if not self.owned(target):
            given = self._put(target, value) if self._unescaped_param(target.base) else ()
            rest = value._replace(paths=tuple(p for p in value.paths if p not in given))
            self.escape(rest, publish=self.shared(target), into=target.base)

    def _may_be_function(self, kind: Type) -> bool:
        seen: set[Type] = set()
        under = self.types.underlying(kind)
        while isinstance(under, TSlice) and under not in seen and len(seen) < _NESTING:  # type T []T
            seen.add(under)
            kind = under.elem
            under = self.types.underlying(kind)
        return kind == UNKNOWN_TYPE or isinstance(under, TFunc | TInterface)

    def keeps_too(self, kept: Func | str) -> None:
        """Functions that an enclosing function was given and that a kept or returned literal calls: they run when it does."""
        if not isinstance(kept, Func) or kept.id not in self.analysis.summaries:
            return
        for given in self.analysis.summaries[kept.id].calls_params:
            if given.owner != kept.id and given.kind == "call":
                self.param_calls.add(ParamCall(given.owner, given.param, f"keep:{slot(given.owner, given.param)}", (), False))

    def _unescaped_param(self, base: Base) -> bool:
        return base[0] == PARAM and base[1] == self.func.id and base[2] not in self.escaped_params

    def _put(self, target: Path, value: Value) -> tuple[Path, ...]:
        """Parameters that are stored below another parameter: the caller knows whether that makes them reachable for others."""
        given = tuple(p for p in value.paths if self._unescaped_param(p.base) and p.base != target.base and self._reveals(p, value.type))
        if not given or len(target.fields) > _PUT_FIELDS or (target not in self.puts and len(self.puts) >= _PUTS):
            return ()
        kept = Value(value.type, given)
        self.puts[target] = merge_values(self.puts[target], kept) if target in self.puts else kept
        return given

    def copied(self, value: Value, at: int, held: bool = False) -> Value:
        """The value after an assignment: a struct or array is copied, everything else shared. What a variable holds is not known.

        ``held``: it is a variable's, which keeps it; a new object is moved to where it is assigned.
        """
        if value.known:
            value = value._replace(known="")
        if not value.paths:
            return value
        under = self.types.underlying(value.type)
        if not (isinstance(under, TStruct) or (isinstance(under, TSlice) and under.array)):
            return value
        marker = f"{COPY}{at}"
        paths = tuple(p if p.base[0] == ALLOC and not p.fields and not held else p.uncopied().plus(marker) for p in value.paths)
        return Value(value.type, paths, value.funcs)

    def taken(self, value: Value) -> Value:
        """The value where it gets another name than that of its field: a map remembers the locks that are held now."""
        if not value.paths or self.types.map_of(value.type) is None:
            return value
        held = {(found[0], mode) for p, mode in self.now.locks.items() if mode in (READ, WRITE) and (found := location(p)) is not None}
        return value._replace(under=value.under | held)

    # ------------------------------------------------------------ accesses

    def record(self, op: str, value: Value, at: int, end: int, weak: bool = False, alias: bool = False) -> None:
        state = self.state
        if state is None:
            return
        self.touched_after |= state.signaled
        for path in value.paths:
            if op != "replace" and path.is_copy:
                path = path.original()
            owned = self.owned(path)
            held = state.held_at(path)
            key = (op, path, at)
            known = self.accesses.get(key)
            if known is None:
                known = self.accesses[key] = Access(
                    self.func,
                    op,
                    path,
                    value.type,
                    at,
                    end,
                    tuple(sorted(held.items())),
                    owned,
                    state.live,
                    weak,
                    alias and (bool(path.fields) or path.base[0] == RESULT),
                    not self.shared(path),
                    value.under,
                    self.dropped(),
                )
                known.needs = state.needs
                known.made = self._as_made(path, value.paths)
                known.woken = state.woken
                known.renewed = path in self.renewed
            else:
                known.locks = tuple(sorted(join_locks(dict(known.locks), held).items()))
                known.owned = known.owned and owned
                known.live |= state.live
                known.under &= value.under
                known.private = known.private and not self.shared(path)
                known.dropped |= self.dropped()
                known.needs &= state.needs
                known.renewed = known.renewed and path in self.renewed
                if known.made != self._as_made(path, value.paths):
                    known.made = None
            known.signaled |= state.signaled
            known.woken = both_woken(known.woken, state.woken)

    def looked_up(self, place: Path) -> None:
        """The frame takes out what is kept at ``place``: what it has put there itself may be another object by then."""
        self.analysis.looked_up.setdefault(self.func.frame.id, set()).add(place.plain())

    def _as_made(self, path: Path, names: tuple[Path, ...]) -> Path | None:
        """The map under the name of an allocation, where ``path`` is only the place that this was stored in."""
        for name in names:
            if name.base[0] == ALLOC and name != path:
                homes = self.analysis.homes.get(name.base, ())
                if any(home.plus(*name.fields) == path for home in homes):
                    return name
        return None

    def dropped(self) -> frozenset[Path]:
        """The caller's locks that may have been given up by now."""
        return self.now.given | self.entered.difference(self.now.locks)

    def leave_with(self, value: Value, at: int, end: int) -> None:
        """A getter returns a map of its object from under a lock: who called it reads the map when the lock has been given up."""
        state = self.now
        if not self.func.exported or self.types.map_of(value.type) is None or not any(m in (READ, WRITE) for m in state.locks.values()):
            return
        for path in value.paths:
            if path.base == (PARAM, self.func.id, RECEIVER) and path.fields:
                under = self.taken(value).under
                read = Access(self.func, "read", path, value.type, at, end, (), False, state.live, False, True, False, under)
                read.leaks = True
                self.accesses["leak", path, at] = read

    # ------------------------------------------------------------ edges

    def edge(
        self,
        kind: str,
        callee: Func,
        at: int,
        end: int,
        args: dict[int, tuple[Path, ...]],
        many: bool = False,
        root: str = "",
        extra: tuple[tuple[Path, str], ...] = (),
        constants: dict[int, str] | None = None,
    ) -> Edge:
        state = self.now
        locks = dict(state.locks)
        for path, mode in extra:
            locks[path] = mode
        held = () if kind in ("go", "root") else tuple(sorted(locks.items()))
        stores = self.held_by(args) if kind in ("call", "defer") else {}
        bases = {p.base for paths in (*args.values(), *stores.values()) for p in paths if p.base[0] in (ALLOC, RECEIVED)}
        owned = frozenset(b for b in bases if self.owned(Path(b)))
        private = frozenset(b for b in bases if not self.shared(Path(b)))
        intact = self.passed_intact(args.values()) if kind == "call" else {}
        key = (kind, at, callee.id)
        known = self.edges.get(key)
        if known is not None:
            known.needs &= state.needs
            known.intact = both_intact(known.intact, intact)
            known.known = {i: v for i, v in known.known.items() if (constants or {}).get(i) == v}
            known.locks = tuple(sorted(join_locks(dict(known.locks), dict(held)).items()))
            known.owned &= owned
            known.private &= private
            known.live |= state.live
            known.dropped |= self.dropped()
            known.stores.update(stores)
            known.signaled |= state.signaled
            known.woken = both_woken(known.woken, state.woken)
            for index, paths in args.items():
                mine = known.args.get(index, ())
                known.args[index] = mine + tuple(p for p in paths if p not in mine)
            return known
        made = Edge(kind, self.func, callee, at, end, args, held, owned, state.live, self.loops, many, root)
        made.private = private
        made.stores = stores
        made.dropped = self.dropped()
        made.needs = state.needs
        made.intact = intact
        made.known = constants or {}
        made.signaled = state.signaled
        made.woken = state.woken
        self.edges[key] = made
        return made

    def passed_intact(self, args: Iterable[tuple[Path, ...]]) -> Intact:
        """Of the objects passed those of ``State.intact``: by one argument only, the callee would take two for different objects."""
        intact = self.now.intact
        passed = [p.base for one in args for p in one if p.base in intact] if intact else []
        return {b: intact[b] for b in passed if passed.count(b) == 1}

    def held_by(self, args: dict[int, tuple[Path, ...]]) -> dict[Path, tuple[Path, ...]]:
        """What the allocations among the arguments hold of memory that is not their own. A map made for a field is called after it."""
        bases = {p.base for paths in args.values() for p in paths if p.base[0] == ALLOC}
        if not bases or not self.store:
            return {}
        found: dict[Path, tuple[Path, ...]] = {}
        for target, value in self.store.items():
            if target.base in bases:
                made = self.types.map_of(value.type) is not None
                other = tuple(p for p in value.paths if p.base not in bases and not (made and self._made_for(p, target)))
                if other:
                    found[target] = other
        return found

    def _made_for(self, path: Path, target: Path) -> bool:
        """Whether ``path`` is a fresh object whose place is ``target``."""
        return path.base[0] == ALLOC and not path.fields and target in self.analysis.homes.get(path.base, ())

    def start(self, edge: Edge, signals: frozenset[Path]) -> None:
        """A goroutine starts here: it may be running from now on, and signals its end on ``signals``."""
        self.analysis.threads[edge.id] = edge
        self.analysis.signals.setdefault((self.func.frame.id, edge.id), set()).update(signals)
        self.spawned.add(edge.id)
        self.now.live |= {edge.id}
        edge.around = self._still_held(edge.around) if edge.id in self.begun else self.now.lockset()
        self.begun.add(edge.id)

    def begin_handlers(self) -> None:
        """Informers call their handlers from here on."""
        self.spawned.add(HANDLERS)
        self.now.live |= {HANDLERS}

    def detach(self, places: Collection[Path], at: int) -> None:
        """After ``old := s.m; s.m = fresh`` the map that ``old`` names belongs to whoever swapped it out."""
        env = self.now.env
        for name, value in env.items():
            if value.paths and any(p in places for p in value.paths):
                env[name] = Value(value.type, (Path((RECEIVED, self.func.id, at)),), value.funcs)

    def take_out(self, container: Value, key: object, at: int) -> None:
        """The element of ``key`` is deleted: a map that a variable holds of it belongs to whoever deleted it; nobody finds it any more."""
        env = self.now.env
        for name, known in self.found.items():
            value = env.get(name)
            if known == (container.paths, key) and value is not None and value.paths and self.types.map_of(value.type) is not None:
                env[name] = Value(value.type, (Path((RECEIVED, self.func.id, at)),), value.funcs)

    def hand_over(self, name: str, at: int) -> None:
        """A variable is given to a goroutine and never used again for the object it holds: the object belongs to the goroutine."""
        state = self.now
        value = state.env.get(name)
        if value is None or not value.paths or name not in self.own_names:
            return
        if all(p.base[:2] == (ALLOC, self.func.id) and not p.fields and p.base not in state.escaped for p in value.paths):
            state.env[name] = value._replace(paths=(Path((RECEIVED, self.func.id, at)),))

    def pause(self, paths: Iterable[Path]) -> None:
        """The goroutine waits until one of these tells that there is something to do."""
        places = frozenset(place(p) for p in paths)
        if self.func.results:
            self.summary.pauses |= places
        self.now.woken = self.now.woken or places

    def wait(self, path: Path, received: bool = False) -> None:
        """Joins the goroutines that signal on ``path``; one value ``received`` outside a loop is from one of many."""
        self.waited.add(path)
        if not received:
            self.groups.add(path)
        self._joined(path)
        live = self.now.live
        if live:
            ended = self._ended(path, live, received and not self.loops)
            self.now.live = live - ended
            for thread in sorted(ended & self.begun):
                edge = self.analysis.threads[thread]
                edge.around = self._still_held(edge.around)
                if edge.callee.frame is self.func.frame:
                    for p in self.analysis.joined_by(edge.callee):
                        self._joined(p)

    def _joined(self, path: Path) -> None:
        """Callers may know who signals on ``path``: that has been waited for."""
        outside = path.fields if path.base[0] in (PARAM, GLOBAL) else path.base[0] == ALLOC and path.base[1] != self.func.id
        if outside and path not in self.now.locks:
            self.now.locks[path] = JOINED

    def _still_held(self, locks: Locks) -> Locks:
        return tuple(sorted(join_locks(dict(locks), self.now.locks).items()))

    def _ended(self, path: Path, live: frozenset[str], once: bool) -> set[str]:
        """The goroutines that have ended when ``path`` was signalled: those that signal it, and those that they have waited for.

        ``once``: by one of them only, which says nothing about the others that a loop started.
        """
        signals = self.analysis.signals
        ended: set[str] = set()
        pending = [path]
        while pending:
            at = pending.pop()
            for thread in sorted(live - ended):
                if at in signals.get((self.func.frame.id, thread), ()):
                    edge = self.analysis.threads.get(thread)
                    if once and at == path and thread in self.begun and edge is not None and edge.loops:
                        continue
                    ended.add(thread)
                    if edge is not None and edge.kind == "go" and edge.callee.frame is self.func.frame:
                        pending.extend(self.analysis.waits_of(edge.callee))
        return ended

    # ------------------------------------------------------------ locks

    def acquire(self, path: Path, mode: str, name: object = None) -> None:
        """Takes a lock, which is written as ``name``. One that is held for writing under another name is another object's lock."""
        if path.fields and path.fields[-1] == "@r":
            path, mode = Path(path.base, path.fields[:-1]), "read"
        if name is not None and self.now.locks.get(path) == WRITE and self.lock_names.get(path) not in (None, name):
            self.now.second |= {(path, name)}
            return
        self.lock_names[path] = name
        self.now.locks[path] = mode
        self.took.add(path.original().plain())
        self.now.given -= {path}

    def release(self, path: Path) -> None:
        if path.fields and path.fields[-1] == "@r":
            path = Path(path.base, path.fields[:-1])
        if self.now.second:
            self.now.second = frozenset(s for s in self.now.second if s[0] != path)
        if self.now.looked:
            self.now.looked = frozenset(k for k in self.now.looked if k[2] != path)
        if self.now.optional:
            self.now.optional = frozenset(o for o in self.now.optional if o[1] != path)
        if self.now.locks.pop(path, None) is None:
            self.now.given |= {path}

    def give_up(self, path: Path, mode: str, name: object = None) -> None:
        """The body itself releases a lock, taken in ``mode``; one that it has taken on no way so far it was entered with."""
        if (path, name) in self.now.second:
            self.now.second -= {(path, name)}
            return
        if mode in (READ, WRITE) and path.fields[-1:] != (READ_HALF,) and not self.has_taken(path):
            self.unlocked.setdefault(path, mode)
        self.release(path)

    def has_taken(self, lock: Path) -> bool:
        """Whether the body takes the lock somewhere, under whatever name of the elements and copies on the way."""
        return lock.original().plain() in self.took


def entry_locks(body: Body) -> dict[Path, str]:
    """The locks that a body must have been entered with: it gives them up, now or at its end, and has not taken them.

    The lock of a package has one name everywhere: whether callers hold it is seen there.
    """
    found = {p: m for p, m in body.unlocked.items() if body.lives_on(p)}
    for end in body.ends():
        for path in sorted(end.deferred):
            if path.fields[-1:] != (READ_HALF,) and not body.has_taken(path) and path in body.unlocks and body.lives_on(path):
                found[path] = body.unlocks[path]
    return {p: m for p, m in found.items() if p.base[0] != GLOBAL}


def slot(owner: str, param: int) -> str:
    """The name under which functions are kept that a kept literal of ``owner`` finds in the parameter ``param``."""
    return f"{owner}#{param}"


def own_param(path: Path, func: Func) -> int | None:
    """The index of the parameter of ``func`` that ``path`` is, or an element of; None otherwise."""
    kind, owner, index = path.base
    if kind == PARAM and owner == func.id and all(is_elem(f) for f in path.fields):
        return index
    return None


def substitute(path: Path, callee: Func, args: dict[int, tuple[Path, ...]]) -> tuple[Path, ...]:
    """A path in the callee's terms, in the caller's: parameters become arguments; other bases stay."""
    kind, owner, index = path.base
    if kind != PARAM or owner != callee.id:
        return (path,)
    fields = path.fields
    if fields and is_elem(fields[0]) and index + VARIADIC in args:
        return tuple(a.plus(*fields[1:]) for a in args[index + VARIADIC])
    found = args.get(index, ())
    if not fields:
        return found
    if fields[0].startswith(COPY) or (any(a.is_copy for a in found) and not _by_value(callee, index)):
        return tuple(a.plus(*fields) for a in found)
    return tuple(a.uncopied().plus(*fields) for a in found)  # what a copy's first field points to is no copy


def _by_value(func: Func, index: int) -> bool:
    """Whether the parameter is passed by value: its callee has a copy."""
    if index == RECEIVER:
        return not func.pointer
    return index < len(func.params) and not isinstance(func.params[index], TPtr)


def initial_env(func: Func, analysis: "Analysis") -> dict[str, Value]:
    """Parameters and receiver at the start of a body. Value receivers and struct parameters are copies of what was passed."""
    env: dict[str, Value] = {}
    facts = func.facts

    def bind(name: str, index: int, kind: Type) -> None:
        if name and name != "_":
            path = Path((PARAM, func.id, index))
            if isinstance(analysis.types.underlying(kind), TStruct):
                path = path.plus(COPY)
            env[name] = Value(kind, (path,))

    if facts.recv is not None and func.recv_type is not None:
        bind(facts.recv.name, RECEIVER, func.recv_type)
    for index, (param, kind) in enumerate(zip(facts.params, func.params, strict=True)):
        bind(param.name, index, kind)
    for index, (result, kind) in enumerate(zip(facts.results, func.results, strict=True)):
        if result.name and result.name != "_":
            env[result.name] = Value(
                kind, (Path((ALLOC, func.id, -index - 1)),) if isinstance(analysis.types.underlying(kind), TStruct) else ()
            )
    return env


__all__ = ["VARIADIC", "Body", "Exits", "FuncVal", "initial_env", "own_param", "substitute"]
