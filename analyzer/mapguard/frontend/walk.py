"""Folders to the Go files below them, as Go's own ``./...`` selects them, and to their modules."""

import os
from collections.abc import Iterator
from pathlib import Path

from mapguard.base.gap import Gap, Reason
from mapguard.base.globs import Globs
from mapguard.base.options import Options
from mapguard.frontend.gomod import Module, has_module, read_module, read_work
from mapguard.frontend.overlay import Overlay
from mapguard.frontend.roots import home_of

_SKIPPED = frozenset(["vendor", "testdata", "node_modules"])
_FOLDERS = 100_000  # that are looked at for modules


class Walk:
    """The Go files below some folders, as ``./...`` finds them: ``found`` maps a path to file and size, ``gaps`` are unreadable places.

    ``left_out`` maps a path to the reason. ``named`` are files read only because they were asked for; ``workspaces`` the folders that each
    go.work uses.
    """

    def __init__(self, root: Path, options: Options) -> None:
        self.root = root
        self.options = options
        self.exclude = Globs(options.exclude)
        self.overlay = Overlay(root, options.overlay)
        self.left_out: dict[str, str] = {}
        self.found: dict[str, tuple[Path, int]] = {}
        self.gaps: set[Gap] = set()
        self.seen: set[tuple[int, int]] = set()
        self.named: set[str] = set()
        self.workspaces: list[tuple[str, ...]] = []

    def around(self, start: Path) -> None:
        """Adds everything that is built together with ``start``: its repository, workspace or module; else its folder.

        A folder that a walk leaves out (``vendor``, ``testdata`` …) is read, with its module, when ``start`` lies in it.
        """
        home = home_of(start)
        folder = start if start.is_dir() else start.parent
        if home.whole:
            self.add(home.root)
            before = set(self.found)
            modules = (f for f in (folder, *folder.parents) if f.is_relative_to(home.root) and has_module(f))
            self.add(next(modules, home.root))
        self.add(folder, below=folder == start)
        if folder != start:
            self._file(start, self._relative(start))
        if home.whole:
            self.named |= set(self.found) - before

    def add(self, start: Path, below: bool = True) -> None:
        pending = [start]
        while pending:
            folder = pending.pop()
            try:
                stat = folder.stat()
                if (stat.st_dev, stat.st_ino) in self.seen:
                    continue
                if below:
                    self.seen.add((stat.st_dev, stat.st_ino))
                entries = sorted(os.scandir(folder), key=lambda e: e.name)
            except OSError as error:
                if self._relative(folder) not in self.overlay.folders:
                    self.gaps.add(Gap(Reason.UNREADABLE, self._relative(folder), 0, error.strerror or "unreadable folder"))
                    continue
                entries = []
            for entry in entries:
                self._entry(entry, pending)
            self._unwritten(folder, {entry.name for entry in entries}, pending)
            if not below:
                return

    def _unwritten(self, folder: Path, written: set[str], pending: list[Path]) -> None:
        """What the overlay adds to a folder."""
        for name in sorted(self.overlay.folders.get(self._relative(folder), frozenset()) - written):
            path = folder / name
            relative = self._relative(path)
            is_folder = relative in self.overlay.folders
            if name.startswith(("_", ".")):
                self._hidden(name, is_folder, relative)
            elif is_folder:
                self._folder(path, name, relative, pending)
            else:
                self._file(path, relative)

    def _entry(self, entry: "os.DirEntry[str]", pending: list[Path]) -> None:
        name = entry.name
        path = Path(entry.path)
        relative = self._relative(path)
        if name.startswith(("_", ".")):
            self._hidden(name, entry.is_dir(follow_symlinks=False), relative)
            return
        if not _is_text(relative):
            if name.endswith(".go") or entry.is_symlink() or entry.is_dir(follow_symlinks=False):
                self._unnamed(relative)
            return
        try:
            if entry.is_symlink():
                self._link(path, relative)
                return
            if entry.is_dir():
                self._folder(path, name, relative, pending)
            elif name.endswith(".go"):
                if entry.is_file():
                    self._file(path, relative)
                else:
                    self.gaps.add(Gap(Reason.UNREADABLE, relative, 0, "not a regular file"))
        except OSError as error:
            self.gaps.add(Gap(Reason.UNREADABLE, relative, 0, error.strerror or "unreadable"))

    def _unnamed(self, relative: str) -> None:
        """What reports cannot name."""
        shown = relative.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        self.gaps.add(Gap(Reason.UNREADABLE, shown, 0, "its name is not UTF-8"))

    def _hidden(self, name: str, is_folder: bool, relative: str) -> None:
        # folders with a dot belong to tools; one of them may be the cache of mapguard
        if name.endswith(".go") or (name.startswith("_") and is_folder):
            self.left_out[relative] = "hidden"

    def _folder(self, path: Path, name: str, relative: str, pending: list[Path]) -> None:
        reason = name if name in _SKIPPED else "excluded" if self.exclude.match(relative + "/") else ""
        if reason:
            self.left_out[relative] = reason
        else:
            pending.append(path)

    def _link(self, link: Path, relative: str) -> None:
        try:
            target = link.resolve(strict=True)
        except (OSError, RuntimeError):  # RuntimeError: links in a circle, before Python 3.13
            if link.name.endswith(".go"):
                self.gaps.add(Gap(Reason.UNREADABLE, relative, 0, "a symbolic link that leads nowhere"))
            return
        if not target.is_relative_to(self.root):
            if link.name.endswith(".go") or target.is_dir():
                self.gaps.add(Gap(Reason.OUTSIDE_ROOT, relative, 0, "a symbolic link that leaves the root"))
        elif link.name.endswith(".go") and target.is_file():
            self._file(target, self._relative(target))
        # a link to a folder inside the root: the walk finds that folder under its own name

    def _file(self, path: Path, relative: str) -> None:
        if not path.name.endswith(".go"):
            return
        if not _is_text(relative):
            self._unnamed(relative)
            return
        if path.name.endswith("_test.go") and not self.options.tests:
            self.left_out[relative] = "tests"
            return
        if self.exclude.match(relative):
            self.left_out[relative] = "excluded"
            return
        over = self.options.overlay.get(relative)
        try:
            self.found[relative] = (path, path.stat().st_size if over is None else len(over))
        except OSError as error:
            self.gaps.add(Gap(Reason.UNREADABLE, relative, 0, error.strerror or "unreadable"))

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path != self.root else ""

    def modules(self, boundary: Path, prefix: str) -> Iterator[Module]:
        """The modules of the files found, of go.work files, and the siblings that they replace or use; folders from the boundary."""
        folders = {""}
        for path in self.found:
            parts = joined(prefix, path).split("/")[:-1]
            folders.update("/".join(parts[: i + 1]) for i in range(len(parts)))
        for path in sorted(folders):
            used = read_work(boundary / path, path)
            if used:
                self.workspaces.append(used)
                folders.update(used)
        done: set[str] = set()
        pending = sorted(folders)
        while pending and len(done) < _FOLDERS:
            folder = pending.pop()
            if folder in done or ".." in folder.split("/"):
                continue
            done.add(folder)
            if not has_module(boundary / folder):
                continue
            module = read_module(boundary / folder, folder)
            if module is None:
                path = f"{folder}/go.mod".lstrip("/").removeprefix(f"{prefix}/" if prefix else "")
                self.gaps.add(Gap(Reason.MODULE, path, 0, "no module line could be read"))
                continue
            yield module
            pending.extend(target for _, target in module.replaces)
        if pending:
            self.gaps.add(Gap(Reason.LIMIT, "", 0, f"only {_FOLDERS} folders were looked at for modules"))


def joined(prefix: str, path: str) -> str:
    """A path below the root as one below the boundary."""
    return f"{prefix}/{path}" if prefix else path


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
