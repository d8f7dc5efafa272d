"""``mapguard scan``: options to a run, its report to formats, findings to an exit code."""

import importlib
import os
import shutil
import sys
from pathlib import Path

import click
import msgspec

from mapguard import pipeline
from mapguard.base.errors import UsageError
from mapguard.base.options import Options
from mapguard.cli.progress import progress_line
from mapguard.findings import select, suppress
from mapguard.findings.model import Confidence, Report
from mapguard.findings.rules import all_rules
from mapguard.report.context import Context

FORMATS = ("text", "json", "sarif", "html", "github", "markdown")


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="Format of standard output or --output."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of standard output.")
@click.option("--report", "reports", multiple=True, metavar="FORMAT=FILE", help="A further report; may be given several times.")
@click.option("--fail-on", type=click.Choice(["error", "warning", "note", "none"]), default="warning", show_default=True)
@click.option("--min-confidence", type=click.Choice(["high", "medium", "low"]), default="medium", show_default=True)
@click.option("--rules", "only", default="", metavar="IDS", help="Only these rules, separated by commas.")
@click.option("--disable", default="", metavar="IDS", help="Not these rules, separated by commas.")
@click.option("--tests", is_flag=True, help="Scan _test.go files too.")
@click.option("--generated", is_flag=True, help="Report findings in generated files too.")
@click.option("--tags", default="", help="Build tags, separated by commas.")
@click.option("--goos", default="linux", show_default=True)
@click.option("--goarch", default="amd64", show_default=True)
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out files (gitignore syntax, from the root).")
@click.option("--model", "models", multiple=True, type=click.Path(path_type=Path), help="A file of library models, as in rules/models.")
@click.option("--jobs", type=int, default=0, help="Processes for parsing (default: one for each core).")
@click.option("--no-cache", is_flag=True)
@click.option("--cache-dir", type=click.Path(path_type=Path))
@click.option("--show-suppressed", is_flag=True)
@click.option("--stats", is_flag=True, help="Say what was resolved, and where the time went.")
@click.option("--quiet", is_flag=True, help="No progress, no notices.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("--debug", is_flag=True, help="Raise internal errors instead of reporting them as gaps.")
@click.option("--strict", is_flag=True, help="Exit with 3 when something could not be analysed.")
def scan(
    paths: tuple[Path, ...],
    format_: str,
    output: Path | None,
    reports: tuple[str, ...],
    fail_on: str,
    min_confidence: str,
    only: str,
    disable: str,
    tests: bool,
    generated: bool,
    tags: str,
    goos: str,
    goarch: str,
    exclude: tuple[str, ...],
    models: tuple[Path, ...],
    jobs: int,
    no_cache: bool,
    cache_dir: Path | None,
    show_suppressed: bool,
    stats: bool,
    quiet: bool,
    color: str,
    debug: bool,
    strict: bool,
) -> int:
    """Analyze folders, files or Go patterns (default: the current folder) and report maps without a proper lock."""
    wanted = [(format_, output), *(_report_option(r) for r in reports)]
    options = Options(
        paths=paths or (Path(),),
        tests=tests,
        generated=generated,
        tags=_words(tags),
        goos=goos,
        goarch=goarch,
        exclude=exclude,
        jobs=jobs if jobs > 0 else os.cpu_count() or 1,
        cache=not no_cache,
        cache_dir=cache_dir,
        models=models,
        debug=debug,
    )
    rules = all_rules()
    known = frozenset(r.id for r in rules)
    chosen, disabled = _rule_ids(only, known), _rule_ids(disable, known)
    with progress_line(not quiet and sys.stderr.isatty()) as progress:
        report = pipeline.run(options, progress)
    root = pipeline.root_of(options.paths[0])
    context = Context(
        root=root,
        rules=rules,
        color=_color(color, output),
        width=shutil.get_terminal_size((100, 24)).columns,
        stats=stats,
        show_suppressed=show_suppressed,
    )
    report, notices = _count(report, root, known, Confidence(min_confidence), chosen, disabled)
    if not quiet:
        for notice in notices:
            click.echo(f"{notice.path}:{notice.line}: {notice.text}", err=True)
    for name, file in wanted:
        _write(name, file, report, context)
    if strict and report.gaps:
        return 3
    return 1 if any(select.at_or_above(f, fail_on) for f in report.findings) else 0


def _count(
    report: Report, root: Path, rules: frozenset[str], least: Confidence, only: tuple[str, ...], disabled: tuple[str, ...]
) -> tuple[Report, list[suppress.Notice]]:
    """The findings that count, and what comments and options leave out."""
    from mapguard.report.source import SourceLines

    source = SourceLines(root)
    findings = select.selected(select.with_fingerprints(report.findings), least, only, disabled)
    kept, silenced, notices = suppress.apply(findings, lambda p: "\n".join(source.lines(p)), rules)
    return msgspec.structs.replace(report, findings=tuple(kept), suppressed=tuple(silenced)), notices


def _write(name: str, file: Path | None, report: Report, context: Context) -> None:
    try:
        module = importlib.import_module(f"mapguard.report.{name}")
    except ModuleNotFoundError as error:
        raise UsageError(f"the format {name} is not available in this version") from error
    shown = context if name == "text" and file is None else msgspec.structs.replace(context, color=False)
    text: str = module.render(report, shown)
    if file is None:
        click.echo(text, nl=False, color=shown.color)
        return
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from error


def _report_option(text: str) -> tuple[str, Path | None]:
    name, equals, file = text.partition("=")
    if not equals or name not in FORMATS or not file:
        raise click.BadParameter(f"{text!r} is not FORMAT=FILE with one of {', '.join(FORMATS)}", param_hint="--report")
    return name, Path(file)


def _words(text: str) -> tuple[str, ...]:
    return tuple(sorted({w.strip() for w in text.split(",") if w.strip()}))


def _rule_ids(text: str, known: frozenset[str]) -> tuple[str, ...]:
    import difflib

    for ident in _words(text):
        if ident not in known:
            near = difflib.get_close_matches(ident, sorted(known), 1)
            raise click.BadParameter(
                f"no such rule: {ident}" + (f" (did you mean {near[0]}?)" if near else ""), param_hint="--rules/--disable"
            )
    return _words(text)


def _color(choice: str, output: Path | None) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (output is None and sys.stdout.isatty())
