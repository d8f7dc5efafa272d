"""``mapguard annotate``: inferred guards to comments beside the fields, as a diff or in the files."""

from itertools import groupby
from pathlib import Path
from typing import Unpack

import click

from mapguard import pipeline
from mapguard.base.errors import UsageError
from mapguard.checks.guarded import GuardedField
from mapguard.cli.console import say, show_diff
from mapguard.cli.grouped import GroupedCommand
from mapguard.cli.options import TreeGiven, tree_options
from mapguard.cli.run import session
from mapguard.fix.comments import beside
from mapguard.fix.diff import diff
from mapguard.fix.edit import Edit, EditError
from mapguard.fix.fields import declared_names
from mapguard.fix.plan import Plan, changes
from mapguard.fix.shape import GoFile
from mapguard.fix.write import refusals
from mapguard.fix.write import write as write_files
from mapguard.report.terminal import counted


@click.command(cls=GroupedCommand)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--write", is_flag=True, help="Change the files instead of printing a diff.")
@tree_options
def annotate(paths: tuple[Path, ...], write: bool, **given: Unpack[TreeGiven]) -> int:
    """Propose a comment 'guarded by LOCK' for every map field whose guard is clear from its accesses.

    Prints a diff for git apply, to be used at the repository's root. From then on every access without that lock is a finding. Fields that
    declare a guard already are left alone. Files that were as gofmt leaves them stay so.
    """
    with session(paths, given) as s:
        fields = pipeline.guarded_fields(s.options)
    sources: dict[str, bytes] = {}
    edits: list[Edit] = []
    counts: dict[str, int] = {}
    for path, group in groupby(fields, key=lambda f: f.path):
        sources[path] = _read(s.root / path)
        found, counts[path] = comments(GoFile(path, sources[path]), list(group))
        edits += found
    changed = changes([Plan("declare-guard", "", tuple(edits))], sources.__getitem__)
    if write:
        refused = refusals(s.root, changed)
        for path, why in refused.items():
            say(f"mapguard: {why}", err=True)
            del counts[path]
        write_files(s.root, [c for c in changed if c.path not in refused])
    else:
        show_diff(diff(changed))
    what = "annotated" if write else "to annotate; --write changes the files"
    click.echo(f"{counted(sum(counts.values()), 'field')} {what}", err=True)
    return 0


def comments(file: GoFile, fields: list[GuardedField]) -> tuple[list[Edit], int]:
    """The comments, and how many fields they speak of.

    Fields that share a line with something the comment would speak of as well are left alone.
    """
    edits: list[Edit] = []
    done = 0
    for _, group in groupby(sorted(fields), key=lambda f: f.line):
        together = list(group)
        at = file.offset(together[0].line, together[0].column)
        (guard, *others) = sorted({f.guard for f in together})
        if others or set(declared_names(file, file.item(at))) != {f.name for f in together}:
            continue
        try:
            edits += beside(file, at, f"guarded by {guard}")
        except EditError:
            continue
        done += len(together)
    return edits, done


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
