"""What a run may cost: seconds and megabytes, over which the analysis stops where it is and says so."""

import resource
import sys
import time
from pathlib import Path

_EVERY = 200  # steps between two looks at the clock
_MORE = 0.1  # the share of its budget that a run gets once more, to tell what it has found
_MOST = 0.85, 0.95  # the share of the address space that the system allows, before and in that last share
_PAGES = Path("/proc/self/statm")  # in the order of the file: pages of address space, and of memory


class BudgetError(Exception):
    """The run has cost as much as it may; the text says what was too much."""


NO_MEMORY = "the run took all the memory that the system allows"


class Budget:
    """Counts from its making on. ``seconds`` by the clock and ``megabytes`` are bounds, None where there is none. What the system allows a
    process (RLIMIT_AS, ``ulimit -v``) is one too: behind it every object that is made raises ``MemoryError``."""

    def __init__(self, seconds: float | None = None, megabytes: float | None = None) -> None:
        self.seconds = seconds
        self.megabytes = megabytes
        self._asked = (seconds, megabytes)
        allowed = resource.getrlimit(resource.RLIMIT_AS)[0]
        self._allowed = allowed if allowed != resource.RLIM_INFINITY else None
        self._share = _MOST[0]
        self._start = time.monotonic()
        self._steps = 0

    def step(self) -> None:
        """One step of work. Raises ``BudgetError`` where the run has cost too much."""
        self._steps += 1
        if self._steps % _EVERY == 0:
            self.check()

    def check(self) -> None:
        """Raises ``BudgetError`` where the run has cost too much."""
        seconds, megabytes = self._asked
        if self.seconds is not None and time.monotonic() - self._start > self.seconds:
            raise BudgetError(f"the run took more than {seconds:g} seconds (--timeout)")
        if self.megabytes is not None and _megabytes() > self.megabytes:
            raise BudgetError(f"the run took more than {megabytes:g} MB of memory (--max-memory)")
        if self._allowed is not None and _bytes(0) > self._share * self._allowed:
            raise BudgetError(NO_MEMORY)

    def extend(self) -> None:
        """Gives a run that is over its budget a last share, in which it tells what it has found."""
        if self.seconds is not None:
            self.seconds = time.monotonic() - self._start + max(self.seconds * _MORE, 1)
        self._share = _MOST[1]
        if self.megabytes is not None:
            self.megabytes = max(self.megabytes, _megabytes()) * (1 + _MORE)


def _megabytes() -> int:
    """The memory of this process: what it has now where the system tells, else the most that it has had."""
    if _PAGES.exists():
        return _bytes(1) >> 20
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most >> 20 if sys.platform == "darwin" else most >> 10


def _bytes(of: int) -> int:
    """The size of what a column of the file counts, 0 where the system does not tell."""
    return int(_PAGES.read_text().split()[of]) * resource.getpagesize() if _PAGES.exists() else 0
