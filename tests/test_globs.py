"""Globs match what pathspec's own expressions match, in a time that grows with the length of the path only."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from mapguard.base.globs import Globs

PARTS = st.text("ab*?", min_size=1, max_size=6) | st.sampled_from(["**", "*", "a", "[ab]", "[!a]*", "a\\*", "*.go"])
SLASH = st.sampled_from(["", "/"])
GLOBS = st.builds(
    lambda sign, start, parts, end: sign + start + "/".join(parts) + end,
    st.sampled_from(["", "", "!"]),
    SLASH,
    st.lists(PARTS, min_size=1, max_size=4),
    SLASH,
)
NAMES = st.text("ab.", min_size=1, max_size=5)
PATHS = st.builds(lambda parts, end: "/".join(parts) + end, st.lists(NAMES, min_size=1, max_size=5), SLASH)


@settings(max_examples=1000, deadline=None)
@given(st.lists(GLOBS, min_size=1, max_size=3), PATHS)
@example(["a*b"], "axbyb/c")
@example(["a/**/b/**/c"], "a/b/b/c/c")
@example(["x", "!x/a/x/"], "x/a/x/b")
def test_the_same_paths_match(globs: list[str], path: str) -> None:
    assert Globs(globs).match(path) == GitIgnoreSpec.from_lines(globs, backend="simple").match_file(path)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*a*a*a*a*a*a*a*b", "a" * 255),
        ("a*?*?*?*?*?*?*b", "a" * 255),
        ("**/a*/**/a*/**/a*/**/a*/**/b", "/".join(["aa"] * 1000)),
        ("**/*a*a*a*/**/*a*a*a*/**/b", "/".join(["a" * 100] * 40)),
        ("[ab]*[ab]*[ab]*[ab]*[ab]*c", "ab" * 127),
    ],
)
def test_hostile_globs_end(glob: str, path: str) -> None:
    globs = Globs([glob])
    start = time.process_time()
    assert not globs.match(path)
    assert time.process_time() - start < 2
