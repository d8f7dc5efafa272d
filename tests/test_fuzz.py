"""Damaged Go in, a report out: fixtures are cut, shuffled and mixed, and the analysis, which raises in debug mode, must not."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.gap import Reason
from mapguard.base.options import Options

FIXTURES = sorted(p for p in (Path(__file__).parent / "fixtures").rglob("*.go") if "_stubs" not in p.parts)
_TOKEN = re.compile(rb"[A-Za-z_]\w*|\s+|[^\sA-Za-z_]")


def cut(source: bytes, dice: random.Random) -> bytes:
    return source[: dice.randrange(len(source))]


def without_a_piece(source: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(source))
    return source[:start] + source[start + dice.randrange(1, 60) :]


def with_noise(source: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(source))
    return source[:at] + dice.randbytes(dice.randrange(1, 8)).replace(b"\0", b"{") + source[at:]


def swapped(source: bytes, dice: random.Random) -> bytes:
    tokens = _TOKEN.findall(source)
    for _ in range(dice.randrange(1, 6)):
        i, j = dice.randrange(len(tokens)), dice.randrange(len(tokens))
        tokens[i], tokens[j] = tokens[j], tokens[i]
    return b"".join(tokens)


def repeated(source: bytes, dice: random.Random) -> bytes:
    """Every declaration twice, or one of another fixture beside its own."""
    other = dice.choice(FIXTURES).read_bytes().partition(b"\n\n")[2]
    return source + dice.choice((source, other))


def without_braces(source: bytes, dice: random.Random) -> bytes:
    return bytes(c for c in source if c not in b"{}()" or dice.random() > 0.05)


DAMAGE: tuple[Callable[[bytes, random.Random], bytes], ...] = (cut, without_a_piece, with_noise, swapped, repeated, without_braces)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_code_is_no_crash(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    (tmp_path / "go.mod").write_text("module example.com/fixtures\n\ngo 1.24\n")
    for number in range(40):
        source = dice.choice(FIXTURES).read_bytes()
        for _ in range(dice.randrange(1, 4)):
            source = dice.choice(DAMAGE)(source, dice) or b"package p\n"
        folder = tmp_path / f"p{number // 4}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{number}.go").write_bytes(source)
    report = pipeline.run(Options(paths=(tmp_path,), cache=False, debug=True))
    assert report.stats.files + len({g.path for g in report.gaps}) >= 40
    assert [g for g in report.gaps if g.reason == Reason.CRASH] == []


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda d: d.__name__)
def test_the_damage_is_real(damage: Callable[[bytes, random.Random], bytes]) -> None:
    source = FIXTURES[0].read_bytes()
    assert any(damage(source, random.Random(seed)) != source for seed in range(5))
