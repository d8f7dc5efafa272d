"""Channels to whether they are semaphores, which somebody holds: one function, or a caller of two, puts in and takes out again.

A channel that one thread fills and another empties is a signal to readers of the code, though its one place can be taken as well.
"""

from mapguard.evidence.location import Location, location
from mapguard.ir.model import Recv, Send
from mapguard.races.contexts import Anchored
from mapguard.races.judge import Judge


class Semaphores:
    """Answers for one program."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.index = judge.index
        self._used: tuple[dict[Location, set[int]], dict[Location, set[int]]] | None = None

    def has(self, channel: Location) -> bool:
        """Whether the channel is a semaphore; a local one, which functions pass on under other names, counts as such."""
        if channel.kind not in ("field", "global"):
            return True
        sends, receives = self._uses()
        puts, takes = self._frames(sends.get(channel, set())), self._frames(receives.get(channel, set()))
        return bool(puts & takes) or bool(self._callers(sends.get(channel, set())) & self._callers(receives.get(channel, set())))

    def _frames(self, functions: set[int]) -> set[str]:
        """The functions, literals as those around them."""
        return {f.frame.id for n in functions if (f := self.index.funcs[n]) is not None}

    def _callers(self, functions: set[int]) -> set[str]:
        edges = [e for n in functions for e in self.judge.edges.into(n) if e.kind == "call"]
        return self._frames({self.index.sites[e.site].func for e in edges})

    def _uses(self) -> tuple[dict[Location, set[int]], dict[Location, set[int]]]:
        """The functions that send on channels, and that receive from them."""
        if self._used is None:
            self._used = {}, {}
            for func, body in enumerate(self.index.bodies):
                for block in body.blocks:
                    for event in block.events:
                        if isinstance(event, Send | Recv):
                            path = self.judge.bodies.normal(func, self.judge.bodies.paths(func).of(event.channel))
                            found = self._used[isinstance(event, Recv)]
                            found.setdefault(location(self.index, Anchored(func, path)), set()).add(func)
        return self._used
