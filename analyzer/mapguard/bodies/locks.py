"""A body's events to must-locksets at its calls and accesses, and to the effect that the whole body has on its caller's locks.

Flow-sensitive; states are split by the values that decide a branch, as in ESP (Das, Lerner, Seigle, PLDI 2002), so that conditional locks,
TryLock and results that tell whether a lock is held need no rules of their own.
"""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import NamedTuple

from mapguard.bodies.effects import HARMLESS, At, Effect, Found, Locks, Way, library_name, outermost
from mapguard.bodies.facts import FALSE, TRUE, certain, possible
from mapguard.bodies.flags import Flags
from mapguard.bodies.paths import Path
from mapguard.bodies.state import READ, RECEIVED, SENT, WRITE, Held, State, merged
from mapguard.bodies.translate import Translator
from mapguard.bodies.values import Values
from mapguard.ir.flow import defined, postorder, predecessors
from mapguard.ir.model import (
    NONE,
    Block,
    Call,
    Event,
    External,
    Load,
    MapOp,
    Phi,
    Recv,
    Reg,
    Return,
    RunDefers,
    Send,
    Store,
)
from mapguard.models.entries import FunctionModel
from mapguard.models.load import Models

_STATES = 4  # ways through a body that are kept apart
_ROUNDS = 40
_OPPOSITE = {SENT: RECEIVED, RECEIVED: SENT}


class Asked(NamedTuple):
    """A lock that was asked for: it is held where the answer is ``when``."""

    when: str
    lock: Path
    mode: str


