"""Statements to effects on the state: the transfer functions of the abstract interpretation. Branches join, loops run until they settle."""

from contextlib import suppress

from mapguard.concurrency.body import Body, Exits, PathEndedError
from mapguard.concurrency.calls import call, shape, use_function
from mapguard.concurrency.domain import (
    ALLOC,
    ELEM,
    GLOBAL,
    MADE,
    NIL,
    NOTHING,
    READ,
    RESULT,
    TOKEN,
    UNKNOWN_TYPE,
    WRITE,
    Path,
    State,
    Value,
    is_elem,
    is_new,
    join,
    location,
    merge_values,
    named_fields,
)
from mapguard.concurrency.evaluate import (
    element,
    evaluate,
    file_type,
    handed_over,
    is_token,
    note_map,
    operand,
    private_slot,
    qualifier,
    received,
    remember_home,
    select,
    this_round,
)
from mapguard.concurrency.handover import given_away
from mapguard.concurrency.requirements import cases_need, conditions
from mapguard.facts.syntax import (
    Assert,
    Assign,
    Binary,
    Block,
    Branch,
    Call,
    DeferStmt,
    Expr,
    ExprStmt,
    For,
    GoStmt,
    If,
    Index,
    Labeled,
    Name,
    Range,
    Return,
    Sel,
    Send,
    Stmt,
    Switch,
    TChan,
    TFunc,
    TMap,
    TName,
    TPtr,
    TSlice,
    TStruct,
    Unary,
    VarStmt,
)
from mapguard.program.model import Func

_PASSES = 3  # a lockset can only shrink and the may-sets only grow: two passes settle nearly every loop


def run(b: Body, statements: tuple[Stmt, ...]) -> None:
    """Executes statements in order; the names that the block declares end with it."""
    if b.state is None:
        return
    outer = dict(b.state.env)
    own = set(b.own_names)
    declared: set[str] = set()
    for position, statement in enumerate(statements):
        if b.state is None:
            break
        declared |= _declares(statement)
        if isinstance(statement, GoStmt):
            for name in given_away(statement, statements[position + 1 :]):
                b.hand_over(name, statement.at)
        execute(b, statement)
    if declared and b.state is not None:
        for name in declared:
            if name in outer:
                b.state.env[name] = outer[name]
    b.own_names = own | (b.own_names - declared)


def _declares(statement: Stmt) -> set[str]:
    if isinstance(statement, VarStmt):
        return set(statement.names)
    if isinstance(statement, Assign) and statement.op == ":=":
        return {x.name for x in statement.lhs if isinstance(x, Name)}
    return set()


def execute(b: Body, statement: Stmt) -> None:
    try:
        match statement:
            case ExprStmt(x=x):
                evaluate(b, x)
            case Assign():
                assign(b, statement)
            case VarStmt():
                declare(b, statement)
            case If():
                branch(b, statement)
            case Return():
                leave(b, statement)
            case For():
                loop(b, statement)
            case Range():
                range_loop(b, statement)
            case Switch():
                switch(b, statement)
            case GoStmt(call=x, at=at, end=end):
                call(b, x, "go", (at, end))
            case DeferStmt(call=x, at=at):
                call(b, x, "defer", (at, x.end))
            case Send():
                send(b, statement)
            case Block(body=body):
                run(b, body)
            case Branch():
                jump(b, statement)
            case Labeled(label=label, stmt=inner):
                b.label = label
                execute(b, inner)
                b.label = ""
    except PathEndedError:
        pass


# ---------------------------------------------------------------- assignment


