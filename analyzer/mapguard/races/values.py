"""Contexts to the values that their maps may be, each by the paths that are known of it."""

from mapguard.bodies.alternatives import Alternatives
from mapguard.bodies.paths import Path
from mapguard.bodies.summaries import Bodies
from mapguard.ir.model import Alloc, Phi
from mapguard.order.after import Where
from mapguard.races.again import has_again
from mapguard.races.contexts import Anchored, Context, Values
from mapguard.races.escape import Escape


class MapValues:
    def __init__(self, bodies: Bodies, escape: Escape) -> None:
        self.bodies = bodies
        self.index = bodies.index
        self.escape = escape
        self.alternatives = Alternatives(bodies.translator, bodies.models)

    def of(self, c: Context, where: Where) -> Values:
        """The values that a map may be when the event ``where`` of the function that it comes from leads to the access, each by its paths
        as seen from that function and from those that call it. None where there is nothing to say: no other path is known."""
        map_, chain = c.map, c.chain
        values = self.alternatives.of(*map_)
        if values == ((map_.path,),):
            return ()
        number = next((n for n in range(len(chain) - 1, -1, -1) if chain[n].func == map_.func), -1)
        found: list[tuple[Anchored, ...]] = []
        for value in values:
            if len(values) > 1 and self._not_shared(map_, value[0], where):
                continue
            paths = [map_]
            for path in value:
                paths.append(Anchored(map_.func, path))
                for edge in reversed(chain[: number + 1]):
                    at = paths[-1]
                    outer = self.bodies.given(edge.site, at.func, at.path) if edge.func == at.func else None
                    if outer is None:
                        break
                    paths.append(Anchored(self.index.sites[edge.site].func, outer))
            found.append(tuple(dict.fromkeys(paths)))
        return tuple(found)

    def _not_shared(self, map_: Anchored, value: Path, where: Where) -> bool:
        """Whether a value is one that the function has made, and nobody else can reach at the event."""
        func = map_.func
        made = self.index.place(func, value.root) if isinstance(value.root, int) and where[0] == func else None
        if made is None or not isinstance(made.event, Alloc):
            return False
        if value.fields or map_.path.fields or not isinstance(value.root, int) or not isinstance(map_.path.root, int):
            return self.escape.owned(func, value, where)
        chosen = self.index.place(func, map_.path.root)
        if chosen is None or not isinstance(chosen.event, Phi) or value.root not in chosen.event.args:
            return self.escape.owned(func, value, where)
        return not any(has_again(self.index, made, chosen, leak, where[1:]) for leak in self.escape.leaks.of(func, value.root))
