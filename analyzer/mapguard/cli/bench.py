"""``mapguard bench``: a finding to a benchmark of the remedies under the finding's own use of the map, printed or run."""

import tempfile
from pathlib import Path
from typing import Unpack

import click
import msgspec

from mapguard.base import files
from mapguard.base.errors import UsageError
from mapguard.cli.console import say
from mapguard.cli.grouped import GroupedCommand
from mapguard.cli.options import ChoiceGiven, TreeGiven, tree_options
from mapguard.cli.patches import known_or_error
from mapguard.cli.run import run, session
from mapguard.gotool.program import go
from mapguard.report.bench_html import Measured, render
from mapguard.witness.benchmark import CPUS, MODULE, benchmark, choice, rows
from mapguard.witness.profile import Profile, profile

_EVERYTHING = ChoiceGiven(min_confidence="low", rules=None, disable=None)
_NUMBER = click.IntRange(min=0, max=1_000_000)


@click.command(cls=GroupedCommand)
@click.argument("fingerprint")
@click.option("--path", type=click.Path(path_type=Path), default=Path(), show_default=True, help="The tree to scan.")
@click.option("--run", "as_run", is_flag=True, help="Run it with the Go at hand, and say which remedy to take.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="With --run: the figures as an HTML file too.")
@click.option("--reads", type=_NUMBER, help="Reads, against writes and iterations (default: as many as the code has).")
@click.option("--writes", type=_NUMBER, help="Writes.")
@click.option("--iterations", type=_NUMBER, help="Iterations.")
@click.option("--keys", type=click.IntRange(min=1, max=10_000_000), help="Keys in the map (default: 1000).")
@click.option("--goroutines", type=click.IntRange(min=1, max=10_000), help="Goroutines for each processor (default: 1).")
@click.option("--time", "seconds", type=click.FloatRange(min=0.01, max=60), default=0.5, show_default=True, help="Seconds for each figure.")
@tree_options
def bench(
    fingerprint: str,
    path: Path,
    as_run: bool,
    html: Path | None,
    reads: int | None,
    writes: int | None,
    iterations: int | None,
    keys: int | None,
    goroutines: int | None,
    seconds: float,
    **given: Unpack[TreeGiven],
) -> int:
    """Compare what can guard a finding's map: Mutex, RWMutex, sync.Map, copy-on-write, sharded.

    The benchmark uses a map as the finding's: types that stand for its key and value, and reads, writes and iterations as often as the code
    has places for them. It needs nothing of the scanned code.
    """
    if html is not None and not as_run:
        raise click.UsageError("--html goes with --run")
    with session((path,), given, _EVERYTHING) as s:
        (finding, *_) = known_or_error(run(s).report.findings, (fingerprint,))
    asked = {"reads": reads, "writes": writes, "iterations": iterations, "keys": keys, "goroutines": goroutines}
    used = msgspec.structs.replace(profile(finding), **{name: value for name, value in asked.items() if value is not None})
    if used.reads + used.writes + used.iterations == 0:
        raise click.UsageError("one of --reads, --writes and --iterations must be more than 0")
    if not as_run:
        click.echo(benchmark(used), nl=False)
        return 0
    return _run(finding.map.name, used, seconds, html)


def _run(name: str, used: Profile, seconds: float, html: Path | None) -> int:
    with tempfile.TemporaryDirectory(prefix="mapguard-") as folder, go({}) as tool:
        (Path(folder) / "go.mod").write_bytes(MODULE)
        (Path(folder) / "bench_test.go").write_text(benchmark(used))
        cpus = ",".join(map(str, CPUS))
        done = tool.run(Path(folder), "test", "-run=^$", "-bench=.", f"-cpu={cpus}", f"-benchtime={seconds}s")
    measured = rows(done.output)
    if done.code != 0 or not measured:
        raise UsageError(f"the benchmark failed: {' '.join(done.output.split())[:300]}")
    chosen = choice(measured)
    say(f"{name}: {used.show()}")
    say("nanoseconds for an operation, on this machine")
    say(f"{'processors':16}" + "".join(f"{cpu:>10}" for cpu in CPUS))
    for row in measured:
        say(f"{row.name:16}" + "".join(f"{ns:>10.1f}" for ns in row.times))
    say(f"take {chosen.name}: {chosen.why}")
    if html is not None:
        page = render(name, used.show(), CPUS, [Measured(r.name, r.times) for r in measured], chosen.name, chosen.why)
        files.write(html, page.encode())
    return 0