def assign(b: Body, s: Assign) -> None:
    values = several(b, s.rhs[0], len(s.lhs)) if len(s.rhs) == 1 and len(s.lhs) > 1 else [renamed(b, r) for r in s.rhs]
    if b.state is None:
        return
    update = s.op not in ("=", ":=")
    found = b.asked if len(s.rhs) == 1 and isinstance(s.rhs[0], Call) else frozenset()
    for position, target in enumerate(s.lhs):
        value = values[position] if position < len(values) else NOTHING
        if value.known != NIL and s.op != ":=":
            set_global(b, target)
        kept = b.copied(value, s.at)
        if isinstance(target, Sel):
            kept = kept._replace(known=value.known)
        assign_to(b, target, kept, s.op == ":=", update, s.at)
        if b.state is None:
            return
        if isinstance(target, Name) and found:
            b.hits[target.name] = found
        from_map = s.rhs[position] if len(s.rhs) == len(s.lhs) else s.rhs[0] if position == 0 else None
        if isinstance(target, Name) and isinstance(from_map, Index) and len(from_map.index) == 1:
            note_found(b, target.name, value, shape(from_map.index[0]))


def note_found(b: Body, name: str, value: Value, key: object) -> None:
    """The variable ``name`` holds the element of a map under ``key``."""
    if all(p.fields and is_elem(p.fields[-1]) for p in value.paths):
        b.found[name] = tuple(Path(p.base, p.fields[:-1]) for p in value.paths), key


def set_global(b: Body, target: Expr) -> None:
    """A package variable gets another value than nil."""
    if (isinstance(target, Name) and target.name not in b.now.env) or (isinstance(target, Sel) and qualifier(b, target.x) is not None):
        b.analysis.set_globals.update(p.base[1] for p in operand(b, target).paths if p.base[0] == GLOBAL and not p.fields)


def renamed(b: Body, x: Expr) -> Value:
    """The value of an expression that gets a name, or leaves the function."""
    value = evaluate(b, x)
    if b.state is None:
        return value
    named = b.state.env.get(x.name) if isinstance(x, Name) else None
    return value if named is not None and not is_new(named) else b.taken(value)


def several(b: Body, x: Expr, count: int) -> list[Value]:
    """The values of ``a, b = x``: the results of a call, or a comma-ok form."""
    b.results = ()
    first = evaluate(b, x)
    if isinstance(x, Call) and len(b.results) == count:
        return list(b.results)
    if isinstance(x, Call):
        return [Value(UNKNOWN_TYPE, first.paths)] + [NOTHING] * (count - 1)
    if isinstance(x, Index) and first.type == UNKNOWN_TYPE:
        b.record("read", evaluate(b, x.x), x.at, x.end, weak=True)
    return [first] + [Value(TName("", "bool"))] * (count - 1)


def assign_to(b: Body, target: Expr, value: Value, define: bool, update: bool, at: int) -> None:
    match target:
        case Name(name="_"):
            return
        case Name(name=name):
            known = b.now.env.get(name)
            b.keys.pop(name, None)
            b.found = {held: known for held, known in b.found.items() if name not in (held, known[1])}
            b.hits.pop(name, None)
            b.now.cases.pop(name, None)
            if define or (known is not None):
                if update:
                    return
                if known is not None and not define and known.type != UNKNOWN_TYPE:
                    value = value._replace(type=known.type if _is_interface(b, known) and not value.paths else value.type)
                    if value.type == UNKNOWN_TYPE:
                        value = value._replace(type=known.type)
                    if name not in b.own_names:
                        merged = merge_values(known, value)
                        b.now.env[name] = merged
                        return
                b.now.env[name] = value
                if define:
                    b.own_names.add(name)
                    note_name(b, name, value, at)
                return
            replace(b, evaluate(b, target), value, at, target)
        case Index(x=container_x, index=keys, at=start, end=end):
            container = evaluate(b, container_x)
            changed(b, container)
            at_keys = [evaluate(b, key) for key in keys]
            under = b.types.underlying(b.types.deref(container.type))
            if note_map(b, container, start, at_keys):
                if update:
                    b.record("read", container, start, end, alias=isinstance(container_x, Name | Call))
                b.record("write", container, start, end, alias=isinstance(container_x, Name | Call))
            elif container.type == UNKNOWN_TYPE and not isinstance(under, TSlice):
                b.record("write", container, start, end, weak=True)
            if (value.paths or value.funcs) and private_slot(b, target, container, at_keys) is None:
                for p in container.paths:
                    slot = p.uncopied().plus(ELEM)
                    mine = b.store.get(slot.plain())
                    b.assign_path(slot, merge_values(mine, value) if mine is not None else value)
                    remember_home(b, slot, value)
        case Sel(x=inner, name=name):
            place = evaluate_place(b, target)
            changed(b, place)
            for p in place.paths:
                b.set_field(p)
            if update:
                return
            replace(b, place, value, at, target)
        case Unary(op="*", x=inner):
            place = evaluate(b, inner)
            replace(b, Value(b.types.deref(place.type), place.paths), value, at, target)
        case _:
            evaluate(b, target)


