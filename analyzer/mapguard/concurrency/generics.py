"""Type arguments that a call leaves out, from the types of what it is given."""

from mapguard.concurrency.domain import RECEIVER, UNKNOWN_TYPE, Value
from mapguard.facts.syntax import TFunc, TName, TPtr, TSlice, Type
from mapguard.program.model import TYPE_PARAM, Func


def infer(func: Func, bound: dict[int, Value], instance: Type) -> dict[str, Type]:
    """Type arguments of a generic function or of its receiver, from those written or the types of the arguments."""
    found: dict[str, Type] = {}
    if func.facts.type_params:
        unify(TFunc(func.params, func.results), instance, found)
        found = {name: kind for name, kind in found.items() if not _is_parameter(kind, name)}
        for position, kind in enumerate(func.params):
            value = bound.get(position)
            if value is not None:
                unify(kind, value.type, found)
    if func.recv is not None and func.recv.decl.params and func.recv_type is not None and RECEIVER in bound:
        mine, theirs = func.recv_type, bound[RECEIVER].type
        unify(mine.elem if isinstance(mine, TPtr) else mine, theirs.elem if isinstance(theirs, TPtr) else theirs, found)
    return found


def _is_parameter(kind: Type, name: str) -> bool:
    return isinstance(kind, TName) and (kind.pkg, kind.name) == (TYPE_PARAM, name)


def unify(declared: Type, actual: Type, found: dict[str, Type]) -> None:
    if isinstance(declared, TName):
        if declared.pkg == "$":
            if actual != UNKNOWN_TYPE:
                found.setdefault(declared.name, actual)
        elif isinstance(actual, TName):
            for mine, theirs in zip(declared.args, actual.args, strict=False):
                unify(mine, theirs, found)
    elif (isinstance(declared, TPtr) and isinstance(actual, TPtr)) or (isinstance(declared, TSlice) and isinstance(actual, TSlice)):
        unify(declared.elem, actual.elem, found)
    elif hasattr(declared, "key") and hasattr(actual, "key"):
        unify(declared.key, actual.key, found)
        unify(declared.elem, actual.elem, found)  # type: ignore[union-attr]
    elif isinstance(declared, TFunc) and isinstance(actual, TFunc):
        for mine, theirs in zip(declared.params + declared.results, actual.params + actual.results, strict=False):
            unify(mine, theirs, found)
