"""Calls to effects: conversions, builtins, functions of the tree by their summaries, functions outside by their models."""

from collections.abc import Collection, Iterable

from mapguard.concurrency.atomicsteps import check_then_act
from mapguard.concurrency.body import VARIADIC, Body, own_param, slot, substitute
from mapguard.concurrency.builtins import builtin
from mapguard.concurrency.conversions import conversion
from mapguard.concurrency.domain import (
    ALLOC,
    CALLED,
    ELEM,
    HANDLERS,
    NOTHING,
    READ,
    RECEIVER,
    UNKNOWN_TYPE,
    WRITE,
    Base,
    Edge,
    FuncVal,
    Locks,
    Path,
    Value,
    is_elem,
    location,
    merge_values,
)
from mapguard.concurrency.evaluate import operand, results_type, selector, store_field, unknown_result
from mapguard.concurrency.generics import infer
from mapguard.concurrency.library import apply_model, lock_effect, register
from mapguard.concurrency.requirements import chosen
from mapguard.concurrency.summary import ParamCall, Summary
from mapguard.facts.syntax import Call, Expr, Name, Sel, TFunc, TInterface, TTuple, Type
from mapguard.program.model import Func
from mapguard.program.types import substitute as substitute_type

_LOCK_NAMES = {"Lock": ("acquire", "write"), "RLock": ("acquire", "read"), "Unlock": ("release", "write"), "RUnlock": ("release", "read")}


def call(b: Body, x: Call, mode: str = "call", site: tuple[int, int] | None = None) -> Value:
    """Evaluates a call. ``mode`` is call, go or defer; ``site`` the statement's span for the latter two."""
    at, end = site or (x.at, x.end)
    b.won = ()
    if isinstance(x.fn, Name) and x.fn.name not in b.now.env:
        done = builtin(b, x.fn.name, x, mode)
        if done is not None:
            return done
    converted = conversion(b, x)
    if converted is not None:
        return converted
    fn = selector(b, x.fn) if isinstance(x.fn, Sel) else operand(b, x.fn)
    if b.state is None:
        return NOTHING
    args = [operand(b, a) for a in x.args]
    if b.state is None:
        return NOTHING
    b.analysis.handed_on.update(f.target.id for a in args for f in a.funcs if isinstance(f.target, Func))
    if len(args) == 1 and isinstance(args[0].type, TTuple):
        args = list(b.results)  # f(g()) with several results
    b.analysis.count_call(b.func, at, fn)
    check_then_act(b, fn, x, args)
    b.written, b.called, b.won = x.args, x.fn, ()
    result = invoke(b, fn, args, at, end, mode, x.spread, x.fn)
    if b.state is not None:
        for value in (*args, *(f.recv for f in fn.funcs if f.recv is not None)):
            b.touched(value)
    return result


# ---------------------------------------------------------------- dispatch


def invoke(b: Body, fn: Value, args: list[Value], at: int, end: int, mode: str, spread: bool = False, written: Expr | None = None) -> Value:
    """Calls a function value; several possible targets have their results merged and only common effects."""
    result: Value | None = None
    several: tuple[Value, ...] = ()
    signature = b.types.underlying(fn.type)
    kinds = signature.results if isinstance(signature, TFunc) else ()
    for target in fn.funcs:
        b.results = ()
        one = _target(b, target, fn, args, at, end, mode, spread)
        if b.state is None:
            return NOTHING
        result = one if result is None else one_of(result, one, kinds[0] if len(kinds) == 1 else UNKNOWN_TYPE)
        several = b.results if not several else tuple(map(one_of, several, b.results, kinds)) or several
    b.results = several
    if len(fn.funcs) > 1 and b.state is not None:
        locks_of_all(b, fn.funcs, mode)
    if not fn.funcs:
        for path in fn.paths:
            _call_path(b, path, fn.type, args, at, end, mode)
    if result is None or (result.type == UNKNOWN_TYPE and isinstance(signature, TFunc)):
        b.results = tuple(unknown_result(b, at + i, k) for i, k in enumerate(kinds))
        result = b.results[0] if len(kinds) == 1 else Value(results_type(kinds)) if kinds else unknown_result(b, at, UNKNOWN_TYPE)
    return result


