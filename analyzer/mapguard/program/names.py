"""Names to canonical types: import qualifiers become import paths, type parameters are marked, aliases of the same file stay names."""

import re
from collections.abc import Sequence

from mapguard.facts.syntax import (
    Field,
    TChan,
    TFunc,
    TInterface,
    TMap,
    TName,
    TPtr,
    TSlice,
    TStruct,
    TTuple,
    TUnknown,
    Type,
)
from mapguard.program.model import NO_PARAMS, TYPE_PARAM, Params, Scope

PREDECLARED = frozenset(
    """
    any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8
    uint16 uint32 uint64 uintptr
    """.split()
)
_VERSION = re.compile(r"^v\d+$")


def default_name(path: str) -> str:
    """The package name that an import path suggests when the package itself is not at hand."""
    parts = path.split("/")
    last = parts[-1]
    if _VERSION.match(last) and len(parts) > 1:
        last = parts[-2]
    last = re.sub(r"\.v\d+$", "", last)
    for prefix in ("go-", "go."):
        last = last.removeprefix(prefix)
    for suffix in ("-go", ".go", "-golang"):
        last = last.removesuffix(suffix)
    return last.replace("-", "_").replace(".", "_")


def canonical_type(t: Type, scope: Scope, params: Params = NO_PARAMS) -> Type:
    """``t`` as the file wrote it, with every name resolved; ``params`` are the type parameters in force, with their constraints."""
    if not params:
        known = scope.cache.get(t)
        if known is not None:
            return known
    done = _canonical(t, scope, params)
    if not params:
        scope.cache[t] = done
    return done


def _canonical(t: Type, scope: Scope, params: Params) -> Type:
    match t:
        case TName(pkg=pkg, name=name, args=args):
            done = tuple(canonical_type(a, scope, params) for a in args)
            if pkg:
                return TName(scope.imports.get(pkg, pkg), name, done)
            if name in params:
                constraint = params[name]
                return TName(TYPE_PARAM, name, () if isinstance(constraint, TUnknown) else (constraint,))
            if name in scope.package.types:
                return TName(scope.package.path, name, done)
            if name in PREDECLARED:
                return TName("", "any" if name == "interface{}" else name)
            if scope.dots:
                return TName(scope.dots[0], name, done)
            return TName(scope.package.path, name, done)
        case TPtr(elem=elem):
            return TPtr(canonical_type(elem, scope, params))
        case TSlice(elem=elem, array=array):
            return TSlice(canonical_type(elem, scope, params), array)
        case TMap(key=key, elem=elem):
            return TMap(canonical_type(key, scope, params), canonical_type(elem, scope, params))
        case TChan(elem=elem):
            return TChan(canonical_type(elem, scope, params))
        case TFunc():
            return _canonical_func(t, scope, params)
        case TStruct(fields=fields):
            return TStruct(tuple(Field(f.name, canonical_type(f.type, scope, params), f.embedded, f.at, f.comment) for f in fields))
        case TInterface(methods=methods, embeds=embeds):
            done_methods = tuple((n, _canonical_func(m, scope, params)) for n, m in methods)
            return TInterface(done_methods, tuple(canonical_type(e, scope, params) for e in embeds))
        case TTuple(items=items):
            return TTuple(tuple(canonical_type(i, scope, params) for i in items))
    return t


def type_parameters(names: Sequence[str], constraints: Sequence[Type], scope: Scope) -> Params:
    """Type parameters as they are declared, with those constraints that say what shape they have."""
    plain: Params = dict.fromkeys(names, TUnknown())
    shaped = {n: canonical_type(c, scope, plain) for n, c in zip(names, constraints, strict=False) if _has_shape(c)}
    return {**plain, **shaped}


def _has_shape(constraint: Type) -> bool:
    """Whether a constraint can say more than which operators there are: a type's form, perhaps behind a name."""
    if isinstance(constraint, TName):
        return bool(constraint.pkg) or constraint.name not in PREDECLARED
    return not isinstance(constraint, TInterface) or any(_has_shape(e) for e in constraint.embeds)


def _canonical_func(t: TFunc, scope: Scope, params: Params) -> TFunc:
    return TFunc(
        tuple(canonical_type(p, scope, params) for p in t.params), tuple(canonical_type(r, scope, params) for r in t.results), t.variadic
    )


def show_type(t: Type | None, here: str = "") -> str:
    """A type as Go source, with full import paths as qualifiers (none for the package ``here``)."""
    match t:
        case TName(pkg=pkg, name=name, args=args):
            inner = f"[{', '.join(show_type(a, here) for a in args)}]" if args and pkg != TYPE_PARAM else ""
            return f"{name}{inner}" if pkg in ("", TYPE_PARAM, here) else f"{pkg}.{name}{inner}"
        case TPtr(elem=elem):
            return f"*{show_type(elem, here)}"
        case TSlice(elem=elem, array=array):
            return f"{'[…]' if array else '[]'}{show_type(elem, here)}"
        case TMap(key=key, elem=elem):
            return f"map[{show_type(key, here)}]{show_type(elem, here)}"
        case TChan(elem=elem):
            return f"chan {show_type(elem, here)}"
        case TFunc(params=params, results=results):
            given = ", ".join(show_type(r, here) for r in results)
            tail = f" ({given})" if len(results) > 1 else f" {given}" if given else ""
            return f"func({', '.join(show_type(p, here) for p in params)}){tail}"
        case TStruct(fields=fields):
            return "struct{}" if not fields else "struct{…}"
        case TInterface(methods=methods, embeds=embeds):
            return "any" if not methods and not embeds else "interface{…}"
        case TTuple(items=items):
            return f"({', '.join(show_type(i, here) for i in items)})"
    return "?"
