"""Lines of the scanned files for excerpts: only from files below the root, each read once."""

from pathlib import Path


class SourceLines:
    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._files: dict[str, list[str]] = {}

    def lines(self, path: str) -> list[str]:
        """All lines of a file, without line ends; empty when it is not below the root or cannot be read."""
        if path not in self._files:
            file = (self._root / path).resolve()
            try:
                text = file.read_bytes().decode("utf-8", "replace") if file.is_relative_to(self._root) else ""
            except OSError:
                text = ""
            self._files[path] = text.removeprefix("\ufeff").split("\n")
        return self._files[path]

    def line(self, path: str, number: int) -> str:
        """The 1-based line, tabs as four spaces."""
        lines = self.lines(path)
        return lines[number - 1].rstrip("\r").expandtabs(4) if 0 < number <= len(lines) else ""
