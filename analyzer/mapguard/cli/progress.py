"""One line on the terminal that says what is going on; nothing anywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_line(show: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """A callback (phase, done, total) that redraws one line of standard error; None when nothing is to be shown."""
    if not show:
        yield None
        return
    last = 0.0

    def draw(phase: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > 0.08:
            last = now
            sys.stderr.write(f"\r\x1b[K{phase} {done}/{total}")
            sys.stderr.flush()

    try:
        yield draw
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
