"""The figures of a benchmark as one HTML file: a table, a plot, and the remedy to take."""

from collections.abc import Sequence

import msgspec

from mapguard.report import channel, templates

_WIDTH = 400


class Measured(msgspec.Struct, frozen=True):
    """A remedy with its nanoseconds, by the number of processors."""

    name: str
    times: tuple[float, ...]


def render(name: str, profile: str, cpus: Sequence[int], measured: Sequence[Measured], chosen: str, why: str) -> str:
    """One document with a final newline."""
    most = max(m.times[-1] for m in measured)
    rows = [
        {
            "name": m.name,
            "times": [f"{t:.0f}" if t >= 10 else f"{t:.1f}" for t in m.times],
            "width": max(2, round(m.times[-1] / most * _WIDTH)),
        }
        for m in measured
    ]
    document = (
        templates.environment()
        .get_template("bench.html.j2")
        .render(name=name, profile=profile, cpus=list(cpus), rows=rows, chosen=chosen, why=why)
    )
    return channel.markup(document)