def locks_of_all(b: Body, funcs: tuple[FuncVal, ...], mode: str) -> None:
    """A call that may run one of several methods, each of which takes a lock, or gives one up: ``store.lock()`` of an interface.

    A type whose method has an empty body says that its objects need no lock: what it does elsewhere gives none up.
    """
    known: list[tuple[Func, Summary, dict[int, tuple[Path, ...]]]] = []
    for f in funcs:
        if not isinstance(f.target, Func) or f.recv is None:
            return
        if f.target.facts.body:
            known.append((f.target, b.analysis.summary(f.target), {RECEIVER: f.recv.paths}))
    taken = [[(q, m) for p, m in s.acquires if m in (READ, WRITE) for q in substitute(p, func, paths)] for func, s, paths in known]
    given = [[q for p in s.releases for q in substitute(p, func, paths)] for func, s, paths in known]
    if known and all(taken):
        for path, held in (lock for one in taken for lock in one):
            if mode == "defer":
                b.taken_at_end[path] = held
            elif mode == "call":
                b.acquire(path, held)
    for path in (p for one in given for p in one if all(given) or p in b.now.locks):
        if mode == "defer":
            b.now.deferred |= {path}
        elif mode == "call":
            b.release(path)


def one_of(a: Value, b: Value, declared: Type) -> Value:
    """The result of one of two functions; where their types differ only the declared type is left."""
    merged = merge_values(a, b)
    return merged._replace(type=declared) if UNKNOWN_TYPE not in (a.type, b.type) and a.type != b.type else merged


def _call_path(b: Body, path: Path, kind: Type, args: list[Value], at: int, end: int, mode: str) -> None:
    """A call of a function that was stored or passed: the caller of this function, or whoever stored it, tells which."""
    if own_param_any(path):
        use = "go" if mode == "go" else "call"
        b.touched_after |= b.now.signaled
        b.signals.add(path.plus(CALLED))
        if mode == "call":
            b.now.signaled |= {path.plus(CALLED)}
        locks = () if mode == "go" else b.now.lockset()
        b.param_calls.add(ParamCall(path.base[1], path.base[2], use, locks, _again(b, path), each=_each(b, path)))
        if path.base[1] != b.func.id:
            b.analysis.pending_calls.append((b, slot(path.base[1], path.base[2]), _snapshot(b, args, at, end, use), kind))
        return
    found = location(path)
    if found is not None:
        template = _snapshot(b, args, at, end, "go" if mode == "go" else "call")
        template.queued = found[1] > 0
        b.analysis.pending_calls.append((b, found[0].name, template, kind))


def own_param_any(path: Path) -> bool:
    return path.base[0] == "p" and all(is_elem(f) for f in path.fields)


def constants(bound: dict[int, Value]) -> dict[int, str]:
    return {i: v.known for i, v in bound.items() if v.known}


def _snapshot(b: Body, args: list[Value], at: int, end: int, kind: str) -> Edge:
    """An edge whose callee is found out when everything has been read."""
    state = b.now
    made = Edge(
        kind,
        b.func,
        b.func,
        at,
        end,
        dict(enumerate(a.paths for a in args)),
        () if kind == "go" else state.lockset(),
        frozenset(),
        state.live,
        b.loops,
    )
    made.known = constants(dict(enumerate(args)))
    made.needs = state.needs
    made.intact = b.passed_intact([a.paths for a in args]) if kind == "call" else {}
    made.dropped, made.signaled, made.woken = b.dropped(), state.signaled, state.woken
    return made


def _target(b: Body, target: FuncVal, fn: Value, args: list[Value], at: int, end: int, mode: str, spread: bool) -> Value:
    if isinstance(target.target, str):
        name = target.target
        lock = _LOCK_NAMES.get(name.rpartition(".")[2])  # whatever library's type it is
        if lock is not None and not args and target.recv is not None and target.recv.paths and b.analysis.models.function(name) is None:
            acquires, releases = (lock[1], "") if lock[0] == "acquire" else ("", lock[1])
            lock_effect(b, target.recv.paths, acquires, releases, mode)
            return NOTHING
        if target.recv is not None and name[:2] != "(?" and b.analysis.models.function(name) is None:
            # no method, maybe, but a field of a library's struct that the tree has put a function in
            b.analysis.pending_calls.append((b, name, _snapshot(b, args, at, end, "go" if mode == "go" else "call"), fn.type))
        return apply_model(b, name, target.recv, fn.type, args, at, end, mode)
    return call_function(b, target.target, target.recv, args, at, end, mode, spread, len(fn.funcs), fn.type)


# ---------------------------------------------------------------- functions of the tree


