"""How the time of something grows with its size, measured so that a busy machine does not change the answer."""

import time
from collections.abc import Callable

_ROUNDS = 12


def grows_at_most(run: Callable[[int], object], small: int, large: int, times: float) -> bool:
    """Whether the larger size costs at most so many times the processor time of the smaller one.

    Other work on the machine only ever adds to a measurement, so each size's least cost is what counts: both sizes are
    measured in turn until the bound holds, and only a bound that twelve rounds do not bring about is broken.
    """
    least = {small: float("inf"), large: float("inf")}
    for _ in range(_ROUNDS):
        for size in least:
            least[size] = min(least[size], cost(run, size))
        if least[large] <= times * least[small]:
            return True
    return False


def cost(run: Callable[[int], object], size: int) -> float:
    """Processor seconds of one run."""
    start = time.process_time()
    run(size)
    return time.process_time() - start


def size_for(run: Callable[[int], object], seconds: float, first: int, most: int) -> int:
    """The first size, doubled from the one given, whose run takes so many processor seconds, so that the clock's steps do not count."""
    size = first
    while cost(run, size) < seconds and size < most:
        size *= 2
    return size
