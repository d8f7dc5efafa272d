"""A list of repositories, one a line, to entries: a name, where the repository lies, and the revision that is wanted."""

import re
import shlex
from pathlib import Path

import msgspec

from mapguard.base.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*){0,3}", re.ASCII)
_LIMIT = 10_000_000


class Entry(msgspec.Struct, frozen=True):
    """``path`` is a checkout, a bare repository, or a plain folder, which has no ``revision``."""

    name: str
    path: Path
    revision: str = "HEAD"

    @property
    def file(self) -> str:
        """What files about it are called: a name has no plus sign."""
        return self.name.replace("/", "+")


def read(file: Path) -> tuple[Entry, ...]:
    """The entries of a list, by name. Paths are relative to the folder of the list."""
    try:
        data = file.read_bytes()
        text = data.decode("utf-8") if len(data) <= _LIMIT else ""
    except OSError as error:
        raise UsageError(f"cannot read the list {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: not UTF-8") from error
    found: dict[str, Entry] = {}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise UsageError(f"{file}:{number}: {error}") from error
        if not words:
            continue
        entry = _entry(words, file.absolute().parent, f"{file}:{number}")
        if entry.name.lower() in found:  # not every file system tells upper and lower case apart
            raise UsageError(f"{file}:{number}: {entry.name} is in the list twice")
        found[entry.name.lower()] = entry
    if not found:
        raise UsageError(f"{file}: no repository in it; a line is NAME PATH [REVISION]")
    return tuple(sorted(found.values(), key=lambda entry: entry.name))


def _entry(words: list[str], folder: Path, where: str) -> Entry:
    if len(words) not in (2, 3):
        raise UsageError(f"{where}: a line is NAME PATH [REVISION], with quotes around what has blanks in it")
    if _NAME.fullmatch(words[0]) is None:
        raise UsageError(f"{where}: {words[0]!r} is no name: letters, digits, dots, dashes, and up to three slashes")
    return Entry(words[0], folder / words[1], *words[2:])
