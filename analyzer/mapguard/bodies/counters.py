"""The index of an element to the rounds that it counts: where they begin, where each of them gets its value, and the values it can have."""

from typing import NamedTuple

from mapguard.bodies.paths import Paths
from mapguard.ir.flow import events
from mapguard.ir.model import Block, Cast, Const, Copy, Event, Load, MapOp, Op, Phi, Reg

Spot = tuple[int, int]


class Counter(NamedTuple):
    """``begin``: the event before the first round, ``step``: the one that gives a round its value; every round has another one.
    ``low``, ``high``: the values, as far as they are known."""

    begin: Spot
    step: Spot
    low: int | None = None
    high: int | None = None

    def moved(self, by: int, step: Spot) -> "Counter":
        low = self.low + by if self.low is not None else None
        return Counter(self.begin, step, low, self.high + by if self.high is not None else None)


class Counters:
    """The counters of one body."""

    def __init__(self, paths: Paths) -> None:
        self.body = paths.body
        self._numbers = paths.numbers
        self._events: dict[Reg, tuple[Spot, Event]] = {}
        for block, place, event in events(self.body):
            for reg in (getattr(event, "dst", None), getattr(event, "value", None) if isinstance(event, MapOp) else None):
                if reg is not None:
                    self._events[reg] = ((block, place), event)
        self._found: dict[Reg, Counter | None] = {}

    def of(self, reg: Reg) -> Counter | None:
        """The rounds that a register counts; None where it may have one value in two rounds."""
        if reg not in self._found:
            self._found[reg] = None
            self._found[reg] = self._counter(reg)
        return self._found[reg]

    def _counter(self, reg: Reg) -> Counter | None:
        if reg not in self._events:
            return None
        spot, event = self._events[reg]
        match event:
            case Copy(src=src) | Cast(src=src):
                return self.of(src)
            case Op(op="+" | "-" as op, args=(x, y)):
                by = self._number(y)
                if op == "+" and by is None:
                    x, by = y, self._number(x)
                counter = self.of(x)
                return counter.moved(by if op == "+" else -by, spot) if counter is not None and by is not None else None
            case Op(op="next", args=(rounds,)) if rounds in self._events:
                begin, ranged = self._events[rounds]
                bound = self._number(ranged.args[0]) if isinstance(ranged, Op) and ranged.args else None
                return Counter(begin, spot, 0 if bound is not None else None, bound - 1 if bound is not None else None)
            case Load(index=index) | MapOp(key=index):  # what stands in the rounds of a list: taken to be another thing in each
                counter = self.of(index)
                return Counter(counter.begin, spot) if counter is not None else None
            case Phi(args=(first, second)):
                return self._loop(reg, spot, first, second)
        return None

    def _loop(self, reg: Reg, spot: Spot, first: Reg, second: Reg) -> Counter | None:
        """A variable that a loop counts up."""
        start = self._number(first)
        step = self._events.get(second)
        if start is None or first not in self._events or step is None:
            return None
        match step[1]:
            case Op(op="+", args=(x, y)) if x == reg and (self._number(y) or 0) > 0:
                return Counter(self._events[first][0], spot, start, self._bound(reg, self.body.blocks[spot[0]]))
        return None

    def _bound(self, reg: Reg, block: Block) -> int | None:
        """The last value that a loop's condition lets through."""
        known = self._events.get(block.cond) if block.kind == "if" else None
        match known[1] if known is not None else None:
            case Op(op="<" | "<=" as op, args=(x, y)) if x == reg:
                bound = self._number(y)
                return bound - (op == "<") if bound is not None else None
        return None

    def _number(self, reg: Reg) -> int | None:
        text = self._numbers.get(reg, "")
        if not text and reg in self._events and isinstance(event := self._events[reg][1], Const) and event.kind == "int":
            text = event.text
        return int(text) if text.isdecimal() else None
