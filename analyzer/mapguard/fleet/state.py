"""What is known of each repository from one run to the next, in files: a run that was killed goes on where it was.

A run has a number. It begins when the one before is finished, or when there was none; else it is the unfinished one, which goes on.
"""

from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from mapguard.base import files

_Kind = TypeVar("_Kind", bound=msgspec.Struct)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One repository after run number ``run``.

    ``found`` are the fingerprints of its last scan that did not fail, ``before`` those that were known before this run; None where there
    was no such scan. ``failed`` says why this run has no reports; ``key`` is then "".
    """

    name: str
    run: int
    commit: str = ""
    key: str = ""
    found: tuple[str, ...] | None = None
    before: tuple[str, ...] | None = None
    failed: str = ""

    @property
    def new(self) -> frozenset[str]:
        """The findings that this run brought; those of a repository that is scanned for the first time are not called new."""
        return frozenset() if self.found is None or self.before is None else frozenset(self.found) - frozenset(self.before)


class _Run(msgspec.Struct, frozen=True):
    number: int
    finished: bool


class State:
    """The records below a folder. ``run`` is the number of the run that is going on, ``resumed`` says that it had begun before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        last = self._read("run", _Run) or _Run(0, True)
        self.resumed = not last.finished
        self.run = last.number + (1 if last.finished else 0)
        self._write("run", _Run(self.run, False))

    def get(self, file: str) -> Record | None:
        """The last record of a repository, of this run or an earlier one."""
        return self._read(f"+{file}", Record)

    def put(self, file: str, record: Record) -> None:
        self._write(f"+{file}", record)

    def finish(self) -> None:
        """The next run is another one."""
        self._write("run", _Run(self.run, True))

    def _read(self, name: str, kind: type[_Kind]) -> _Kind | None:
        with suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode((self._folder / f"{name}.json").read_bytes(), type=kind)
        return None

    def _write(self, name: str, value: msgspec.Struct) -> None:
        files.write(self._folder / f"{name}.json", msgspec.json.encode(value))
