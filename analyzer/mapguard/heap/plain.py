"""Types as they are compared: without what only tells where they were written."""

import functools

from mapguard.facts.syntax import Field, TChan, TFunc, TInterface, TMap, TName, TPtr, TSlice, TStruct, TUnknown, Type
from mapguard.program.model import TYPE_PARAM


def known(t: Type) -> bool:
    """Whether a type is known throughout: it has no type parameter and nothing unresolved in it."""
    match t:
        case TUnknown():
            return False
        case TName(pkg=pkg, args=args):
            return pkg != TYPE_PARAM and all(known(a) for a in args)
        case TPtr(elem=elem) | TSlice(elem=elem) | TChan(elem=elem):
            return known(elem)
        case TMap(key=key, elem=elem):
            return known(key) and known(elem)
    return True


@functools.cache
def plain(t: Type) -> Type:
    """A type that stands for all that are written alike: any empty interface is ``any``, and places in the text do not count."""
    match t:
        case TInterface(methods=(), embeds=()):
            return TName("", "any")
        case TStruct(fields=fields):
            return TStruct(tuple(Field(f.name, plain(f.type), f.embedded, 0) for f in fields))
        case TName(pkg=pkg, name=name, args=args) if args:
            return TName(pkg, name, tuple(plain(a) for a in args))
        case TPtr(elem=elem):
            return TPtr(plain(elem))
        case TSlice(elem=elem, array=array):
            return TSlice(plain(elem), array)
        case TChan(elem=elem):
            return TChan(plain(elem))
        case TMap(key=key, elem=elem):
            return TMap(plain(key), plain(elem))
        case TFunc(params=params, results=results, variadic=variadic):
            return TFunc(tuple(plain(p) for p in params), tuple(plain(r) for r in results), variadic)
    return t
