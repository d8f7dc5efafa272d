"""Calls of functions outside the tree to effects, as the models of rules/models say; no library is special in code."""

from mapguard.concurrency.atomicsteps import shape
from mapguard.concurrency.body import Body
from mapguard.concurrency.domain import (
    ELEM,
    FLIGHT,
    NOTHING,
    OUTSIDE,
    READ_HALF,
    RESULT,
    UNKNOWN_TYPE,
    WRITE,
    FuncVal,
    Location,
    Locks,
    Path,
    Value,
    is_elem,
)
from mapguard.facts.formats import unread_arguments
from mapguard.facts.syntax import Call, Expr, Index, Lit, Name, Sel, TFunc, TName, TPtr, TSlice, TStruct, TTuple, Type
from mapguard.models.entries import serves_calls
from mapguard.models.load import FunctionModel, RootModel
from mapguard.program.model import Func, NamedType
from mapguard.program.names import show_type

_REACH_LIMIT = 3
_SERVICE_LIMIT = 3


def apply_model(b: Body, name: str, recv: Value | None, kind: Type, args: list[Value], at: int, end: int, mode: str) -> Value:
    """The effect of calling ``name``. Without a model the call reads maps given to it directly and runs functions given to it."""
    model = b.analysis.models.function(name)
    if model is None:
        registered = b.analysis.models.registration(name)
        if registered is not None:
            register(b, registered, recv, args, at, end)
        else:
            for value in args:
                if b.types.map_of(value.type) is not None:
                    b.record("read", value, at, end, weak=True)
                b.analysis.hand_out(value.type)
                run_functions(b, value, "go" if mode == "go" else "call", at, end, False)
        return result(b, kind, None, recv, args, at)
    if recv is not None:
        lock_effect(b, recv.paths, model.acquires or "", model.releases or "", mode)
    contents(b, name, model, recv, args, at, end)
    functions(b, model, recv, args, at, end, mode)
    groups(b, model, recv, mode)
    for value in named(model.publishes, recv, args):
        b.escape(value)
        for p in recv.paths if recv is not None else ():
            b.analysis.flow(p, value, False)
    if model.noreturn and mode == "call":
        b.state = None
        return NOTHING
    return result(b, kind, model, recv, args, at)


def named(names: tuple[str, ...], recv: Value | None, args: list[Value]) -> list[Value]:
    """The values that a model's argument names stand for: recv, arg0, arg1, …, args."""
    found: list[Value] = []
    for name in names:
        if name == "recv":
            if recv is not None:
                found.append(recv)
        elif name == "args":
            found.extend(args)
        elif name.startswith("arg") and name[3:].isdigit() and int(name[3:]) < len(args):
            found.append(args[int(name[3:])])
    return found


def lock_effect(b: Body, paths: tuple[Path, ...], acquires: str, releases: str, mode: str) -> None:
    """A call of a lock's method that takes the lock or gives it up in this mode, "" for neither; at once or deferred."""
    name = shape(b.called.x) if isinstance(b.called, Sel) else None
    written = b.called.x if isinstance(b.called, Sel) else None
    if acquires and isinstance(written, Name | Sel | Index | Call):
        end = written.at + len(written.name) if isinstance(written, Name) else written.end
        for p in paths:
            b.analysis.note_lock(b.func, p, written.at, end)
    if acquires and mode == "call":
        for p in paths:
            b.acquire(p, acquires, name)
    elif acquires and mode == "defer":
        b.taken_at_end.update((p, acquires) for p in paths)
    if releases and mode == "call":
        for p in paths:
            b.give_up(p, releases if len(paths) == 1 else "", name)
    elif releases and mode == "defer":
        b.now.deferred |= set(paths)
        b.unlocks.update((p, releases) for p in paths)


def contents(b: Body, name: str, model: FunctionModel, recv: Value | None, args: list[Value], at: int, end: int) -> None:
    """Reads, writes and walks of the maps that the function is given."""
    for value in named(model.reads, recv, args):
        b.record("read", value, at, end)
    for value in named(model.writes, recv, args):
        for target in reachable(b, value, 1):
            b.record("write", target, at, end)
    deep = model.deep
    unread = _unread(b, name)
    for value in named(model.iterates, recv, [a for i, a in enumerate(args) if i not in unread]):
        for target in reachable(b, value, _REACH_LIMIT if deep else 1):
            b.record("range", target, at, end)


