"""``mapguard fleet``: a list of repositories to a report on each, an index page, and findings as JSON lines."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from mapguard.base.errors import UsageError
from mapguard.cli.console import say
from mapguard.cli.grouped import REPORT, GroupedOption
from mapguard.cli.scan import scan as scan_command
from mapguard.cli.settings import cores
from mapguard.fleet import listing, pages
from mapguard.fleet.run import Limits, run
from mapguard.fleet.scan import stop
from mapguard.fleet.state import Record
from mapguard.report.terminal import counted

_GIGABYTE = 1 << 30
_OWN = frozenset(["jobs", "watch", "paths"])  # what fleet itself decides


@click.command()
@click.argument("list_", metavar="LIST", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Where reports and the index page go.")
@click.option("--jobs", "-j", type=click.IntRange(min=1), metavar="N", help="Repositories at a time (default: one for each core).")
@click.option("--memory", type=click.FloatRange(min=0.25), default=8, show_default=True, metavar="GB", help="What one scan may take.")
@click.option("--seconds", type=click.IntRange(min=1), default=3600, show_default=True, metavar="S", help="How long one scan may take.")
@click.option("--dask", metavar="ADDRESS", help="Scan on the workers of this Dask scheduler (extra: mapguard[dask]).")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- SCAN OPTIONS]")
def fleet(
    list_: Path, out: Path, jobs: int | None, memory: float, seconds: int, dask: str | None, quiet: bool, options: tuple[str, ...]
) -> int:
    """Scan many repositories: reports on each, an index page, and findings as JSON lines.

    LIST has a line for each: NAME PATH [REVISION]. PATH is a checkout, a bare repository or a plain folder, relative to the list. What is
    scanned is a commit (default: HEAD); a plain folder is scanned as it is.

    A run that was ended goes on where it was. What has not changed since the last run is not scanned again. A repository that cannot be
    scanned is said and does not end the run.

    Each scan has a process of its own, with at most --memory. Without --dask, N of them run at a time on this machine.

    Exit code: 0 all scanned, whatever was found; 2 wrong use; 3 a repository could not be scanned.
    """
    entries = listing.read(list_)
    _check(options)
    out.mkdir(parents=True, exist_ok=True)

    def told(done: int, of: int, record: Record) -> None:
        if not quiet:
            found = record.failed or f"{counted(len(record.found or ()), 'finding')}{f', {len(record.new)} new' if record.new else ''}"
            say(f"{done}/{of} {record.name}: {found}", err=True)

    with _executor(jobs or cores(), dask) as executor:
        limits = Limits(int(memory * _GIGABYTE), seconds)
        records = run(entries, options, out.resolve(), limits, executor, told)
    rows = pages.write(entries, records, out)
    failed = [row for row in rows if row.failed]
    if not quiet:
        found, new = sum(row.findings for row in rows), sum(row.new for row in rows)
        say(f"{counted(found, 'finding')}, {new} new, in {len(rows) - len(failed)} of {len(rows)} repositories: {out / 'index.html'}")
    return 3 if failed else 0


def _check(options: tuple[str, ...]) -> None:
    """Says before the long part which options no scan of a fleet takes."""
    ctx = scan_command.make_context("mapguard fleet … --", list(options))
    for param in scan_command.params:
        given = param.name is not None and ctx.get_parameter_source(param.name) is click.core.ParameterSource.COMMANDLINE
        if given and (param.name in _OWN or (isinstance(param, GroupedOption) and param.group == REPORT)):
            raise UsageError(f"{param.opts[0]} is not for the scans of a fleet, which decides about it")
    if ctx.params["paths"]:
        raise UsageError(f"{ctx.params['paths'][0]}: repositories are named in the list")


@contextmanager
def _executor(jobs: int, dask: str | None) -> Iterator[Executor]:
    """Threads that each wait for the process of one scan, or the workers of a Dask scheduler."""
    if dask is None:
        with ThreadPoolExecutor(jobs) as threads:
            try:
                yield threads
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                stop()
                raise
        return
    try:
        distributed: Any = import_module("distributed")
    except ModuleNotFoundError as error:
        raise UsageError("--dask needs the package distributed: pip install 'mapguard[dask]'") from error
    try:
        client = distributed.Client(dask)
    except (OSError, ValueError) as error:
        raise UsageError(f"no Dask scheduler at {dask}: {error}") from error
    with client:
        yield client.get_executor(pure=False, retries=1)
