"""One component of a run: the files to scan, and where the packages that they import are found."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from mapguard.base.gap import Gap
from mapguard.frontend.gomod import Module
from mapguard.frontend.homes import Homes


class SourceFile(msgspec.Struct, frozen=True):
    """``path`` is relative to the root; ``package_path`` the import path of its folder; ``role`` is scan or types."""

    path: str
    absolute: Path
    size: int
    package_path: str
    role: str
    test: bool

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]


class Tree:
    """The files of one component to scan, and where the packages that they import can be read for types.

    ``boundary`` is the outermost folder of a module around the root: nothing outside it is ever read. Module folders are relative to it.
    ``mark`` tells components apart whose modules have the same path; "" where no other has. ``alone``: there is no other component.
    ``named`` are files that are read only because they were asked for; ``left_out`` counts by reason what the walk did not read of all
    components that were asked for. ``overlay`` are files that are read instead of those on the disk, see ``Options``.
    """

    def __init__(
        self,
        root: Path,
        boundary: Path,
        modules: tuple[Module, ...],
        files: tuple[SourceFile, ...],
        gaps: tuple[Gap, ...],
        mark: str = "",
        alone: bool = True,
        named: frozenset[str] = frozenset(),
        left_out: dict[str, int] | None = None,
        overlay: Mapping[str, bytes] | None = None,
    ) -> None:
        self.root = root
        self.boundary = boundary
        self.modules = modules
        self.files = files
        self.gaps = gaps
        self.mark = mark
        self.alone = alone
        self.named = named
        self.left_out = left_out or {}
        self.overlay = overlay or {}
        self.homes = Homes(modules)
        self._by_path = sorted(modules, key=lambda m: (-len(m.path), m.dir))

    def package_files(self, import_path: str, importer: SourceFile) -> tuple[SourceFile, ...]:
        """The files of an imported package that is not scanned itself: a sibling module, a local replacement, ``vendor``."""
        home = self.homes.of(importer.absolute.relative_to(self.boundary).as_posix())
        for target, folder in home.replaces if home is not None else ():
            if import_path == target or import_path.startswith(target + "/"):
                found = self._folder(f"{folder}{import_path[len(target) :]}", import_path)
                if found:
                    return found
        for module in self._by_path:
            if import_path == module.path or import_path.startswith(module.path + "/"):
                found = self._folder(f"{module.dir}{import_path[len(module.path) :]}", import_path)
                if found:
                    return found
        base = home.dir if home is not None else ""
        return self._folder(f"{base}/vendor/{import_path}", import_path)

    def _folder(self, relative: str, import_path: str) -> tuple[SourceFile, ...]:
        relative = relative.strip("/")
        folder = self.boundary / relative
        try:
            if ".." in relative.split("/") or not folder.resolve().is_relative_to(self.boundary):
                return ()
            names = {f.name for f in folder.iterdir()} if folder.is_dir() else set()
        except OSError:  # an import path longer than a file name can be
            return ()
        found = []
        from_root = Path(os.path.relpath(folder, self.root)).as_posix()
        over = {Path(path).name: len(content) for path, content in self.overlay.items() if Path(path).parent.as_posix() == from_root}
        for name in sorted(names | set(over)):
            if name.endswith(".go") and not name.endswith("_test.go") and not name.startswith(("_", ".")):
                file = folder / name
                if name in over or (file.is_file() and file.resolve().is_relative_to(self.boundary)):
                    path = Path(os.path.relpath(file, self.root)).as_posix()
                    size = over[name] if name in over else file.stat().st_size
                    found.append(SourceFile(path, file, size, import_path, "types", False))
        return tuple(found)
