"""Go's predeclared functions: which of them make, read, write or delete."""

from collections.abc import Callable

from mapguard.concurrency.atomicsteps import shape
from mapguard.concurrency.body import Body
from mapguard.concurrency.claims import leave
from mapguard.concurrency.domain import ELEM, MADE, NOTHING, Location, Path, Value
from mapguard.concurrency.evaluate import INT, evaluate, file_type, qualifier
from mapguard.facts.syntax import Call, Expr, Index, Lit, Name, Sel, TChan, TPtr, TSlice, Type, TypeExpr, Unary


def builtin(b: Body, name: str, x: Call, mode: str) -> Value | None:
    """The value of a call of a predeclared function; None when ``name`` is none of them or is declared by the package."""
    effect = _BUILTINS.get(name)
    if effect is None:
        return None
    package = b.func.scope.package
    if name in package.funcs or name in package.globals or name in package.types:
        return None
    return effect(b, x, mode)


def _type_argument(b: Body, x: Expr) -> Type:
    from mapguard.concurrency.conversions import conversion_type

    if isinstance(x, TypeExpr):
        return file_type(b, x.type)
    found = conversion_type(b, x)
    if found is None and isinstance(x, Sel):
        found = evaluate(b, x).type
    return found if found is not None else evaluate(b, x).type


def _make(b: Body, x: Call, mode: str) -> Value:
    kind = _type_argument(b, x.args[0]) if x.args else NOTHING.type
    for size in x.args[1:]:
        evaluate(b, size)
    made = b.alloc(x.at, kind)._replace(known=MADE)
    b.analysis.note_alloc(made.paths[0].base, kind, b.loops)
    if isinstance(kind, TChan) and len(x.args) == 2 and x.args[1] == Lit("int", "1"):
        b.analysis.token_channels.add(Location("local", b.func.id, x.at))
    return made


def _new(b: Body, x: Call, mode: str) -> Value:
    """``new(T)``, or since Go 1.26 ``new(expression)``: a pointer to a new variable that holds the expression's value."""
    initial = _initial(b, x.args[0]) if x.args else None
    if initial is not None:
        held = b.copied(evaluate(b, initial), x.at, isinstance(initial, Name))
        return Value(TPtr(held.type), held.paths or b.alloc(x.at, held.type).paths, held.funcs, known=MADE)
    made = _make(b, x, mode)
    b.now.intact = {**b.now.intact, made.paths[0].base: frozenset()}
    return Value(TPtr(made.type), made.paths, known=MADE)


def _initial(b: Body, x: Expr) -> Expr | None:
    """The argument of new where it is an expression, None where it is a type."""
    from mapguard.concurrency.conversions import conversion_type

    if not isinstance(x, TypeExpr):
        return x if conversion_type(b, x) is None else None
    root = x.expr
    while isinstance(root, Sel | Index | Unary):
        path = qualifier(b, root.x) if isinstance(root, Sel) else None
        if path is not None and isinstance(root, Sel):
            package = b.analysis.program.packages.get(path)
            return x.expr if package is not None and (root.name in package.globals or root.name in package.consts) else None
        root = root.x
    if not isinstance(root, Name):
        return None
    here = b.func.scope.package
    return x.expr if root.name in b.now.env or root.name in here.globals or root.name in here.consts or root.name in _VALUES else None


def _len(b: Body, x: Call, mode: str) -> Value:
    for argument in x.args:
        value = evaluate(b, argument)
        if b.types.map_of(b.types.deref(value.type)) is not None:
            b.record("len", value, x.at, x.end)
    return Value(INT)


def _delete(b: Body, x: Call, mode: str) -> Value:
    values = [evaluate(b, a) for a in x.args]
    if values and b.state is not None:
        b.record("delete", values[0], x.at, x.end)
        b.take_out(values[0], shape(x.args[-1]), x.at)
        leave(b, values[0], x.args[-1])
    return NOTHING


def _append(b: Body, x: Call, mode: str) -> Value:
    values = [evaluate(b, a) for a in x.args]
    if not values or b.state is None:
        return NOTHING
    first = values[0]
    if not first.paths:
        first = b.alloc(x.at, first.type)
    for value in values[1:]:
        if not value.paths and not value.funcs:
            continue
        value = value if x.spread else b.copied(value, x.at)
        b.touched(value)
        for p in first.paths[:2]:
            target = p if x.spread else Path(p.base, (*p.fields, ELEM))
            if not x.spread:
                b.store.setdefault(target.plain(), value)
            b.reachable_from(target, value)
            if value.funcs:
                b.analysis.keep_functions(target, value.funcs)
    return first


def _copy(b: Body, x: Call, mode: str) -> Value:
    for a in x.args:
        evaluate(b, a)
    return Value(INT)


def _clear(b: Body, x: Call, mode: str) -> Value:
    for a in x.args:
        value = evaluate(b, a)
        if not isinstance(b.types.underlying(value.type), TSlice):
            b.record("delete", value, x.at, x.end)
    return NOTHING


def _panic(b: Body, x: Call, mode: str) -> Value:
    for a in x.args:
        evaluate(b, a)
    if mode == "call":
        b.state = None
    return NOTHING


def _close(b: Body, x: Call, mode: str) -> Value:
    for a in x.args:
        value = evaluate(b, a)
        b.signals.update(value.paths)
        if mode == "call" and b.state is not None:
            b.state.signaled |= set(value.paths)
    return NOTHING


def _plain(b: Body, x: Call, mode: str) -> Value:
    values = [evaluate(b, a) for a in x.args]
    return Value(values[0].type) if values else NOTHING


_VALUES = frozenset(("true", "false", "iota"))  # predeclared names that are no types
_BUILTINS: dict[str, Callable[[Body, Call, str], Value]] = {
    "make": _make,
    "new": _new,
    "len": _len,
    "cap": _copy,
    "delete": _delete,
    "append": _append,
    "copy": _copy,
    "clear": _clear,
    "panic": _panic,
    "close": _close,
    "min": _plain,
    "max": _plain,
    "recover": _plain,
    "print": _plain,
    "println": _plain,
    "complex": _plain,
    "real": _plain,
    "imag": _plain,
}
