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
_NAME = re.compile(rb"\b[A-Za-z_]\w*\b")
_OPERAND = re.compile(rb"(?<=[(\[=, ])[A-Za-z_]\w*(?=[)\],.])")
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


def with_one_name_for_two(source: bytes, dice: random.Random) -> bytes:
    """A type that is also a function, a package that is also a variable."""
    names = sorted(set(_NAME.findall(source)))
    if len(names) < 2:
        return source
    old, new = dice.sample(names, 2)
    return re.sub(rb"\b" + old + rb"\b", new, source)


def with_calls_that_never_return(source: bytes, dice: random.Random) -> bytes:
    operands = list(_OPERAND.finditer(source))
    for found in sorted(dice.sample(operands, min(len(operands), 3)), key=lambda m: -m.start()):
        source = source[: found.start()] + dice.choice((b"never()", b"never().x", b"never()[1]", b"panic(1)")) + source[found.end() :]
    return source + b"\n\nfunc never() T { panic(1) }\n"


def nested(source: bytes, dice: random.Random) -> bytes:
    lines = source.split(b"\n")
    at, head = (
        dice.randrange(len(lines)),
        dice.choice((b"for {", b"if x {", b"go func() {", b"select { case <-c:", b"for k, v := range m {")),
    )
    depth, end = dice.randrange(1, 8), b"}()" if b"func" in head else b"}"
    return b"\n".join([*lines[:at], head * depth, lines[at], end * depth, *lines[at + 1 :]])


DAMAGE: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    cut,
    without_a_piece,
    with_noise,
    swapped,
    repeated,
    without_braces,
    with_one_name_for_two,
    with_calls_that_never_return,
    nested,
)


@pytest.mark.parametrize("seed", range(30))
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


NEVER = """package p

import "net/http"

type S struct{ hits map[string]int }

func later() string { panic("not written yet") }

func (s *S) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.hits[r.URL.Path]++
	if r.Method == "PUT" {
		%s
	}
	s.hits["all"]++
}
"""


@pytest.mark.parametrize(
    "statement",
    [
        "x := later()",
        "s.hits[later()]++",
        "s.hits[later()] = len(later())",
        "w.Header()[later()] = nil",
        "for range later() { s.hits[later()] = 1 }",
        "for i := 0; i < 9; s.hits[later()]++ { i++ }",
        "switch later() { case later(): s.hits[later()]++ }",
        "if x := later(); x != later() { return }",
        "go func(x string) { s.hits[x]++ }(later())",
        "defer later()",
        "var x, y = later(), s.hits[later()]",
        "_ = append([]string{later()}, later()[1:]...)",
        "delete(s.hits, later())",
        "copy(make([]byte, len(later())), later())",
    ],
)
def test_a_call_that_never_returns_ends_its_path_only(tmp_path: Path, statement: str) -> None:
    (tmp_path / "go.mod").write_text("module example.com/m\n")
    (tmp_path / "a.go").write_text(NEVER % statement)
    report = pipeline.run(Options(paths=(tmp_path,), cache=False, debug=True))
    assert report.gaps == ()
    lines = {a.line for f in report.findings if f.map.name == "hits" for a in f.accesses}
    assert {10, 14} <= lines, "what stands beside the call is seen"
