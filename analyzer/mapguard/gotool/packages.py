"""Changed files to the packages that they are part of, by the module that builds them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mapguard.base.errors import UsageError


class Packages(NamedTuple):
    """Packages of one module, as arguments of the go command in its folder."""

    module: Path
    names: tuple[str, ...]


def packages_of(root: Path, paths: Iterable[str]) -> list[Packages]:
    """``paths`` are files below the root. A file outside of any module is a ``UsageError``."""
    found: dict[Path, set[str]] = {}
    for path in paths:
        folder = (root / path).parent
        module = next((p for p in (folder, *folder.parents) if (p / "go.mod").is_file()), None)
        if module is None or not (module == root or root in module.parents or module in root.parents):
            raise UsageError(f"{path} is in no module: the go command cannot build it")
        found.setdefault(module, set()).add(f"./{folder.relative_to(module).as_posix()}")
    return [Packages(module, tuple(sorted(names))) for module, names in sorted(found.items())]
