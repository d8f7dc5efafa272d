"""Reading a file takes time in proportion to its size, whatever is in it."""

import time

import pytest

from mapguard.base.stack import deep_stack
from mapguard.facts.codec import encode
from mapguard.frontend.lower import lower
from mapguard.frontend.parse import parse

GENERATORS = {
    "comment lines": ("package p\n", "// mu guards x\n", "var x int\n"),
    "comments beside a variable": ("package p\nvar x int ", "/* mu guards */ ", "\n"),
    "comments in a group": ("package p\nvar (\n", "// mu\n", "x int\n)\n"),
    "comments in a struct": ("package p\ntype T struct {\n", "// mu\n", "x int\n}\n"),
    "comments that do not end": ("package p\nfunc f( {\n", "/* ", "\n"),
    "literals of one function": ("package p\nfunc f() {\n", "func() {}()\n", "}\n"),
    "literals of the package": ("package p\n", "var _ = func() {}\n", ""),
    "allocations of values": ("package p\nfunc f() {\n", "_ = new(1+1)\n", "}\n"),
    "allocations in damaged code": ("package p\nfunc f() {\n", "_ = new([]int{1} ) )\n", "}\n"),
    "generic methods": ("package p\n", "func (t *T) m[M ~map[K]V, K comparable](x K) {}\n", ""),
    "joined formats": ("package p\nvar x = ", '"%v" + ', '"b"\n'),
    "a long format": ('package p\nvar x = "', "%[1]v", '"\n'),
    "declarations without an end": ("package p\n", "func f():\n", ""),
    "quotes without an end": ("package p\nfunc f( {\n", '" \n', ""),
}
_TIMES = 4
_MORE = 9  # times as much work for four times the size: square growth would be sixteen


def cost(head: str, part: str, tail: str, count: int) -> float:
    """Processor seconds from bytes to facts, the best of three."""
    source = (head + part * count + tail).encode()
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        with deep_stack():
            encode(lower(parse(source, "a.go"), "a.go", "p", source, False, True, True))
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("parts", GENERATORS.values(), ids=GENERATORS.keys())
def test_growth_is_linear(parts: tuple[str, str, str]) -> None:
    count = 500
    while (small := cost(*parts, count)) < 0.01 and count < 30_000:
        count *= 2
    assert cost(*parts, count * _TIMES) < small * _MORE + 0.02
