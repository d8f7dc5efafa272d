"""Expressions to values: what type, which paths, which functions; map reads are recorded on the way."""

from mapguard.concurrency.body import Body, PathEndedError
from mapguard.concurrency.copies import hold, keep_object, own_copy, own_object, walk
from mapguard.concurrency.domain import (
    ALLOC,
    ELEM,
    GLOBAL,
    MADE,
    NIL,
    NOTHING,
    OUTSIDE,
    PARAM,
    RECEIVED,
    RESULT,
    UNKNOWN_TYPE,
    FuncVal,
    Location,
    Path,
    Value,
    location,
    named_fields,
    place,
)
from mapguard.facts.syntax import (
    Assert,
    Binary,
    Call,
    Composite,
    Expr,
    FuncLit,
    Index,
    Lit,
    Name,
    Sel,
    SliceOf,
    TFunc,
    TMap,
    TName,
    TPtr,
    TSlice,
    TStruct,
    TTuple,
    TUnknown,
    Type,
    TypeExpr,
    Unary,
)
from mapguard.program.model import Func
from mapguard.program.names import canonical_type
from mapguard.program.types import Selected, substitute

STRING = TName("", "string")
INT = TName("", "int")
BOOL = TName("", "bool")
ONE = Lit("int", "1")
_PREDECLARED = {name: Value(known=name) for name in (NIL, "true", "false")}
_LITERALS = {"string": Value(STRING), "int": Value(INT), "float": Value(TName("", "float64")), "rune": Value(TName("", "rune"))}


def evaluate(b: Body, x: Expr) -> Value:
    """The value of ``x`` in the state at hand. Calls take their effect on that state; what stands after one that ends it is not run."""
    if b.state is None:
        return NOTHING
    try:
        match x:
            case Name(name=name):
                found = name_value(b, name)
                b.touched(found)
                return found
            case Sel():
                found = selector(b, x)
                for f in found.funcs:
                    if f.recv is not None:
                        b.touched(f.recv)  # a method value
                return found
            case Call():
                from mapguard.concurrency.calls import call

                return call(b, x)
            case Lit(kind=kind, text=text):
                found = _LITERALS.get(kind, NOTHING)
                return found._replace(known=f"#{int(text)}") if text.isdecimal() else found
            case Index():
                return index(b, x)
            case Unary():
                return unary(b, x)
            case Binary(op=op, x=left, y=right):
                a = operand(b, left)
                if op in ("&&", "||"):
                    second(b, left, right, op == "&&")
                else:
                    operand(b, right)
                return Value(BOOL) if op in ("==", "!=", "<", ">", "<=", ">=", "&&", "||") else Value(a.type)
            case Composite():
                return composite(b, x, UNKNOWN_TYPE)
            case FuncLit():
                return literal(b, x)
            case Assert(x=inner, type=asked):
                value = evaluate(b, inner)
                return Value(file_type(b, asked), value.paths, value.funcs)
            case SliceOf(x=inner, bounds=bounds):
                for bound in bounds:
                    evaluate(b, bound)
                return evaluate(b, inner)
            case TypeExpr(type=kind):
                return Value(file_type(b, kind))
    except PathEndedError:
        pass
    return NOTHING


def operand(b: Body, x: Expr) -> Value:
    """An expression that is looked at and not kept: an argument before the call, an operand, what a field is selected of."""
    if isinstance(x, Name):
        return name_value(b, x.name) if b.state is not None else NOTHING
    return evaluate(b, x)


def second(b: Body, left: Expr, right: Expr, truth: bool) -> None:
    """The second operand of && or ||: it is evaluated where the first one is ``truth``."""
    from mapguard.concurrency.requirements import conditions

    if b.state is None:
        return
    before = b.state.needs
    b.state.needs = before | conditions(b, left, truth)
    operand(b, right)
    if b.state is not None:
        b.state.needs = before


def file_type(b: Body, t: Type) -> Type:
    """A type as the body wrote it, canonical."""
    return canonical_type(t, b.func.scope, b.func.type_params)


# ---------------------------------------------------------------- names


