"""What an analysis may cost: seconds of CPU and megabytes, over which it stops where it is and says so."""

import resource
import sys
import time

_EVERY = 200  # steps between two looks at the clock


class BudgetError(Exception):
    """The analysis has cost as much as it may; the text says what was too much."""


class Budget:
    """Counts from its making on. ``seconds`` and ``megabytes`` are bounds, None where there is none."""

    def __init__(self, seconds: float | None = None, megabytes: int | None = None) -> None:
        self.seconds = seconds
        self.megabytes = megabytes
        self._start = time.process_time()
        self._steps = 0

    def step(self) -> None:
        """One step of work. Raises ``BudgetError`` where the analysis has cost too much."""
        self._steps += 1
        if self._steps % _EVERY == 0:
            self.check()

    def check(self) -> None:
        """Raises ``BudgetError`` where the analysis has cost too much."""
        if self.seconds is not None and time.process_time() - self._start > self.seconds:
            raise BudgetError(f"the analysis took more than {self.seconds:g} seconds of CPU time")
        if self.megabytes is not None and _megabytes() > self.megabytes:
            raise BudgetError(f"the analysis took more than {self.megabytes} MB of memory")


def _megabytes() -> int:
    """The most memory that this process has had."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most >> 20 if sys.platform == "darwin" else most >> 10
