"""Room for recursion as deep as the input's nesting limits allow, wherever the caller stands."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_FRAMES = 20_000  # Python's own frames live on the heap


@contextmanager
def deep_stack() -> Iterator[None]:
    """Raises the interpreter's limit for the time of the block, so that the result does not depend on who called, or in which process."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