def name_value(b: Body, name: str) -> Value:
    known = b.now.env.get(name)
    if known is not None:
        if name not in b.own_names:
            for p in known.paths:
                if p.base[0] in (ALLOC, PARAM):
                    b.captured.add(p.base)
        if known.paths and b.store:
            return with_stored(b, known)
        return known
    predeclared = _PREDECLARED.get(name)
    if predeclared is not None:
        return predeclared
    return package_value(b, b.func.scope.package.path, name)


def with_stored(b: Body, value: Value) -> Value:
    """An allocation that was stored in a field is reachable by that name too, once others can reach it at all."""
    homes = b.analysis.homes
    for p in value.paths:
        if p.base[0] == ALLOC and not p.fields and p.base in homes and not b.owned(p):
            extra = tuple(h for h in homes[p.base] if h not in value.paths)
            if extra:
                return Value(value.type, (value.paths + extra)[:4], value.funcs)
    return value


def package_value(b: Body, package_path: str, name: str) -> Value:
    package = b.analysis.program.packages.get(package_path)
    if package is None:
        return outside(package_path, name) if package_path != b.func.scope.package.path else NOTHING
    variable = package.globals.get(name)
    if variable is not None:
        return Value(
            b.analysis.global_type(variable), (Path((GLOBAL, f"{package_path}.{name}", 0)),), b.analysis.global_functions(variable)
        )
    func = package.funcs.get(name)
    if func is not None:
        kind = TFunc(func.params, func.results, func.facts.variadic)
        return Value(kind, (), (FuncVal(func if func.facts.body is not None else f"{package_path}.{name}"),))
    if name in package.consts:
        constant = package.consts[name]
        value = Value(constant) if constant is not None else NOTHING
        return value._replace(known=package.const_values.get(name) or f"const {package_path}.{name}")
    for dot in b.func.scope.dots if package_path == b.func.scope.package.path else ():
        found = package_value(b, dot, name)
        if found is not NOTHING:
            return found
    if package_path != b.func.scope.package.path and name not in package.types:
        return outside(package_path, name)  # the models declare only part of a library
    return NOTHING


def outside(package_path: str, name: str) -> Value:
    """A function, variable or constant of a library."""
    return Value(OUTSIDE, (), (FuncVal(f"{package_path}.{name}"),), known=f"library {package_path}.{name}")


def qualifier(b: Body, x: Expr) -> str | None:
    """The import path that ``x`` names, None when it is a value."""
    if isinstance(x, Name) and x.name not in b.now.env:
        package = b.func.scope.package
        if x.name not in package.globals and x.name not in package.funcs:
            return b.func.scope.imports.get(x.name)
    return None


# ---------------------------------------------------------------- selection


def selector(b: Body, x: Sel) -> Value:
    path = qualifier(b, x.x)
    if path is not None:
        return package_value(b, path, x.name)
    base = operand(b, x.x)
    if isinstance(x.x, TypeExpr) or (isinstance(x.x, Name) and _type_name(b, x.x) is not None):
        return method_expression(b, x)
    if isinstance(x.x, Name) and _changed_by(b, base, x.name):
        base = own_copy(b, x.x, base)
        keep_object(b, base)
    return select(b, base, x.name)


def _changed_by(b: Body, base: Value, name: str) -> bool:
    """Whether ``name`` is a method of a pointer: a variable that it is called on passes its address."""
    selected = b.types.select(base.type, name) if base.type not in (UNKNOWN_TYPE, OUTSIDE) else None
    return selected is not None and selected.method is not None and selected.method.pointer


def _type_name(b: Body, x: Name) -> Type | None:
    if x.name in b.now.env or x.name not in b.func.scope.package.types:
        return None
    return TName(b.func.scope.package.path, x.name)


def method_expression(b: Body, x: Sel) -> Value:
    kind = file_type(b, x.x.type) if isinstance(x.x, TypeExpr) else _type_name(b, x.x) if isinstance(x.x, Name) else None
    selected = b.types.select(kind, x.name) if kind is not None else None
    if selected is not None and selected.method is not None:
        return Value(UNKNOWN_TYPE, (), (FuncVal(selected.method),))
    return NOTHING


