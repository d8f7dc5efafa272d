"""Files in memory to the folders that they lie in, so that a walk finds them where they would lie on the disk."""

from collections.abc import Mapping
from pathlib import Path

from mapguard.base.errors import UsageError


class Overlay:
    """``folders`` maps each folder with a file of the overlay below it ("" is the root) to the names in it that lead there."""

    def __init__(self, root: Path, files: Mapping[str, bytes]) -> None:
        found: dict[str, set[str]] = {}
        for path in files:
            _check(root, path)
            folder, name = path, ""
            while folder:
                folder, _, name = folder.rpartition("/")
                found.setdefault(folder, set()).add(name)
        self.folders = {folder: frozenset(names) for folder, names in found.items()}


def _check(root: Path, path: str) -> None:
    parts = path.split("/")
    if not path.endswith(".go") or any(part in ("", ".", "..") for part in parts):
        raise UsageError(f"a file in memory must be a Go file with a path from the root: {path}")
    if (root / path).resolve() != root / path:
        raise UsageError(f"a file in memory must not lie behind a symbolic link: {path}")
