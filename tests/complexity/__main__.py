"""``python -m complexity`` in the folder tests: what each kind of program costs at n, 2n and 4n, in seconds and megabytes.

Each is scanned into every format by a process of its own. Exit code 1 where the largest breaks a bound.
"""

import tempfile
from pathlib import Path

import click

from complexity.measure import MEGABYTES, SECONDS, Cost, cost
from complexity.programs import PROGRAMS

_TIMES = (1, 2, 4)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--times", default=1, help="How many times as large as usual.")
def run(names: tuple[str, ...], times: int) -> None:
    bad = []
    click.echo(f"{'program':35} {'4n':>6} {'KB':>5}  {'seconds at n, 2n, 4n':24} {'megabytes':18} gaps")
    for name, program in PROGRAMS.items():
        if names and name not in names:
            continue
        costs: list[Cost] = []
        for more in _TIMES:
            with tempfile.TemporaryDirectory() as folder:
                costs.append(cost(program.tree(program.n * times * more), Path(folder)))
        last = costs[-1]
        seconds, megabytes = (" ".join(f"{getattr(c, what):7.1f}" for c in costs) for what in ("seconds", "megabytes"))
        wrong = last.wrong()
        click.echo(f"{name:35} {program.n * times * 4:6} {last.size >> 10:5}  {seconds:24} {megabytes:24} {last.gaps} {wrong}")
        if wrong:
            bad.append(name)
    click.echo(f"over {SECONDS} seconds or {MEGABYTES} MB, or failed: {', '.join(bad) or 'none'}")
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    run()
