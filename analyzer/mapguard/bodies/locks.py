"""A body's events to must-locksets at its calls and accesses, and to the effect that the whole body has on its caller's locks.

Flow-sensitive; states are split by the values that decide a branch, as in ESP (Das, Lerner, Seigle, PLDI 2002), so that conditional locks,
TryLock and results that tell whether a lock is held need no rules of their own.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mapguard.bodies.paths import Path, Paths
from mapguard.bodies.state import NO_LOCKS, READ, RECEIVED, SENT, WRITE, Fact, Held, State, merged
from mapguard.ir.flow import defined, predecessors
from mapguard.ir.model import (
    NONE,
    Block,
    Body,
    Call,
    Callee,
    Event,
    External,
    Invoke,
    Load,
    MapOp,
    Op,
    Recv,
    Reg,
    Return,
    RunDefers,
    Send,
    Store,
)
from mapguard.models.entries import FunctionModel

_STATES = 4  # ways through a body that are kept apart
_ROUNDS = 40


class Way(NamedTuple):
    """One way through a function, in terms of its parameters: what the caller holds more and less afterwards, which parameters it needs
    to have which constant values, and which constants it returns."""

    taken: Held = NO_LOCKS
    lost: Held = NO_LOCKS
    needs: frozenset[Fact] = frozenset()
    returns: tuple[str, ...] = ()


class At(NamedTuple):
    """What is held at an event on one way to it, and what the parameters must be for that way to be taken."""

    held: Held
    needs: frozenset[Fact]
    lost: Held


Effect = tuple[Way, ...]
Found = dict[tuple[int, int], dict[At, None]]
HARMLESS: Effect = (Way(),)


class Locks(NamedTuple):
    """``at`` tells of calls, map operations and field accesses, by block and place."""

    at: dict[tuple[int, int], tuple[At, ...]]
    effect: Effect


def library_name(callee: Callee) -> str:
    """The name that models use for what is called, "" for functions of the tree."""
    return callee.name if isinstance(callee, External) else callee.external if isinstance(callee, Invoke) else ""


class Interpreter:
    """Interprets one body. ``model`` gives the model of a library's function, ``effect`` what each function
    of the tree that a call may run does to the locks, in terms of this body; ``token`` tells a channel that holds one element at most."""

    def __init__(
        self,
        body: Body,
        paths: Paths,
        model: Callable[[str], FunctionModel | None],
        effect: Callable[[int, int, Call], Iterable[Effect]],
        token: Callable[[Reg], bool],
    ) -> None:
        self.body = body
        self.paths = paths
        self.model = model
        self.effect = effect
        self.token = token
        self.constants = paths.constants
        self.tests: dict[Reg, tuple[str, Reg, Reg]] = {}
        self.tries: dict[Reg, tuple[Path, str]] = {}
        self.places: dict[int, tuple[int, int]] = {}  # of deferred calls, by identity
        for number, block in enumerate(body.blocks):
            for place, event in enumerate(block.events):
                match event:
                    case Op(dst=dst, op="==" | "!=" as op, args=(x, y)):
                        self.tests[dst] = (op, x, y)
                    case Call(how="defer"):
                        self.places[id(event)] = (number, place)

    # ------------------------------------------------------------ blocks

    def run(self) -> Locks:
        """The fixpoint over the blocks."""
        blocks = self.body.blocks
        before = predecessors(blocks)
        after: dict[tuple[int, int], list[State]] = {}  # by edge
        at: Found = {}
        ways: dict[Way, None] = {}
        pending = [0]
        rounds: dict[int, int] = {}
        entry: dict[int, list[State]] = {}
        while pending:
            number = pending.pop(0)
            states = [State()] if number == 0 else []
            for p in before[number]:
                states.extend(after.get((p, number), ()))
            states = merged(states, _STATES if rounds.get(number, 0) < _ROUNDS else 1)
            if not states or entry.get(number) == states:
                continue
            rounds[number] = rounds.get(number, 0) + 1
            if rounds[number] > 2 * _ROUNDS:
                continue
            entry[number] = states
            for succ, out in self._block(number, blocks[number], states, None, None):
                if after.get((number, succ)) != out:
                    after[number, succ] = out
                    if succ not in pending:
                        pending.append(succ)
        for number in sorted(entry):
            self._block(number, blocks[number], entry[number], at, ways)
        return Locks({place: tuple(found) for place, found in at.items()}, tuple(ways) or HARMLESS)

    def _block(
        self,
        number: int,
        block: Block,
        states: list[State],
        at: Found | None,
        ways: dict[Way, None] | None,
    ) -> list[tuple[int, list[State]]]:
        """The states on the edges that leave a block. ``at`` and ``ways`` collect the results, once the states have settled."""
        for place, event in enumerate(block.events):
            if at is not None and isinstance(event, Call | MapOp | Load | Store) and getattr(event, "how", "") != "defer":
                for s in states:
                    self._seen(at, (number, place), s)
            if at is not None and isinstance(event, RunDefers):
                for s in states:
                    self._deferred(s, at)
            if isinstance(event, Return) and ways is not None:
                for s in states:
                    ways[self._way(s, event)] = None
            again = defined(event)  # in a loop: what was known of a register was about the round before
            states = merged([out for s in states for out in self._event(number, place, event, s.forget(again))], _STATES)
        if block.kind == "if":
            yes, no = block.succs
            return [(yes, self._decided(states, block.cond, True)), (no, self._decided(states, block.cond, False))]
        return [(succ, states) for succ in block.succs]

    def _seen(self, at: Found, place: tuple[int, int], s: State) -> None:
        at.setdefault(place, {})[At(s.held, self._needs(s), s.lost)] = None

    def _deferred(self, s: State, at: Found | None = None) -> list[State]:
        """The deferred calls run. ``at`` gets what is held when each does, at the place where it was deferred."""
        states = [s._replace(deferred=())]
        for call in reversed(s.deferred):
            where = self.places[id(call)]
            if at is not None:
                for one in states:
                    self._seen(at, where, one)
            states = merged([out for one in states for out in self._call(*where, call, one)], _STATES)
        return states

    def _decided(self, states: list[State], cond: Reg, truth: bool) -> list[State]:
        found: list[State] = []
        for s in states:
            known = self._value(s, cond)
            if known and (known == "true") != truth:
                continue
            found.append(self._learned(s, cond, truth))
        return merged(found, _STATES)

    def _value(self, s: State, reg: Reg) -> str:
        """The truth of a condition, as far as it is known."""
        known = s.knows(reg) or self.constants.get(reg, "")
        if known or reg not in self.tests:
            return known if known in ("true", "false") else ""
        op, x, y = self.tests[reg]
        a, b = self._constant(s, x), self._constant(s, y)
        if not a or not b:
            return ""
        if "!nil" in (a, b):
            same = a == b
            if same:
                return ""
        else:
            same = a == b
        return "true" if same == (op == "==") else "false"

    def _constant(self, s: State, reg: Reg) -> str:
        return s.knows(reg) or self.constants.get(reg, "")

    def _learned(self, s: State, cond: Reg, truth: bool) -> State:
        if cond in self.tries and truth:
            s = s.take(*self.tries[cond])
        if cond in self.tests:
            op, x, y = self.tests[cond]
            same = truth == (op == "==")
            for reg, other in ((x, y), (y, x)):
                constant = self.constants.get(other, "")
                if constant == "nil":
                    return s.learn(reg, "nil" if same else "!nil")
                if constant in ("true", "false"):
                    return s.learn(reg, constant if same else "false" if constant == "true" else "true")
        return s.learn(cond, "true" if truth else "false")

    # ------------------------------------------------------------ events

    def _event(self, block: int, place: int, event: Event, s: State) -> list[State]:
        match event:
            case Call(how="call"):
                return self._call(block, place, event, s)
            case Call(how="defer"):
                return [s._replace(deferred=(*s.deferred, event))]
            case RunDefers():
                return self._deferred(s)
            case Send(channel=channel) if self.token(channel):
                return [self._turned(s, self.paths.of(channel), SENT, RECEIVED)]
            case Recv(channel=channel) if self.token(channel):
                return [self._turned(s, self.paths.of(channel), RECEIVED, SENT)]
            case Store(base=base, field=field, src=src) if src in self.paths.constants:
                return [self._flagged(s, self.paths.of(base).plus(field), self.paths.constants[src])]
        return [s]

    def _turned(self, s: State, channel: Path, mode: str, other: str) -> State:
        """A send or a receive on a channel of one element: it takes what the opposite gives back."""
        return s.give(channel, other) if (channel, other) in s.held else s.take(channel, mode)

    def _flagged(self, s: State, flag: Path, value: str) -> State:
        """Who finds a flag unset under a lock and sets it has it until it is unset."""
        if value == "true" and s.held and any(known == "false" and self.paths.of(reg) == flag for reg, known in s.facts):
            return s.take(flag, WRITE)
        return s.give(flag, WRITE) if value == "false" else s

    def _call(self, block: int, place: int, event: Call, s: State) -> list[State]:
        callee = event.callee
        name = library_name(callee)
        if isinstance(callee, External) or self._locks(name):
            return [self._library(name, event, s)]
        found: list[State] = []
        for effect in self.effect(block, place, event):
            for way in effect:
                if self._possible(way, event, s):
                    found.append(self._after(way, event, s))
        return merged(found, _STATES) if found else [s]

    def _locks(self, name: str) -> bool:
        """Whether a library's interface is asked to lock: the lock itself is what counts, whatever implements it."""
        model = self.model(name) if name else None
        return model is not None and bool(model.acquires or model.releases)

    def _library(self, name: str, event: Call, s: State) -> State:
        model = self.model(name)
        if model is None or not event.args:
            return s
        if model.acquires in (READ, WRITE):
            lock = self.paths.of(event.args[0])
            if model.try_:
                for dst in event.dsts[:1]:
                    self.tries[dst] = (lock, model.acquires)
                return s
            return s.take(lock, model.acquires)
        if model.claims:
            for dst in event.dsts[:1]:
                self.tries[dst] = (self.paths.of(event.args[0]), WRITE)
            return s
        if model.unclaims:
            return s.give(self.paths.of(event.args[0]), WRITE)
        if model.releases in (READ, WRITE):
            return s.give(self.paths.of(event.args[0]), model.releases)
        return s

    def _possible(self, way: Way, event: Call, s: State) -> bool:
        for reg, wanted in way.needs:
            known = self._constant(s, reg)
            if known and known != wanted and not (wanted == "!nil" and known != "nil"):
                return False
        return True

    def _after(self, way: Way, event: Call, s: State) -> State:
        for path, mode in sorted(way.lost, key=repr):
            s = s.give(path, mode)
        for path, mode in sorted(way.taken, key=repr):
            s = s.take(path, mode)
        for dst, value in zip(event.dsts, way.returns, strict=False):
            if value:
                s = s.learn(dst, value)
        return s

    # ------------------------------------------------------------ what callers see

    def _needs(self, s: State) -> frozenset[Fact]:
        return frozenset(f for f in s.facts if f[0] < self.body.params)

    def _way(self, s: State, event: Return) -> Way:
        returns = tuple(self._constant(s, r) if r != NONE else "" for r in event.values)
        outer = self._outer(s.held)
        return Way(outer, self._outer(s.lost), self._needs(s), returns if any(returns) else ())

    def _outer(self, held: Held) -> Held:
        """The locks that a caller can name."""
        given = self.body.params + self.body.captures
        return frozenset((p, mode) for p, mode in held if isinstance(p.root, str) or p.root < given)
