"""Signals to the places of a function that control passes only after one of them."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from mapguard.ir.flow import Spot, dominators
from mapguard.order.signals import OF_ALL, Signal, Signalling, Signals

_Way = tuple[int, int]  # a block, and which of its successors
Marks = tuple[frozenset[Spot], frozenset[_Way]]  # events, and ways out of blocks
ROUNDS = 0  # a wait in each round of a loop is needed


class Told(NamedTuple):
    """Signals, each with how often it must be waited for: ``ROUNDS`` for once in each round of a loop."""

    signals: frozenset[tuple[Signal, int]] = frozenset()

    def __or__(self, other: "Told") -> "Told":
        return Told(self.signals | other.signals) if other.signals else self


NOBODY = Told()


def of_many(told: Told, one: str = "") -> Told:
    """What is to be waited for where several threads give each signal, but those of the kind ``one``, which each has of its own."""
    return Told(frozenset((s, n if s.kind in OF_ALL or s.kind == one else ROUNDS) for s, n in told.signals))


class Marker(Protocol):
    """What a walk does not pass, by function."""

    def of(self, func: int) -> Marks: ...


class Cut:
    """Marks that are given."""

    def __init__(self, marks: Mapping[int, Marks]) -> None:
        self._marks = marks

    def of(self, func: int) -> Marks:
        return self._marks.get(func, _NO_MARKS)


_NO_MARKS: Marks = (frozenset(), frozenset())
NO_STOPS = Cut({})


def cut_at(where: tuple[int, int, int]) -> Cut:
    """One event."""
    func, *spot = where
    return Cut({func: (frozenset(((spot[0], spot[1]),)), frozenset())})


class Stops:
    """``of``: the events of a function that wait, and the ways out of its blocks that show that something was waited for."""

    def __init__(self, signalling: Signalling, told: Told) -> None:
        self.signalling = signalling
        self.times: dict[Signal, int] = {}
        for signal, times in sorted(told.signals):
            self.times[signal] = max(times, self.times.get(signal, times)) if ROUNDS not in (times, self.times.get(signal)) else ROUNDS
        self._kinds = {s.kind for s in self.times}
        self._marks: dict[int, Marks] = {}

    def any(self, func: int) -> bool:
        """Whether something in a function waits."""
        return self.of(func) != _NO_MARKS

    def of(self, func: int) -> Marks:
        known = self._marks.get(func)
        if known is None:
            known = self._marks[func] = self._found(func) if self.times else _NO_MARKS
        return known

    def _found(self, func: int) -> Marks:
        signalling = self.signalling
        waits = signalling.waits.get(func, [])
        waited = {spot: awaited for spot in waits if self._told(awaited := signalling.awaited((func, *spot)))}
        spots = {spot for spot, awaited in waited.items() if self._enough(func, spot, awaited, waited)}
        ways: set[_Way] = set()
        for number, block in enumerate(signalling.index.bodies[func].blocks):
            if block.kind not in ("if", "range"):
                continue
            for way, learned in enumerate(signalling.learned(func, number)):
                if self._told(learned) and ROUNDS not in [self.times[s] for s in learned]:
                    ways.add((number, way))
            if waited and any(self._told(each) for each in signalling.rounds(func, number)):
                ways.add((number, len(block.succs) - 1))
        return frozenset(spots), frozenset(ways)

    def _told(self, awaited: Signals) -> bool:
        return bool(awaited) and all(s in self.times for s in awaited)

    def _enough(self, func: int, spot: Spot, awaited: Signals, waited: dict[Spot, Signals]) -> bool:
        """Whether the signals have been waited for often enough when the event has."""
        times = [self.times[s] for s in awaited]
        if ROUNDS in times:
            return False
        wanted = max(times)
        if wanted == 1:
            return True
        above = dominators(self.signalling.index.bodies[func].blocks)[spot[0]]
        before = [s for s, other in waited.items() if other == awaited and (above >> s[0] & 1) and (s[0] != spot[0] or s[1] < spot[1])]
        return len(before) + 1 >= wanted
