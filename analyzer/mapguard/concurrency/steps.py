"""One step up a call: a path and the locks held, in the terms of the caller."""

from mapguard.concurrency.body import substitute
from mapguard.concurrency.domain import ALLOC, NIL, PARAM, Base, Edge, Locks, Path, below, is_elem
from mapguard.concurrency.solve import Analysis
from mapguard.program.model import Func


def moves(path: Path, locks: Locks, func: Func, edge: Edge, analysis: Analysis, place: bool = False) -> list[tuple[Path, Locks]]:
    """Path and locks of ``func`` in the terms of the edge's caller, one pair for each object that the argument under the path may be.

    Locks under the same argument move with it. An argument without a path leaves the object unknown, and its locks with it.
    ``place``: the path is a field that gets another map, or has got it, whatever that held before.
    """
    kind, owner, index = path.base
    if edge.known.get(index) == NIL and kind == PARAM and owner == func.id and path.fields and not is_elem(path.fields[0]):
        return []  # nobody gets through nil
    alternatives = edge.args.get(index, ()) if kind == PARAM and owner == func.id else ()
    if path.fields and len(alternatives) > 1:
        alternatives = _itself(alternatives, edge.caller, analysis)
    out: list[tuple[Path, Locks]] = []
    for one in alternatives or (None,):
        args = edge.args if one is None else {**edge.args, index: (one,)}
        held = tuple((q, m) for p, m in locks for q in substitute(p, func, args) or (p,))
        for target in substitute(path, func, args) or (path,):
            stored = edge.stores and target.base[0] == ALLOC
            out.extend(through(target, held, edge.stores, place) if stored else ((target, held),))
    return out


def _itself(alternatives: tuple[Path, ...], caller: Func, analysis: Analysis) -> tuple[Path, ...]:
    """Without the places where an object among them was stored: it is this object, unless the caller also takes out what is kept there."""
    others = {home for p in alternatives if p.base[0] == ALLOC and not p.fields for home in analysis.homes.get(p.base, ())}
    looked_up = analysis.looked_up.get(caller.frame.id, set()) if others else set()
    return tuple(p for p in alternatives if p not in others or p.plain() in looked_up)


def result_names(path: Path, named: dict[Base, list[Path]]) -> tuple[Path, ...]:
    """A path from the result of a stored function's call, as what that function returns."""
    return tuple(n.plus(*path.fields) for n in named.get(path.base, ())) or (path,)


def through(path: Path, locks: Locks, stores: dict[Path, tuple[Path, ...]], place: bool = False) -> list[tuple[Path, Locks]]:
    """A path through an allocation's field or element that holds something else continues there; so do the locks found on that way."""
    for length in range(len(path.fields) - place, 0, -1):
        gate = Path(path.base, path.fields[:length]).plain()
        held = stores.get(gate)
        if held is not None:
            return [
                (h.plus(*path.fields[length:]), tuple((h.plus(*p.fields[length:]) if below(p.plain(), gate) else p, m) for p, m in locks))
                for h in held
            ]
    return [(path, locks)]