def _unread(b: Body, name: str) -> frozenset[int]:
    """The arguments of a function that is named as one that formats (``Printf``) whose verbs do not look into them: address and type."""
    if not name.endswith("f"):
        return frozenset()
    found = ((i, unread) for i, x in enumerate(b.written) if (unread := unread_arguments(x)) is not None)
    at, unread = next(found, (0, frozenset[int]()))
    return frozenset(at + 1 + i for i in unread)


def reachable(b: Body, value: Value, depth: int) -> list[Value]:
    """The maps in ``value``: itself, or the exported fields of a struct down to ``depth``."""
    if not value.paths:
        return []
    kind = b.types.deref(value.type)
    if b.types.map_of(kind) is not None:
        return [Value(kind, value.paths)]
    if depth <= 0:
        return []
    under = b.types.underlying(kind)
    if isinstance(under, TSlice):
        return reachable(b, Value(under.elem, tuple(p.uncopied().plus("[]") for p in value.paths)), depth - 1)
    if not isinstance(under, TStruct):
        return []
    found: list[Value] = []
    for field in under.fields:
        if field.name[:1].isupper():
            selected = b.types.select(kind, field.name)
            if selected is not None and selected.steps and selected.method is None:
                step = selected.steps[-1]
                found.extend(reachable(b, Value(step.type, tuple(p.uncopied().plus(step.field) for p in value.paths)), depth - 1))
    return found


def functions(b: Body, model: FunctionModel, recv: Value | None, args: list[Value], at: int, end: int, mode: str) -> None:
    """Functions that the library runs, starts or registers."""
    from mapguard.concurrency.calls import use_function

    if model.once:
        for value in args[:1]:
            guard = tuple((p, "write") for p in recv.paths) if recv is not None else ()
            use_function(b, value, "once", at, end, guard, False)
        if recv is not None and b.state is not None and mode == "call":
            for p in recv.paths:
                b.acquire(p, "read")
        return
    if model.parallel:
        live = b.now.live
        for value in named(model.calls, recv, args):
            run_functions(b, value, "go", at, end, model.many)
        if b.state is not None:
            b.state.live = live
        return
    around = _own_turn(b, model, recv, at)
    for value in named(model.calls, recv, args):
        run_functions(b, value, "go" if mode == "go" else "call", at, end, model.many, locks=around)
        for method in methods(b, value.type, model.methods) if value.paths else ():
            use_function(b, Value(UNKNOWN_TYPE, (), (FuncVal(method, value),)), "call", at, end, (), model.many)
    for value in named(model.spawns, recv, args):
        # a literal is made for one call, and the next call makes another one; a method is set again for its object
        again = model.serial and bool(value.funcs) and all(f.recv is not None for f in value.funcs)
        series = f"{b.func.id}@{at}" if again else ""
        run_functions(b, value, "go", at, end, model.many, series, ends=recv.paths if recv is not None else ())
    for root in model.root:
        register(b, root, recv, args, at, end)


def _own_turn(b: Body, model: FunctionModel, recv: Value | None, at: int) -> Locks:
    """The lock that calls with one constant key are for each other: that of this call's place, kept beside the receiver."""
    if not model.alone or recv is None or not isinstance(_written(b, model.alone), Lit):
        return ()
    kept = (p.uncopied() for p in recv.paths)
    fields = ((p.base, p.fields[:-1], p.fields[-1]) for p in kept if p.fields and not is_elem(p.fields[-1]))
    return tuple((Path(base, (*before, f"{last}{FLIGHT}{at}")), WRITE) for base, before, last in fields)


def register(b: Body, root: RootModel, recv: Value | None, args: list[Value], at: int, end: int, declared: tuple[Type, ...] = ()) -> None:
    """``http.HandleFunc("/", f)`` or ``RegisterXServer(s, impl)``: the argument is run by the library from now on.

    ``declared`` are the types of the parameters: of an object for which an interface is asked only the methods of that are run.
    """
    from mapguard.concurrency.calls import use_function

    series = f"{b.func.id}@{at}" if root.serial else ""
    for value in named((root.arg,), recv, args):
        if value.funcs or isinstance(value.type, TFunc):
            use_function(b, value, f"root:{root.kind}", at, end, (), root.many, series)
            continue
        b.escape(value)
        asked = next((kind for kind, given in zip(declared, args, strict=False) if given is value), value.type)
        for method in methods(b, value.type, root.methods, asked):
            use_function(b, Value(UNKNOWN_TYPE, (), (FuncVal(method, value),)), f"root:{root.kind}", at, end, (), root.many, series)


