"""The state of a body at a point: the locks certainly held, the calls deferred, and what is known of the values that decided the way."""

from collections.abc import Collection
from typing import NamedTuple

from mapguard.bodies.paths import Path
from mapguard.ir.model import Call, Reg

READ, WRITE = "read", "write"
SENT, RECEIVED = "sent", "received"  # a channel of one element taken by a send, or by a receive
Held = frozenset[tuple[Path, str]]
Fact = tuple[Reg, str]  # a register and the constant that it is, or is not: "true", "false", "nil", "!nil"
NO_LOCKS: Held = frozenset()


class State(NamedTuple):
    """One way through a body. ``lost`` are locks that the caller held and the body gave up."""

    held: Held = NO_LOCKS
    lost: Held = NO_LOCKS
    deferred: tuple[Call, ...] = ()
    facts: frozenset[Fact] = frozenset()

    def take(self, lock: Path, mode: str) -> "State":
        return self._replace(held=self.held | {(lock, mode)}, lost=frozenset(e for e in self.lost if e[0] != lock))

    def give(self, lock: Path, mode: str) -> "State":
        if (lock, mode) in self.held:
            return self._replace(held=self.held - {(lock, mode)})
        return self._replace(held=frozenset(e for e in self.held if e[0] != lock), lost=self.lost | {(lock, mode)})

    def knows(self, reg: Reg) -> str:
        """What is known of a register: "" where nothing is."""
        return next((value for r, value in sorted(self.facts) if r == reg), "")

    def learn(self, reg: Reg, value: str) -> "State":
        return self._replace(facts=self.facts | {(reg, value)})

    def forget(self, regs: Collection[Reg]) -> "State":
        """Without what is known of registers that get new values."""
        return self._replace(facts=frozenset(f for f in self.facts if f[0] not in regs)) if self.facts and regs else self


def joined(a: State, b: State) -> State:
    """What holds on both ways."""
    common = 0
    for x, y in zip(a.deferred, b.deferred, strict=False):
        if x != y:
            break
        common += 1
    return State(a.held & b.held, a.lost | b.lost, a.deferred[:common], a.facts & b.facts)


def _order(s: State) -> tuple[list[str], list[str], str, list[Fact]]:
    """What states are sorted by: the text of a set would depend on how the set came to be."""
    return (sorted(map(repr, s.held)), sorted(map(repr, s.lost)), repr(s.deferred), sorted(s.facts))


def merged(states: list[State], most: int) -> list[State]:
    """At most ``most`` states: ways that differ in nothing but what is known of values are one, then the rest are joined."""
    by_locks: dict[tuple[Held, Held, tuple[Call, ...]], State] = {}
    for s in states:
        key = (s.held, s.lost, s.deferred)
        known = by_locks.get(key)
        by_locks[key] = s if known is None else State(*key, known.facts & s.facts)
    found = sorted(by_locks.values(), key=_order) if len(by_locks) > 1 else list(by_locks.values())
    while len(found) > most:
        found[-2:] = [joined(found[-2], found[-1])]
    return found