def select(b: Body, base: Value, name: str, place: bool = False) -> Value:
    """``base.name``: a field, or a method value bound to its receiver. ``place``: the field itself, not what is known to be in it."""
    if base.type in (UNKNOWN_TYPE, OUTSIDE):
        return unknown_selection(b, base, name)
    selected = b.types.select(base.type, name)
    if selected is None:
        if b.types.of_library(base.type):
            return unknown_selection(b, Value(OUTSIDE, base.paths), name)
        b.analysis.use_name(b.func, name)
        return unknown_selection(b, base, name)
    value = walk(b, base, selected, place)
    if selected.method is not None:
        method = selected.method
        return Value(TFunc(method.params, method.results, method.facts.variadic), (), (FuncVal(method, value),))
    if selected.iface is not None:
        known = () if _lock_of_library(b, selected) else b.analysis.dispatch(selected.owner, name, value)
        if _runs_handlers(b, selected):
            own = tuple(f for f in known if isinstance(f.target, Func) and not f.target.support)
            return Value(selected.iface, (), (*own, FuncVal(str(selected.external), value)))
        if not known:
            b.analysis.note_unresolved(name, selected.owner)
        return Value(selected.iface, (), known or (FuncVal(str(selected.external), value),))
    if selected.external is not None:
        signature = b.analysis.signature_of(selected)
        return Value(signature if signature != UNKNOWN_TYPE else OUTSIDE, (), (FuncVal(selected.external, value),))
    return value


def _lock_of_library(b: Body, selected: Selected) -> bool:
    """Whether a ``sync.Locker`` is asked: it is a mutex of the library most likely, and the lock itself in any case."""
    model = b.analysis.models.function(str(selected.external))
    return model is not None and bool(model.acquires or model.releases)


def _runs_handlers(b: Body, selected: Selected) -> bool:
    """Whether it runs an informer: the library's, whatever stands in for it in tests."""
    model = b.analysis.models.function(str(selected.external))
    return model is not None and model.runs_handlers


def unknown_selection(b: Body, base: Value, name: str) -> Value:
    # Nothing is known of the type: the name still tells a lock from a map.
    if base.type == UNKNOWN_TYPE:
        b.analysis.note_unresolved(name, UNKNOWN_TYPE)
    paths = tuple(p.plus(f"?.{name}") for p in base.paths)
    return Value(base.type if base.type == OUTSIDE else UNKNOWN_TYPE, paths, (FuncVal(f"(?).{name}", base),))


# ---------------------------------------------------------------- elements


def index(b: Body, x: Index) -> Value:
    from mapguard.concurrency.claims import ask

    container = evaluate(b, x.x)
    if container.funcs and isinstance(container.type, TFunc):
        return instantiated(b, container, x)
    if container.type == OUTSIDE and not container.paths and container.funcs:
        return container  # so is a library's, or its type
    keys = [evaluate(b, i) for i in x.index]
    if note_map(b, container, x.at, keys):
        b.record("read", container, x.at, x.end, alias=isinstance(x.x, Name | Call))
        ask(b, x, container)
    private = private_slot(b, x, container, keys)
    if private is not None:
        return private
    key = x.index[0]
    loop = b.keys.get(key.name) if isinstance(key, Name) else None
    return element(b, container) if loop is None else this_round(element(b, container, at_hand=True), loop)


def instantiated(b: Body, function: Value, x: Index) -> Value:
    """A generic function with its type arguments."""
    from mapguard.concurrency.conversions import expr_type

    target = function.funcs[0].target
    names = target.facts.type_params if isinstance(target, Func) else ()
    bound = dict(zip(names, (expr_type(b, i) for i in x.index), strict=False))
    return function._replace(type=substitute(function.type, {name: kind for name, kind in bound.items() if kind != UNKNOWN_TYPE}))


def note_map(b: Body, container: Value, at: int, keys: list[Value]) -> bool:
    """Whether an indexed container is a map; counts how many have a known type. An unknown one that a number indexes is a slice."""
    kind = b.types.underlying(b.types.deref(container.type))
    if isinstance(kind, TMap):
        b.analysis.map_expressions[(b.func.id, at)] = True
    elif (isinstance(kind, TUnknown) or container.type == OUTSIDE) and all(b.types.underlying(k.type) != INT for k in keys):
        b.analysis.map_expressions[(b.func.id, at)] = False
    return isinstance(kind, TMap)


