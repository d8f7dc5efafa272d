"""What package fmt does with each argument of a format."""

import pytest

from mapguard.facts.formats import unread_by, verbs_of


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
    assert unread_by(verbs_of(text)) == frozenset(unread)
