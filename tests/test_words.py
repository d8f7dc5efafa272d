"""The words for entry points and counts: every kind has its own, and nothing is counted that is not there."""

from typing import get_args

import pytest

from mapguard.checks.wording import counted
from mapguard.findings.words import start
from mapguard.models.entries import RootKind


@pytest.mark.parametrize("kind", get_args(RootKind))
def test_every_kind_that_a_model_can_name_has_words(kind: str) -> None:
    words, unknown = start(kind), start("odd")
    assert unknown == ("odd", "odd runs", "registers a function (odd)")
    assert words.set_up and words.set_up != f"registers a function ({kind})"
    assert words.runs.endswith((" runs", " run"))


@pytest.mark.parametrize(
    ("ops", "told"),
    [
        ({"write": 1}, "1 write"),
        ({"write": 2, "delete": 1, "read": 1}, "3 writes and 1 read"),
        ({"replace": 1, "len": 1, "read": 1, "range": 2}, "1 replacement, 2 reads and 2 iterations"),
        ({"read": 0, "range": 1}, "1 iteration"),
    ],
)
def test_what_there_is_none_of_is_left_out(ops: dict[str, int], told: str) -> None:
    assert counted(ops) == told
