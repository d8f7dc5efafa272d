"""Calls that are conversions, and types that were read as expressions."""

from mapguard.concurrency.body import Body
from mapguard.concurrency.domain import NOTHING, UNKNOWN_TYPE, Value
from mapguard.concurrency.evaluate import evaluate, file_type, qualifier
from mapguard.facts.syntax import Call, Expr, Index, Name, Sel, TName, TPtr, Type, TypeExpr, Unary


def conversion(b: Body, x: Call) -> Value | None:
    """``T(x)``, None when the call is no conversion."""
    target = conversion_type(b, x.fn)
    if target is None or len(x.args) > 1:
        return None
    value = evaluate(b, x.args[0]) if x.args else NOTHING
    return Value(target, value.paths, value.funcs)


def conversion_type(b: Body, fn: Expr) -> Type | None:
    program = b.analysis.program
    match fn:
        case TypeExpr(type=kind):
            return file_type(b, kind)
        case Name(name=name) if name not in b.now.env:
            if name in b.func.scope.package.types or name in _BASIC:
                return file_type(b, TName("", name))
        case Sel(x=x, name=name):
            path = qualifier(b, x)
            if path is not None and program.named(path, name) is not None:
                return TName(path, name)
        case Index(x=inner, index=index):
            base = conversion_type(b, inner)
            if isinstance(base, TName):
                return TName(base.pkg, base.name, tuple(expr_type(b, i) for i in index))
        case Unary(op="*", x=inner):
            base = conversion_type(b, inner)
            return TPtr(base) if base is not None else None
    return None


def expr_type(b: Body, x: Expr) -> Type:
    """A type argument that was read as an expression; it may be of a library that nothing is known of."""
    if isinstance(x, Unary) and x.op == "*":
        return TPtr(expr_type(b, x.x))
    path = qualifier(b, x.x) if isinstance(x, Sel) else None
    if isinstance(x, Sel) and path is not None:
        return TName(path, x.name)
    return conversion_type(b, x) or UNKNOWN_TYPE


_BASIC = frozenset(
    """
    bool byte complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32
    uint64 uintptr any
    """.split()
)
