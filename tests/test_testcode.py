"""Which files only serve tests, by their place."""

import pytest

from mapguard.facts.model import FileFacts
from mapguard.program.testcode import kept_for_tests

_MODULES = ("example.com/app", "example.com/app/tests/apps/caller", "example.com/tests/tool")


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("example.com/app/server", False),
        ("example.com/app/tests/e2e", True),
        ("example.com/app/tests/apps/caller", True),  # a module of its own inside the tests of another one
        ("example.com/tests/tool/server", False),  # the folders above the outermost module say nothing
    ],
)
def test_folders_below_the_outermost_module(package: str, expected: bool) -> None:
    facts = FileFacts("x.go", package, "x", (), (), (), (), (), (), False, True, False)
    assert kept_for_tests(facts, _MODULES, ()) is expected