def bind(func: Func, recv: Value | None, args: list[Value], spread: bool) -> tuple[dict[int, Value], Value | None]:
    """Arguments by parameter index; the elements of a variadic parameter merge under ``VARIADIC + index``."""
    bound: dict[int, Value] = {}
    if func.facts.recv is not None:
        if recv is None and args:
            recv, args = args[0], args[1:]  # a method expression
        if recv is not None:
            bound[RECEIVER] = recv
    last = len(func.facts.params) - 1
    for position, value in enumerate(args):
        if func.facts.variadic and position >= last:
            key = last if spread else last + VARIADIC
            bound[key] = merge_values(bound[key], value) if key in bound else value
        elif position <= last:
            bound[position] = value
    return bound, recv


def call_function(
    b: Body,
    func: Func,
    recv: Value | None,
    args: list[Value],
    at: int,
    end: int,
    mode: str,
    spread: bool = False,
    candidates: int = 1,
    kind: Type = UNKNOWN_TYPE,
) -> Value:
    """A call of a function of the tree; ``kind`` is its type, with the type arguments that are written."""
    bound, recv = bind(func, recv, args, spread)
    paths = {i: v.paths for i, v in bound.items() if v.paths}
    summary = b.analysis.summary(func)
    if mode == "go":
        start_goroutine(b, func, summary, bound, paths, at, end, "go", False)
        return NOTHING
    edge = b.edge("defer" if mode == "defer" else "call", func, at, end, paths, constants=constants(bound))
    edge.candidates = max(edge.candidates, candidates)
    for i, value in bound.items():
        edge.taken[i] = edge.taken[i] & value.under if i in edge.taken else value.under
    sure = candidates == 1
    if mode == "call":
        b.touched_after |= {p for p in b.now.signaled if p.fields[-1:] == (CALLED,)}
    if mode == "defer":
        for p in summary.releases:
            b.now.deferred |= set(substitute(p, func, paths))
        for p, held in summary.acquires:
            b.taken_at_end.update((q, held) for q in substitute(p, func, paths))
        b.signals |= signalled(b, summary.signals, func, bound, paths)
        parameter_calls(b, func, summary, bound, paths, at, end, edge)
        return NOTHING
    effects(b, func, summary, bound, paths, at, sure)
    parameter_calls(b, func, summary, bound, paths, at, end, edge)
    registered = b.analysis.models.registration(func.name) if func.recv is None and func.outer is None else None
    if registered is not None:
        register(b, registered, recv, args, at, end, func.params)
    if summary.noreturn and sure:
        b.state = None
        return NOTHING
    return returned(b, func, summary, bound, paths, at, kind)


def effects(
    b: Body, func: Func, summary: Summary, bound: dict[int, Value], paths: dict[int, tuple[Path, ...]], at: int, sure: bool
) -> None:
    for i in summary.escapes:
        for key in (i, i + VARIADIC):
            if key in bound:
                b.escape(bound[key], publish=i in summary.publishes)
    for target, given in summary.puts:
        moved = Value(given.type, tuple(q for p in given.paths for q in substitute(p, func, paths)))
        for q in substitute(target, func, paths) if moved.paths else ():
            store_field(b, q, moved)
    if summary.spawns:
        frame, signals = b.func.frame.id, b.analysis.signals
        for thread in summary.spawns:
            there = signals.get((func.frame.id, thread))
            if there and func.frame is not b.func.frame:
                signals.setdefault((frame, thread), set()).update(signalled(b, there, func, bound, paths))
        b.now.live |= summary.spawns
        b.spawned |= summary.spawns
    for p in sorted(summary.waits):
        for q in substitute(p, func, paths):
            b.wait(q)
    sent = signalled(b, summary.signals, func, bound, paths)
    b.signals |= sent
    b.now.signaled |= sent
    if b.loops:  # ``job, ok := queue.pop()``
        b.now.woken = b.now.woken or summary.pauses
    if not sure:
        return
    if summary.swaps:
        swapped = {q for p in summary.swaps for q in substitute(p, func, paths)}
        b.swapped |= swapped
        b.detach(swapped, at)
    for p in sorted(summary.releases):
        for q in substitute(p, func, paths):
            b.release(q)
    for p, mode in summary.acquires:
        for q in substitute(p, func, paths):
            b.acquire(q, mode)
    b.won = tuple((q, mode) for p, mode in summary.wins for q in substitute(p, func, paths))


