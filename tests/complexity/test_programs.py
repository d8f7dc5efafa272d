"""Each kind of hard program at n and 4n: the work, counted in function calls, and the memory grow no faster than the square of the size."""

import cProfile
import pstats
import tracemalloc
from pathlib import Path

import pytest

from complexity.programs import PROGRAMS
from mapguard import pipeline
from mapguard.base.gap import Reason
from mapguard.base.options import Options
from scanning import tree

_TIMES = 4
_MOST = 20  # times as much for four times the size: a cube would be sixty-four
_PART = 12  # of the size that the command starts with


@pytest.fixture(scope="module", autouse=True)
def _library_is_known(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is read once for all programs counts for none."""
    _cost(tmp_path_factory.mktemp("first"), {"main.go": "package main\n\nvar m map[string]int\n\nfunc main() { go clear(m); m[``]++ }\n"})


def _cost(root: Path, files: dict[str, str]) -> tuple[int, int]:
    """The calls of Python functions and the most bytes at a time."""
    tree(root, {"go.mod": "module example.com/m\n\ngo 1.22\n", **files})
    profile = cProfile.Profile(builtins=False)
    tracemalloc.start()
    try:
        report = profile.runcall(pipeline.run, Options(paths=(root,), cache=False, debug=True))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not [gap for gap in report.gaps if gap.reason == Reason.CRASH]
    return int(pstats.Stats(profile).total_calls), most  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_a_program_costs_grows_with_its_size(tmp_path: Path, name: str) -> None:
    program = PROGRAMS[name]
    n = max(program.n // _PART, 3)
    small, large = (_cost(tmp_path / str(size), program.tree(size)) for size in (n, _TIMES * n))
    assert large[0] <= _MOST * small[0]
    assert large[1] <= _MOST * small[1]
