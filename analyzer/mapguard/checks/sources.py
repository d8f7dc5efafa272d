"""Byte offsets to lines, columns in characters, and the source text at these places."""

from collections.abc import Callable

from mapguard.base.span import Place, line_of
from mapguard.facts.model import FileFacts

Reader = Callable[[str], bytes]
_NEAR = 150  # bytes on either side


class Sources:
    """Reads a file at most once. ``read`` gives the bytes of a path relative to the root; b"" when they cannot be had."""

    def __init__(self, files: dict[str, FileFacts], read: Reader) -> None:
        self._files = files
        self._read = read
        self._bytes: dict[str, bytes] = {}
        self._newlines: dict[str, list[int]] = {}

    def source(self, path: str) -> bytes:
        if path not in self._bytes:
            self._bytes[path] = self._read(path)
        return self._bytes[path]

    def place(self, path: str, at: int, end: int = -1) -> Place:
        """The place of bytes ``at`` to ``end`` of a file; an end on a later line is cut to the end of the first."""
        if path not in self._newlines:
            facts = self._files.get(path)
            self._newlines[path] = list(facts.newlines) if facts is not None else []
        newlines = self._newlines[path]
        line = line_of(newlines, at)
        start = newlines[line - 2] + 1 if line >= 2 else 0
        stop = newlines[line - 1] if line - 1 < len(newlines) else len(self.source(path))
        text = self.source(path)[start:stop]
        column = len(text[: at - start].decode("utf-8", "replace")) + 1
        last = max(at + 1, min(end, stop) if end > at else at + 1)
        end_column = column + max(1, len(text[at - start : last - start].decode("utf-8", "replace").rstrip("\r")))
        return Place(path, line, column, end_column)

    def text(self, path: str, at: int, end: int, limit: int = 90) -> str:
        """The first line of the source between two offsets, shortened at its end."""
        raw = self.source(path)[at:end].decode("utf-8", "replace").split("\n", 1)[0].strip()
        return raw if len(raw) <= limit else raw[: limit - 1] + "…"

    def line(self, path: str, at: int) -> str:
        """The line around an offset, without indentation; of a long line only the part near the offset, which keeps reports small."""
        source = self.source(path)
        start = source.rfind(b"\n", 0, at) + 1
        stop = source.find(b"\n", at)
        stop = stop if stop >= 0 else len(source)
        first, last = max(start, at - _NEAR), min(stop, at + _NEAR)
        if stop - start <= 2 * _NEAR:
            first, last = start, stop
        text = source[first:last].decode("utf-8", "replace").strip()
        return f"{'…' if first > start else ''}{text}{'…' if last < stop else ''}"
