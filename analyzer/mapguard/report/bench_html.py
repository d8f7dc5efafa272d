"""The figures of a benchmark as one HTML file: a table, a plot, and the remedy to take."""

from collections.abc import Sequence

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mapguard.base.data import data_dir
from mapguard.report import channel

_WIDTH = 400


class Measured(msgspec.Struct, frozen=True):
    """A remedy with its nanoseconds, by the number of processors."""

    name: str
    times: tuple[float, ...]


def render(name: str, profile: str, cpus: Sequence[int], measured: Sequence[Measured], chosen: str, why: str) -> str:
    """One document with a final newline."""
    environment = Environment(
        loader=FileSystemLoader(data_dir("templates"), encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    most = max(m.times[-1] for m in measured)
    rows = [
        {
            "name": m.name,
            "times": [f"{t:.0f}" if t >= 10 else f"{t:.1f}" for t in m.times],
            "width": max(2, round(m.times[-1] / most * _WIDTH)),
        }
        for m in measured
    ]
    document = environment.get_template("bench.html.j2").render(
        name=name, profile=profile, cpus=list(cpus), rows=rows, chosen=chosen, why=why
    )
    return channel.markup(document)
