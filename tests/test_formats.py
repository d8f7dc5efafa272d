"""What package fmt does with each argument of a format."""

import pytest

from mapguard.facts.formats import unread_arguments, verbs_of
from mapguard.facts.syntax import Binary, Expr, Lit, Name


def literal(text: str) -> Lit:
    return Lit("string", "", verbs_of(text))


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("plain", set()),
        ("%v %p %T", {1, 2}),
        ("100%% of %p", {0}),
        ("%-10.3s at %#p", {1}),
        ("%*v %p", {0, 2}),
        ("%.*f %p", {0, 2}),
        ("%[2]p %[1]v", {1}),
        ("%[1]T %[1]v", set()),
        ("%[2]*[1]d %p", {1}),
        ("%[3]v %p", {3}),
        ("%", set()),
        ("%é%p", {1}),
    ],
)
def test_a_format(text: str, unread: set[int]) -> None:
    assert unread_arguments(literal(text)) == frozenset(unread)


def test_joined_literals_are_one_format() -> None:
    joined: Expr = Binary("+", Binary("+", literal("%v and "), literal("%p and ")), literal("%T"))
    assert unread_arguments(joined) == frozenset({1, 2})


def test_what_is_no_literal_is_not_known() -> None:
    assert unread_arguments(Name("format", 0)) is None
    assert unread_arguments(Binary("+", Name("prefix", 0), literal("%p"))) is None
    assert unread_arguments(Lit("int", "1")) is None
