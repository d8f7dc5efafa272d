"""A type to whether it is small: what generic types make of their arguments can double with each of them."""

from mapguard.facts.syntax import TChan, TFunc, TInterface, TMap, TName, TPtr, TSlice, TStruct, Type

_PARTS = 200  # types inside a type


def is_small(t: Type) -> bool:
    """Whether a type has few parts, counted where they are written out."""
    pending, left = [t], _PARTS
    while pending and left:
        left -= 1
        match pending.pop():
            case TName(args=args):
                pending.extend(args)
            case TPtr(elem=elem) | TSlice(elem=elem) | TChan(elem=elem):
                pending.append(elem)
            case TMap(key=key, elem=elem):
                pending += (key, elem)
            case TFunc(params=params, results=results):
                pending += (*params, *results)
            case TStruct(fields=fields):
                pending.extend(f.type for f in fields)
            case TInterface(methods=methods, embeds=embeds):
                pending += (*(method for _, method in methods), *embeds)
    return not pending
