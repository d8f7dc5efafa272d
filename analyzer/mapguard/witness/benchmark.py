"""A profile to a Go benchmark of the remedies for a map, and its output to figures and the remedy to take."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mapguard.base.data import data_dir
from mapguard.witness.profile import Profile

CPUS = (1, 4, 16)
MODULE = b"module bench\n\ngo 1.21\n"
_LINE = re.compile(r"^Benchmark(?P<name>\w+?)(?:-(?P<cpu>\d+))?\s+\d+\s+(?P<ns>[\d.]+) ns/op", re.MULTILINE)
_REMEDIES = {  # the simplest first
    "Mutex": "sync.Mutex",
    "RWMutex": "sync.RWMutex",
    "SyncMap": "sync.Map",
    "CopyOnWrite": "copy-on-write",
    "Sharded": "sharded",
}
_WORTH = 1.3  # a remedy that is more work has to be so many times as fast


class Row(NamedTuple):
    """Nanoseconds for an operation under one remedy, by the number of processors."""

    name: str
    times: tuple[float, ...]


class Choice(NamedTuple):
    name: str
    why: str


def benchmark(p: Profile) -> str:
    """The text of a test file of its own module: it needs nothing of the scanned code."""
    environment = Environment(
        loader=FileSystemLoader(data_dir("templates"), encoding="utf-8"),
        autoescape=False,  # it is Go, and the profile holds numbers and predeclared types only
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("bench.go.j2").render(p=p)


def rows(output: str, cpus: Sequence[int] = CPUS) -> list[Row]:
    """The figures in what ``go test -bench`` prints, the simplest remedy first; those that are not complete are left out."""
    found: dict[str, dict[int, float]] = {}
    for line in _LINE.finditer(output):
        found.setdefault(line["name"], {})[int(line["cpu"] or 1)] = float(line["ns"])
    return [Row(shown, tuple(found[name][c] for c in cpus)) for name, shown in _REMEDIES.items() if set(cpus) <= found.get(name, {}).keys()]


def choice(measured: Sequence[Row], cpus: Sequence[int] = CPUS) -> Choice:
    """The simplest remedy that is about as fast as the fastest, with many processors."""
    best = min(measured, key=lambda r: r.times[-1])
    chosen = next(r for r in measured if r.times[-1] <= best.times[-1] * _WORTH)
    if chosen is best:
        why = f"it is the fastest with {cpus[-1]} processors"
    else:
        why = f"with {cpus[-1]} processors only {best.name} is faster, by less than {round((_WORTH - 1) * 100)} %, and it is simpler"
    return Choice(chosen.name, f"{why}.")
