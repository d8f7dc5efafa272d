"""Calls of function values that a function was given to whether the function's caller gave it that value.

Backwards over the calls of ``func each(f func()) { f() }`` only those callers of ``each`` count that pass the function in question.
"""

from typing import NamedTuple

from mapguard.bodies.summaries import Bodies
from mapguard.heap.index import Place
from mapguard.heap.tabling import members
from mapguard.ir.model import Call, Dynamic, Reg, Static


class Passed(NamedTuple):
    """The parameter of a function that holds the function which is called further in."""

    param: Reg
    func: int


class Callbacks:
    def __init__(self, bodies: Bodies) -> None:
        self.bodies = bodies
        self.index = bodies.index

    def parameter(self, place: Place, func: int, known: Passed | None) -> Passed | None:
        """The parameter of the calling function in which what the call runs, ``func``, has come; ``known``: that of ``func`` which holds
        what it runs in turn."""
        call = place.event
        assert isinstance(call, Call)
        if isinstance(call.callee, Dynamic):
            reg = call.callee.reg
        elif known is not None and isinstance(call.callee, Static) and known.param < len(call.args):
            reg, func = call.args[known.param], known.func
        else:
            return None
        path = self.bodies.paths(place.func).of(reg)
        if not isinstance(path.root, int) or path.fields or path.root >= self.index.bodies[place.func].params:
            return None
        return Passed(path.root, func)

    def may_pass(self, place: Place, passed: Passed) -> bool:
        """Whether a call can pass the function that is called further in."""
        call = place.event
        assert isinstance(call, Call)
        if not isinstance(call.callee, Static) or passed.param >= len(call.args):
            return True
        heap = self.bodies.heap
        values = [heap.objects.all[o] for o in members(heap.points(place.func, call.args[passed.param]))]
        run = {self.index.runs(o) for o in values if o.kind in ("closure", "bound")}
        return not values or "" in run or self.index.bodies[passed.func].func in run
