"""An edit takes time in proportion to the file's size, whatever is in it."""

import contextlib
import functools

import pytest

from growth import grows_at_most, size_for
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


def edits(part: str, count: int) -> None:
    """Edits in the middle and at the end."""
    source = ("package p\n\nfunc f() {\n" + part * count).encode()
    for at in (len(source) // 2, len(source) - 1):
        with contextlib.suppress(EditError):
            apply(source, statements.before(GoFile("a.go", source), at, ["mu.Lock()"]))


@pytest.mark.parametrize("part", GENERATORS.values(), ids=GENERATORS.keys())
def test_growth_is_linear(part: str) -> None:
    run = functools.partial(edits, part)
    count = size_for(run, 0.02, 250, 20_000)
    assert grows_at_most(run, count, count * _TIMES, _MORE)
