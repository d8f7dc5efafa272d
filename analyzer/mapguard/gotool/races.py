"""Output of ``go test -race`` to the races in it: for each the places of the two stacks, innermost first."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_FRAME = re.compile(r"^\s+(?P<file>/\S+?\.go):(?P<line>\d+)(?: \+0x[0-9a-f]+)?$")
_STACK = re.compile(r"^(?:Previous )?(?:[Ww]rite|[Rr]ead|atomic write|atomic read) at 0x[0-9a-f]+ by ")
Frame = tuple[str, int]  # file and line


class Stacks(NamedTuple):
    """The two accesses of one race, each with the frames that lead there."""

    first: tuple[Frame, ...]
    second: tuple[Frame, ...]


def races(output: str) -> Iterator[Stacks]:
    """The races that the detector reports."""
    for report in output.split("WARNING: DATA RACE")[1:]:
        stacks = list(_stacks(report.partition("==================")[0]))
        if len(stacks) >= 2:
            yield Stacks(stacks[0], stacks[1])


def _stacks(report: str) -> Iterator[tuple[Frame, ...]]:
    frames: list[Frame] | None = None
    for line in report.splitlines():
        if _STACK.match(line):
            frames = []
        elif not line.strip() and frames is not None:
            yield tuple(frames)
            frames = None
        elif frames is not None and (found := _FRAME.match(line)) is not None:
            frames.append((found["file"], int(found["line"])))


def crashed(output: str) -> bool:
    """Whether the runtime itself has ended the program because of a map."""
    return "fatal error: concurrent map" in output
