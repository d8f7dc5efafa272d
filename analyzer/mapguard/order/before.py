"""Stops to what threads do from their start on before they meet one: asked from an event up to the starts, so that no thread is walked
through."""

from collections.abc import Callable

from mapguard.ir.model import Call, RunDefers
from mapguard.order.flows import Cut, Flows, Stops, Where


class Before:
    """``begins`` tells the functions that threads begin with."""

    def __init__(self, flows: Flows, stops: Stops, begins: Callable[[int], bool]) -> None:
        self._flows = flows
        self._cut = Cut(flows, stops)
        self._begins = begins
        self._entered: dict[int, bool] = {}

    def inside(self, where: Where) -> bool:
        """Whether a function gets from its start to one of its events, of a deferred call to the function's end, without passing a stop."""
        flow = self._cut.through(where[0])
        return any(flow.has(block, place) for _, block, place in self._when(where))

    def has(self, where: Where) -> bool:
        """Whether some thread has an event happen."""
        return self.inside(where) and self._is_entered(where[0])

    def _is_entered(self, func: int) -> bool:
        """Whether some thread gets from its start to the start of a function."""
        known = self._entered.get(func)
        if known is None:
            seen, pending = {func}, [func]
            known = False
            while pending and not known:
                at = pending.pop()
                known = self._entered.get(at, False) or self._begins(at)
                for site in self._flows.callers(at) if not known else ():
                    place = self._flows.index.sites[site]
                    if place.func not in seen and self.inside(place[:3]):
                        seen.add(place.func)
                        pending.append(place.func)
            for at in (func,) if known else seen:
                self._entered[at] = known
        return known

    def _when(self, where: Where) -> list[Where]:
        func, block, place = where
        blocks = self._flows.index.bodies[func].blocks
        event = blocks[block].events[place]
        if not isinstance(event, Call) or event.how != "defer":
            return [where]
        return [(func, b, p) for b, one in enumerate(blocks) for p, e in enumerate(one.events) if isinstance(e, RunDefers)]
