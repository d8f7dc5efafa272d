"""Marks of tests that need Go, and of those that need its race detector: they are skipped, with the reason, where it is missing."""

import shutil

import pytest

GO = [pytest.mark.go, pytest.mark.skipif(shutil.which("go") is None, reason="the Go toolchain is not installed")]
RACE_DETECTOR = [
    *GO,
    pytest.mark.skipif(shutil.which("gcc") is None and shutil.which("clang") is None, reason="the race detector needs a C compiler"),
]
