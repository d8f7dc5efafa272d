"""``why``, ``why-not`` and ``dump``: the evidence for a finding, the filter that ended a pair, and what the analysis believes."""

import shutil
import sys
from pathlib import Path
from typing import Unpack

import click
import msgspec

from mapguard import pipeline
from mapguard.base.errors import UsageError
from mapguard.cli.console import say
from mapguard.cli.grouped import GroupedCommand
from mapguard.cli.options import TreeGiven, tree_options
from mapguard.cli.run import run, session
from mapguard.cli.scan import colored
from mapguard.findings.rules import all_rules
from mapguard.report import text
from mapguard.report.context import Context

_PATH = click.option("--path", type=click.Path(path_type=Path), default=Path(), show_default=True, help="The tree to scan.")
_COLOR = click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)


@click.command(cls=GroupedCommand)
@click.argument("fingerprint")
@_PATH
@_COLOR
@tree_options
def why(fingerprint: str, path: Path, color: str, **given: Unpack[TreeGiven]) -> int:
    """Show all evidence for one finding, by (the beginning of) its fingerprint, whatever its confidence.

    More than a scan shows: who calls whom and the locks at every step, every access with its expression, and how to go on from here.
    """
    if not fingerprint.strip():
        raise UsageError("the fingerprint is empty; mapguard scan shows one with each finding")
    with session((path,), given) as s:
        outcome = run(s)
        chosen = tuple(f for f in outcome.all if f.fingerprint == fingerprint) or tuple(
            f for f in outcome.all if f.fingerprint.startswith(fingerprint)
        )
        if not chosen:
            raise UsageError(f"no finding has the fingerprint {fingerprint}; mapguard scan shows those that there are")
        chosen = pipeline.with_tests(s.options, chosen)
    report = msgspec.structs.replace(outcome.report, findings=chosen, suppressed=(), gaps=())
    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100
    folder = Path.cwd() if sys.stdout.isatty() else None
    context = Context(root=s.root, folder=folder, rules=all_rules(), color=colored(color, None), width=width, full=True, evidence=True)
    click.echo(text.render(report, context), nl=False, color=context.color)
    return 0


@click.command("why-not", cls=GroupedCommand)
@click.argument("first", metavar="A.go:LINE")
@click.argument("second", metavar="B.go:LINE")
@_PATH
@tree_options
def why_not(first: str, second: str, path: Path, **given: Unpack[TreeGiven]) -> int:
    """Say why two accesses are not reported as a race: which filter ended each pair of ways to them.

    File names are those of a report: relative to the current folder or to the repository's root.
    """
    with session((path,), given) as s:
        for line in pipeline.why_not(s.options, _place(first, s.root), _place(second, s.root)):
            say(line)
    return 0


@click.command(cls=GroupedCommand)
@click.argument("what", type=click.Choice(["facts", "program", "callgraph", "summary", "roots", "accesses", "ir", "objects", "callers"]))
@click.argument("name", default="")
@_PATH
@tree_options
def dump(what: str, name: str, path: Path, **given: Unpack[TreeGiven]) -> int:
    """Print what the analysis believes, for people who work on it. NAME is a part of the function's name with its package.

    For accesses, NAME may also be a part of the map's name.
    """
    with session((path,), given) as s:
        for line in pipeline.dump(s.options, what, name):
            say(line)
    return 0


def _place(written: str, root: Path) -> tuple[str, int]:
    path, _, line = written.rpartition(":")
    if not path or not line.isdecimal():
        raise click.UsageError(f"{written!r} is not FILE.go:LINE")
    here = Path(path).resolve()
    if here.is_file() and here.is_relative_to(root):
        return here.relative_to(root).as_posix(), int(line)
    return path.removeprefix("./"), int(line)
