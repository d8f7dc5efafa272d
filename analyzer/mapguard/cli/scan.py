"""``mapguard scan``: options to a run, its report to formats, findings to an exit code."""

import os
import shutil
import sys
from pathlib import Path
from typing import Unpack

import click
import msgspec

from mapguard import pipeline
from mapguard.cli import formats, repository, watching
from mapguard.cli.console import say
from mapguard.cli.grouped import FINDINGS, REPORT, RUN, GroupedCommand, option
from mapguard.cli.options import ChoiceGiven, TreeGiven, choice_options, tree_options
from mapguard.cli.patches import patched
from mapguard.cli.run import Outcome, run, session
from mapguard.findings import select
from mapguard.findings.rules import all_rules
from mapguard.report.context import Context
from mapguard.report.inforce import sentences
from mapguard.report.terminal import counted

_WITH_LINKS = frozenset(["sarif", "html", "github", "markdown"])  # formats that may name the commit and its page
_FILE = click.Path(path_type=Path, dir_okay=False)


class _Given(TreeGiven, ChoiceGiven):
    pass


@click.command(cls=GroupedCommand)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@option(REPORT, "--format", "-f", "format_", type=click.Choice(formats.FORMATS), default="text", show_default=True, help="Its format.")
@option(REPORT, "--output", "-o", type=_FILE, help="Write it to this file instead of standard output.")
@option(REPORT, "--report", "reports", multiple=True, metavar="FORMAT=FILE", help="A further report; repeatable.")
@option(REPORT, "--patches", is_flag=True, help="With each finding the patch that repairs it: takes two more scans, or several.")
@option(REPORT, "--show-suppressed", is_flag=True, help="List what comments and the baseline silence.")
@option(REPORT, "--stats", is_flag=True, help="Say what was resolved, and where the time went.")
@option(REPORT, "--verbose", "-v", is_flag=True, help="Text: every access and every gap.")
@option(REPORT, "--quiet", "-q", is_flag=True, help="No progress, no notices.")
@option(REPORT, "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Colours in text.")
@option(REPORT, "--sarif-category", default="", metavar="NAME", help="Category of the SARIF run (automationDetails).")
@option(
    FINDINGS,
    "--fail-on",
    type=click.Choice(["error", "warning", "note", "none"]),
    help="Exit with 1 on findings of this severity or worse (default: warning).",
)
@choice_options
@option(FINDINGS, "--baseline", type=_FILE, help="Findings recorded in this file do not count.")
@option(FINDINGS, "--new-from-rev", metavar="REV", help="Only findings that touch a line or a function changed since this git revision.")
@option(
    FINDINGS, "--config-from", metavar="REV", help="Take configuration, models and baseline from this git revision instead of the tree."
)
@option(FINDINGS, "--strict/--no-strict", default=None, help="Exit with 3 when something could not be analysed.")
@option(RUN, "--watch", is_flag=True, help="Scan again whenever a file changes, until it is interrupted (extra: mapguard[watch]).")
@tree_options
def scan(
    paths: tuple[Path, ...],
    format_: str,
    output: Path | None,
    reports: tuple[str, ...],
    fail_on: str | None,
    baseline: Path | None,
    new_from_rev: str | None,
    config_from: str | None,
    patches: bool,
    show_suppressed: bool,
    sarif_category: str,
    stats: bool,
    verbose: bool,
    quiet: bool,
    color: str,
    strict: bool | None,
    watch: bool,
    **given: Unpack[_Given],
) -> int:
    """Report maps without a proper lock in folders, files or Go patterns (default: the current folder).

    PATH says what is reported. What is read is everything that is built together with it, because a race has two sides.

    Exit code: 0 nothing at or above --fail-on, 1 findings, 2 wrong use or failure, 3 incomplete (with --strict).
    """
    targets = [formats.Target(format_, output), *(formats.parse(r) for r in reports)]
    formats.check(targets)

    def once() -> int:
        choice = ChoiceGiven(min_confidence=given["min_confidence"], rules=given["rules"], disable=given["disable"])
        with session(paths, given, choice, fail_on=fail_on, strict=strict, new_from_rev=new_from_rev, config_from=config_from) as s:
            settings = s.loaded.settings
            outcome = run(s, quiet, s.recorded(baseline), settings.new_from_rev)
            told = pipeline.with_tests(s.options, outcome.report.findings)
            told = patched(s, told) if patches else told
            report = msgspec.structs.replace(outcome.report, findings=told)
        if not quiet and not any(t.format == "text" and t.file is None for t in targets):
            for notice in outcome.notices:
                say(notice.show(), err=True)
        if not quiet and targets[0].format in ("github", *formats.BARE) and (report.in_force.configuration or report.in_force.settings):
            for sentence in sentences(report.in_force):
                say(f"mapguard: {sentence}", err=True)
        if not quiet and targets[0].format in formats.BARE and report.gaps:
            say(f"mapguard: {counted(len(report.gaps), 'gap')} in what was analysed; the text, JSON and HTML reports list them", err=True)
        commit, remote = repository.origin(s.root) if any(t.format in _WITH_LINKS for t in targets) else ("", "")
        for target in targets:
            context = Context(
                root=s.root,
                folder=_folder(target),
                rules=all_rules(),
                color=target.format == "text" and colored(color, target.file),
                width=_width(target.file),
                elapsed=outcome.seconds if stats or (target.file is None and sys.stdout.isatty()) else None,
                stats=stats,
                full=verbose,
                show_suppressed=show_suppressed,
                notices=() if quiet else outcome.notices,
                commit=commit,
                remote=remote,
                category=sarif_category,
            )
            formats.write(target, report, context)
        return exit_code(outcome, settings.fail_on, settings.strict)

    return watching.repeat(once, pipeline.root_of(*(paths or (Path(),)))) if watch else once()


def exit_code(outcome: Outcome, gate: str, strict: bool) -> int:
    """Findings come before gaps: a run that found something says so."""
    if any(select.at_or_above(f, gate) for f in outcome.report.findings):
        return 1
    return 3 if strict and outcome.report.gaps else 0


def colored(choice: str, file: Path | None) -> bool:
    """Whether text gets colours: as asked, else as NO_COLOR and FORCE_COLOR say, else on a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return file is None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _folder(target: formats.Target) -> Path | None:
    """What paths are shown relative to: the current folder where a person or an editor follows them from there, else the root."""
    here = target.file is None and (target.format == "concise" or (target.format == "text" and sys.stdout.isatty()))
    return Path.cwd() if here else None


def _width(file: Path | None) -> int:
    """The terminal's width on a terminal (or $COLUMNS); elsewhere always the same."""
    return shutil.get_terminal_size((100, 24)).columns if file is None and sys.stdout.isatty() else 100