def changed(b: Body, place: Value) -> None:
    """A field is changed of an object that others may have, or what it holds."""
    for p in place.paths:
        if not b.owned(p):
            b.analysis.changed_fields.update(named_fields(p)[-1:])


def evaluate_place(b: Body, target: Sel) -> Value:
    """The paths of a field itself, whatever the frame knows to be stored in it."""
    path = qualifier(b, target.x)
    if path is not None:
        return evaluate(b, target)
    base = operand(b, target.x)
    return select(b, base, target.name, place=True) if b.state is not None else NOTHING


def _is_interface(b: Body, value: Value) -> bool:
    return not isinstance(b.types.underlying(value.type), TStruct) and b.types.map_of(value.type) is None


def replace(b: Body, place: Value, value: Value, at: int, target: Expr) -> None:
    """``x.f = value``: the variable that holds a map changes; who had the old map under this name keeps it for himself.

    So it is with a slice of maps, where nothing or an empty one comes into its place.
    """
    if b.state is None:
        return
    is_map = b.types.map_of(place.type) is not None
    if is_map:
        own = tuple(p for p in place.paths if not p.is_copy)  # a copy's field is nobody else's
        b.record("replace", Value(place.type, own), at, getattr(target, "end", at + len(getattr(target, "name", "x"))))
        fresh = all(p.base[0] == ALLOC for p in value.paths)
        if fresh:
            b.swapped.update(own)
            b.detach(own, at)
    elif value.known in (NIL, MADE) and _holds_maps(b, place):
        b.detach(tuple(p for p in place.paths if not p.is_copy), at)
    value = value._replace(known="")
    for p in place.paths:
        if value.paths or value.funcs:
            b.assign_path(p, value)
            remember_home(b, p, value)
        else:
            b.store.pop(p.plain(), None)


def _holds_maps(b: Body, place: Value) -> bool:
    """Whether it is a slice of maps: who takes it out and leaves an empty one has its maps to itself, as with a map of maps."""
    under = b.types.underlying(place.type)
    return isinstance(under, TSlice) and not under.array and b.types.map_of(under.elem) is not None


def note_name(b: Body, name: str, value: Value, at: int) -> None:
    for p in value.paths:
        if p.base[0] == ALLOC and not p.fields:
            b.analysis.name_alloc(p.base, name, at)


def declare(b: Body, s: VarStmt) -> None:
    values: list[Value] = []
    if s.values:
        values = several(b, s.values[0], len(s.names)) if len(s.values) == 1 and len(s.names) > 1 else [renamed(b, v) for v in s.values]
    if b.state is None:
        return
    kind = file_type(b, s.type) if s.type is not None else None
    for position, name in enumerate(s.names):
        value = values[position] if position < len(values) else NOTHING
        if kind is not None:
            value = value._replace(type=kind)
        if not value.paths and kind is not None and _has_memory(b, kind):
            # a variable of struct or array type is memory of its own; so is a nil map that is filled later
            value = Value(kind, (Path((ALLOC, b.func.id, s.at + position)),), value.funcs)
            b.analysis.note_alloc(value.paths[0].base, kind, b.loops)
        value = b.copied(value, s.at)
        b.now.env[name] = value
        b.own_names.add(name)
        note_name(b, name, value, s.at)


def _has_memory(b: Body, kind: object) -> bool:
    under = b.types.underlying(kind)  # type: ignore[arg-type]
    if isinstance(under, TStruct | TSlice | TChan):
        return True
    return isinstance(under, TName) and under.pkg != ""


