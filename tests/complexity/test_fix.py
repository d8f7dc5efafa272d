"""An edit takes time in proportion to the file's size, whatever is in it."""

import time

import pytest

from mapguard.fix import statements
from mapguard.fix.edit import EditError, apply
from mapguard.fix.shape import GoFile

GENERATORS = {
    "statements": "x()\n",
    "statements on one line": "x; ",
    "aligned comments": "x() // y\n",
    "elements of a list": 'x: T{"a", 1},\n',
    "elements of different size": "x" * 45 + ": 1,\n",
    "elements on one line": "T{},",
    "lists that do not end": "T{T{},",
    "blocks that do not end": "if x {",
    "functions that do not end": "func() {",
    "types of functions": "func() func() ",
    "calls that do not end": "f(x, ",
    "braces": "{",
    "labels": "a:",
    "headers that do not end": "for x; ",
    "conditions on one line": "if x {};",
    "comments that do not end": "/* ",
    "comments": "// x\n",
    "quotes": '" ',
    "names over several lines": "a,\n",
    "a group": "var (\n\ta int = 1\n\tb = 2\n)\n",
    "functions on one line": "}\nfunc f() { x() }\nfunc g() {\n",
}
_TIMES = 4
_MORE = 9  # times as much work for four times the size: square growth would be sixteen


def cost(part: str, count: int) -> float:
    """Processor seconds for edits in the middle and at the end, the best of three."""
    source = ("package p\n\nfunc f() {\n" + part * count).encode()
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for at in (len(source) // 2, len(source) - 1):
            try:
                apply(source, statements.before(GoFile("a.go", source), at, ["mu.Lock()"]))
            except EditError:
                continue
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("part", GENERATORS.values(), ids=GENERATORS.keys())
def test_growth_is_linear(part: str) -> None:
    count = 250
    while (small := cost(part, count)) < 0.02 and count < 20_000:
        count *= 2
    assert cost(part, count * _TIMES) < small * _MORE + 0.02
