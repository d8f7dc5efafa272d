"""Two texts of one file to a unified diff that ``git apply`` and ``patch -p1`` take."""

import difflib

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def unified(path: str, old: str, new: str) -> str:
    """The change of ``path`` (from the root, forward slashes); "" when there is none. Lines end with ``\\n`` only, as for git."""
    lines = difflib.unified_diff(_lines(old), _lines(new), _name("a/", path), _name("b/", path))
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


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
