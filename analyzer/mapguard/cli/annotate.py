"""``mapguard annotate``: inferred guards to comments beside the fields, as a diff or in the files."""

import re
import sys
from itertools import groupby
from pathlib import Path
from typing import Unpack

import click

from mapguard import pipeline
from mapguard.base import files
from mapguard.base.errors import UsageError
from mapguard.checks.guarded import GuardedField
from mapguard.cli.grouped import GroupedCommand
from mapguard.cli.options import TreeGiven, tree_options
from mapguard.cli.run import session
from mapguard.findings.patch import unified
from mapguard.report import channel
from mapguard.report.terminal import counted

_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')
_OPEN, _CLOSE = "([{", ")]}"


@click.command(cls=GroupedCommand)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--write", is_flag=True, help="Change the files instead of printing a diff.")
@tree_options
def annotate(paths: tuple[Path, ...], write: bool, **given: Unpack[TreeGiven]) -> int:
    """Propose a comment 'guarded by LOCK' for every map field whose guard is clear from its accesses.

    Prints a diff for git apply, to be used at the repository's root. From then on every access without that lock is a finding. Fields that
    declare a guard already are left alone. Run gofmt afterwards: it aligns comments.
    """
    with session(paths, given) as s:
        fields = pipeline.guarded_fields(s.options)
    changed = 0
    for path, group in groupby(fields, key=lambda f: f.path):
        file = s.root / path
        old = _read(file)
        new, done = annotated(old, list(group))
        changed += done
        if write and new != old:
            _write(file, new)
        elif not write:
            _show(unified(path, old, new))
    sys.stdout.buffer.flush()
    what = "annotated" if write else "to annotate; --write changes the files"
    click.echo(f"{counted(changed, 'field')} {what}", err=True)
    return 0


def _show(diff: str) -> None:
    """On a terminal harmless lines; to another program the diff as it is, because it must apply."""
    if sys.stdout.isatty():
        diff = "".join(f"{channel.line(line)}\n" for line in diff.replace("\t", "    ").splitlines())
    sys.stdout.buffer.write(diff.encode("utf-8", "surrogateescape"))


def annotated(source: str, fields: list[GuardedField]) -> tuple[str, int]:
    """The text with the comments, and how many fields they speak of.

    A comment stands beside its field, above it where the type goes on over several lines. Fields that share a line with something the
    comment would speak of as well are left alone.
    """
    lines = source.split("\n")
    done = 0
    for number, same_line in sorted(_by_line(fields).items(), reverse=True):  # from below: line numbers above stay
        text = lines[number - 1].removesuffix("\r")
        end = "\r" if lines[number - 1].endswith("\r") else ""
        first = min(f.column for f in same_line) - 1
        (guard, *others) = sorted({f.guard for f in same_line})
        code, comment = _split(text, first)
        if others or ";" in code or "`" in code or text[:first].strip() or _names(code) != {f.name for f in same_line}:
            continue
        depth = sum(code.count(ch) for ch in _OPEN) - sum(code.count(ch) for ch in _CLOSE)
        if depth < 0:
            continue
        done += len(same_line)
        if depth > 0 or comment.startswith("/*"):
            lines.insert(number - 1, f"{text[:first]}// guarded by {guard}{end}")
        elif comment:
            lines[number - 1] = f"{text.rstrip()}; guarded by {guard}{end}"
        else:
            lines[number - 1] = f"{text.rstrip()} // guarded by {guard}{end}"
    return "\n".join(lines), done


def _by_line(fields: list[GuardedField]) -> dict[int, list[GuardedField]]:
    found: dict[int, list[GuardedField]] = {}
    for field in fields:
        found.setdefault(field.line, []).append(field)
    return found


def _split(text: str, first: int) -> tuple[str, str]:
    """The code of a line from column ``first``, its literals blanked so that no bracket in them counts, and the comment after it."""
    blank = _LITERAL.sub(lambda m: "_" * len(m[0]), text)
    at = min((i for i in (blank.find("//", first), blank.find("/*", first)) if i >= 0), default=len(text))
    return blank[first:at], text[at:]


def _names(code: str) -> set[str]:
    """The fields that the line declares: ``a, b map[string]int``."""
    found = re.match(r"\w+(?:\s*,\s*\w+)*", code)
    return {name.strip() for name in found[0].split(",")} if found is not None else set()


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error


def _write(file: Path, text: str) -> None:
    try:
        files.write(file, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from error
