"""``mapguard baseline``: recording today's findings so that only new ones count, and showing what is recorded."""

import shlex
from pathlib import Path
from typing import Unpack

import click

from mapguard.cli import baselinefile
from mapguard.cli.console import say
from mapguard.cli.grouped import GroupedCommand
from mapguard.cli.options import ChoiceGiven, TreeGiven, choice_options, tree_options
from mapguard.cli.run import run, session
from mapguard.report.terminal import counted

_FILE = click.option(
    "--baseline",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The file (default: as configured, else {baselinefile.NAME} at the root).",
)


class _Given(TreeGiven, ChoiceGiven):
    pass


@click.group()
def baseline() -> None:
    """Record today's findings so that only new ones count."""


@baseline.command(cls=GroupedCommand)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@_FILE
@click.option("--quiet", "-q", is_flag=True, help="No progress, no notices.")
@choice_options
@tree_options
def write(paths: tuple[Path, ...], file: Path | None, quiet: bool, **given: Unpack[_Given]) -> int:
    """Scan and record every finding that counts now. Findings that a comment silences are left out."""
    choice = ChoiceGiven(min_confidence=given["min_confidence"], rules=given["rules"], disable=given["disable"])
    with session(paths, given, choice) as s:
        target = baselinefile.configured(s.loaded, file) or s.root / baselinefile.NAME
        found = run(s, quiet).report.findings
    baselinefile.write(target, found)
    say(f"{counted(len(found), 'finding')} recorded in {target}")
    if not quiet and s.loaded.settings.baseline == "":
        name = baselinefile.shown(target, s.root)
        say(f'use it with baseline = "{name}" in mapguard.toml at the root, or with --baseline {shlex.quote(str(target))}')
    return 0


@baseline.command(cls=GroupedCommand)
@click.argument("path", default=".", type=click.Path(path_type=Path))
@_FILE
@tree_options
def show(path: Path, file: Path | None, **given: Unpack[TreeGiven]) -> int:
    """List what is recorded."""
    with session((path,), given) as s:
        target = baselinefile.configured(s.loaded, file) or s.root / baselinefile.NAME
    for e in baselinefile.read(target).findings:
        say(f"{e.fingerprint}  {e.rule:<27}  {e.map}  in {', '.join(e.functions)}")
    return 0
