"""Variables with several values to the one that they all are: a call may give back what it was passed."""

from collections.abc import Callable

from mapguard.bodies.paths import Path, Paths
from mapguard.heap.heap import Heap
from mapguard.heap.index import Place
from mapguard.heap.tabling import members
from mapguard.ir.model import NONE, Call, Dynamic, External, Phi, Reg

_VALUES = 16  # of one variable


class Single:
    """``returned`` gives the paths that a result of a function has there, None for one that is not known."""

    def __init__(self, heap: Heap, paths: Callable[[int], Paths], returned: Callable[[int, int], set[Path | None]]) -> None:
        self.heap = heap
        self.index = heap.index
        self.paths = paths
        self.returned = returned
        self._given_back: dict[tuple[int, Reg], Reg | None] = {}

    def value(self, func: int, root: Reg) -> Path | None:
        """What a register with several values always is; None where they differ, or it has one only."""
        first = self.index.place(func, root)
        if first is None or not isinstance(first.event, Phi):
            return None
        paths = self.paths(func)
        web: set[Reg] = set()
        leaves: set[Path] = set()
        pending = [Path(root)]
        while pending:
            at = pending.pop()
            place = self.index.place(func, at.root) if isinstance(at.root, int) and not at.fields else None
            if place is None or not isinstance(at.root, int):
                leaves.add(at)
            elif isinstance(place.event, Phi):
                if at.root not in web:
                    web.add(at.root)
                    pending.extend(paths.of(a) for a in place.event.args if paths.constants.get(a) != "nil")
            else:
                argument = self.given_back(place, at.root)
                if argument is None:
                    leaves.add(at)
                elif argument not in web:
                    pending.append(paths.of(argument))
            if len(leaves) > 1 or len(web) > _VALUES:
                return None
        return leaves.pop() if leaves else None

    def given_back(self, place: Place, reg: Reg) -> Reg | None:
        """The argument that a call gives back as its result, whatever it runs."""
        key = (place.func, reg)
        if key not in self._given_back:
            self._given_back[key] = None  # a recursive call
            self._given_back[key] = self._argument(place, reg)
        return self._given_back[key]

    def _argument(self, place: Place, reg: Reg) -> Reg | None:
        call = place.event
        if not isinstance(call, Call) or isinstance(call.callee, Dynamic):
            return None
        if isinstance(call.callee, External):
            return self.heap.given_back(call) if call.dsts[0] == reg else None
        found: set[Reg | None] = set()
        for target in members(self.heap.targets(self.index.site_at[place[:3]])):
            params = self.index.bodies[target].params
            for inner in self.returned(target, call.dsts.index(reg)):
                given = inner.root if inner is not None and isinstance(inner.root, int) and not inner.fields else NONE
                found.add(call.args[given] if 0 <= given < min(params, len(call.args)) else None)
            if len(found) > 1:
                return None
        return found.pop() if found else None
