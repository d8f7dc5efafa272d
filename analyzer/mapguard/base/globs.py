"""Globs in gitignore's syntax to a test of paths whose time grows with their length only.

They come with the scanned tree. pathspec makes regular expressions of them, in which every wildcard tries again whatever those before it
tried: five of them take minutes on a long name. What a wildcard and the text after it have matched first is as good as any later match, so
that each of these pairs becomes atomic here, as in the standard library's fnmatch.
"""

import re
from collections.abc import Iterable

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

_TOKEN = re.compile(r"\^\(\?:\.\+/\)\?|\(\?:/\.\+\)\?|\[\^/\][*+]?|\[\^?\]?[^\]]*\]|\(\?:\(\?P<\w+>/\)\|\$\)|\\.|.", re.DOTALL)
_START, _FOLDERS = "^(?:.+/)?", "(?:/.+)?"
_NAMES = ("[^/]*", "[^/]+")


class Globs:
    """Of several globs that match the last one decides, as in a .gitignore file."""

    def __init__(self, globs: Iterable[str]) -> None:
        self._spec = GitIgnoreSpec.from_lines(globs, _Pattern, backend="simple")

    def match(self, path: str) -> bool:
        """``path`` is relative to the root; a folder ends with a slash."""
        return self._spec.match_file(path)


class _Pattern(GitIgnoreSpecPattern):
    __slots__ = ()

    @classmethod
    def pattern_to_regex(cls, pattern: str) -> tuple[str | None, bool | None]:  # type: ignore[override]
        regex, include = super().pattern_to_regex(pattern)
        return (atomic(regex) if regex is not None else None), include


def atomic(regex: str) -> str:
    """The same expression without a way back into a wildcard that has matched together with what follows it up to the next of its kind."""
    out: list[str] = []
    names = folders = ""  # what closes the last wildcard of names, and of folders
    last = -1  # where the last wildcard of folders is
    for token in _TOKEN.findall(regex):
        if token in (_START, _FOLDERS):
            out += ["(?=/)" if token == _FOLDERS else "", names, folders, token]
            names, folders, last = "", ")", len(out) - 1
        elif token in _NAMES:
            out += [names, f"(?>{token}?"]
            names = ")"
        else:
            out.append(token)
    for at, token in enumerate(out):
        if token in (_START, _FOLDERS):
            wildcard = token.removeprefix("^") if at == last else token.removeprefix("^").replace("+", "+?") + "?"
            out[at] = f"{'^' if token == _START else ''}(?>{wildcard}"  # the last one takes as much as it can, those before as little
    return "".join([*out, names, folders])