def methods(b: Body, kind: Type, wanted: tuple[str, ...], asked: Type = UNKNOWN_TYPE) -> list[Func]:
    """The tree's methods of an object that a library calls: the named ones, or all exported ones of the interface ``asked`` for."""
    base = b.types.alias(b.types.deref(b.types.alias(kind)))
    candidates: list[NamedType] = []
    if isinstance(base, TName):
        own = b.analysis.program.named(base.pkg, base.name)
        candidates = [own] if own is not None and own.methods else list(b.types.implementers(base))
        if len(candidates) > _SERVICE_LIMIT:
            return []  # a small interface that many types happen to fit says nothing about which one is served
    found: list[Func] = []
    offered = b.types.method_names(asked)
    for one in candidates:
        names = wanted if "*" not in wanted else sorted(one.methods if offered is None else offered)
        for name in names:
            if name[:1].isupper():
                selected = b.types.select(TName(one.pkg, one.name), name)
                method = selected.method if selected is not None else None
                if method is not None and ("*" not in wanted or _serves_calls(method)):
                    found.append(method)
    return found


def _serves_calls(method: Func) -> bool:
    return serves_calls(tuple(show_type(p) for p in method.params), tuple(show_type(r) for r in method.results))


def run_functions(
    b: Body,
    value: Value,
    kind: str,
    at: int,
    end: int,
    many: bool,
    series: str = "",
    locks: Locks = (),
    ends: tuple[Path, ...] = (),
) -> None:
    from mapguard.concurrency.calls import use_function

    if value.funcs or isinstance(value.type, TFunc):
        use_function(b, value, kind, at, end, locks, many, series, ends)


def groups(b: Body, model: FunctionModel, recv: Value | None, mode: str) -> None:
    """WaitGroup-like objects: Done signals, Wait joins. Tests that go on beside their parent."""
    if recv is None or b.state is None:
        return
    if model.runs_handlers:
        b.begin_handlers()
    if model.pauses and mode == "call":
        b.pause(recv.paths)
    if model.adds:
        b.counted.update(recv.paths)
    if model.detaches:
        b.summary.detaches = True
    if model.done:
        b.signals.update(recv.paths)
        if mode == "call":
            b.state.signaled |= set(recv.paths)
    if model.joins and mode == "call":
        for p in recv.paths:
            b.wait(p)


def _written(b: Body, name: str) -> Expr | None:
    """The argument ``arg0``, ``arg1``, … as it is written."""
    index = int(name[3:])
    return b.written[index] if index < len(b.written) else None


def result(b: Body, kind: Type, model: FunctionModel | None, recv: Value | None, args: list[Value], at: int) -> Value:
    """Results by the declared signature; what they alias by the model, unknown memory otherwise."""
    kinds = kind.results if isinstance(kind, TFunc) else ()
    first = kinds[0] if kinds else OUTSIDE
    paths: tuple[Path, ...] = (Path((RESULT, b.func.id, at)),)
    returns = model.returns if model is not None else ""
    if returns in ("fresh", "own", "held"):
        paths = b.alloc(at, first).paths
        b.analysis.note_alloc(paths[0].base, first, b.loops)
        if model is not None and model.tokens and _written(b, model.tokens) == Lit("int", "1"):
            b.analysis.token_channels.add(Location("local", b.func.id, at))
        for value in args[:1]:
            if b.types.map_of(value.type) is not None:
                first = value.type if first == OUTSIDE or (model is not None and model.copies) else first
                # a shallow clone: its elements are still the original's
                for p in value.paths[:1]:
                    b.store[paths[0].plus("[]")] = Value(b.types.element(value.type), (p.plus("[]"),))
    elif returns == "shared" and recv is not None and recv.paths:
        paths = tuple(p.uncopied().plus(ELEM) for p in recv.paths)
    elif returns == "recv-read":
        paths = tuple(p.plus(READ_HALF) for p in recv.paths) if recv is not None else paths
    elif returns:
        aliased = named((returns,), recv, args)
        if aliased:
            paths = aliased[0].paths
            first = aliased[0].type if first == OUTSIDE else first
    if first == OUTSIDE or isinstance(first, TPtr | TName | TStruct | TSlice | TFunc) or b.types.map_of(first) is not None:
        value = Value(first, paths)
    else:
        value = Value(first)
    if len(kinds) > 1:
        b.results = (value, *(Value(k, (Path((RESULT, b.func.id, at + 1 + i)),)) for i, k in enumerate(kinds[1:])))
        return Value(TTuple(kinds), value.paths)
    return value
