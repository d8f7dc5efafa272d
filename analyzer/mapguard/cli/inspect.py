"""``why``, ``why-not`` and ``dump``: the evidence for a finding, the filter that ended a pair, and what the analysis believes."""

from pathlib import Path

import click
import msgspec

from mapguard import pipeline
from mapguard.base.errors import UsageError
from mapguard.base.options import Options
from mapguard.findings import select
from mapguard.findings.rules import all_rules
from mapguard.report import text
from mapguard.report.context import Context

_PATH = click.option("--path", "path", type=click.Path(path_type=Path), default=Path(), show_default=True, help="The tree to scan.")


@click.command()
@click.argument("fingerprint")
@_PATH
def why(fingerprint: str, path: Path) -> int:
    """Show the evidence for one finding, by (the beginning of) its fingerprint."""
    report = pipeline.run(Options(paths=(path,)))
    chosen = tuple(f for f in select.with_fingerprints(report.findings) if f.fingerprint.startswith(fingerprint))
    if not chosen:
        raise UsageError(f"no finding with the fingerprint {fingerprint}")
    context = Context(root=pipeline.root_of(path), rules=all_rules())
    click.echo(text.render(msgspec.structs.replace(report, findings=chosen), context), nl=False)
    return 0


@click.command("why-not")
@click.argument("first", metavar="A.go:LINE")
@click.argument("second", metavar="B.go:LINE")
@_PATH
def why_not(first: str, second: str, path: Path) -> int:
    """Say why two accesses are not reported as a race: which filter ended each pair of ways to them."""
    for line in pipeline.why_not(Options(paths=(path,)), _place(first), _place(second)):
        click.echo(line)
    return 0


@click.command()
@click.argument("what", type=click.Choice(["facts", "program", "callgraph", "summary", "roots", "accesses"]))
@click.argument("name", default="")
@_PATH
def dump(what: str, name: str, path: Path) -> int:
    """Print what the analysis believes, for people who work on it. NAME filters by a part of the function's name."""
    for line in pipeline.dump(Options(paths=(path,)), what, name):
        click.echo(line)
    return 0


def _place(written: str) -> tuple[str, int]:
    path, _, line = written.rpartition(":")
    if not path or not line.isdigit():
        raise click.UsageError(f"{written!r} is not FILE.go:LINE")
    return path, int(line)