def send(b: Body, s: Send) -> None:
    channel = evaluate(b, s.channel)
    value = evaluate(b, s.value)
    if b.state is None:
        return
    b.escape(value)
    for p in channel.paths:
        b.analysis.flow(p, value, False)
    b.signals.update(channel.paths)
    b.state.signaled |= set(channel.paths)
    if value.funcs or isinstance(value.type, TFunc):
        for p in channel.paths:
            b.assign_path(p.plus(ELEM), value)  # whoever receives it may run it
    if channel.paths and is_token(b.types.element(channel.type)):
        b.acquire(channel.paths[0], TOKEN)


# ---------------------------------------------------------------- branches


def branch(b: Body, s: If) -> None:
    if b.state is None:
        return
    outer = dict(b.state.env)
    own = set(b.own_names)
    if s.init is not None:
        execute(b, s.init)
    if b.state is None:
        return
    locks_before = dict(b.state.locks)
    evaluate(b, s.cond)
    if b.state is None:
        return
    other = b.state.copy()
    b.state.needs |= conditions(b, s.cond, True)
    other.needs |= conditions(b, s.cond, False)
    _try_lock(s.cond, b.state, other, locks_before)
    _note_absent(b, s.cond, b.state, other)
    decider, negated = _variable(s.cond)
    case = b.state.cases.get(decider)
    if case is not None and case[0] == b.state.locks:
        b.state.locks, other.locks = dict(case[2 if negated else 1]), dict(case[1 if negated else 2])
    run(b, s.then)
    after_then = b.state
    b.state = other
    if s.other:
        run(b, s.other)
    after_other = b.state
    asked = after_then is not None and after_other is not None and _asks_for_lock(b, s.cond)
    guarded = _of_present(b, s.cond, after_then) if after_then is not None and after_other is not None and not s.other else {}
    if after_then is not None and after_other is not None:
        inner = _declares(s.init) if s.init is not None else set()
        for locked, fresh, truth in ((after_then, after_other, True), (after_other, after_then, False)):
            guarded |= _locked_or_new(locked, fresh, inner | _found_by(s.cond, truth))
    due = {p for st in (after_then, after_other) if st is not None for p in st.deferred if p in guarded}
    kept = after_then.copy() if asked and after_then is not None else None
    cases = (after_then.locks, after_other.locks) if after_then is not None and after_other is not None else None
    b.state = join([st for st in (after_then, after_other) if st is not None])
    if kept is not None and b.state is not None:
        b.state.locks, b.state.given, b.state.cases = kept.locks, kept.given, kept.cases
    elif decider and cases is not None and cases[0] != cases[1] and b.state is not None:
        b.state.cases[decider] = (dict(b.state.locks), *(reversed(cases) if negated else cases))
    if guarded and b.state is not None:
        b.state.locks = {**guarded, **b.state.locks}
        b.state.deferred |= due
    if s.init is not None and b.state is not None:
        for name in _declares(s.init):
            if name in outer:
                b.state.env[name] = outer[name]
    b.own_names = own


def _of_present(b: Body, cond: Expr, then: State) -> dict[Path, str]:
    """``if x != nil { x.mu.Lock() }``: whoever gets at anything through ``x`` later has found it present, and holds its lock.

    So it is with ``if o.mu != nil { o.mu.Lock() }``: an object without a lock is meant for one goroutine.
    """
    if not (isinstance(cond, Binary) and cond.op == "!=" and isinstance(cond.y, Name) and cond.y.name == "nil"):
        return {}
    if not _is_place(cond.x) or b.state is None:
        return {}
    present = operand(b, cond.x).paths
    return {p: m for p, m in then.locks.items() if any(_below(p, x) for x in present)}


