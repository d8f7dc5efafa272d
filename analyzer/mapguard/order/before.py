"""Stops to what threads do from their start on before they meet one: asked from an event up to the starts, so that no thread is walked
through."""

from mapguard.ir.model import Call, RunDefers
from mapguard.order.flows import Cut, Flows, Stops, Where
from mapguard.order.threads import NO_SITE, Threads


class Before:
    def __init__(self, flows: Flows, stops: Stops, threads: Threads) -> None:
        self._flows = flows
        self._cut = Cut(flows, stops)
        self._threads = threads
        self._entered: dict[tuple[int, bool], bool] = {}

    def inside(self, where: Where) -> bool:
        """Whether a function gets from its start to one of its events, of a deferred call to the function's end, without passing a stop."""
        flow = self._cut.through(where[0])
        return any(flow.has(block, place) for _, block, place in self._when(where))

    def has(self, where: Where) -> bool:
        """Whether some thread has an event happen before it meets a stop."""
        return self.inside(where) and self._is_entered(where[0], across=False)

    def anyhow(self, where: Where) -> bool:
        """Whether an event can happen though neither its thread nor, before they started each other, those above it have met a stop."""
        return self.inside(where) and self._is_entered(where[0], across=True)

    def _is_entered(self, func: int, across: bool) -> bool:
        """Whether some thread gets from its start to the start of a function; ``across``: also over the starts of threads."""
        known = self._entered.get((func, across))
        if known is None:
            seen, pending = {func}, [func]
            known = False
            while pending and not known:
                self._flows.edges.heap.budget.step()
                at = pending.pop()
                known = self._entered.get((at, across), False) or self._begins(at, across)
                for edge in self._flows.edges.into(at) if not known else ():
                    place = self._flows.index.sites[edge.site]
                    if (across or edge.kind in ("call", "once")) and place.func not in seen and self.inside(place[:3]):
                        seen.add(place.func)
                        pending.append(place.func)
            for at in (func,) if known else seen:
                self._entered[at, across] = known
        return known

    def _begins(self, func: int, across: bool) -> bool:
        """Whether a thread begins with a function; ``across``: one that nothing in the tree starts."""
        return any(t.kind != "unused" and (t.site == NO_SITE or not across) for t in self._threads.started(func))

    def _when(self, where: Where) -> list[Where]:
        func, block, place = where
        blocks = self._flows.index.bodies[func].blocks
        event = blocks[block].events[place]
        if not isinstance(event, Call) or event.how != "defer":
            return [where]
        return [(func, b, p) for b, one in enumerate(blocks) for p, e in enumerate(one.events) if isinstance(e, RunDefers)]
