"""Type arguments that a call leaves out, from the types of what it is given."""

from mapguard.facts.syntax import TChan, TFunc, TMap, TName, TPtr, TSlice, TUnknown, Type
from mapguard.program.model import TYPE_PARAM

_UNKNOWN = TUnknown()


def unify(declared: Type, actual: Type, found: dict[str, Type]) -> None:
    """Notes in ``found`` what the type parameters in ``declared`` must be for it to be ``actual``; the first that is found counts."""
    match declared, actual:
        case TName(pkg=pkg, name=name), _ if pkg == TYPE_PARAM:
            if actual != _UNKNOWN:
                found.setdefault(name, actual)
        case TName(args=mine), TName(args=theirs):
            for a, b in zip(mine, theirs, strict=False):
                unify(a, b, found)
        case (TPtr(elem=a), TPtr(elem=b)) | (TSlice(elem=a), TSlice(elem=b)) | (TChan(elem=a), TChan(elem=b)):
            unify(a, b, found)
        case TMap(), TMap():
            unify(declared.key, actual.key, found)
            unify(declared.elem, actual.elem, found)
        case TFunc(), TFunc():
            for a, b in zip(declared.params + declared.results, actual.params + actual.results, strict=False):
                unify(a, b, found)
