"""Lines of the scanned files for excerpts: only from files below the root, each read once."""

from collections.abc import Mapping
from pathlib import Path

_LIMIT = 8_000_000


class SourceLines:
    """Reads a file when its first line is asked for. What is not below the root, not a file or too large has no lines.

    ``overlay`` holds files as they are instead of those on the disk.
    """

    def __init__(self, root: Path, overlay: Mapping[str, bytes] | None = None) -> None:
        self._root = root.resolve()
        self._overlay = overlay or {}
        self._files: dict[str, list[str]] = {}

    def lines(self, path: str) -> list[str]:
        """All lines of a file, without line ends; empty when it cannot be read."""
        if path not in self._files:
            self._files[path] = self._read(path)
        return self._files[path]

    def line(self, path: str, number: int) -> str:
        """The 1-based line as it stands in the file, "" when there is none."""
        lines = self.lines(path)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def text(self, path: str) -> str:
        """The file as it stands, line ends included; "" when it cannot be read."""
        return self.data(path).decode("utf-8", "replace")

    def data(self, path: str) -> bytes:
        """The bytes of the file, none when it cannot be read."""
        if path in self._overlay:
            return self._overlay[path]
        try:
            file = (self._root / path).resolve()
            if not file.is_relative_to(self._root) or not file.is_file() or file.stat().st_size > _LIMIT:
                return b""
            return file.read_bytes()
        except (OSError, ValueError, RuntimeError):  # ValueError: a NUL in the path; RuntimeError: a loop of links
            return b""

    def _read(self, path: str) -> list[str]:
        text = self.text(path)
        return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")] if text else []
