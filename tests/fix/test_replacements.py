"""The replacements of a diff, made on the old file, give the new one."""

import random

import pytest

from mapguard.fix.diff import unified
from mapguard.report.fixes import Replacement, replacements


def made(old: str, found: list[Replacement]) -> str:
    lines = old.splitlines(keepends=True)
    for r in sorted(found, key=lambda r: r.first, reverse=True):
        lines[r.first - 1 : r.end - 1] = [r.text]
    return "".join(lines)


@pytest.mark.parametrize("seed", range(40))
def test_random_changes(seed: int) -> None:
    chance = random.Random(seed)
    old = [f"line {n}\n" for n in range(chance.randrange(1, 40))]
    new = [f"new {n}\n" if chance.random() < 0.2 else line for n, line in enumerate(old) if chance.random() < 0.9]
    for _ in range(chance.randrange(4)):
        new.insert(chance.randrange(len(new) + 1), "added\n")
    before, after = "".join(old), "".join(new)
    patch = unified("a/b.go", before.encode(), after.encode()).decode()
    found = list(replacements(patch))
    assert {r.path for r in found} <= {"a/b.go"}
    assert made(before, found) == after


def test_several_files() -> None:
    patch = unified("a.go", b"1\n", b"2\n") + unified("b c.go", b"1\n2\n", b"1\n")
    assert list(replacements(patch.decode())) == [Replacement("a.go", 1, 2, "2\n"), Replacement("b c.go", 2, 3, "")]
