"""All functions to summaries, accesses and call edges: bottom-up over the call graph, recursion to a fixpoint.

A function is interpreted when a caller first needs its summary; inside a recursion the empty summary stands in, and the function is
interpreted again when its own summary turns out to differ. Order is fixed by the program's, so results are the same in every run.
"""

from collections.abc import Callable, Iterable

from mapguard.base.gap import Gap, Reason
from mapguard.base.span import line_of
from mapguard.concurrency.body import Body, entry_locks, initial_env
from mapguard.concurrency.body import substitute as substitute_path
from mapguard.concurrency.claims import forget_other_sets
from mapguard.concurrency.domain import (
    ALLOC,
    GLOBAL,
    JOINED,
    NO_NEEDS,
    NOTHING,
    OUTSIDE,
    PARAM,
    READ,
    RECEIVER,
    RESULT,
    TOKEN,
    UNKNOWN_TYPE,
    WRITE,
    Base,
    Edge,
    FuncVal,
    Location,
    Locks,
    Needs,
    Path,
    Place,
    Value,
    keeper,
    location,
    place,
)
from mapguard.concurrency.evaluate import evaluate, remember_home
from mapguard.concurrency.requirements import choices, untouched
from mapguard.concurrency.state import State, join
from mapguard.concurrency.summary import EMPTY, ParamCall, Summary
from mapguard.concurrency.transfer import run
from mapguard.facts.model import FuncFacts
from mapguard.facts.syntax import Expr, Name, TFunc, TInterface, TMap, TName, TPtr, TSlice, TStruct, TUnknown, Type
from mapguard.models.load import Models
from mapguard.program.model import Func, Global, Program, Scope
from mapguard.program.names import show_type
from mapguard.program.signatures import fits
from mapguard.program.types import Selected, Types, substitute

_IMPLEMENTER_LIMIT = 24
_ROUNDS = 3
_NEAR_FIELDS = 4
_NEAR_LIMIT = 24
_WAYS_TOLD = 6
_RESULT_NAMES = 3
NO_PATHS: dict[Path, Value] = {}


Held = tuple[tuple[str, ...], tuple[str, ...], str]  # from an object the way to another, and on to a lock of that; and the lock's mode


class Unit:
    """What one interpreted body does: the accesses and edges that happen in it, what it waits for on some way.

    ``published`` are allocations that anybody may reach at its end.
    """

    __slots__ = ("accesses", "acts", "edges", "func", "published", "signals", "took", "touched_after", "waited")

    def __init__(self, body: Body) -> None:
        self.func = body.func
        self.acts = tuple(body.acts.values())
        self.accesses = tuple(body.accesses.values())
        self.edges = tuple(body.edges.values())
        self.signals = frozenset(body.signals)
        self.touched_after = frozenset(body.touched_after)
        self.waited = frozenset(body.waited)
        self.took = frozenset(body.took)
        self.published = frozenset(b for end in body.ends() for b in end.published)


