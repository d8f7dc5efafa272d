"""The state of a body at a point: the locks certainly held, the calls deferred, and what is known of the values that decided the way."""

import functools
from collections.abc import Callable, Collection
from typing import NamedTuple

from mapguard.bodies.facts import Fact
from mapguard.bodies.paths import Path
from mapguard.ir.model import Call, Reg

READ, WRITE = "read", "write"
SENT, RECEIVED = "sent", "received"  # a channel of one element taken by a send, or by a receive
RUNS = "runs"  # an event loop that runs what comes over a channel
Held = frozenset[tuple[Path, str]]
Chosen = frozenset[tuple[Reg, Path]]
NO_LOCKS: Held = frozenset()


class State(NamedTuple):
    """One way through a body. ``lost`` are locks that the caller held and the body gave up; ``chosen`` which value the registers have
    that have one of several, as the way decides."""

    held: Held = NO_LOCKS
    lost: Held = NO_LOCKS
    deferred: tuple[Call, ...] = ()
    facts: frozenset[Fact] = frozenset()
    chosen: Chosen = frozenset()

    def take(self, lock: Path, mode: str) -> "State":
        return self._replace(held=self.held | {(lock, mode)}, lost=frozenset(e for e in self.lost if e[0] != lock))

    def give(self, lock: Path, mode: str) -> "State":
        if (lock, mode) in self.held:
            return self._replace(held=self.held - {(lock, mode)})
        return self._replace(held=frozenset(e for e in self.held if e[0] != lock), lost=self.lost | {(lock, mode)})

    def knows(self, path: Path) -> list[str]:
        """What is known of the value of a path."""
        return [value for p, value in self.facts if p == path]

    def learn(self, path: Path, value: str) -> "State":
        return self._replace(facts=self.facts | {(path, value)})

    def choose(self, reg: Reg, path: Path) -> "State":
        return self._replace(chosen=self.chosen | {(reg, path)})

    def where(self, path: Path) -> Path:
        """A path on this way: of what its root was chosen to be."""
        return resolved(path, self.chosen)

    def forget(self, regs: Collection[Reg]) -> "State":
        """Without what is known of registers that get new values."""
        for path, _ in self.facts:
            if path.root in regs:
                break
        else:
            for reg, path in self.chosen:
                if reg in regs or path.root in regs:
                    break
            else:
                return self
        facts = frozenset(f for f in self.facts if f[0].root not in regs)
        chosen = frozenset(c for c in self.chosen if c[0] not in regs and c[1].root not in regs)
        return self._replace(facts=facts, chosen=chosen)

    def only(self, lasting: Callable[[Path], bool]) -> "State":
        """Without what others may have changed meanwhile."""
        if not self.facts:
            return self
        return self._replace(facts=frozenset(f for f in self.facts if lasting(f[0])))


def resolved(path: Path, chosen: Chosen) -> Path:
    """A path of what its root was chosen to be."""
    for _ in chosen:
        follow = next((p for r, p in chosen if r == path.root), None)
        if follow is None:
            break
        path = follow.plus(*path.fields)
    return path


def joined(a: State, b: State) -> State:
    """What holds on both ways."""
    common = 0
    for x, y in zip(a.deferred, b.deferred, strict=False):
        if x != y:
            break
        common += 1
    return State(a.held & b.held, a.lost | b.lost, a.deferred[:common], a.facts & b.facts, a.chosen & b.chosen)


def _order(s: State) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """What states that differ in their locks are sorted by: the text of a set would depend on how the set came to be."""
    return (_texts(s.held), _texts(s.lost), list(map(_text, s.deferred)))


@functools.lru_cache(maxsize=1 << 16)
def _texts(held: Held) -> tuple[str, ...]:
    return tuple(sorted(map(_text, held)))


@functools.lru_cache(maxsize=1 << 16)
def _text(part: object) -> str:
    return repr(part)


def merged(states: list[State], most: int) -> list[State]:
    """At most ``most`` states: ways that differ in nothing but what is known of values are one, then the rest are joined."""
    by_locks: dict[tuple[Held, Held, tuple[Call, ...]], State] = {}
    for s in states:
        key = (s.held, s.lost, s.deferred)
        known = by_locks.get(key)
        by_locks[key] = s if known is None else State(*key, known.facts & s.facts, known.chosen & s.chosen)
    found = sorted(by_locks.values(), key=_order) if len(by_locks) > 1 else list(by_locks.values())
    while len(found) > most:
        found[-2:] = [joined(found[-2], found[-1])]
    return found