def private_slot(b: Body, x: Index, container: Value, keys: list[Value]) -> Value | None:
    """``results[i]`` where ``i`` is the goroutine's own number: its own slot of a slice, not shared with its siblings."""
    if b.func.outer is None or len(x.index) != 1 or not isinstance(b.types.underlying(container.type), TSlice):
        return None
    at = x.index[0]
    if isinstance(at, Name) and (at.name in b.own_names or at.name in b.analysis.loop_names.get(b.func.frame.id, ())):
        return Value(b.types.element(container.type), (Path((RECEIVED, b.func.id, x.at)),))
    return None


def element(b: Body, container: Value, at_hand: bool = False) -> Value:
    """An element of a container: the slot itself and what the frame knows to be in it.

    ``at_hand``: the element of a loop's round; what is in it is another object each time, so objects made here keep the slot's name.
    """
    kind = b.types.element(container.type)
    out: list[Path] = []
    for p in container.paths:
        target = p.uncopied().plus(ELEM)
        stored = b.store.get(target.plain()) if b.store else None
        if stored is not None:
            known = stored.paths
            if at_hand and b.types.map_of(kind) is None:
                known = tuple(q.plain() for q in known if q.is_copy or not b.owned(q))
            out.extend(s for s in known if s not in out)
            if p.base[0] == ALLOC and known and b.owned(p):
                continue
        out.append(target)
        b.looked_up(target)
    return Value(kind, tuple(out[:4]))


def this_round(value: Value, loop: int) -> Value:
    """The element of this round: another one than in every other round of the same loop."""
    paths = tuple(Path(p.base, (*p.fields[:-1], f"{ELEM}@{loop}")) if p.fields and p.fields[-1] == ELEM else p for p in value.paths)
    return Value(value.type, paths, value.funcs)


def unary(b: Body, x: Unary) -> Value:
    if x.op == "<-":
        channel = evaluate(b, x.x)
        received(b, channel)
        return handed_over(b, channel, x.at)
    if x.op == "&" and isinstance(x.x, Composite):
        value = composite(b, x.x, UNKNOWN_TYPE)
        return Value(TPtr(value.type), value.paths, value.funcs, known=MADE)
    value = evaluate(b, x.x)
    if x.op == "&":
        if len(value.paths) != 1 or value.paths[0].base not in b.copies:
            value = own_object(b, x.x, value)
        keep_object(b, value)
        b.addressed.update(value.paths)
        for p in value.paths:
            b.set_field(p)
            b.analysis.changed_fields.update(named_fields(p)[-1:])
            if p.base[0] == GLOBAL and not p.fields:
                b.analysis.set_globals.add(p.base[1])
        return Value(TPtr(value.type), value.paths, value.funcs, known=MADE)
    if x.op == "*":
        if isinstance(value.type, TPtr):
            return Value(value.type.elem, value.paths, value.funcs)
        return Value(b.types.deref(value.type), value.paths, value.funcs)
    return Value(BOOL) if x.op == "!" else Value(value.type)


def handed_over(b: Body, channel: Value, at: int) -> Value:
    """What comes out of a channel belongs to the receiver; a function is one of those that are ever sent."""
    kind = b.types.element(channel.type)
    if isinstance(b.types.underlying(kind), TFunc):
        return Value(kind, tuple(p.uncopied().plus(ELEM) for p in channel.paths))
    made = Path((RECEIVED, b.func.id, at))
    for p in channel.paths:
        b.analysis.flows.add((made.base, place(p)))
    return Value(kind, (made,))


def received(b: Body, channel: Value) -> None:
    """A receive: it may join a goroutine, and it takes back the token of a channel used as a lock."""
    if sent_later(b, channel):
        b.pause(channel.paths)
    token = is_token(b.types.element(channel.type))
    for p in channel.paths:
        if token:
            b.release(p)
        b.wait(p, received=True)


def sent_later(b: Body, channel: Value) -> bool:
    """Whether only the tree sends on the channel, or a timer does: a library may send at once."""
    return bool(channel.paths) and all(_of_tree(b, p) for p in channel.paths)


def _of_tree(b: Body, channel: Path) -> bool:
    fields = named_fields(channel)
    if not fields:
        return channel.base[0] != RESULT
    package, _, owner = fields[-1].rpartition(".")[0].rpartition(".")
    return package == "time" or b.analysis.program.named(package, owner) is not None


def is_token(kind: Type) -> bool:
    """An element that carries no data but its being there."""
    return kind == BOOL or (isinstance(kind, TStruct) and not kind.fields)