def signalled(b: Body, signals: Iterable[Path], func: Func, bound: dict[int, Value], paths: dict[int, tuple[Path, ...]]) -> set[Path]:
    """What ``func`` signals, in the caller's terms; where it calls a function that it is given, what that signals."""
    found: set[Path] = set()
    for p in signals:
        if p.fields[-1:] != (CALLED,):
            found.update(substitute(p, func, paths))
        elif p.base[1] != func.id:
            found.add(p)
        else:
            for key in (p.base[2], p.base[2] + VARIADIC):
                value = bound.get(key, NOTHING)
                found.update(q.plus(CALLED) for q in value.paths if own_param_any(q))
                found.update(q for f in value.funcs for q in _signals_of(b, f))
    return found


def _signals_of(b: Body, f: FuncVal) -> Iterable[Path]:
    """What calling a function value signals: a literal, a method like ``wg.Done``."""
    recv = f.recv.paths if f.recv is not None else ()
    if isinstance(f.target, Func):
        early = b.analysis.signaled_early(f.target)
        return {q for p in b.analysis.summary(f.target).signals - early for q in substitute(p, f.target, {RECEIVER: recv})}
    model = b.analysis.models.function(f.target)
    return recv if model is not None and model.done else ()


def returned(
    b: Body, func: Func, summary: Summary, bound: dict[int, Value], paths: dict[int, tuple[Path, ...]], at: int, instance: Type
) -> Value:
    """The results in the caller's terms: a fresh result becomes an allocation of the call."""
    generics = infer(func, bound, instance)
    out: list[Value] = []
    renamed: dict[Base, Base] = {}
    returns = chosen(summary, func, constants(bound))
    for position, kind in enumerate(func.results):
        kind = substitute_type(kind, generics)
        value = returns[position] if position < len(returns) else None
        if value is None or not (value.paths or value.funcs):
            needs_path = value is None and not func.facts.body
            out.append(unknown_result(b, at + position, kind) if needs_path else Value(kind))
            continue
        found: list[Path] = []
        for p in value.paths:
            if p.base[0] == ALLOC and p.base[1] == func.id:
                base = renamed.setdefault(p.base, (ALLOC, b.func.id, at + position))
                b.analysis.renamed[base] = p.base
                made_as = b.analysis.alloc_types.get(p.base)
                if made_as is None or p.base in b.analysis.mixed:
                    b.analysis.mixed.add(base)
                else:
                    b.analysis.note_type(base, made_as)
                b.analysis.note_alloc(base, value.type if value.type != UNKNOWN_TYPE else kind, b.loops, made=False)
                found.append(Path(base, p.fields))
            else:
                got = substitute(p, func, paths)
                found.extend(got)
                for q in got:
                    if q.fields:
                        b.looked_up(q)  # a getter takes it out for its caller
        funcs = tuple(bind_function(f, func, paths) for f in value.funcs)
        narrower = value.type != UNKNOWN_TYPE and (kind == UNKNOWN_TYPE or isinstance(b.types.underlying(kind), TInterface))
        kept_type = value.type if narrower else kind
        out.append(Value(kept_type, tuple(dict.fromkeys(found))[:4], funcs, value.under))
    for target, stored in summary.stores:
        if target.base in renamed:
            base = renamed[target.base]
            held = tuple(q for p in stored.paths if not _part_of(b, p, renamed, func) for q in substitute(p, func, paths))
            extra = tuple(f for i, v in bound.items() for p in stored.paths if own_param(p, func) == i for f in v.funcs)
            kept = Value(stored.type, held[:4], stored.funcs + extra)
            b.analysis.flow(Path(base, target.fields), kept, False)
            b.store[Path(base, target.fields).plain()] = kept
            if extra:
                b.analysis.keep_functions(Path(base, target.fields), extra)
    b.results = tuple(out)
    return out[0] if len(out) == 1 else Value(TTuple(tuple(v.type for v in out))) if out else NOTHING


def _part_of(b: Body, path: Path, results: Collection[Base], maker: Func) -> bool:
    """Whether a field of the result holds what the callee has made for it and keeps nowhere else: the field is its name."""
    homes = b.analysis.homes.get(path.base, ())
    return path.base[:2] == (ALLOC, maker.id) and not path.fields and bool(homes) and all(home.base in results for home in homes)


def bind_function(f: FuncVal, func: Func, paths: dict[int, tuple[Path, ...]]) -> FuncVal:
    """A returned method value, its receiver in the caller's terms."""
    if f.recv is None:
        return f
    moved = tuple(q for p in f.recv.paths for q in substitute(p, func, paths))
    return FuncVal(f.target, Value(f.recv.type, moved, f.recv.funcs))


