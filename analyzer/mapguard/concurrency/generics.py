"""Type arguments that a call leaves out, from the types of what it is given."""

from mapguard.concurrency.domain import RECEIVER, Value
from mapguard.facts.syntax import TFunc, TName, TPtr, Type
from mapguard.program.infer import unify
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
