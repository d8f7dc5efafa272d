"""Contexts to where their maps come from beyond the calls: through function values to the activation that made the function.

What a literal captured belongs to the function around it, however the literal came to be called: over a channel, from a slice, out of a
field. A context then goes on from there, and remembers the function values on the way: two accesses through one literal are of one
object only if they run one function value, where each value captured another object.
"""

from mapguard.bodies.paths import CAPTURED, Path
from mapguard.bodies.summaries import Bodies
from mapguard.heap.index import Place
from mapguard.heap.tabling import members
from mapguard.ir.model import Bound, Closure
from mapguard.order.edges import Edge, Edges
from mapguard.races.contexts import Anchored, Context, Hop
from mapguard.races.resolve import Resolver

_STEPS = 12  # calls and function values that a path is followed through


class Provenance:
    def __init__(self, bodies: Bodies, edges: Edges, resolver: Resolver) -> None:
        self.bodies = bodies
        self.edges = edges
        self.index = bodies.index
        self.resolver = resolver

    def traced(self, c: Context) -> Context:
        """The context with its map, and its locks, followed as far as they are clear."""
        map_, hops = self._followed(c.map, c.chain)
        locks = c.locks | {(self._followed(lock, c.chain)[0], mode) for lock, mode in c.locks}
        return c._replace(map=map_, locks=locks, hops=hops)

    def followed(self, anchored: Anchored, chain: tuple[Edge, ...]) -> Anchored:
        """A path as far out as it can be followed."""
        return self._followed(anchored, chain)[0]

    def _followed(self, anchored: Anchored, chain: tuple[Edge, ...]) -> tuple[Anchored, tuple[Hop, ...]]:
        hops: list[Hop] = []
        for _ in range(_STEPS):
            hop = self._hop(anchored, chain)
            if hop is not None:
                anchored, made = hop
                hops.append(made)
                continue
            outer = self._outer(anchored, chain)
            if outer is None:
                break
            anchored, edge = outer
            if hops and edge not in chain:
                where = self.index.sites[edge.site]
                hops[-1] = hops[-1]._replace(leaves=where[:3], called=hops[-1].called and edge.kind == "call")
        return anchored, tuple(hops)

    def _hop(self, anchored: Anchored, chain: tuple[Edge, ...]) -> tuple[Anchored, Hop] | None:
        """Through the first function value on a path, if it is clear where that is made."""
        func, path = anchored
        number = next((n for n, field in enumerate(path.fields) if field.startswith(CAPTURED)), None)
        if number is None:
            return None
        value = Anchored(func, Path(path.root, path.fields[:number]))
        made = self._made(value, chain)
        if made is None:
            return None
        capture = int(path.fields[number].removeprefix(CAPTURED) or 0)
        match made.event:
            case Closure(captures=captures) if capture < len(captures):
                reg = captures[capture]
            case Bound(recv=reg) if capture == 0:
                pass
            case _:
                return None
        rest = path.fields[number + 1 :]
        if isinstance(made.event, Closure):
            rest = tuple(self.bodies.translator.index_captured(f, made.func, made.event) for f in rest)
        inner = self.bodies.paths(made.func).of(reg).plus(*rest)
        return Anchored(made.func, self.bodies.normal(made.func, inner)), Hop(value, anchored, made[:3], made[:3])

    def _made(self, value: Anchored, chain: tuple[Edge, ...]) -> Place | None:
        """The one event that makes a function value; of several that which makes the one that the context runs."""
        found: dict[tuple[int, int, int], int | None] = {}
        for number in members(self.resolver.objects(value)):
            o = self.bodies.heap.objects.all[number]
            if o.kind not in ("closure", "bound"):
                return None
            found[o.func, o.block, o.place] = self.index.number.get(self.index.runs(o))
        run = {edge.func for edge in chain}
        places = [place for place, func in found.items() if len(found) == 1 or func in run]
        if len(places) != 1:
            return None
        [(func, block, place)] = places
        return Place(func, block, place, self.index.bodies[func].blocks[block].events[place])

    def _outer(self, anchored: Anchored, chain: tuple[Edge, ...]) -> tuple[Anchored, Edge] | None:
        """One call further out: that of the context's chain, else the only one."""
        func, path = anchored
        body = self.index.bodies[func]
        if not isinstance(path.root, int) or path.root >= body.params + body.captures:
            return None
        edges = [e for e in reversed(chain) if e.func == func][:1] or self.edges.into(func)
        if len(edges) != 1:
            return None
        given = self.bodies.given(edges[0].site, func, path)
        return (Anchored(self.index.sites[edges[0].site].func, given), edges[0]) if given is not None else None
