"""Changes to files on the disk: all of them or none, and never a file that is not the owner's to change by hand."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from mapguard.base import files
from mapguard.base.errors import UsageError
from mapguard.facts.generated import is_generated
from mapguard.fix.plan import Change
from mapguard.git.program import GitError
from mapguard.git.repository import opened


def write(root: Path, changes: Sequence[Change]) -> None:
    """Writes the files, each whole at any time and with its permissions. Files that no change names stay as they are.

    A ``UsageError`` says why one of them is not written; then none is. Paths are relative to ``root``.
    """
    for why in refusals(root, changes).values():
        raise UsageError(why)
    done: list[tuple[Change, Path]] = []
    for change in changes:
        file = (root / change.path).resolve()
        try:
            files.write(file, change.new)
        except OSError as error:
            for earlier, written in reversed(done):
                _undo(earlier, written)
            raise UsageError(f"cannot write {change.path}: {error.strerror}; nothing was changed") from error
        done.append((change, file))


def refusals(root: Path, changes: Sequence[Change]) -> dict[str, str]:
    """The paths that must not be written, each with a sentence that says why."""
    top = root.resolve()
    found = {change.path: why for change in changes if (why := _refusal(top, change))}
    targets = {change.path: (top / change.path).resolve() for change in changes if change.path not in found}
    ignored = _ignored(top, targets.values())
    return {**found, **{path: f"git ignores {path}: it is not written" for path, file in targets.items() if file in ignored}}


def _undo(change: Change, file: Path) -> None:
    with suppress(OSError):
        if change.old is None:
            file.unlink()
        else:
            files.write(file, change.old)


def _refusal(top: Path, change: Change) -> str:
    path = change.path
    try:
        file = (top / path).resolve()
        if not file.is_relative_to(top):
            return f"{path} leads out of {top}: it is not written"
        parts = {*path.split("/"), *file.relative_to(top).parts}
        if "vendor" in parts:
            return f"{path} is a copy of somebody else's code: it is not written"
        if ".git" in parts:
            return f"{path} is git's own: it is not written"
        if change.old is None:
            return f"{path} exists already: it is not written" if os.path.lexists(top / path) else ""
        return _content_refusal(file, path, change.old)
    except OSError as error:
        return f"cannot read {path}: {error.strerror}"
    except (RuntimeError, ValueError):  # a loop of links, before Python 3.13; a NUL in the name
        return f"{path} leads nowhere: it is not written"


def _content_refusal(file: Path, path: str, old: bytes) -> str:
    if not file.is_file():
        return f"{path} is no file any more: it is not written"
    current = file.read_bytes()
    if current != old:
        return f"{path} has changed since it was scanned: scan again"
    if is_generated(current):
        return f"{path} is generated, and would be again: change what it is generated from"
    if not file.stat().st_mode & 0o222 or not os.access(file, os.W_OK):
        return f"{path} is read-only: it is not written"
    return ""


def _ignored(top: Path, targets: Iterable[Path]) -> set[Path]:
    """Those that git ignores: no diff would show the change."""
    if not any(os.path.lexists(folder / ".git") for folder in (top, *top.parents)):
        return set()
    try:
        with opened(top) as repository:
            place = repository.place.top.resolve()
            found = repository.ignored(file.relative_to(place).as_posix() for file in targets)
    except GitError as error:
        raise UsageError(f"git cannot say which files it ignores, so nothing is written: {error}") from error
    return {place / path for path in found}