def _locked_or_new(locked: State, fresh: State, gone: set[str]) -> dict[Path, str]:
    """``if x != nil { e = x; e.mu.Lock() } else { e = &entry{} }``: the locks of what ``e`` is, unless that is new.

    The variables ``gone`` hold nothing where it is new; no other one may hold what is not locked there.
    """
    held = [(p, m) for p, m in locked.locks.items() if p.fields and p not in fresh.locks and m in (READ, WRITE)]
    found: dict[Path, str] = {}
    for name in sorted(locked.env.keys() & fresh.env.keys()) if held else ():
        made = fresh.env[name].paths
        if not made or any(p.base[0] != ALLOC or p.fields or p.base in fresh.escaped for p in made):
            continue
        for old in locked.env[name].paths:
            if old not in made and not any(_below(p, old) for n, v in fresh.env.items() if n not in gone for p in v.paths):
                found.update((p, m) for p, m in held if _below(p, old))
    return found


def _below(path: Path, top: Path) -> bool:
    return path.base == top.base and path.fields[: len(top.fields)] == top.fields


def _found_by(cond: Expr, truth: bool) -> set[str]:
    """The variable that is nil where ``cond`` is not ``truth``."""
    nil = isinstance(cond, Binary) and cond.op == ("!=" if truth else "==") and isinstance(cond.y, Name) and cond.y.name == "nil"
    return {cond.x.name} if nil and isinstance(cond, Binary) and isinstance(cond.x, Name) else set()


def _is_place(x: Expr) -> bool:
    """A variable, or a field of one."""
    return isinstance(x, Name) or (isinstance(x, Sel) and _is_place(x.x))


def _variable(cond: Expr) -> tuple[str, bool]:
    """The variable that a condition asks for, "" when it asks for more; and whether it is negated."""
    negated = isinstance(cond, Unary) and cond.op == "!"
    inner = cond.x if isinstance(cond, Unary) and negated else cond
    return (inner.name if isinstance(inner, Name) else ""), negated


def _note_absent(b: Body, cond: Expr, then: State, other: State) -> None:
    """``if v, ok := m.Load(k); ok``, ``if v == nil``: the look-up has found nothing in one of the branches."""
    name, negated = _variable(cond)
    if (
        isinstance(cond, Binary)
        and cond.op in ("==", "!=")
        and isinstance(cond.x, Name)
        and cond.y == Name("nil", getattr(cond.y, "at", 0))
    ):
        name, negated = cond.x.name, cond.op == "=="
    (then if negated else other).absent |= b.hits.get(name, frozenset())


def _asks_for_lock(b: Body, cond: Expr) -> bool:
    """``if needLock { mu.Lock() }`` with a parameter, also of an enclosing function: who passes false holds the lock already."""
    name, _ = _variable(cond)
    if "lock" not in name.lower():
        return False
    func: Func | None = b.func
    while func is not None:
        if any(p.name == name for p in func.facts.params):
            return True
        func = func.outer
    return False


def _try_lock(cond: Expr, then: State, other: State, before: dict[Path, str]) -> None:
    """``if mu.TryLock()``: held in the branch where it returned true only."""
    negated = isinstance(cond, Unary) and cond.op == "!"
    inner = cond.x if isinstance(cond, Unary) and negated else cond
    if isinstance(inner, Call) and isinstance(inner.fn, Sel) and inner.fn.name in ("TryLock", "TryRLock", "TryAcquire"):
        (then if negated else other).locks = before
    elif isinstance(inner, Binary) and inner.op == "&&":
        pass


def jump(b: Body, s: Branch) -> None:
    state = b.state
    b.state = None
    if state is None or s.kind in ("goto", "fallthrough"):
        b.state = state if s.kind == "fallthrough" else None
        return
    for exits in reversed(b.exits):
        if s.label and exits.label != s.label:
            continue
        if s.kind == "break":
            exits.breaks.append(state)
            return
        if exits.loop:
            exits.continues.append(state)
            return


