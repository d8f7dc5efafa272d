"""A function's own new objects to the events after which others can reach them."""

from collections.abc import Callable

from mapguard.bodies.paths import Path
from mapguard.bodies.summaries import Bodies
from mapguard.heap.tabling import Bits
from mapguard.ir.flow import Spot, reaches
from mapguard.ir.model import Call, Reg
from mapguard.order.after import Where
from mapguard.order.edges import Edges
from mapguard.order.threads import Threads
from mapguard.races.fresh import Fresh
from mapguard.races.leaks import Leaks, WaysOut
from mapguard.races.puts import NOWHERE, Puts
from mapguard.races.resolve import Resolver


class Escape:
    def __init__(self, bodies: Bodies, edges: Edges, threads: Threads, resolver: Resolver, runs: Callable[[int], Bits]) -> None:
        self.bodies = bodies
        self.edges = edges
        self.index = bodies.index
        self.leaks = Leaks(bodies, edges)
        self.made = Fresh(bodies, edges, threads, self.leaks, resolver, Puts(bodies.heap, runs))
        self.ways_out = WaysOut(self.leaks)

    def fresh(self, func: int, root: Reg | str) -> bool:
        """Whether each execution of the event that defines a register gives it an object that nobody else has."""
        return self.made.fresh(func, root)

    def let_out(self, func: int, path: Path) -> bool:
        """Whether callers outside the tree may get hold of what a path leads to, or of what has that in it."""
        return any(self.ways_out.found(maker, root) for maker, root, _ in self.made.sources(func, path) or ())

    def owns(self, func: int, path: Path) -> bool:
        """Whether what a path leads to is made anew, with all that leads there, whenever its root is: a fresh object, or what was put into
        one where it was made, and is fresh itself."""
        return self.made.sources(func, path) is not None

    def owned(self, func: int, path: Path, where: Where) -> bool:
        """Whether nobody else can reach what a path leads to when the event ``where`` of its function happens."""
        sources = self.made.sources(func, path, during=func)
        if sources is None or where[0] != func:
            return False
        for maker, root, put in sources:
            if maker == func:
                if self.leaked(func, root, where, put):
                    return False
            elif any(leak != put for leak in self.leaks.of(maker, root)):
                return False
        return True

    def leaked(self, func: int, root: Reg, where: Where, put: Spot = NOWHERE) -> bool:
        """Whether an event of the function before ``where`` lets others reach what a register refers to. Deferred calls come last."""
        return any(self._leaked(func, reg, where, put) for reg in self.made.values(func, root))

    def _leaked(self, func: int, root: Reg, where: Where, put: Spot) -> bool:
        made = self.index.place(func, root)
        blocks = self.index.bodies[func].blocks
        event = blocks[where[1]].events[where[2]]
        leaks = [leak for leak in self.leaks.of(func, root) if leak != put]
        if isinstance(event, Call) and event.how == "defer":
            return any(leak != where[1:] for leak in leaks)
        return any(reaches(blocks, leak, where[1:], (made[1:3],) if made is not None else ()) for leak in leaks)
