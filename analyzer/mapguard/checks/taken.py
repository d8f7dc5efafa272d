"""Uses of a map to whether it was taken out of its place under a lock that is no longer held: by a local variable, or by a getter."""

from mapguard.bodies.state import Held
from mapguard.ir.model import Call, Cast, Copy, Load, MapOp, Phi, Reg, Static
from mapguard.order.after import Where
from mapguard.races.contexts import Context
from mapguard.races.judge import Judge

_DEPTH = 4


class Taken:
    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.index = judge.index

    def under(self, c: Context) -> bool:
        """Whether the map was read from its place under a lock that is given up before the access; a getter's result counts too, and so
        does what a caller passes."""
        return self.origin(c) is not None

    def origin(self, c: Context) -> Where | None:
        """The event that reads the map from its place under a lock."""
        func, reg = c.access.func, c.access.reg
        for edge in reversed((None, *c.chain[c.inside :])):
            found = self._taken(func, reg, 0)
            if found is not None:
                return found
            body = self.index.bodies[func]
            if edge is None or reg >= body.params:
                return None
            place = self.index.sites[edge.site]
            event = place.event
            if not isinstance(event, Call) or not isinstance(event.callee, Static) or reg >= len(event.args):
                return None
            func, reg = place.func, event.args[reg]
        return None

    def _taken(self, func: int, reg: Reg, depth: int, returned: bool = False) -> Where | None:
        """The event that read the map in a register from its place under a lock; ``returned``, by a getter: from any place."""
        place = self.index.place(func, reg)
        if place is None or depth > _DEPTH:
            return None
        match place.event:
            case Copy(src=src) | Cast(src=src):
                return self._taken(func, src, depth + 1, returned)
            case Phi(args=args):
                return next((found for a in args if (found := self._taken(func, a, depth + 1, returned)) is not None), None)
            case Load() | MapOp():
                return place[:3] if returned or self._held(func, place.block, place.number) else None
            case Call() as event if reg in event.dsts:
                number = event.dsts.index(reg)
                for edge in self.judge.edges.out(self.index.site_at[place[:3]]):
                    for values in (r.values for r in self.index.returns[edge.func]):
                        found = self._taken(edge.func, values[number], depth + 1, True) if number < len(values) else None
                        if found is not None:
                            return found
        return None

    def _held(self, func: int, block: int, place: int) -> Held:
        found = self.judge.bodies.held(func, block, place)
        return frozenset.intersection(*(at.held for at in found)) if found else frozenset()
