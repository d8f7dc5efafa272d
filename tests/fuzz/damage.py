"""Go files to damaged Go: cut, shuffled, mixed, nested, with names that mean two things."""

import random
import re
from collections.abc import Callable
from pathlib import Path

_LARGE = 20_000  # bytes
_NAME = re.compile(rb"\b[A-Za-z_]\w*\b")
_OPERAND = re.compile(rb"(?<=[(\[=, ])[A-Za-z_]\w*(?=[)\],.])")
_TOKEN = re.compile(rb"[A-Za-z_]\w*|\s+|[^\sA-Za-z_]")


def fixtures() -> list[Path]:
    return sorted(p for p in (Path(__file__).parent.parent / "fixtures").rglob("*.go") if "_stubs" not in p.parts)


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
    """Every declaration twice."""
    return source + source


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


class Damage:
    """Go files to damaged ones; those that are too large to damage many of them are left out."""

    def __init__(self, files: list[Path]) -> None:
        self.sources = [source for file in files if 0 < len(source := file.read_bytes()) <= _LARGE]

    def damaged(self, dice: random.Random) -> bytes:
        """A file with one to three kinds of damage; sometimes with the declarations of another beside its own."""
        source = dice.choice(self.sources)
        if dice.random() < 0.1:
            source += b"\n" + dice.choice(self.sources).partition(b"\n\n")[2]
        for _ in range(dice.randrange(1, 4)):
            source = dice.choice(DAMAGE)(source, dice) or b"package p\n"
        return source
