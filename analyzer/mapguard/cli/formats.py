"""A report to a format on standard output or in a file."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from mapguard.base import files
from mapguard.base.errors import UsageError
from mapguard.findings.model import Report
from mapguard.report.context import Context

FORMATS = ("text", "concise", "json", "sarif", "html", "github", "markdown", "rdjson", "gitlab", "checkstyle", "junit")
BARE = frozenset(["concise", "rdjson", "gitlab", "checkstyle"])  # formats with no place for what was not analysed, or why nothing is shown
Renderer = Callable[[Report, Context], str]


class Target(msgspec.Struct, frozen=True):
    """One report that is wanted: ``file`` None is standard output."""

    format: str
    file: Path | None


def parse(text: str) -> Target:
    """``FORMAT=FILE``; the file ``-`` is standard output."""
    name, equals, file = text.partition("=")
    if not equals or name not in FORMATS or not file:
        raise click.BadParameter(f"{text!r} is not FORMAT=FILE with one of the formats {', '.join(FORMATS)}", param_hint="--report")
    return Target(name, None if file == "-" else Path(file))


def check(targets: list[Target]) -> None:
    """Says before the long part of a run what could not be written after it."""
    if sum(1 for t in targets if t.file is None) > 1:
        raise UsageError("only one report can go to standard output; give the others a file (--report FORMAT=FILE, --output FILE)")
    for target in targets:
        renderer(target.format)
        if target.file is not None and not target.file.absolute().parent.is_dir():
            raise UsageError(f"cannot write {target.file}: there is no folder {target.file.parent}")


def renderer(name: str) -> Renderer:
    """The ``render`` of a format; its module is loaded only now."""
    module = f"mapguard.report.{name}"
    try:
        found: Renderer = importlib.import_module(module).render
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise UsageError(f"the format {name} is not available in this version") from error
    return found


def write(target: Target, report: Report, context: Context) -> None:
    """Renders and writes, in UTF-8 and with ``\\n`` wherever it runs."""
    text = renderer(target.format)(report, context)
    data = text.encode("utf-8", "backslashreplace")  # names of files may hold bytes that are no UTF-8
    if target.file is None:
        # click strips colours where it thinks fit: bytes go out as they are
        stream = sys.stdout.buffer
        stream.write(data)
        stream.flush()
        return
    try:
        files.write(target.file, data)
    except OSError as error:
        raise UsageError(f"cannot write {target.file}: {error.strerror}") from error