def leave(b: Body, s: Return) -> None:
    if len(s.values) == 1 and len(b.func.facts.results) > 1:
        values = several(b, s.values[0], len(b.func.facts.results))
    elif s.values:
        values = [renamed(b, v) for v in s.values]
    else:
        values = [b.now.env.get(r.name, NOTHING) for r in b.func.facts.results]
    if b.state is None:
        return
    values = [b.copied(v, s.at) for v in values]
    values = [_shared_now(b, v) for v in values]
    for f in (f for v in values for f in v.funcs):
        b.keeps_too(f.target)  # who gets the literal runs it sooner or later
    for v in values:
        b.leave_with(v, s.at, s.at + len("return"))
    b.returned_when.append((b.state.needs, tuple(values)))
    known = b.return_values
    b.return_values = tuple(_either(k, v) for k, v in zip(known, values, strict=False)) if known else tuple(values)
    b.returned.append(b.state)
    b.state = None


def _either(a: Value, b: Value) -> Value:
    """One of two results; where their types differ only the declared type is left."""
    merged = merge_values(a, b)
    differ = UNKNOWN_TYPE not in (a.type, b.type) and a.type != b.type and a.paths and b.paths
    return Value(UNKNOWN_TYPE, merged.paths, merged.funcs) if differ else merged


def _shared_now(b: Body, value: Value) -> Value:
    """What has escaped is no fresh result any more."""
    paths: list[Path] = []
    for p in value.paths:
        if p.base[0] == ALLOC and p.base in b.now.escaped:
            known = Path((RESULT, *p.base[1:]), p.fields)
            b.analysis.flows.add((known.base, p.base))  # the same object all the same
            p = known
        paths.append(p)
    return value._replace(paths=tuple(paths))


# ---------------------------------------------------------------- loops


def loop(b: Body, s: For) -> None:
    outer = dict(b.now.env)
    own = set(b.own_names)
    if s.init is not None:
        execute(b, s.init)
        if isinstance(s.init, Assign):
            b.analysis.loop_variable(b.func, s.init.lhs)
    if b.state is None:
        return
    names = _declares(s.init) if s.init is not None else set()

    def once() -> None:
        if s.cond is not None:
            evaluate(b, s.cond)
        done = b.state.copy() if b.state is not None and s.cond is not None else None
        run(b, s.body)
        exits = b.exits[-1]
        b.state = join([st for st in (b.state, *exits.continues) if st is not None])
        exits.continues = []
        if b.state is not None and s.post is not None:
            execute(b, s.post)
        if done is not None:
            exits.breaks.append(done)

    repeat(b, s.at, once)
    restore(b, outer, names, own)


def restore(b: Body, outer: dict[str, Value], names: set[str], own: set[str]) -> None:
    if b.state is not None:
        for name in names:
            if name in outer:
                b.state.env[name] = outer[name]
    b.own_names = own


def repeat(b: Body, at: int, once: "object") -> None:
    """Runs a loop body until the lockset and the may-sets at its head are stable; then goes on after the loop."""
    label, b.label = b.label, ""
    exits = Exits(label, loop=True)
    b.exits.append(exits)
    loops, b.loops = b.loops, (*b.loops, at)
    joined: frozenset[str] = frozenset()
    for _ in range(_PASSES):
        head = b.now.copy()
        exits.breaks = []
        with suppress(PathEndedError):
            once()  # type: ignore[operator]
        if b.state is None:
            break
        joined |= head.live - b.state.live
        before = (head.locks, head.given, head.escaped, head.published, head.live, head.intact, head.signaled)
        after = join([head.copy(), b.state])
        assert after is not None
        b.state = after
        now = (after.locks, after.given, after.escaped, after.published, after.live, after.intact, after.signaled)
        if before == now and all(after.env[name] == value for name, value in head.env.items()):
            break
    b.loops = loops
    b.exits.pop()
    b.state = join(exits.breaks)
    if b.state is not None:
        # a loop that receives or waits is taken to do so as often as goroutines were started
        b.state.live -= joined


def _yielded(b: Body, container: Value) -> tuple[Value, Value] | None:
    """What the rounds of a loop over an iterator function get; None for other containers."""
    kind = container.type
    under = b.types.underlying(kind)
    if isinstance(under, TFunc):
        given = under.params[0] if under.params else None
        kinds = given.params if isinstance(given, TFunc) else ()
    elif isinstance(kind, TName) and kind.pkg == "iter":
        kinds = kind.args
    else:
        return None
    first, second = (*(Value(k) for k in kinds[:2]), NOTHING, NOTHING)[:2]
    return first, second