# ---------------------------------------------------------------- function parameters, goroutines, roots


def parameter_calls(
    b: Body,
    func: Func,
    summary: Summary,
    bound: dict[int, Value],
    paths: dict[int, tuple[Path, ...]],
    at: int,
    end: int,
    edge: Edge,
    around: Locks = (),
) -> None:
    """The callee runs, starts or keeps functions that it is given here (or that an enclosing function was given).

    ``around`` are locks under which somebody else runs the callee.
    """
    for given in summary.calls_params:
        if b.state is None:
            return
        if given.owner != func.id and not b.inside(given.owner):
            continue
        locks = _locks_around(given, func, paths, around)
        ends = tuple(sorted(signalled(b, given.ends, func, bound, paths)))
        if given.owner != func.id:
            thread = begin_unknown(b, given.owner, given.param, given.kind, at, ends)
            b.param_calls.add(ParamCall(given.owner, given.param, given.kind, _held(b, given.kind, locks), given.many, thread, ends))
            continue
        for key in (given.param, given.param + VARIADIC):
            if key not in bound:
                continue
            value = bound[key]
            if given.each and key == given.param:  # a slice may hold one function several times
                use_function(b, value._replace(paths=()), given.kind, at, end, locks, True, ends=ends)
                value = value._replace(funcs=())
            use_function(b, value, given.kind, at, end, locks, given.many, ends=ends, each=given.each)


def use_function(
    b: Body,
    value: Value,
    kind: str,
    at: int,
    end: int,
    locks: Locks,
    many: bool,
    series: str = "",
    ends: tuple[Path, ...] = (),
    each: bool = False,
) -> None:
    """Somebody uses the function ``value`` as ``kind`` says (see ``ParamCall``, also for ``ends``), from the call at ``at``; ``series``
    as in ``Edge``."""
    if kind.startswith("keep:"):
        if value.funcs:
            b.escape(Value(UNKNOWN_TYPE, (), value.funcs))
            b.analysis.keep_named(kind[5:], value.funcs)
            for f in value.funcs:
                b.keeps_too(f.target)
        b.param_calls.update(ParamCall(p.base[1], p.base[2], kind, (), False) for p in value.paths if own_param_any(p))
        return
    for path in value.paths:
        if own_param_any(path):
            _, owner, param = path.base
            thread = begin_unknown(b, owner, param, kind, at, ends)
            again = many or _again(b, path)
            b.param_calls.add(ParamCall(owner, param, kind, _held(b, kind, locks), again, thread, ends, each or _each(b, path)))
            if owner != b.func.id and kind in ("call", "go", "join"):
                _passed_on(b, path, value.type, kind, at, end, locks)
        elif kind in ("call", "go", "join") and (found := location(path)) is not None:
            b.analysis.pending_calls.append((b, found[0].name, _snapshot(b, [], at, end, "go" if kind == "join" else kind), value.type))
    for target in value.funcs:
        if not isinstance(target.target, Func):
            continue
        func = target.target
        often = many or (each and func.outer is None)  # a literal among the arguments is there once
        paths = {RECEIVER: target.recv.paths} if target.recv is not None else {}
        summary = b.analysis.summary(func)
        bound = {RECEIVER: target.recv} if target.recv is not None else {}
        if kind == "call" and summary.detaches:
            start_goroutine(b, func, summary, bound, paths, at, end, "go", often)
        elif kind in ("go", "join") or kind.startswith("root:"):
            live = b.now.live
            around = tuple((_of_this_call(b, p, at), m) for p, m in locks)
            edge = start_goroutine(b, func, summary, bound, paths, at, end, "go" if kind == "join" else kind, often, around, ends)
            edge.series = series
            if kind == "join":
                b.now.live = live
        elif kind == "once":
            parameter_calls(b, func, summary, bound, paths, at, end, b.edge("once", func, at, end, paths, extra=locks), locks)
        else:
            edge = b.edge("callback", func, at, end, paths, many=often, extra=locks)
            effects(b, func, summary, bound, paths, at, sure=True)
            parameter_calls(b, func, summary, bound, paths, at, end, edge, locks)


def _passed_on(b: Body, path: Path, asked: Type, kind: str, at: int, end: int, locks: Locks) -> None:
    """A literal passes on a function that its maker was given: where the literal is kept, it is run with that."""
    template = _snapshot(b, [], at, end, "call" if kind == "call" else "go")
    if kind == "call":
        template.locks = _held(b, kind, locks)
    b.analysis.pending_calls.append((b, slot(path.base[1], path.base[2]), template, asked))


