"""Which struct types of the tree ever have an object: only their methods answer calls through interfaces.

After Rapid Type Analysis (Bacon and Sweeney, OOPSLA 1996).
"""

from collections.abc import Collection, Iterator

from mapguard.concurrency.domain import Edge
from mapguard.concurrency.solve import Analysis
from mapguard.facts.syntax import TName, TStruct
from mapguard.program.model import Func


def instantiated(analysis: Analysis) -> frozenset[str]:
    """``pkg.Name`` of the types that code outside tests makes objects of, with those that lie in them by value."""
    found: set[str] = set()
    pending = analysis.types_made()
    while pending:
        name = pending.pop()
        if name in found:
            continue
        found.add(name)
        pending.extend(_parts(analysis, name))
    return frozenset(found)


def parts(analysis: Analysis) -> frozenset[str]:
    """``pkg.Name`` of the types whose objects lie in those of struct types by value: they come into being with these."""
    names = (f"{named.pkg}.{named.name}" for package in analysis.program.packages.values() for named in package.types.values())
    return frozenset(part for name in names for part in _parts(analysis, name))


def _parts(analysis: Analysis, name: str) -> Iterator[str]:
    package, _, bare = name.rpartition(".")
    under = analysis.types.underlying(TName(package, bare))
    for field in under.fields if isinstance(under, TStruct) else ():
        kind = analysis.types.alias(field.type)
        if isinstance(kind, TName) and kind.pkg:
            yield f"{kind.pkg}.{kind.name}"


def answering(edges: Collection[Edge], made: frozenset[str]) -> list[Edge]:
    """The edges of one call whose methods belong to types that have objects; all of them where none does.

    Each is told how many functions the call may still run.
    """
    found = [e for e in edges if _has_objects(e.callee, made)] if len(edges) > 1 else []
    for edge in found:
        edge.candidates = min(edge.candidates, len(found))
    return found or list(edges)


def _has_objects(func: Func, made: frozenset[str]) -> bool:
    recv = func.recv
    return recv is None or not isinstance(recv.decl.type, TStruct) or ".".join(recv.key) in made