class Interpreter:
    """Interprets one body. ``effect`` tells what each function that a call may run does to the locks, in terms of this body; ``single``
    whether a channel or a semaphore can be had by one only. ``unsettled``: the states did not become the same in as many rounds as are
    made."""

    def __init__(
        self,
        func: int,
        translator: Translator,
        models: Models,
        values: Values,
        effect: Callable[[int, int, Call], Iterable[Effect]],
        single: Callable[[Reg], bool],
        flags: Flags,
    ) -> None:
        self.func = func
        self.body = translator.index.bodies[func]
        self.translator = translator
        self.paths = translator.paths(func)
        self.values = values
        self.models = models
        self.effect = effect
        self.single = single
        self.flags = flags
        self.unsettled = False
        self.asked: dict[Reg, Asked] = {}
        self.places: dict[int, tuple[int, int]] = {}  # of deferred calls, by identity
        for number, block in enumerate(self.body.blocks):
            for place, event in enumerate(block.events):
                if isinstance(event, Call) and event.how == "defer":
                    self.places[id(event)] = (number, place)

    # ------------------------------------------------------------ blocks

    def run(self) -> Locks:
        """The fixpoint over the blocks, those first that the others follow."""
        blocks = self.body.blocks
        before = predecessors(blocks)
        order = postorder(blocks)[::-1]
        rank = {number: n for n, number in enumerate(order)}
        after: dict[tuple[int, int], list[State]] = {}  # by edge
        pending = [0]  # ranks, as a heap
        rounds: dict[int, int] = {}
        entry: dict[int, list[State]] = {}
        results: dict[int, tuple[Found, dict[Way, None]]] = {}  # of the last time that a block was looked at
        while pending:
            number = order[heappop(pending)]
            states = [State()] if number == 0 else []
            for place, p in enumerate(before[number]):
                states.extend(self._entered(s, blocks[number], place) for s in after.get((p, number), ()))
            states = merged(states, _STATES if rounds.get(number, 0) < _ROUNDS else 1)
            if not states or entry.get(number) == states:
                continue
            rounds[number] = rounds.get(number, 0) + 1
            if rounds[number] > 2 * _ROUNDS:
                self.unsettled = True
                continue
            self.translator.heap.budget.step()
            entry[number] = states
            results[number] = ({}, {})
            for succ, out in self._block(number, blocks[number], states, *results[number]):
                if after.get((number, succ)) != out:
                    after[number, succ] = out
                    if rank[succ] not in pending:
                        heappush(pending, rank[succ])
        at: Found = {}
        ways: dict[Way, None] = {}
        for number in sorted(results):
            for spot, found in results[number][0].items():
                at.setdefault(spot, {}).update(found)
            ways.update(results[number][1])
        return Locks({spot: tuple(found) for spot, found in at.items()}, tuple(ways) or HARMLESS)

    def _entered(self, s: State, block: Block, number: int) -> State:
        """A state that enters a block from its predecessor of that number: what depends on it is one value now."""
        chosen = [(e.dst, s.where(self.paths.of(e.args[number]))) for e in block.events if isinstance(e, Phi)]
        if not chosen:
            return s
        known = [(dst, self.values.known(s, path)) for dst, path in chosen]
        s = s.forget([dst for dst, _ in chosen])
        for dst, path in chosen:
            if path.root != dst:
                s = s.choose(dst, path)
        for dst, values in known:
            for value in values:
                s = s.learn(Path(dst), value)
        return s

    def _block(self, number: int, block: Block, states: list[State], at: Found, ways: dict[Way, None]) -> list[tuple[int, list[State]]]:
        """The states on the edges that leave a block. ``at`` and ``ways`` collect the results."""
        for place, event in enumerate(block.events):
            if isinstance(event, Phi):
                continue
            if isinstance(event, Call | MapOp | Load | Store) and getattr(event, "how", "") != "defer":
                for s in states:
                    self._seen(at, (number, place), s)
            if isinstance(event, RunDefers):
                for s in states:
                    self._deferred(s, at)
            if isinstance(event, Return):
                for s in states:
                    ways[self._way(s, event)] = None
            again = defined(event)  # in a loop: what was known of a register was about the round before
            following = [out for s in states for out in self._event(number, place, event, s.forget(again))]
            if len(following) != len(states) or any(out is not s for out, s in zip(following, states, strict=True)):
                states = merged(following, _STATES)
        if block.kind == "if":
            yes, no = block.succs
            return [(yes, self._decided(states, block.cond, TRUE)), (no, self._decided(states, block.cond, FALSE))]
        return [(succ, states) for succ in block.succs]

    def _seen(self, at: Found, place: tuple[int, int], s: State) -> None:
        at.setdefault(place, {})[At(s.held, s.facts, s.lost, s.chosen)] = None

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

    def _decided(self, states: list[State], cond: Reg, truth: str) -> list[State]:
        found: list[State] = []
        for s in states:
            if self.values.truth(s, cond) not in ("", truth):
                continue
            for path, value in self.values.learned(s, cond, truth):
                s = self._learn(s, path, value)
            found.append(s)
        return merged(found, _STATES)

    def _learn(self, s: State, path: Path, value: str) -> State:
        """What is known, and the lock that was asked for, where this is the answer."""
        asked = self.asked.get(path.root) if isinstance(path.root, int) and not path.fields else None
        if asked is not None and asked.when == value:
            s = self._taken(s, asked.lock, asked.mode)
        return s.learn(path, value)

    # ------------------------------------------------------------ events

    def _event(self, block: int, place: int, event: Event, s: State) -> list[State]:
        match event:
            case Call(how="call"):
                return self._call(block, place, event, s)
            case Call(how="defer"):
                return [s._replace(deferred=(*s.deferred, event))]
            case Call(how="go"):
                return [self._handed(block, place, event, s)]
            case RunDefers():
                return self._deferred(s)
            case Send(channel=channel):
                s = s.only(self.translator.fields.lasting)
                return [self._turned(s, self._path(s, channel), SENT) if self.single(channel) else s]
            case Recv(channel=channel):
                s = s.only(self.translator.fields.lasting)
                return [self._turned(s, self._path(s, channel), RECEIVED) if self.single(channel) else s]
            case Store(base=base, field=field, index=index, src=src):
                return [self._stored(s, s.where(self.paths.member(base, field, index)), field, self.values.exact(s, self.paths.of(src)))]
        return [s]

    def _path(self, s: State, reg: Reg) -> Path:
        return s.where(self.paths.of(reg))

    def _taken(self, s: State, lock: Path, mode: str) -> State:
        """With a lock: what others could change until now is not known any more."""
        return s.only(self.translator.fields.lasting).take(lock, mode)

    def _given(self, s: State, lock: Path, mode: str) -> State:
        """Without a lock, by whatever path it was taken."""
        if (lock, mode) not in s.held:
            same = self.translator.canonical(self.func, lock)
            lock = next((p for p, _ in sorted(s.held, key=repr) if self.translator.canonical(self.func, p) == same), lock)
        return s.give(lock, mode)

    def _turned(self, s: State, lock: Path, mode: str) -> State:
        """With a lock. A send or a receive on a channel of one element gives back what the opposite took."""
        other = _OPPOSITE.get(mode)
        if other is not None:
            same = self.translator.canonical(self.func, lock)
            taken = [p for p, m in sorted(s.held, key=repr) if m == other and self.translator.canonical(self.func, p) == same]
            if taken:
                return s.give(taken[0], other)
        return s.take(lock, mode)

    def _stored(self, s: State, slot: Path, field: str, value: str) -> State:
        """A field gets a value. Who finds a flag unset under a lock and sets it has it until it is unset."""
        claimed = value == TRUE and bool(s.held) and certain(self.values.known(s, slot), FALSE)
        s = s._replace(facts=frozenset(f for f in s.facts if field not in f[0].fields and f[0] != slot))
        if value:
            s = s.learn(slot, value)
        if claimed:
            self.flags.claim(field)
            return s.take(slot, WRITE)
        return self._given(s, slot, WRITE) if value == FALSE and self.flags.claimed(field) else s

    def _call(self, block: int, place: int, event: Call, s: State) -> list[State]:
        callee = event.callee
        name = library_name(callee)
        model = self.models.function(name) if name else None
        if isinstance(callee, External) or (model is not None and (model.acquires or model.releases or model.lends or model.takes_back)):
            return [self._library(model, event, s)]  # the lock itself is what counts, whatever implements the interface
        found: list[State] = []
        for effect in self.effect(block, place, event):
            for way in effect:
                if self._possible(way, s):
                    found.append(self._after(way, event, s))
        return merged(found, _STATES) if found else [s.only(self.translator.fields.lasting)]

    def _handed(self, block: int, place: int, event: Call, s: State) -> State:
        """A goroutine starts: what it gives up is its own from now on."""
        lost = {e for effect in self.effect(block, place, event) for way in effect for e in way.lost}
        for path, mode in sorted(lost, key=repr):
            s = self._given(s, s.where(path), mode)
        return s

    def _library(self, model: FunctionModel | None, event: Call, s: State) -> State:
        if model is None or not event.args:
            return s
        if model.pauses:
            return s.only(self.translator.fields.lasting)
        if model.acquires or model.releases:
            mode = self._mode(event.args[0], model.acquires or model.releases or WRITE)
            if not mode:
                return s
            lock = self._lock(s, event.args[0])
            if model.releases:
                return self._given(s, lock, mode)
            if not model.try_:
                return self._taken(s, lock, mode)
            for dst in event.dsts[:1]:
                self.asked[dst] = Asked(TRUE, lock, mode)
        elif model.claims:
            for dst in event.dsts[:1]:
                self.asked[dst] = Asked(TRUE, self._path(s, event.args[0]), WRITE)
        elif model.unclaims:
            return self._given(s, self._path(s, event.args[0]), WRITE)
        elif model.lends:
            for dst in event.dsts[:1]:
                return self._taken(s, self._key(s, event.args[0], dst), WRITE)
        elif model.takes_back:
            return self._given(s, self._key(s, event.args[0], event.args[int(model.takes_back[3:]) + 1]), WRITE)
        return s

    def _key(self, s: State, owner: Reg, key: Reg) -> Path:
        """A key that is lent, as an element of what lends it."""
        return self._path(s, owner).plus(self.paths.element(key))

    def _lock(self, s: State, reg: Reg) -> Path:
        """The path of a lock; a Locker in read mode is the lock that it was made of."""
        made = self._locker(reg)
        return self._path(s, made.args[0]) if made is not None else self._path(s, reg)

    def _mode(self, reg: Reg, mode: str) -> str:
        """The mode that an operation on a lock takes or gives; "" where it excludes nobody."""
        if mode == "token":
            return WRITE if self.single(reg) else ""
        made = self._locker(reg)
        return READ if made is not None else mode

    def _locker(self, reg: Reg) -> Call | None:
        """The call that made a Locker in read mode of a lock."""
        event = self.paths.definition(reg)
        if not isinstance(event, Call) or not isinstance(event.callee, External) or not event.args:
            return None
        model = self.models.function(event.callee.name)
        return event if model is not None and model.returns == "recv-read" else None

    def _possible(self, way: Way, s: State) -> bool:
        return all(possible(self.values.known(s, path), wanted) for path, wanted in way.needs)

    def _after(self, way: Way, event: Call, s: State) -> State:
        s = s.only(self.translator.fields.lasting)
        for path, mode in sorted(way.lost, key=repr):
            s = self._given(s, s.where(path), mode)
        for path, mode in sorted(way.taken, key=repr):
            s = self._turned(s, s.where(path), mode)
        for path, value in sorted(way.needs, key=repr):
            s = self._learn(s, s.where(path), value)
        for dst, value in zip(event.dsts, way.returns, strict=False):
            if value:
                s = self._learn(s, Path(dst), value)
        return s

    # ------------------------------------------------------------ what callers see

    def _way(self, s: State, event: Return) -> Way:
        returns = tuple(self.values.exact(s, self.paths.of(r)) if r != NONE else "" for r in event.values)
        needs = frozenset(f for f in s.facts if self._is_outer(f[0]) and self.translator.fields.lasting(f[0]))
        return Way(self._outer(s.held), self._outer(s.lost), needs, returns if any(returns) else ())

    def _outer(self, held: Held) -> Held:
        """The locks that a caller can name."""
        found = set()
        for path, mode in held:
            path = path if self._is_outer(path) else self.translator.canonical(self.func, path)
            if self._is_outer(path):
                found.add((path, mode))
        return frozenset(found)

    def _is_outer(self, path: Path) -> bool:
        return outermost(path, self.body.params + self.body.captures)