def start_goroutine(
    b: Body,
    func: Func,
    summary: Summary,
    bound: dict[int, Value],
    paths: dict[int, tuple[Path, ...]],
    at: int,
    end: int,
    kind: str,
    many: bool,
    around: Locks = (),
    ends: tuple[Path, ...] = (),
) -> Edge:
    """``go f(x)``, or a registration of ``f`` as an entry point (``root:KIND``): another thread runs ``f`` from here on.

    ``around`` are locks that the other thread holds meanwhile; ``ends`` what is signalled when it has done so.
    """
    edge = b.edge("go" if kind == "go" else "root", func, at, end, paths, many, kind[5:], constants=constants(bound))
    if kind == "go":
        _hand_over_locks(b, func, summary, paths, edge)
    edge.locks = (*edge.locks, *around)
    signals = set(ends)
    if kind == "go":
        signals |= signalled(b, summary.signals - b.analysis.signaled_early(func), func, bound, paths)
    b.start(edge, frozenset(signals))
    for index, value in bound.items():
        b.escape(value, publish=kind != "go" or index in summary.publishes)
    b.escape(Value(UNKNOWN_TYPE, (), (FuncVal(func),)), publish=kind != "go")
    b.spawned |= summary.spawns
    if HANDLERS in summary.spawns:
        b.begin_handlers()
    for given in summary.calls_params:
        if given.owner != func.id and not b.inside(given.owner):
            continue
        inside = given.kind in ("call", "join")  # it ends before the goroutine does
        again = many or (given.many and given.kind != "call")  # a goroutine calls one function again and again, but not beside itself
        done = ends if inside else tuple(sorted(signalled(b, given.ends, func, bound, paths)))
        locks = _locks_around(given, func, paths, around)
        if given.owner != func.id:
            thread = edge.id if inside else ""
            again = again or bool(b.loops)
            b.param_calls.add(ParamCall(given.owner, given.param, _aside(given.kind), locks, again, thread, done))
        elif given.param in bound:
            use_function(b, bound[given.param], _aside(given.kind), at, end, locks, again, ends=done)
    return edge


def begin_unknown(b: Body, owner: str, param: int, kind: str, at: int, ends: tuple[Path, ...]) -> str:
    """The name of a goroutine that starts here and runs a function which only the caller knows; "" when nobody can wait for it."""
    if kind != "go" or not ends:
        return ""
    thread = f"{b.func.id}@{at}>{owner}#{param}"
    b.analysis.signals.setdefault((b.func.frame.id, thread), set()).update(ends)
    b.now.live |= {thread}
    return thread


def _again(b: Body, function: Path) -> bool:
    """Whether a loop around uses the same function in every round."""
    return any(f"{ELEM}@{loop}" not in function.fields for loop in b.loops)


def _each(b: Body, function: Path) -> bool:
    return any(f"{ELEM}@{loop}" in function.fields for loop in b.loops)


def _aside(kind: str) -> str:
    """What a function's use becomes when a goroutine is the one who uses it."""
    return "go" if kind in ("call", "join") else kind


def _held(b: Body, kind: str, locks: Locks) -> Locks:
    """The locks under which a function that was given to this body runs: on this goroutine also those that are held here."""
    return tuple(sorted({**b.now.locks, **dict(locks)}.items())) if kind == "call" else locks


def _locks_around(given: ParamCall, func: Func, paths: dict[int, tuple[Path, ...]], around: Locks) -> Locks:
    """The locks under which ``func`` runs a function that it is given, in its caller's terms; it itself runs under ``around``."""
    held = {q: m for p, m in given.locks for q in substitute(p, func, paths)}
    return tuple(sorted(({**dict(around), **held} if given.kind == "call" else held).items()))


def _of_this_call(b: Body, lock: Path, at: int) -> Path:
    """A lock that the callee makes for the call is one of the call's own."""
    return Path((ALLOC, b.func.id, at)) if lock.base[0] == ALLOC and not b.inside(lock.base[1]) else lock


def _hand_over_locks(b: Body, func: Func, summary: Summary, paths: dict[int, tuple[Path, ...]], edge: Edge) -> None:
    """A lock that is held here and that the goroutine gives up without taking it is the goroutine's from its start."""
    handed = {q for p in summary.releases for q in substitute(p, func, paths) if b.now.locks.get(q) in (READ, WRITE)}
    edge.locks = tuple((q, b.now.locks.pop(q)) for q in sorted(handed))
