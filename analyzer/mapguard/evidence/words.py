"""rules/words.toml to what comments and names say of concurrency: they support a grade or lower it, and never decide alone."""

import functools
import re
import tomllib

import msgspec

from mapguard.base.data import data_dir

_FIRST = re.compile(r"[A-Za-z]?[a-z]*")  # the first word of a name


class _Comments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    safe: tuple[str, ...]
    unsafe: tuple[str, ...]


class _Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    begins: tuple[str, ...]
    starts: tuple[str, ...]


class _Folders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    beside: tuple[str, ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    comments: _Comments
    names: _Names
    folders: _Folders


class Words:
    """``beside``: folders of programs that stand beside a library, for examples and tools."""

    def __init__(self, file: _File) -> None:
        self._safe = _any_of(file.comments.safe)
        self._unsafe = _any_of(file.comments.unsafe)
        self._starts = frozenset(file.names.starts)
        self._begins = frozenset(file.names.begins)
        self.beside = frozenset(file.folders.beside)

    def safe(self, comment: str) -> bool:
        """Whether a comment promises that several goroutines may come at a time."""
        return bool(self._safe.search(comment)) and not self.unsafe(comment)

    def unsafe(self, comment: str) -> bool:
        """Whether a comment says that they may not."""
        return bool(self._unsafe.search(comment))

    def begins(self, name: str, of_object: bool) -> bool:
        """Whether a function of this name is one with which an object's work, or that of a program, begins: it is called once."""
        first = _FIRST.match(name)
        return first is not None and first[0].lower() in (self._begins if of_object else self._starts)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in patterns), re.IGNORECASE)


@functools.cache
def words() -> Words:
    """The words that ship with mapguard."""
    data = tomllib.loads((data_dir("rules") / "words.toml").read_text("utf-8"))
    return Words(msgspec.convert(data, _File))
