"""Stores of a field to the objects that they go into: found once for all objects, so that none has to look at every store.

The bases of all stores are asked for together. What they are is kept by object. When a store is found to go into one more object, who
has looked up the stores for an object of that site looks again, and nobody else.
"""

from collections.abc import Callable

from mapguard.heap.index import Kept, Stores
from mapguard.heap.objects import ANY, Context
from mapguard.heap.questions import Callers, Into, IntoSite, Knowledge, Points
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import NONE

_CALLERS = 24  # callers that a store is looked at for one by one


def into(k: Knowledge, q: Into) -> Bits:
    """Nothing: what the bases of stores are is told to those who ask for the objects of a site."""
    kept_in = k.kept_in.setdefault(q.stores, {})
    for kept in k.index.all_stores[q.stores].others:
        for context in _contexts(k, kept):
            bases = k.ask(Points(kept.func, kept.base, context))
            key = (q.stores, kept, context)
            new = bases & ~k.bases.get(key, 0)
            if new:
                k.bases[key] = bases
                for obj in members(new):
                    kept_in.setdefault(obj, []).append((kept, context))
                    at = IntoSite(q.stores, k.objects.site(obj))
                    k.pairs[at] = k.pairs.get(at, 0) + 1
                    k.tell(at, 1 << k.pairs[at])
    return 0


def stored(k: Knowledge, stores: Stores, obj: int, counts: Callable[[Kept], bool] | None = None) -> Bits:
    """What stores of one field put into an object: those of the function that made it, under the context in which it did, and others.
    ``counts`` tells those of interest."""
    origin = k.objects.all[k.objects.origin(obj)]
    found = 0
    for kept in stores.local.get((origin.func, origin.block, origin.place), ()):
        if counts is not None and not counts(kept):
            continue
        if k.ask(Points(kept.func, kept.base, origin.context)) & k.objects.compatible(obj):
            found |= k.ask(Points(kept.func, kept.src, origin.context))
    if stores.others:
        k.ask(Into(stores.number))
        k.ask(IntoSite(stores.number, k.objects.site(obj)))
        kept_in = k.kept_in.get(stores.number, {})
        for same in members(k.objects.compatible(obj)):
            for kept, context in kept_in.get(same, ()):
                if counts is None or counts(kept):
                    found |= k.ask(Points(kept.func, kept.src, context))
    return found


def _contexts(k: Knowledge, kept: Kept) -> tuple[Context, ...]:
    """One for each caller of a function that stores into what it is given, else any."""
    if k.index.origin(kept.func, kept.base)[1] == NONE:
        return (ANY,)
    sites = members(k.ask(Callers(kept.func)))
    if k.empty(Callers(kept.func)) or len(sites) > _CALLERS:
        return (ANY,)
    return tuple((site,) for site in sites)
