"""The options that several commands share: declared once, handed over as one typed dictionary."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import click

from mapguard.cli.configfile import no_such_rule
from mapguard.cli.grouped import FINDINGS, RUN, TREE, option
from mapguard.findings.rules import all_rules

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
Words = tuple[str, ...]


class TreeGiven(TypedDict):
    """What the command line says about the tree and how to read it. None (or empty) was not given."""

    config: Path | None
    no_config: bool
    tests: bool | None
    generated: bool | None
    tags: Words | None
    goos: str | None
    goarch: str | None
    exclude: Words
    model: tuple[Path, ...]
    jobs: int | None
    no_cache: bool
    cache_dir: Path | None
    timeout: float
    max_memory: float
    debug: bool


NOTHING_GIVEN = TreeGiven(  # for those who are no command: without limits of time and memory either
    config=None,
    no_config=False,
    tests=None,
    generated=None,
    tags=None,
    goos=None,
    goarch=None,
    exclude=(),
    model=(),
    jobs=None,
    no_cache=False,
    cache_dir=None,
    timeout=0,
    max_memory=0,
    debug=False,
)


class ChoiceGiven(TypedDict):
    """What the command line says about which findings count."""

    min_confidence: str | None
    rules: Words | None
    disable: Words | None


def _words(ctx: click.Context, param: click.Parameter, value: str | None) -> Words | None:
    return None if value is None else tuple(word.strip() for word in value.split(",") if word.strip())


def _ids(ctx: click.Context, param: click.Parameter, value: str | None) -> Words | None:
    words = _words(ctx, param, value)
    known = [r.id for r in all_rules()]
    for ident in words or ():
        if ident not in known:
            raise click.BadParameter(no_such_rule(ident, known))
    return words


_TREE = (
    option(TREE, "--tests/--no-tests", default=None, help="Read _test.go files and count code that only serves tests (default: no)."),
    option(TREE, "--generated/--no-generated", default=None, help="Report findings in generated files too (default: no)."),
    option(TREE, "--exclude", multiple=True, metavar="GLOB", help="Leave out files (gitignore syntax, from the root); repeatable."),
    option(TREE, "--tags", callback=_words, metavar="TAGS", help="Build tags, separated by commas."),
    option(TREE, "--goos", metavar="OS", help="Target operating system (default: linux)."),
    option(TREE, "--goarch", metavar="ARCH", help="Target architecture (default: amd64)."),
    option(TREE, "--model", multiple=True, type=_FILE, help="A file of library models, as in rules/models; repeatable."),
    option(RUN, "--config", "-c", type=_FILE, help="Configuration file (default: mapguard.toml or .mapguard.toml at the root)."),
    option(RUN, "--no-config", is_flag=True, help="Do not look for a configuration file."),
    option(RUN, "--jobs", "-j", type=click.IntRange(min=1), metavar="N", help="Processes for parsing (default: one for each core)."),
    option(RUN, "--no-cache", is_flag=True, help="Neither read nor write the cache."),
    option(RUN, "--cache-dir", type=_FOLDER, help="Where the cache is (default: the user's cache folder)."),
    option(
        RUN,
        "--timeout",
        type=click.FloatRange(min=0),
        default=600,
        show_default=True,
        metavar="SECONDS",
        help="Stop the analysis after this time and report what was found until then, with a gap for the rest; 0 for no limit.",
    ),
    option(
        RUN,
        "--max-memory",
        type=click.FloatRange(min=0),
        default=4096,
        show_default=True,
        metavar="MB",
        help="The same for the memory of the process.",
    ),
    option(RUN, "--debug", is_flag=True, help="Raise internal errors instead of reporting them."),
)

_CHOICE = (
    option(
        FINDINGS,
        "--min-confidence",
        type=click.Choice(["high", "medium", "low"]),
        help="Show findings of this confidence or higher (default: medium).",
    ),
    option(FINDINGS, "--rules", callback=_ids, metavar="IDS", help="Only these rules, separated by commas."),
    option(FINDINGS, "--disable", callback=_ids, metavar="IDS", help="Leave out these rules, separated by commas."),
)


def tree_options(command: _Command) -> _Command:
    """Adds the options of ``TreeGiven``."""
    return _with(_TREE, command)


def choice_options(command: _Command) -> _Command:
    """Adds the options of ``ChoiceGiven``."""
    return _with(_CHOICE, command)


def _with(options: tuple[Callable[[_Command], _Command], ...], command: _Command) -> _Command:
    for add in reversed(options):
        command = add(command)
    return command
