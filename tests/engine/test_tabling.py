"""Tabling finds the least fixpoint of any monotone system, whatever is asked first."""

import random
from collections.abc import Callable, Hashable

import pytest

from mapguard.base.stack import deep_stack
from mapguard.heap.tabling import Bits, Table, members

Equation = tuple[Bits, list[int], list[tuple[Bits, int, int]]]
"""A constant; the questions whose answers are in this one; and triples of a bit, a question and another one, whose answer is in this one
once the question's has the bit."""


def system(seed: int, size: int) -> list[Equation]:
    r = random.Random(seed)
    equations: list[Equation] = []
    for _ in range(size):
        constant = sum(1 << r.randrange(24) for _ in range(r.randrange(3))) if r.random() < 0.4 else 0
        parts = [r.randrange(size) for _ in range(r.randrange(3))]
        guarded = [(1 << r.randrange(24), r.randrange(size), r.randrange(size)) for _ in range(r.randrange(3))]
        equations.append((constant, parts, guarded))
    equations[0] = (1 | equations[0][0], *equations[0][1:])
    return equations


def answer(equation: Equation, ask: Callable[[int], Bits]) -> Bits:
    found, parts, guarded = equation
    for part in parts:
        found |= ask(part)
    for bit, question, other in guarded:
        if ask(question) & bit:
            found |= ask(other)
    return found


def naive(equations: list[Equation]) -> list[Bits]:
    """The least fixpoint by rounds over all equations from nothing."""
    values = [0] * len(equations)
    while True:
        following = [answer(e, values.__getitem__) for e in equations]
        if following == values:
            return values
        values = following


def table(equations: list[Equation]) -> Table:
    def rule(key: Hashable) -> Bits:
        assert isinstance(key, int)
        return answer(equations[key], made.ask)

    made = Table(rule)
    return made


@pytest.mark.parametrize("seed", range(60))
def test_least_fixpoint_in_any_order(seed: int) -> None:
    equations = system(seed, 4 + seed)
    right = naive(equations)
    for turn in range(4):
        order = list(range(len(equations)))
        random.Random(turn).shuffle(order)
        asked = table(equations)
        assert {n: asked.ask(n) for n in order} == dict(enumerate(right))


def test_one_question_alone() -> None:
    equations = system(7, 40)
    assert [table(equations).ask(n) for n in range(40)] == naive(equations)


def test_chains_deeper_than_the_stack_of_rules() -> None:
    size = 3000
    equations: list[Equation] = [(0, [n + 1], []) for n in range(size)]
    equations.append((5, [0], []))
    with deep_stack():
        assert table(equations).ask(0) == 5


def test_answers_are_not_computed_again() -> None:
    equations = system(3, 30)
    asked = table(equations)
    for n in range(30):
        asked.ask(n)
    before = asked.evaluations
    for n in reversed(range(30)):
        asked.ask(n)
    assert asked.evaluations == before


def test_a_rule_that_fails_leaves_the_table_usable() -> None:
    def rule(key: Hashable) -> Bits:
        if key == "bad":
            raise ValueError(key)
        return 1

    made = Table(rule)
    with pytest.raises(ValueError, match="bad"):
        made.ask("bad")
    assert made.ask("good") == 1


@pytest.mark.parametrize("numbers", [[], [0], [3, 64, 65, 900]])
def test_members(numbers: list[int]) -> None:
    assert members(sum(1 << n for n in numbers)) == numbers


def test_what_is_told_of_a_question_reaches_who_asked_it() -> None:
    def rule(key: Hashable) -> int:
        return told.ask("told") if key == "asks" else 0

    told = Table(rule)
    assert told.ask("asks") == 0
    told.tell("told", 4)
    assert told.ask("asks") == 4