# ---------------------------------------------------------------- literals


def composite(b: Body, x: Composite, elided: Type) -> Value:
    """A composite literal: a fresh allocation whose fields hold what is written in it."""
    kind = elided if isinstance(x.type, TUnknown) else file_type(b, x.type)
    under = b.types.underlying(b.types.deref(kind))
    made = b.alloc(x.at, kind)
    home = made.paths[0]
    b.analysis.note_alloc(home.base, kind, b.loops)
    if isinstance(under, TStruct):
        filled: set[str] = set()
        around = b.series_at
        if around is None and any(isinstance(key, Name) and b.analysis.serial(kind, key.name) for key, _ in x.elems):
            b.series_at = x.at  # the handlers written inside it are run by the same goroutine
        for position, (key, value) in enumerate(x.elems):
            if isinstance(key, Name) and value != Lit("int", "1"):
                b.analysis.use_name(b.func, key.name)
                selected = b.types.select(kind, key.name)
            elif key is None and position < len(under.fields):
                selected = b.types.select(kind, under.fields[position].name)
            else:
                selected = None
            steps = selected.steps if selected is not None else ()
            field_type = steps[-1].type if steps else UNKNOWN_TYPE
            written = element_value(b, value, field_type)
            if steps and written.known != NIL:
                filled.add(steps[0].field)
            given = b.copied(written, x.at)
            if steps and (given.paths or given.funcs):
                store_field(b, home.plus(*(s.field for s in steps)), given)
            if isinstance(key, Name) and given.funcs and isinstance(kind, TName | TPtr):
                b.analysis.field_model(b, kind, key, given, x.at if b.series_at is None else b.series_at)
        b.series_at = around
        if b.state is not None:
            b.state.intact = {**b.state.intact, home.base: frozenset(filled)}
        return made
    inner = b.types.element(kind)
    for key, value in x.elems:
        if isinstance(key, Name) and value != ONE:
            b.analysis.use_name(b.func, key.name)
        if key is not None and isinstance(under, TMap):
            element_value(b, key, under.key)
        given = b.copied(element_value(b, value, inner), x.at)
        if given.paths or given.funcs:
            store_field(b, home.plus(ELEM), given)
        if given.funcs and isinstance(key, Name):
            _keep_for_callers(b, kind, key.name, given)
    return made


def _keep_for_callers(b: Body, kind: Type, field: str, value: Value) -> None:
    """A function of the tree in a field of a struct that another module declares: code of the tree that calls the field runs it."""
    selected = b.types.select(kind, field)
    funcs = tuple(f for f in value.funcs if isinstance(f.target, Func))
    if funcs and selected is not None and selected.external is not None:
        b.analysis.keep_named(selected.external, funcs)


def store_field(b: Body, target: Path, value: Value) -> None:
    hold(b, target, value)
    remember_home(b, target, value)


def remember_home(b: Body, target: Path, value: Value) -> None:
    """A fresh map stored in a field is the field's map from now on, whatever local name it has."""
    named = location(target)
    for p in value.paths:
        if p.base[0] == ALLOC and not p.fields and p.base != target.base and named is not None:
            homes = b.analysis.homes.setdefault(p.base, [])
            if Location("local", p.base[1], p.base[2]) in b.analysis.token_channels:
                b.analysis.token_channels.add(named[0])
            if target not in homes and len(homes) < 3:
                homes.append(target)


def element_value(b: Body, x: Expr, expected: Type) -> Value:
    if isinstance(x, Composite) and isinstance(x.type, TUnknown):
        return composite(b, x, expected)
    return evaluate(b, x)


def literal(b: Body, x: FuncLit) -> Value:
    func = b.analysis.program.at_index.get((b.func.path, x.index))
    if func is None:
        return NOTHING
    b.analysis.open_literal(b, func)
    b.touched(Value(UNKNOWN_TYPE, tuple(Path(base) for base in sorted(b.analysis.captured_by(func)))))
    return Value(TFunc(func.params, func.results, func.facts.variadic), (), (FuncVal(func),), known=MADE)


def results_type(results: tuple[Type, ...]) -> Type:
    return results[0] if len(results) == 1 else TTuple(results)


def unknown_result(b: Body, at: int, kind: Type) -> Value:
    return Value(kind, (Path((RESULT, b.func.id, at)),))
