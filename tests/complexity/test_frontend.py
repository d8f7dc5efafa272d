"""Reading a file takes time in proportion to its size, whatever is in it."""

import functools

import pytest

from growth import grows_at_most, size_for
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


def read(parts: tuple[str, str, str], count: int) -> None:
    """From bytes to facts."""
    head, part, tail = parts
    source = (head + part * count + tail).encode()
    with deep_stack():
        encode(lower(parse(source, "a.go"), "a.go", "p", source, False, True, True))


@pytest.mark.parametrize("parts", GENERATORS.values(), ids=GENERATORS.keys())
def test_growth_is_linear(parts: tuple[str, str, str]) -> None:
    run = functools.partial(read, parts)
    count = size_for(run, 0.01, 500, 30_000)
    assert grows_at_most(run, count, count * _TIMES, _MORE)
