"""Changes to one unified diff that ``git apply`` and ``patch -p1`` take."""

import difflib
from collections.abc import Iterable

from mapguard.fix.plan import Change

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def diff(changes: Iterable[Change]) -> bytes:
    """The changes of all files, by path."""
    parts = [unified(c.path, c.old, c.new) for c in sorted(changes, key=lambda c: c.path)]
    return b"".join(parts)


def unified(path: str, old: bytes | None, new: bytes) -> bytes:
    """The change of ``path`` (from the root, forward slashes); nothing where there is none. Lines end with ``\\n`` only, as for git.

    ``old`` is None for a new file.
    """
    before, after = (text.decode("utf-8", "surrogateescape") for text in (old or b"", new))
    source = "/dev/null" if old is None else _name("a/", path)
    lines = difflib.unified_diff(_lines(before), _lines(after), source, _name("b/", path))
    text = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return text.encode("utf-8", "surrogateescape")


def _lines(text: str) -> list[str]:
    """Unlike ``splitlines``, a carriage return or a form feed ends no line."""
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _name(side: str, path: str) -> str:
    """The name as git writes it: quoted where it holds what would end it."""
    name = side + path
    if any(ch < " " or ch in '"\\\x7f' for ch in name):
        return '"' + "".join(_ESCAPES.get(ch, ch if " " <= ch != "\x7f" else f"\\{ord(ch):03o}") for ch in name) + '"'
    return name + "\t" if " " in name else name
