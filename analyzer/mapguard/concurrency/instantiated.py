"""Which struct types of the tree ever have an object: only their methods answer calls through interfaces.

After Rapid Type Analysis (Bacon and Sweeney, OOPSLA 1996).
"""

from collections.abc import Collection

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
        package, _, bare = name.rpartition(".")
        under = analysis.types.underlying(TName(package, bare))
        for field in under.fields if isinstance(under, TStruct) else ():
            kind = analysis.types.alias(field.type)
            if isinstance(kind, TName) and kind.pkg:
                pending.append(f"{kind.pkg}.{kind.name}")
    return frozenset(found)


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
