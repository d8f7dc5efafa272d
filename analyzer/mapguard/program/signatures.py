"""Whether a function can stand where a signature is asked for. An unknown type fits every type."""

from typing import TYPE_CHECKING

from mapguard.facts.syntax import TChan, TFunc, TInterface, TMap, TName, TPtr, TSlice, TStruct, TUnknown, Type
from mapguard.program.model import TYPE_PARAM, Func

if TYPE_CHECKING:
    from mapguard.program.types import Types

_SAME = {"byte": "uint8", "rune": "int32"}


def fits(types: "Types", func: Func, asked: TFunc) -> bool:
    """Whether ``func``, with its receiver bound, has the parameters and results of ``asked``."""
    return _same_signature(types, TFunc(func.params, func.results, func.facts.variadic), asked)


def _same_signature(types: "Types", a: TFunc, b: TFunc) -> bool:
    if a.variadic != b.variadic or len(a.params) != len(b.params) or len(a.results) != len(b.results):
        return False
    return all(may_be_same(types, x, y) for x, y in zip(a.params + a.results, b.params + b.results, strict=True))


def may_be_same(types: "Types", a: Type, b: Type) -> bool:
    """Whether two types can be identical."""
    a, b = types.alias(a), types.alias(b)
    if a == b or isinstance(a, TUnknown) or isinstance(b, TUnknown):
        return True
    if isinstance(a, TName) or isinstance(b, TName):
        return _names(types, a, b)
    match a, b:
        case (TPtr(elem=x), TPtr(elem=y)) | (TSlice(elem=x), TSlice(elem=y)) | (TChan(elem=x), TChan(elem=y)):
            return may_be_same(types, x, y)
        case TMap(), TMap():
            return may_be_same(types, a.key, b.key) and may_be_same(types, a.elem, b.elem)
        case TFunc(), TFunc():
            return _same_signature(types, a, b)
        case (TStruct(), TStruct()) | (TInterface(), TInterface()):
            return True
    return False


def _names(types: "Types", a: Type, b: Type) -> bool:
    if any(isinstance(t, TName) and t.pkg == TYPE_PARAM for t in (a, b)):
        return True
    if isinstance(a, TName) and isinstance(b, TName):
        if a.pkg == b.pkg and _SAME.get(a.name, a.name) == _SAME.get(b.name, b.name):
            return all(may_be_same(types, x, y) for x, y in zip(a.args, b.args, strict=False))
        if a.pkg and b.pkg:
            return a.name == b.name or (a.pkg != b.pkg and all(_is_alias(types, t) and "." in t.pkg.partition("/")[0] for t in (a, b)))
        return _is_alias(types, a) or _is_alias(types, b)
    name, other = (a, b) if isinstance(a, TName) else (b, a)
    if isinstance(name, TName) and name.pkg == "":
        return name.name == "any" and isinstance(other, TInterface)
    return isinstance(name, TName) and _is_alias(types, name)


def _is_alias(types: "Types", name: TName) -> bool:
    """Whether a name may be an alias of any type because it is declared outside the tree. The standard library has few aliases."""
    return name.pkg != "" and types.program.named(name.pkg, name.name) is None
