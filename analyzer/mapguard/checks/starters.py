"""A way and a lock to the function that starts the way's goroutine with the lock held and waits: the lock is not free meanwhile."""

from collections.abc import Sequence

from mapguard.bodies.effects import At, library_name
from mapguard.checks.functions import Functions
from mapguard.checks.held import STARTS, Held
from mapguard.checks.location import Location
from mapguard.checks.lockname import Seen
from mapguard.checks.region import blocks_others
from mapguard.checks.ways import Way
from mapguard.ir.model import Call
from mapguard.order.edges import Edge
from mapguard.program.model import Func


class Starters:
    """Answers for one program."""

    def __init__(self, held: Held, functions: Functions) -> None:
        self.held = held
        self.index = held.index
        self.functions = functions

    def waiting(self, way: Way, kind: Location) -> str:
        """The function on a way that holds a lock where it starts a goroutine of the way, and where it waits; "" where none does."""
        edges, held = [e for e, _ in way], [at for _, at in way]
        for number, seen in enumerate(self.held.along(edges, held)):
            func = self.functions.of(self.held.caller(edges[number]))
            if edges[number].kind in STARTS and self._is(kind, seen) and self._waits(edges[: number + 1], held, kind, func):
                return func.display
        return ""

    def _is(self, kind: Location, seen: list[Seen]) -> bool:
        return any(self.held.names.kind(s.lock) == kind for s in seen)

    def _waits(self, edges: Sequence[Edge], held: Sequence[At], kind: Location, func: Func) -> bool:
        waits = self._at_waits(edges, held)
        if not waits:  # it waits on channels, or a literal in it does for it: nothing tells what is held there
            return blocks_others(func.facts.body or ()) or any(self._calls_wait(n) for n in self._inside(func))
        return any(self._is(kind, seen) for seen in waits)

    def _inside(self, func: Func) -> list[int]:
        """The literals of a function."""
        return [
            n for n, f in enumerate(self.index.funcs) if f is not None and f.outer is not None and f.frame is func.frame and f is not func
        ]

    def _calls_wait(self, func: int) -> bool:
        return any(_is_wait(event) for block in self.index.bodies[func].blocks for event in block.events)

    def _at_waits(self, edges: Sequence[Edge], held: Sequence[At]) -> list[list[Seen]]:
        """What is held at each ``Wait`` of the function that makes the last of some calls, entered as by those before."""
        func, above = self.held.caller(edges[-1]), edges[:-1]
        entered = self.held.entered_by(above, held[: len(above)])
        found: list[list[Seen]] = []
        for b, block in enumerate(self.index.bodies[func].blocks):
            for place, event in enumerate(block.events):
                if _is_wait(event):
                    found += [self.held.at(func, at, entered, above) for at in self.held.bodies.held(func, b, place)]
        return found


def _is_wait(event: object) -> bool:
    return isinstance(event, Call) and library_name(event.callee).endswith(").Wait")
