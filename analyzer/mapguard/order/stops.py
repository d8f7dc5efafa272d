"""Signals to the places of a function that control passes only after one of them."""

from typing import NamedTuple

from mapguard.ir.flow import Spot, dominators
from mapguard.order.flows import Stops, Where, stops_at
from mapguard.order.signals import OF_ALL, Signal, Signals
from mapguard.order.waiting import Waiting

_Way = tuple[int, int]  # a block, and which of its successors
ROUNDS = 0  # a wait in each round of a loop is needed


class Told(NamedTuple):
    """Signals, each with how often it must be waited for: ``ROUNDS`` for once in each round of a loop."""

    signals: frozenset[tuple[Signal, int]] = frozenset()

    def __or__(self, other: "Told") -> "Told":
        return Told(self.signals | other.signals) if other.signals else self


NOBODY = Told()


def of_many(told: Told, own: Signals = frozenset()) -> Told:
    """What is to be waited for where several threads give each signal, but ``own``, which each has for itself."""
    return Told(frozenset((s, n if s.kind in OF_ALL or s in own else ROUNDS) for s, n in told.signals))


class Renewal(NamedTuple):
    """After these events, and on these ways out of blocks, what is looked at is another object."""

    events: frozenset[Where] = frozenset()
    ways: frozenset[Where] = frozenset()


NEVER = Renewal()


class Waits:
    """Told signals to what waits for them."""

    def __init__(self, waiting: Waiting) -> None:
        self.waiting = waiting
        self._found: dict[Told, Stops] = {}

    def stops(self, told: Told, again: Renewal = NEVER) -> Stops:
        """The events that wait for one of the signals, and the ways out of blocks that show that something was waited for; and what
        makes another object."""
        found = self._found.get(told)
        if found is None:
            spots: list[Where] = []
            ways: list[Where] = []
            times = _times(told)
            for func in sorted({f for signal in times for f in self.waiting.functions(signal)}):
                marks = _Function(self.waiting, times, func)
                spots.extend((func, *spot) for spot in marks.spots())
                ways.extend((func, *way) for way in marks.ways())
            found = self._found[told] = stops_at(spots, ways)
        return found | stops_at(*again) if again != NEVER else found


def _times(told: Told) -> dict[Signal, int]:
    """How often each signal must be waited for."""
    found: dict[Signal, int] = {}
    for signal, times in sorted(told.signals):
        known = found.get(signal, times)
        found[signal] = ROUNDS if ROUNDS in (times, known) else max(times, known)
    return found


class _Function:
    def __init__(self, waiting: Waiting, times: dict[Signal, int], func: int) -> None:
        self.waiting = waiting
        self.times = times
        self.func = func
        self.blocks = waiting.index.bodies[func].blocks
        spots = list(waiting.waits.get(func, ()))
        if any(signal.kind == "past" for signal in times):
            spots.extend(waiting.signalling.gives.get(func, ()))
        waits = ((spot, waiting.awaited((func, *spot))) for spot in spots)
        self.waited = {spot: awaited for spot, awaited in waits if self._told(awaited)}

    def spots(self) -> list[Spot]:
        """The events that wait."""
        return [spot for spot, awaited in self.waited.items() if self._enough(spot, awaited)]

    def ways(self) -> list[tuple[int, int]]:
        """The ways out of blocks."""
        found = []
        for number, block in enumerate(self.blocks):
            if block.kind not in ("if", "range"):
                continue
            for way, learned in enumerate(self.waiting.learned(self.func, number)):
                past = frozenset(s._replace(kind="past") for s in learned if s.kind == "set")
                if self._told(past) or (self._told(learned) and ROUNDS not in [self.times[s] for s in learned]):
                    found.append((number, way))
            if self.waited and any(self._told(each) for each in self.waiting.rounds(self.func, number)):
                found.append((number, len(block.succs) - 1))
        return found

    def _told(self, awaited: Signals) -> bool:
        return bool(awaited) and all(s in self.times for s in awaited)

    def _enough(self, spot: Spot, awaited: Signals) -> bool:
        """Whether the signals have been waited for often enough when the event has."""
        times = [self.times[s] for s in awaited]
        if ROUNDS in times:
            return False
        wanted = max(times)
        if wanted == 1:
            return True
        above = dominators(self.blocks)[spot[0]]
        alike = [s for s, other in self.waited.items() if other == awaited]
        return sum(1 for s in alike if (s[0] == spot[0] and s[1] <= spot[1]) or (s[0] != spot[0] and above >> s[0] & 1)) >= wanted
