"""Numbers of bodies to the functions whose text they are, and events to their places in it."""

from mapguard.heap.index import Index
from mapguard.ir.lower import initialiser_of
from mapguard.order.after import Where
from mapguard.program.model import Func

_INIT = ".init$"  # between the package and the file in the id of what sets package variables


class Functions:
    """What a loop over a function, or a deferred predeclared call, runs counts as the function around it."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._known: dict[int, Func] = {}

    def of(self, number: int) -> Func:
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = self._find(number)
        return found

    def _find(self, number: int) -> Func:
        func = self.index.funcs[number]
        name = self.index.bodies[number].func
        while func is None:
            scope = self.index.types.program.scopes.get(name.partition(_INIT)[2])
            if scope is not None:
                return initialiser_of(scope)
            name = name.rpartition("$")[0]
            func = self.index.types.program.by_id[name]
        return func

    def at(self, where: Where) -> tuple[int, int]:
        """The bytes of an event, from its first to the one after its last."""
        func, block, place = where
        event = self.index.bodies[func].blocks[block].events[place]
        at: int = getattr(event, "at", 0)
        return at, max(at, getattr(event, "end", 0))
