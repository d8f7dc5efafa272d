"""The laws of the states of a body: what holds on both ways, and at most so many ways."""

import itertools
import random

import pytest

from mapguard.bodies.paths import Path
from mapguard.bodies.state import READ, WRITE, State, joined, merged
from mapguard.ir.model import Call, External

PATHS = [Path(0, ("mu",)), Path(1), Path("p.global")]
CALLS = [Call((), External(f"f{n}"), (), "defer", n, n) for n in range(3)]


def state(r: random.Random) -> State:
    def locks() -> frozenset[tuple[Path, str]]:
        return frozenset((p, r.choice([READ, WRITE])) for p in PATHS if r.random() < 0.5)

    facts = frozenset((Path(reg), r.choice(["true", "false", "nil"])) for reg in range(3) if r.random() < 0.5)
    return State(locks(), locks(), tuple(CALLS[: r.randrange(3)]), facts)


STATES = [state(random.Random(seed)) for seed in range(12)]


def below(a: State, b: State) -> bool:
    """Whether ``b`` claims no more than ``a``."""
    return b.held <= a.held and b.lost >= a.lost and b.facts <= a.facts and a.deferred[: len(b.deferred)] == b.deferred


def test_joining_is_commutative_associative_and_idempotent() -> None:
    for a, b, c in itertools.product(STATES, repeat=3):
        assert joined(a, a) == a
        assert joined(a, b) == joined(b, a)
        assert joined(a, joined(b, c)) == joined(joined(a, b), c)


def test_joining_claims_no_more_than_either() -> None:
    for a, b in itertools.product(STATES, repeat=2):
        assert below(a, joined(a, b)) and below(b, joined(a, b))


@pytest.mark.parametrize("most", [1, 2, 4])
def test_merging_covers_every_way_in_few_states(most: int) -> None:
    for seed in range(60):
        some = random.Random(seed).sample(STATES, 1 + seed % 8)
        found = merged(some, most)
        assert 1 <= len(found) <= most
        assert all(any(below(s, m) for m in found) for s in some)


def test_merging_does_not_depend_on_the_order_of_the_ways() -> None:
    for seed in range(60):
        some = random.Random(seed).sample(STATES, 1 + seed % 8)
        other = random.Random(seed + 1).sample(some, len(some))
        for most in (1, 2, 4):
            assert merged(some, most) == merged(other, most)


def test_merging_keeps_ways_with_different_locks_apart() -> None:
    locked = State().take(PATHS[0], WRITE)
    assert len(merged([State(), locked, State(), locked.learn(Path(1), "true")], 4)) == 2


def test_taking_and_giving() -> None:
    mu = PATHS[0]
    assert State().take(mu, WRITE).give(mu, WRITE) == State()
    given = State().give(mu, WRITE)
    assert given.held == frozenset() and given.lost == {(mu, WRITE)}
    assert given.take(mu, WRITE).lost == frozenset()


def test_learning() -> None:
    assert State().learn(Path(3), "nil").knows(Path(3)) == ["nil"]
    assert State().learn(Path(3), "nil").knows(Path(4)) == []
