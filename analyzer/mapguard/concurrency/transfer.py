"""Statements to effects on the state: the transfer functions of the abstract interpretation. Branches join, loops run until they settle."""

from contextlib import suppress

from mapguard.concurrency.assignment import assign, assign_to, declare, note_found, renamed, set_global, several
from mapguard.concurrency.body import Body, Exits, PathEndedError
from mapguard.concurrency.branchlocks import (
    asks_for_lock,
    decider,
    found_by,
    locked_or_new,
    note_absent,
    note_optional,
    of_present,
    tells_success,
    try_lock,
    won,
)
from mapguard.concurrency.calls import call, use_function
from mapguard.concurrency.domain import ALLOC, ELEM, NOTHING, OUTSIDE, RESULT, TOKEN, UNKNOWN_TYPE, Path, Value, location, merge_values
from mapguard.concurrency.evaluate import (
    element,
    evaluate,
    file_type,
    handed_over,
    is_token,
    operand,
    received,
    select,
    sent_later,
    this_round,
)
from mapguard.concurrency.handover import given_away
from mapguard.concurrency.identity import of_either
from mapguard.concurrency.requirements import cases_need, conditions
from mapguard.concurrency.state import State, join
from mapguard.facts.syntax import (
    Assert,
    Assign,
    Block,
    Branch,
    Call,
    DeferStmt,
    ExprStmt,
    For,
    GoStmt,
    If,
    Labeled,
    Name,
    Range,
    Return,
    Send,
    Stmt,
    Switch,
    TChan,
    TFunc,
    TMap,
    TName,
    TPtr,
    VarStmt,
)

_PASSES = 3  # a lockset can only shrink and the may-sets only grow: two passes settle nearly every loop


def run(b: Body, statements: tuple[Stmt, ...]) -> None:
    """Executes statements in order; the names that the block declares end with it."""
    if b.state is None:
        return
    outer = dict(b.state.env)
    own = set(b.own_names)
    declared: set[str] = set()
    around = b.around
    for position, statement in enumerate(statements):
        if b.state is None:
            break
        declared |= _declares(statement)
        if isinstance(statement, GoStmt):
            for name in given_away(statement, statements[position + 1 :]):
                b.hand_over(name, statement.at)
        b.around = (*around, position)
        execute(b, statement)
    b.around = around
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
    b.won = ()
    evaluate(b, s.cond)
    if b.state is None:
        return
    other = b.state.copy()
    b.state.needs |= conditions(b, s.cond, True)
    other.needs |= conditions(b, s.cond, False)
    try_lock(s.cond, b.state, other, locks_before)
    note_absent(b, s.cond, b.state, other)
    won(b, s.cond, b.state, other)
    name, negated = decider(s.cond)
    case = b.state.cases.get(name)
    if case is not None and case[0] == b.state.locks:
        b.state.locks, other.locks = dict(case[2 if negated else 1]), dict(case[1 if negated else 2])
    run(b, s.then)
    after_then = b.state
    b.state = other
    if s.other:
        run(b, s.other)
    after_other = b.state
    asked = after_then is not None and after_other is not None and asks_for_lock(b, s.cond)
    either: dict[Path, str] = {}
    guarded = of_present(b, s.cond, after_then) if after_then is not None and after_other is not None and not s.other else {}
    if after_then is not None and after_other is not None:
        inner = _declares(s.init) if s.init is not None else set()
        for locked, fresh, truth in ((after_then, after_other, True), (after_other, after_then, False)):
            guarded |= locked_or_new(locked, fresh, inner | found_by(s.cond, truth))
        either = of_either(b, s.cond, after_then, after_other)
        guarded |= either
    due = {p for st in (after_then, after_other) if st is not None for p in st.deferred if p in guarded} | set(either)
    kept = after_then.copy() if asked and after_then is not None else None
    if after_then is not None and after_other is not None and s.other:
        note_optional(s.cond, after_then, after_other)
    cases = (after_then.locks, after_other.locks) if after_then is not None and after_other is not None else None
    b.state = join([st for st in (after_then, after_other) if st is not None])
    if kept is not None and b.state is not None:
        b.state.locks, b.state.given, b.state.cases = kept.locks, kept.given, kept.cases
    elif name and cases is not None and cases[0] != cases[1] and b.state is not None:
        b.state.cases[name] = (dict(b.state.locks), *(reversed(cases) if negated else cases))
    if guarded and b.state is not None:
        b.state.locks = {**guarded, **b.state.locks}
        b.state.deferred |= due
    if s.init is not None and b.state is not None:
        for declared in _declares(s.init):
            b.state.cases.pop(declared, None)
            if declared in outer:
                b.state.env[declared] = outer[declared]
    b.own_names = own


def jump(b: Body, s: Branch) -> None:
    state = b.state
    b.state = None
    b.left += 1
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
    b.won = ()
    if len(s.values) == 1 and len(b.func.facts.results) > 1:
        values = several(b, s.values[0], len(b.func.facts.results))
    elif s.values:
        values = [renamed(b, v) for v in s.values]
    else:
        values = [b.now.env.get(r.name, NOTHING) for r in b.func.facts.results]
    if b.state is None:
        return
    taken = b.won if s.values and isinstance(s.values[-1], Call) else ()  # it succeeds where that call does
    values = [b.copied(v, s.at) for v in values]
    values = [_shared_now(b, v) for v in values]
    for f in (f for v in values for f in v.funcs):
        b.keeps_too(f.target)  # who gets the literal runs it sooner or later
    for v in values:
        b.leave_with(v, s.at, s.at + len("return"))
    b.returned_when.append((b.state.needs, tuple(values)))
    known = b.return_values
    b.return_values = tuple(_either(k, v) for k, v in zip(known, values, strict=False)) if known else tuple(values)
    b.left += 1
    b.returned.append(b.state)
    if s.values and tells_success(b, s.values[-1]):
        b.succeeded.append(b.state)
    elif taken:
        b.succeeded.append(b.state.copy())
        b.succeeded[-1].locks.update(taken)
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
            if sent_later(b, container):
                b.pause(container.paths)
        else:
            iterator = container.type == OUTSIDE and isinstance(s.x, Call)  # a library's, most likely: its elements are anything
            first = Value(UNKNOWN_TYPE if iterator else TName("", "int"))
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