class Analysis:
    """The whole program's units and summaries, and what bodies learn for each other on the way."""

    def __init__(self, program: Program, models: Models, debug: bool = False) -> None:
        self.program = program
        self.models = models
        self.types = Types(program)
        self.debug = debug
        self.gaps: list[Gap] = []
        self.units: dict[str, Unit] = {}
        self.summaries: dict[str, Summary] = {}
        self.threads: dict[str, Edge] = {}
        self.signals: dict[tuple[str, str], set[Path]] = {}  # by frame and thread: what the thread signals, in the frame's terms
        self.homes: dict[Base, list[Path]] = {}
        self.looked_up: dict[str, set[Path]] = {}  # by frame: the places that it takes objects out of
        self.flows: set[tuple[Place, Place]] = set()  # places that the same object may be kept in
        self.named_results: dict[Base, list[Path]] = {}  # what calls of stored functions return, where those return what they were bound to
        self.renamed: dict[Base, Base] = {}  # the result of a call that made it, and what the callee calls it
        self.lent: set[str] = set()  # keepers that are given maps of others
        self.inherited: dict[str, set[tuple[Path, str]]] = {}  # fields that new objects get from others of their type: these, and where
        self.passed_on: dict[str, set[Path]] = {}  # keepers that are given objects of others, and these
        self.alloc_types: dict[Base, Type] = {}
        self.made_locked: dict[str, dict[Base, frozenset[Held]]] = {}  # by function: objects it makes that hold others with locks held
        self.mixed: set[Base] = set()  # allocations that are objects of several types
        self.alloc_loops: dict[Base, tuple[int, ...]] = {}  # the loops of its function around an allocation
        self.alloc_names: dict[Base, tuple[str, int]] = {}
        self.lock_sites: dict[tuple[str, Path], tuple[int, int]] = {}  # by function: where it first writes the lock that it takes
        self.loop_names: dict[str, set[str]] = {}
        self.changed_fields: set[str] = set()  # fields that change, or whose address is taken, when others may have the object
        self.act_values: dict[tuple[str, int], Type] = {}  # what is stored in concurrent maps under keys that were not found
        self.set_globals: set[str] = set()  # package variables that get a value after their initialisation, or whose address is taken
        self.token_channels: set[Location] = set()  # channels that hold one element
        self.claimed: set[Place] = set()  # sets whose keys stand for locks where they are put in
        self.unclaimed: set[Place] = set()  # sets that keys are taken out of under a mutex
        self.handed_on: set[str] = set()  # functions that are passed or stored as values
        self.handed_out: set[tuple[str, str]] = set()  # types of objects that functions outside the tree get
        self.crowded: dict[str, set[str]] = {}  # methods that an interface has too many of to follow them all: those that are followed
        self._unresolved: dict[str, set[Type]] = {}  # methods that are called on objects of types that are not in the tree, by name
        self._used_names: dict[tuple[str, str], set[str]] = {}  # fields of unknown types that a package uses, and in methods of which types
        self.detached: set[str] = set()  # literals that run on another goroutine or at an unknown time
        self.pending_calls: list[tuple[Body, str, Edge, Type]] = []  # of stored functions, with the type that those have
        self.stored_functions: dict[str, dict[FuncVal, None]] = {}
        self.calls: dict[tuple[str, int], str] = {}
        self.map_expressions: dict[tuple[str, int], bool] = {}  # whether the type of what is indexed is known
        self._captured: dict[str, frozenset[Base]] = {}
        self._opened: dict[str, frozenset[Base]] = {}
        self._running: set[str] = set()
        self._consulted: set[str] = set()
        self._globals: dict[str, Value] = {}
        self._initial: dict[str, Type] = {}  # what the initialisers of package variables make
        self._inits: dict[str, Body] = {}
        self._made: dict[str, set[tuple[bool, Base]]] = {}
        self._called: frozenset[str] | None = None
        self._field_kinds: dict[str, Type] = {}
        self.assigned: dict[str, frozenset[str]] = {}  # variables that the body of a function assigns, or takes the address of
        self._dispatched: dict[tuple[Type, str], tuple[tuple[Func, tuple[str, ...]], ...]] = {}

    def solve(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Interprets every body of the program."""
        for package in self.program.packages.values():
            for variable in package.globals.values():
                if variable.spec.values:
                    self.global_value(variable)
        total = len(self.program.funcs)
        for done, func in enumerate(self.program.funcs):
            if func.outer is None:
                self.summary(func)
            if progress is not None and done % 500 == 0:
                progress(done, total)
        for body in self._inits.values():
            self._keep(body)
        self._resolve_stored_calls()
        forget_other_sets(self)

    # ------------------------------------------------------------ functions

    def summary(self, func: Func) -> Summary:
        known = self.summaries.get(func.id)
        if known is not None:
            return known
        if func.facts.body is None or func.outer is not None:
            return EMPTY
        if func.id in self._running:
            self._consulted.add(func.id)
            return EMPTY
        if len(self._running) > 150:
            return EMPTY
        self._running.add(func.id)
        before = EMPTY
        for _ in range(_ROUNDS):
            body = self._interpret(func, initial_env(func, self), {}, frozenset())
            if func.id not in self._consulted or body.summary.key() == before.key():
                break
            before = body.summary
            self.summaries[func.id] = before  # what the recursion sees in the next round
        self._running.discard(func.id)
        self._consulted.discard(func.id)
        self.summaries[func.id] = body.summary
        return body.summary

    def captured_by(self, literal: Func) -> frozenset[Base]:
        """What a literal uses of the variables around it."""
        return self._captured.get(literal.id, frozenset())

    def open_literal(self, outer: Body, func: Func) -> None:
        """Interprets a function literal where it is written: it sees the variables around it as they are there."""
        escaped = outer.now.escaped
        if self._opened.get(func.id) == escaped:
            outer.captured |= self.captured_by(func)  # nothing yet where its own variable is initialised by a call that is given it
            return
        self._opened[func.id] = escaped
        env = dict(outer.now.env)
        own = initial_env(func, self)
        env.update(own)
        for result in (*func.facts.params, *func.facts.results):
            if result.name in env and result.name not in own:
                env[result.name] = NOTHING
        if func.facts.body is None:
            self._captured[func.id] = frozenset()
            return
        keys = {name: at for name, at in outer.keys.items() if name not in own}
        body = self._interpret(func, env, outer.store, escaped, set(own), outer.now.published, keys, None, outer.now.needs)
        self._captured[func.id] = frozenset(body.captured)
        outer.captured |= body.captured
        self.summaries[func.id] = body.summary

    def _interpret(
        self,
        func: Func,
        env: dict[str, Value],
        store: dict[Path, Value],
        escaped: frozenset[Base],
        own: set[str] | None = None,
        published: frozenset[Base] = frozenset(),
        keys: dict[str, int] | None = None,
        entered: dict[Path, str] | None = None,
        needs: Needs = NO_NEEDS,
    ) -> Body:
        body = Body(self, func, State(dict(env), dict(entered or {}), escaped, frozenset(), published=published), store)
        body.now.needs = frozenset(n for n in needs if not n.of.fields)  # a literal runs later: fields may have changed by then
        body.now.intact = untouched(func)
        body.entered = frozenset(entered or ())
        body.keys = dict(keys or {})
        body.own_names = set(env) if own is None else set(own)
        try:
            run(body, func.facts.body or ())
        except (RecursionError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
            if self.debug:
                raise
            line = line_of(list(func.scope.file.newlines), func.facts.at)
            self.gaps.append(Gap(Reason.CRASH, func.path, line, f"{func.display}: {type(error).__name__}: {error}"))
        needed = entry_locks(body) if entered is None else {}
        if needed:
            self.pending_calls = [pending for pending in self.pending_calls if pending[0] is not body]
            return self._interpret(func, env, store, escaped, own, published, keys, needed, needs)
        self._finish(body)
        self._keep(body)
        return body

    def _keep(self, body: Body) -> None:
        self.units[body.func.id] = Unit(body)

    def _finish(self, body: Body) -> None:
        """The summary of what the body did."""
        summary = body.summary
        ends = [e.copy() for e in body.ends()]
        for each in ends:
            each.run_deferred()
            each.given |= body.entered.difference(each.locks)
        self.made_locked[body.func.id] = _made_locked(body, ends)
        end = join(ends)
        summary.noreturn = end is None and bool(body.func.facts.body)
        held = dict(end.locks) if end is not None else {}
        given = set(end.given) if end is not None else set()
        given -= body.taken_at_end.keys()
        held.update(body.taken_at_end)
        held = {p: m for p, m in held.items() if p not in body.entered}
        waited = {p: m for p, m in held.items() if m == JOINED}
        for edge in body.edges.values():
            if edge.kind == "defer" and waited:  # it runs when the body has waited for all that
                edge.locks = tuple(sorted({**waited, **dict(edge.locks)}.items()))
        joined = _nearest(p for p, m in held.items() if m == JOINED and body.lives_on(p))
        kept = {(p, m) for p, m in held.items() if m != JOINED and body.lives_on(p)} | {(p, JOINED) for p in joined}
        summary.acquires = tuple(sorted(kept))
        summary.wins = _won(body, held)
        summary.releases = frozenset(p for p in given if body.lives_on(p))
        summary.escapes = frozenset(body.escaped_params)
        summary.publishes = frozenset(body.published_params)
        alive = end.live if end is not None else frozenset()
        summary.spawns = frozenset(t for t in body.spawned if t in alive) if end is not None else frozenset(body.spawned)
        summary.puts = tuple(sorted(body.puts.items(), key=lambda put: put[0]))
        summary.swaps = _nearest(p for p in body.swapped if body.lives_on(p))
        summary.waits = _nearest(p for p in body.waited if body.lives_on(p))
        # who adds itself to the group may be missed by a Wait; who starts others adds those
        late = body.counted if not body.spawned else set()
        summary.signals = _nearest(p for p in body.signals - late if body.lives_on(p))
        summary.calls_params = _told({self._seen_from_outside(body, given, end) for given in body.param_calls})
        summary.returns = body.return_values
        summary.choices = choices(body)
        fresh = {p.base for v in body.return_values for p in v.paths if p.base[0] == ALLOC and p.base[1] == body.func.id}
        if fresh:
            summary.stores = tuple((target, value) for target, value in body.store.items() if target.base in fresh and _tells(value))

    def _seen_from_outside(self, body: Body, given: ParamCall, end: State | None) -> ParamCall:
        """What a caller is told: whether the goroutine that runs its function has ended when the call returns, or how it will tell."""
        ends = set(given.ends)
        joined = False
        if given.thread:
            ends |= self.signals.get((body.func.frame.id, given.thread), set())
            # where it gives up early it does not wait, as in ``CallGraph.outlives``
            joined = given.kind == "go" and end is not None and (given.thread not in end.live or not ends.isdisjoint(body.groups))
        known = _nearest(p for p in ends if body.lives_on(p))
        return given._replace(kind="join" if joined else given.kind, thread="", ends=tuple(sorted(known)))

    def waits_of(self, literal: Func) -> frozenset[Path]:
        """What a function literal waits for, in the terms of the frame that it is written in."""
        known = self.summaries.get(literal.id)
        return known.waits if known is not None else frozenset()

    def joined_by(self, literal: Func) -> list[Path]:
        """The same, on every way through it."""
        known = self.summaries.get(literal.id)
        return [p for p, m in known.acquires if m == JOINED] if known is not None else []

    def signaled_early(self, func: Func) -> frozenset[Path]:
        """What ``func`` signals before it is done with maps and the functions that it was given."""
        unit = self.units.get(func.id)
        return unit.touched_after if unit is not None else frozenset()

    # ------------------------------------------------------------ package variables

    def global_value(self, variable: Global) -> Value:
        key = f"{variable.pkg}.{variable.name}"
        known = self._globals.get(key)
        if known is not None:
            return known
        self._globals[key] = NOTHING  # a cycle of initialisers: nothing is known inside it
        path = Path((GLOBAL, key, 0))
        value = NOTHING
        values = variable.spec.values
        if values:
            body = self._init_body(variable.scope)
            if len(values) == len(variable.spec.names):
                value = self._initialise(body, values[variable.index])
            else:
                body.results = ()
                first = self._initialise(body, values[0])
                value = body.results[variable.index] if variable.index < len(body.results) else first if variable.index == 0 else NOTHING
            if body.state is not None and (value.paths or value.funcs):
                body.assign_path(path, value)
                remember_home(body, path, value)
            if body.state is None:
                body.state = State({}, {}, frozenset(), frozenset())
        kind = variable.type if variable.type is not None else value.type
        self._initial[key] = value.type
        self._globals[key] = Value(kind, (path,), value.funcs)
        return self._globals[key]

    def _initialise(self, body: Body, x: Expr) -> Value:
        try:
            return evaluate(body, x)
        except (RecursionError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
            if self.debug:
                raise
            self.gaps.append(Gap(Reason.CRASH, body.func.path, 0, f"package variable: {type(error).__name__}: {error}"))
            return NOTHING

    def _init_body(self, scope: Scope) -> Body:
        path = scope.file.path
        if path not in self._inits:
            facts = FuncFacts(-1, "init", None, (), (), (), False, (), 0, 0)
            func = Func(f"{scope.package.path}.{path}#vars", facts, scope, None)
            self.program.by_id[func.id] = func
            self.program.inits.append(func)
            self._inits[path] = Body(self, func, State({}, {}, frozenset(), frozenset()), {})
        return self._inits[path]

    def never_changes(self, kind: Type, depth: int = 3) -> bool:
        """Whether values of a type are mere data that nobody changes once it is made: another one with the same contents is as good."""
        pointer = isinstance(self.types.alias(kind), TPtr)
        base = self.types.alias(self.types.deref(self.types.alias(kind)))
        under = self.types.underlying(base)
        if isinstance(base, TName) and base.pkg and self.types.of_library(base):
            return False  # its fields are not known
        match under:
            case TStruct(fields=fields) if depth and isinstance(base, TName):
                owner = f"{base.pkg}.{base.name}"
                return all(f"{owner}.{f.name}" not in self.changed_fields and self.never_changes(f.type, depth - 1) for f in fields)
            case TName(pkg=""):
                return not pointer and under.name != "any"
            case TSlice(elem=elem) | TMap(elem=elem):
                return not pointer and depth > 0 and self.never_changes(elem, depth - 1)
        return isinstance(under, TFunc)

    def always_nil(self, where: Location) -> bool:
        """Whether it is a package variable for a map that nothing in the tree, nor any other package, ever makes."""
        variable = self.program.variable(where.name) if where.kind == "global" else None
        if variable is None or variable.spec.values or variable.name[:1].isupper() or where.name in self.set_globals:
            return False
        return isinstance(variable.type, TMap)  # a type with a name may have methods that make it

    def never_holds(self, base: Base, owner: str) -> bool:
        """Whether a package variable of an interface type only ever holds an object of another type than ``owner``."""
        variable = self.program.variable(base[1])
        if variable is None or variable.type is None or base[1] in self.set_globals:
            return False
        held = self.types.alias(self.types.deref(self._initial.get(base[1], UNKNOWN_TYPE)))
        if not isinstance(held, TName) or not held.pkg or not isinstance(self.types.underlying(variable.type), TInterface):
            return False
        under = self.types.underlying(held)
        known = not isinstance(under, TInterface | TUnknown) and not (isinstance(under, TName) and under.pkg)
        return known and owner != f"{held.pkg}.{held.name}"

    def global_type(self, variable: Global) -> Type:
        if variable.type is not None:
            return variable.type
        return self.global_value(variable).type

    def global_functions(self, variable: Global) -> tuple[FuncVal, ...]:
        return self.global_value(variable).funcs if variable.spec.values else ()

    # ------------------------------------------------------------ what bodies tell each other

    def captures(self, f: FuncVal) -> Iterable[Path]:
        """The memory that a function value holds on to: captured variables and its bound receiver."""
        if isinstance(f.target, Func):
            for base in sorted(self._captured.get(f.target.id, ())):
                yield Path(base)
        if f.recv is not None:
            yield from f.recv.paths

    def several(self, owner: str) -> bool:
        """Whether the tree makes more than one object of the struct type ``owner`` (``pkg.Name``)."""
        seen = self._made.get(owner, ())
        return max(sum(1 for made, _ in seen if made), sum(1 for made, _ in seen if not made)) > 1

    def made(self, owner: str) -> list[Base]:
        """Where the tree makes objects of the struct type ``owner`` itself."""
        return sorted(base for made, base in self._made.get(owner, ()) if made)

    def by_value(self, field: str) -> bool:
        """Whether the field ``pkg.Owner.name`` holds a struct itself, not a pointer to one."""
        return isinstance(self._field_kind(field), TStruct)

    def points(self, field: str) -> bool:
        """Whether the field ``pkg.Owner.name`` holds a pointer."""
        return isinstance(self._field_kind(field), TPtr)

    def _field_kind(self, field: str) -> Type:
        """The underlying type of a field of a struct of the tree."""
        if field not in self._field_kinds:
            kind = self.field_type(field)
            self._field_kinds[field] = self.types.underlying(kind) if kind is not None else UNKNOWN_TYPE
        return self._field_kinds[field]

    def field_type(self, field: str) -> Type | None:
        """The declared type of the field ``pkg.Owner.name``."""
        owner, _, name = field.rpartition(".")
        package, _, bare = owner.rpartition(".")
        under = self.types.underlying(TName(package, bare))
        return next((f.type for f in under.fields if f.name == name), None) if isinstance(under, TStruct) else None

    def types_made(self) -> list[str]:
        """The struct types that code outside tests makes objects of, itself or through a call."""
        by_id = self.program.by_id
        return sorted(
            owner for owner, seen in self._made.items() if any((f := by_id.get(base[1])) is None or not f.support for _, base in seen)
        )

    def note_alloc(self, base: Base, kind: Type, loops: tuple[int, ...], made: bool = True) -> None:
        """An allocation was seen; ``made`` is false where it is the result of a call that made it."""
        named = kind.elem if isinstance(kind, TPtr) else kind
        if isinstance(named, TName) and named.pkg:
            self._made.setdefault(f"{named.pkg}.{named.name}", set()).add((made, base))
        self.note_type(base, kind)
        self.alloc_loops.setdefault(base, loops)

    def note_type(self, base: Base, kind: Type) -> None:
        known = self.alloc_types.setdefault(base, kind)
        if self.types.deref(known) != self.types.deref(kind):
            self.mixed.add(base)

    def name_alloc(self, base: Base, name: str, at: int) -> None:
        self.alloc_names.setdefault(base, (name, at))

    def note_lock(self, func: Func, lock: Path, at: int, end: int) -> None:
        """``func`` takes ``lock``, which it writes as the source from ``at`` to ``end`` says."""
        site = (func.id, lock.plain())
        self.lock_sites[site] = min(self.lock_sites.get(site, (at, end)), (at, end))

    def loop_variable(self, func: Func, names: tuple[Expr, ...]) -> None:
        self.loop_names.setdefault(func.frame.id, set()).update(x.name for x in names if isinstance(x, Name))

    def flow(self, target: Path, value: Value, is_map: bool) -> None:
        """``value`` is kept in ``target`` too. A map that is not made for it may be another object's."""
        to = place(target)
        for p in value.paths:
            source = place(p)
            if source != to:
                self.flows.add((to, source))
            if p.base != target.base and (p.base[0] != ALLOC or p.fields):
                self.passed_on.setdefault(keeper(target), set()).add(p)
                if is_map:
                    self.lent.add(keeper(target))
                    if target.base[0] == ALLOC and len(target.fields) == 1 and p.fields[-1:] == target.fields:
                        self.inherited.setdefault(p.fields[-1], set()).add((p, target.base[1]))

    def keep_functions(self, target: Path, funcs: tuple[FuncVal, ...]) -> None:
        found = location(target)
        if found is not None and found[0].kind != "local":
            self.keep_named(found[0].name, funcs)

    def keep_named(self, name: str, funcs: tuple[FuncVal, ...]) -> None:
        """Functions stored in a field or package variable: every call through it may run them."""
        stored = self.stored_functions.setdefault(name, {})
        for f in funcs:
            stored[f] = None
            if isinstance(f.target, Func) and f.target.outer is not None:
                self.detached.add(f.target.id)

    def _resolve_stored_calls(self) -> None:
        for body, name, template, kind in self.pending_calls:
            asked = self.types.underlying(kind)
            stored = [f for f in self.stored_functions.get(name, {}) if self._fits(f, asked)]
            for f in stored:
                if isinstance(f.target, Func):
                    args = dict(template.args)
                    if f.recv is not None:
                        args[RECEIVER] = f.recv.paths
                    edge = Edge(
                        "callback" if template.kind == "call" else template.kind,
                        body.func,
                        f.target,
                        template.at,
                        template.end,
                        args,
                        template.locks,
                        frozenset(),
                        template.live,
                        template.loops,
                        bool(template.loops),
                    )
                    edge.candidates = len(stored)
                    edge.queued = template.queued
                    edge.known, edge.needs, edge.intact = template.known, template.needs, template.intact
                    edge.dropped, edge.signaled, edge.woken = template.dropped, template.signaled, template.woken
                    self._name_results(body, template.at, f)
                    unit = self.units[body.func.id]
                    unit.edges = (*unit.edges, edge)
                    self.calls[(body.func.id, template.at)] = "tree"
                    if edge.kind == "go":
                        self.threads[edge.id] = edge

    def _fits(self, f: FuncVal, asked: Type) -> bool:
        """Whether a stored function can be called as one of the type ``asked``."""
        if not isinstance(f.target, Func) or not isinstance(asked, TFunc):
            return True
        bound = f.recv is not None or f.target.recv is None
        return not bound or fits(self.types, f.target, asked)

    def _name_results(self, body: Body, at: int, f: FuncVal) -> None:
        """A stored getter returns what its bound receiver holds."""
        known = self.summaries.get(f.target.id) if isinstance(f.target, Func) else None
        if known is None or not isinstance(f.target, Func):
            return
        bound = {RECEIVER: f.recv.paths} if f.recv is not None else {}
        for position, value in enumerate(known.returns):
            named = [
                q for p in value.paths for q in substitute_path(p, f.target, bound) if q.fields and q.base[0] in (PARAM, GLOBAL, ALLOC)
            ]
            if named:
                kept = self.named_results.setdefault((RESULT, body.func.id, at + position), [])
                kept.extend(q for q in named if q not in kept and len(kept) < _RESULT_NAMES)

    def dispatch(self, owner: Type, name: str, recv: Value) -> tuple[FuncVal, ...]:
        """The methods that a call of ``name`` on an interface of the tree may run."""
        key = (owner, name)
        if key not in self._dispatched:
            found: list[tuple[Func, tuple[str, ...]]] = []
            for position, named in enumerate(self.types.implementers(owner)):
                selected = self.types.select(TName(named.pkg, named.name), name)
                if selected is not None and selected.method is not None:
                    one = selected.method, tuple(step.field for step in selected.steps)
                    if position >= _IMPLEMENTER_LIMIT:
                        self.crowded.setdefault(selected.method.id, set()).update(f.id for f, _ in found)
                    elif one not in found:
                        found.append(one)
            self._dispatched[key] = tuple(found)
        return tuple(FuncVal(f, _embedded(recv, steps)) for f, steps in self._dispatched[key])

    def use_name(self, func: Func, name: str) -> None:
        """The function selects or sets a field of an unknown type."""
        recv = func.frame.recv
        self._used_names.setdefault((func.scope.package.path, name), set()).add(recv.name if recv is not None else "")

    def uses_name(self, func: Func, name: str) -> bool:
        """Whether the package of ``func`` uses a field of this name, outside the methods of other types."""
        users = self._used_names.get((func.scope.package.path, name), set())
        return "" in users or (func.recv is not None and func.recv.name in users)

    def note_unresolved(self, name: str, kind: Type) -> None:
        """A call of ``name`` on an interface that nothing in the tree is known to implement, or on an object of unknown type."""
        self._unresolved.setdefault(name, set()).add(kind)

    def hand_out(self, kind: Type) -> None:
        """An object of the type is given to a function outside the tree, which may call its methods."""
        own = self.types.deref(kind)
        if isinstance(own, TName):
            self.handed_out.add((own.pkg, own.name))

    def may_answer(self, method: Func) -> bool:
        """Whether a call that could not be resolved may run the method: one of its name, on an interface of which its type has the rest
        by name at least, or on an object of which nothing is known."""
        if method.recv is None:
            return False
        own = TName(*method.recv.key)
        return any(
            all(self.types.select(own, wanted) is not None for wanted, _ in self._wanted(kind))
            for kind in self._unresolved.get(method.facts.name, ())
        )

    def _wanted(self, kind: Type) -> tuple[tuple[str, TFunc], ...]:
        under = self.types.underlying(kind)
        return self.types.interface_methods(under) if isinstance(under, TInterface) else ()

    def signature_of(self, selected: Selected) -> Type:
        """The signature of a method that is declared without a body (a library's)."""
        owner = selected.owner
        if isinstance(owner, TName) and selected.external is not None:
            named = self.program.named(owner.pkg, owner.name)
            method = named.methods.get(selected.external.rsplit(".", 1)[-1]) if named is not None else None
            if method is not None and named is not None:
                bound = dict(zip(named.decl.params, owner.args, strict=False))
                return substitute(TFunc(method.params, method.results, method.facts.variadic), bound)
        return UNKNOWN_TYPE

    def called(self) -> frozenset[str]:
        """The functions that the tree calls by name, without an interface between."""
        if self._called is None:
            self._called = frozenset(
                e.callee.id
                for u in self.units.values()
                for e in u.edges
                if not e.starts_thread and e.candidates == 1 and e.caller is not e.callee
            )
        return self._called

    def serial(self, kind: Type, name: str) -> bool:
        """Whether a library calls the field's function and those beside it one after another."""
        model = self.models.field(show_type(self.types.deref(kind)), name) if isinstance(kind, TName | TPtr) else None
        return model is not None and model.serial

    def field_model(self, body: Body, kind: Type, key: Name, value: Value, at: int) -> None:
        """A function in a field that a library calls: ``cache.ResourceEventHandlerFuncs{AddFunc: f}``, in an object written at ``at``."""
        from mapguard.concurrency.calls import use_function

        base = kind.elem if isinstance(kind, TPtr) else kind
        model = self.models.field(show_type(base), key.name)
        if model is not None and body.state is not None:
            series = f"{body.func.id}@{at}" if model.serial else ""
            use_function(body, value, f"root:{model.kind}", key.at, key.at + len(key.name), (), model.many, series)

    def count_call(self, func: Func, at: int, fn: Value) -> None:
        """For the statistics: how each call resolved."""
        if any(isinstance(f.target, Func) for f in fn.funcs):
            kind = "tree"
        elif fn.funcs:
            first = fn.funcs[0]
            known = not str(first.target).startswith("(?)") or (first.recv is not None and first.recv.type == OUTSIDE)
            kind = "library" if known else "unknown"
        else:
            kind = "value" if fn.paths else "unknown"
        self.calls[(func.id, at)] = kind


def _made_locked(body: Body, ends: list[State]) -> dict[Base, frozenset[Held]]:
    """The objects that the body makes and that hold another one of which a lock is held when they are returned, or the body ends."""
    if not any(m in (READ, WRITE) for end in ends for m in end.locks.values()):
        return {}
    held: dict[Base, set[tuple[tuple[str, ...], Path]]] = {}
    for target, value in body.store.items():
        if target.base[:2] == (ALLOC, body.func.id) and target.fields:
            held.setdefault(target.base, set()).update((target.fields, p) for p in value.paths)
    found: dict[Base, frozenset[Held]] = {}
    for base, kept in held.items():
        returning = [any(p.base == base for v in values for p in v.paths) for _, values in body.returned_when]
        there = [e for e, given in zip(ends, returning, strict=False) if given] or ends
        locks = [frozenset(h for way, p in kept for h in _locks_below(way, p, end)) for end in there]
        if locks and all(locks):
            found[base] = frozenset.intersection(*locks)
    return found


def _locks_below(way: tuple[str, ...], kept: Path, end: State) -> Iterable[Held]:
    for lock, mode in end.locks.items():
        if mode in (READ, WRITE) and lock.base == kept.base and lock.fields[: len(kept.fields)] == kept.fields:
            yield way, (*way, *lock.fields[len(kept.fields) :]), mode


def _won(body: Body, held: dict[Path, str]) -> Locks:
    """The locks that the body has taken in all its returns that tell of success, besides those of all its returns (``held``)."""
    found: list[frozenset[tuple[Path, str]]] = []
    for each in body.succeeded:
        end = each.copy()
        end.run_deferred()
        found.append(frozenset((p, m) for p, m in end.locks.items() if p not in held and p not in body.entered))
    taken = frozenset.intersection(*found) if found else frozenset()
    return tuple(sorted((p, m) for p, m in taken if m in (READ, WRITE, TOKEN) and body.lives_on(p)))


def _nearest(paths: Iterable[Path]) -> frozenset[Path]:
    """The few that say most to a caller: waits and signals deep inside other objects concern those."""
    near = [p for p in paths if len(p.fields) <= _NEAR_FIELDS]
    return frozenset(near if len(near) <= _NEAR_LIMIT else sorted(near, key=lambda p: (len(p.fields), p))[:_NEAR_LIMIT])


def _told(calls: Iterable[ParamCall]) -> tuple[ParamCall, ...]:
    """What callers are told of the functions that they pass; of very many ways to one use what all of them hold."""
    ways: dict[ParamCall, set[Locks]] = {}
    for given in calls:
        locks = tuple((p, m) for p, m in given.locks if m != JOINED)
        ways.setdefault(given._replace(locks=()), set()).add(locks)
    found: list[ParamCall] = []
    for use, held in ways.items():
        if len(held) > _WAYS_TOLD:
            first, *others = sorted(held)
            held = {tuple(lock for lock in first if all(lock in other for other in others))}
        found.extend(use._replace(locks=locks) for locks in held)
    return tuple(sorted(found))


def _embedded(recv: Value, steps: tuple[str, ...]) -> Value:
    """The receiver of a promoted method: what lies embedded in the object that it is called on."""
    return recv._replace(paths=tuple(p.uncopied().plus(*steps) for p in recv.paths)) if steps else recv


def _tells(value: Value) -> bool:
    """Whether a stored value means anything outside its function."""
    return bool(value.funcs) or any(p.base[0] != ALLOC for p in value.paths)


__all__ = ["Analysis", "Location", "Unit"]
