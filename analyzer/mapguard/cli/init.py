"""``mapguard init``: a repository that does not know mapguard yet to one with settings, a baseline of what is found today, a workflow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

import click

from mapguard import __version__
from mapguard.base.data import data_dir
from mapguard.base.errors import UsageError
from mapguard.cli import baselinefile, configfile, repository
from mapguard.cli.console import say
from mapguard.cli.grouped import GroupedCommand
from mapguard.cli.options import TreeGiven, tree_options
from mapguard.cli.run import run, session
from mapguard.findings import baseline
from mapguard.findings.model import Finding
from mapguard.fix.plan import Change
from mapguard.fix.write import refusals, write
from mapguard.report.terminal import counted

WORKFLOW = ".github/workflows/mapguard.yml"


@click.command(cls=GroupedCommand)
@click.argument("path", default=".", type=click.Path(path_type=Path, exists=True))
@click.option("--baseline/--no-baseline", "record", default=True, help="Record what is found today, so that only new findings count.")
@click.option(
    "--workflow/--no-workflow",
    "workflow",
    default=None,
    help=f"Write {WORKFLOW} (default: where .github is, or where origin is on github.com).",
)
@tree_options
def init(path: Path, record: bool, workflow: bool | None, **given: Unpack[TreeGiven]) -> int:
    """Set up a repository: a commented mapguard.toml, a baseline of today's findings if there are any, and a GitHub workflow.

    What is there already stays as it is.
    """
    with session((path,), given) as s:
        root, settled = s.root, s.loaded.file
        found = run(s).report.findings if record and settled is None else ()
    wanted = list(_changes(root, settled, found, _on_github(root) if workflow is None else workflow))
    refused = refusals(root, wanted)
    for change in wanted:
        if change.path in refused and "exists already" not in refused[change.path]:
            raise UsageError(refused[change.path])
    new = [change for change in wanted if change.path not in refused]
    for change in new:
        (root / change.path).parent.mkdir(parents=True, exist_ok=True)
    write(root, new)
    for change in wanted:
        say(f"{'left as it is' if change.path in refused else 'written'}: {change.path}")
    if found:
        say(f"{counted(len(found), 'finding')} recorded: mapguard baseline show lists them, and only new ones count from now on")
    return 0


def _changes(root: Path, settled: Path | None, found: tuple[Finding, ...], workflow: bool) -> Iterator[Change]:
    if settled is None:
        text = _template("mapguard.toml")
        if found:
            text = text.replace('# baseline = ""', f'baseline = "{baselinefile.NAME}"')
        yield Change(configfile.NAMES[0], None, text.encode())
    if found:
        yield Change(baselinefile.NAME, None, baseline.encode(found))
    if workflow:
        yield Change(WORKFLOW, None, _template("workflow.yml").replace("v{version}", f"v{__version__}").encode())


def _template(name: str) -> str:
    return data_dir("templates").joinpath("init", name).read_text("utf-8")


def _on_github(root: Path) -> bool:
    return (root / ".github").is_dir() or repository.origin(root)[1].startswith("https://github.com/")
