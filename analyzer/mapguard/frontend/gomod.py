"""go.mod and go.work to what the analysis needs of them: module path, requirements, local replacements, ignored folders, used modules."""

import re
from pathlib import Path

import msgspec

_COMMENT = re.compile(r"//.*")
_LIMIT_BYTES = 1_000_000
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})")
_UNSAID = (1, 16)


class Module(msgspec.Struct, frozen=True, order=True):
    """A module at ``dir`` (relative to the root, "" for the root itself). ``replaces``: import path → folder, relative to the root.

    ``language`` is the version of Go that it is written in, (1, 16) where it does not say.
    """

    dir: str
    path: str
    replaces: tuple[tuple[str, str], ...] = ()
    ignores: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    language: tuple[int, int] = _UNSAID

    @property
    def shared_loops(self) -> bool:
        """Whether all iterations of a loop share its variables, as they did before Go 1.22."""
        return self.language < (1, 22)

    def names(self, other: "Module") -> bool:
        """Whether it requires or replaces the other module."""
        return other.path in self.requires or any(other.path == path or other.dir == folder for path, folder in self.replaces)


def has_module(folder: Path) -> bool:
    """Whether the folder has a go.mod; False for a name that the file system refuses."""
    try:
        return (folder / "go.mod").is_file()
    except OSError:
        return False


def read_module(folder: Path, relative: str) -> Module | None:
    """The module of ``folder/go.mod``; None when it has no module line or cannot be read."""
    path = ""
    replaces: list[tuple[str, str]] = []
    ignores: list[str] = []
    language = _UNSAID
    requires: set[str] = set()
    for verb, words in _directives(_text(folder / "go.mod")):
        if verb == "module" and words:
            path = words[0]
        elif verb == "replace" and "=>" in words:
            at = words.index("=>")
            target = words[at + 1] if at + 1 < len(words) else ""
            if target.startswith(("./", "../")):
                replaces.append((words[0], _join(relative, target)))
        elif verb == "go" and words and (version := _VERSION.match(words[0])) is not None:
            language = (int(version[1]), int(version[2]))
        elif verb == "ignore" and words:
            ignores.append(words[0])
        elif verb == "require" and words:
            requires.add(words[0])
    return Module(relative, path, tuple(sorted(replaces)), tuple(sorted(ignores)), tuple(sorted(requires)), language) if path else None


def read_work(folder: Path, relative: str) -> tuple[str, ...]:
    """The folders that ``folder/go.work`` uses, relative to the root."""
    directives = _directives(_text(folder / "go.work"))
    return tuple(sorted(_join(relative, words[0]) for verb, words in directives if verb == "use" and words))


def _text(file: Path) -> str:
    """The text of a regular file of reasonable size, else "" (reading a pipe would never end)."""
    try:
        if not file.is_file() or file.stat().st_size > _LIMIT_BYTES:
            return ""
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""


def _directives(text: str) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    block = ""
    for raw in text.splitlines():
        words = [w.strip('"`') for w in _COMMENT.sub("", raw).split()]
        if not words:
            continue
        if block:
            if words[0] == ")":
                block = ""
            else:
                found.append((block, words))
        elif len(words) >= 2 and words[1] == "(":
            block = words[0]
        else:
            found.append((words[0], words[1:]))
    return found


def _join(base: str, target: str) -> str:
    """``target`` relative to ``base``; a path that leaves the root keeps its leading ``..``."""
    parts = [p for p in base.split("/") if p]
    for part in target.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