def range_loop(b: Body, s: Range) -> None:
    outer = dict(b.now.env)
    own = set(b.own_names)
    keys = dict(b.keys)
    container = evaluate(b, s.x)
    if b.state is None:
        return
    under = b.types.underlying(b.types.deref(container.type))
    is_map = b.types.map_of(b.types.deref(container.type)) is not None
    if is_map:
        b.record("range", container, s.at, s.end, alias=isinstance(s.x, Name | Call))
    yielded = _yielded(b, container)
    if container.funcs:
        use_function(b, container, "call", s.at, s.end, (), False)
        if b.state is None:
            return
    targets = [x for x in (s.key, s.value) if x is not None]
    if s.define:
        b.analysis.loop_variable(b.func, tuple(targets))

    def once() -> None:
        done = b.now.copy()
        value = b.copied(this_round(element(b, container, at_hand=True), s.at), s.at)
        if isinstance(under, TChan):
            first, second = handed_over(b, container, s.at), NOTHING
        else:
            first = Value(TName("", "int"))
            if isinstance(under, TMap):
                first = Value(
                    under.key, tuple(p.uncopied().plus(f"{ELEM}@{s.at}") for p in container.paths) if isinstance(under.key, TPtr) else ()
                )
            second = value
            if yielded is not None:
                first, second = yielded
        for x, given in zip((s.key, s.value), (first, second), strict=True):
            if x is not None:
                if not s.define:
                    set_global(b, x)
                assign_to(b, x, given, s.define, False, s.at)
        if isinstance(s.key, Name) and isinstance(s.value, Name) and is_map:
            note_found(b, s.value.name, second, s.key.name)
        if isinstance(s.key, Name) and s.define and yielded is None and not isinstance(under, TChan):
            b.keys[s.key.name] = s.at
        run(b, s.body)
        exits = b.exits[-1]
        b.state = join([st for st in (b.state, *exits.continues) if st is not None])
        exits.continues = []
        exits.breaks.append(done)

    repeat(b, s.at, once)
    if isinstance(under, TChan) and b.state is not None:
        received(b, container)
    b.keys = keys
    restore(b, outer, {x.name for x in targets if isinstance(x, Name)} if s.define else set(), own)


# ---------------------------------------------------------------- switches


def switch(b: Body, s: Switch) -> None:
    outer = dict(b.now.env)
    own = set(b.own_names)
    if s.init is not None:
        execute(b, s.init)
    tag = operand(b, s.x) if s.x is not None and b.state is not None else NOTHING
    if b.state is None:
        return
    label, b.label = b.label, ""
    exits = Exits(label, loop=False)
    b.exits.append(exits)
    entry = b.state
    ends: list[State] = []
    needed = cases_need(b, s) if s.kind == "expr" else ()
    for position, case in enumerate(s.cases):
        b.state = entry.copy()
        for x in case.exprs:
            evaluate(b, x)
        if case.comm is not None and b.state is not None:
            execute(b, case.comm)
        if b.state is not None and s.kind == "type" and s.bind:
            kind = file_type(b, case.types[0]) if len(case.types) == 1 else tag.type
            if isinstance(kind, TName) and kind.name == "nil":
                kind = tag.type
            b.state.env[s.bind] = Value(kind, tag.paths, tag.funcs)
            b.own_names.add(s.bind)
        if b.state is not None and needed:
            b.state.needs |= needed[position]
        run(b, case.body)
        if b.state is not None:
            ends.append(b.state)
    if not any(c.default for c in s.cases) and s.kind != "select":
        ends.append(entry.copy())
        if needed:
            ends[-1].needs |= needed[-1]
    b.exits.pop()
    b.state = join([*ends, *exits.breaks])
    names = _declares(s.init) if s.init is not None else set()
    restore(b, outer, names | ({s.bind} if s.bind else set()), own)


__all__ = ["Assert", "execute", "location", "run", "select"]
