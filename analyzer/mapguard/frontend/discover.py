"""A path to the Go files below it, each with its package: what Go's own ``./...`` would see, over all modules under one root."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mapguard.base.errors import UsageError
from mapguard.base.gap import Gap, Reason
from mapguard.base.globs import Globs
from mapguard.base.options import Options
from mapguard.frontend.gomod import Module, has_module, read_module, read_work

_SKIPPED = frozenset(["vendor", "testdata", "node_modules"])
_MODULE_LIMIT = 2000
_BOUNDARY_LEVELS = 8


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
    """The files to scan, and where the packages that they import can be read for types.

    ``boundary`` is the outermost folder of a module around the root: nothing outside it is ever read. Module folders are relative to it.
    """

    def __init__(
        self, root: Path, boundary: Path, modules: tuple[Module, ...], files: tuple[SourceFile, ...], gaps: tuple[Gap, ...]
    ) -> None:
        self.root = root
        self.boundary = boundary
        self.modules = modules
        self.files = files
        self.gaps = gaps
        self._by_path = sorted(modules, key=lambda m: (-len(m.path), m.dir))

    def package_files(self, import_path: str, importer: SourceFile) -> tuple[SourceFile, ...]:
        """The files of an imported package that is not scanned itself: a sibling module, a local replacement, ``vendor``."""
        home = _module_of(self.modules, importer.absolute.relative_to(self.boundary).as_posix())
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
            if ".." in relative.split("/") or not folder.is_dir() or not folder.resolve().is_relative_to(self.boundary):
                return ()
        except OSError:  # an import path longer than a file name can be
            return ()
        found = []
        for name in sorted(f.name for f in folder.iterdir()):
            if name.endswith(".go") and not name.endswith("_test.go") and not name.startswith(("_", ".")):
                file = folder / name
                if file.is_file() and file.resolve().is_relative_to(self.boundary):
                    path = Path(os.path.relpath(file, self.root)).as_posix()
                    found.append(SourceFile(path, file, file.stat().st_size, import_path, "types", False))
        return tuple(found)


def find_root(start: Path) -> Path:
    """The git top level above ``start``, else ``start`` itself; links resolved."""
    at = start.resolve()
    at = at if at.is_dir() else at.parent
    for folder in (at, *at.parents):
        if (folder / ".git").exists():
            return folder
    return at


def find_boundary(root: Path) -> Path:
    """The outermost folder around ``root`` that holds a go.mod or go.work; ``root`` itself where there is none."""
    found = root
    for folder in list(root.parents)[:_BOUNDARY_LEVELS]:
        if (folder / "go.mod").is_file() or (folder / "go.work").is_file():
            found = folder
    return found


def discover(options: Options) -> Tree:
    """Everything to scan below ``options.paths``. No Go file at all is a ``UsageError``."""
    starts = [start_of(p).resolve() for p in options.paths]
    root = find_root(starts[0])
    if any(not s.is_relative_to(root) for s in starts):
        root = Path(os.path.commonpath([s if s.is_dir() else s.parent for s in starts]))
    boundary = root if (root / ".git").exists() else find_boundary(root)
    prefix = root.relative_to(boundary).as_posix() if root != boundary else ""
    walk = _Walk(root, options)
    for start in starts:
        walk.add(start)
    modules = tuple(sorted(walk.modules(boundary, prefix)))
    files = tuple(
        SourceFile(path, absolute, size, _package_path(modules, _join(prefix, path)), "scan", path.endswith("_test.go"))
        for path, (absolute, size) in sorted(walk.found.items())
        if not _ignored(modules, _join(prefix, path))
    )
    if not files:
        where = ", ".join(str(p) for p in options.paths)
        raise UsageError(f"no Go file found in {where}")
    return Tree(root, boundary, modules, files, tuple(sorted(walk.gaps)))


def start_of(path: Path) -> Path:
    """A path or Go pattern to an existing file or folder; a plain folder means everything below it too."""
    text = str(path)
    if text == "..." or text.endswith(("/...", os.sep + "...")):
        path = Path(text[:-3] or ".")
    if not path.exists():
        raise UsageError(f"no such file or folder: {path}")
    return path


class _Walk:
    def __init__(self, root: Path, options: Options) -> None:
        self.root = root
        self.options = options
        self.exclude = Globs(options.exclude)
        self.found: dict[str, tuple[Path, int]] = {}
        self.gaps: set[Gap] = set()
        self.seen: set[tuple[int, int]] = set()

    def add(self, start: Path) -> None:
        if start.is_file():
            self._file(start, self._relative(start))
            return
        pending = [start]
        while pending:
            folder = pending.pop()
            try:
                stat = folder.stat()
                if (stat.st_dev, stat.st_ino) in self.seen:
                    continue
                self.seen.add((stat.st_dev, stat.st_ino))
                entries = sorted(os.scandir(folder), key=lambda e: e.name)
            except OSError as error:
                self.gaps.add(Gap(Reason.UNREADABLE, self._relative(folder), 0, error.strerror or "unreadable folder"))
                continue
            for entry in entries:
                self._entry(entry, pending)

    def _entry(self, entry: "os.DirEntry[str]", pending: list[Path]) -> None:
        name = entry.name
        if name.startswith(("_", ".")):
            return
        path = Path(entry.path)
        relative = self._relative(path)
        try:
            relative.encode()
        except UnicodeEncodeError:
            if name.endswith(".go") or entry.is_dir():
                shown = relative.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                self.gaps.add(Gap(Reason.UNREADABLE, shown, 0, "its name is not UTF-8"))
            return
        try:
            if entry.is_symlink():
                self._link(path, relative)
                return
            if entry.is_dir():
                if name not in _SKIPPED and not self.exclude.match(relative + "/"):
                    pending.append(path)
            elif name.endswith(".go"):
                if entry.is_file():
                    self._file(path, relative)
                else:
                    self.gaps.add(Gap(Reason.UNREADABLE, relative, 0, "not a regular file"))
        except OSError as error:
            self.gaps.add(Gap(Reason.UNREADABLE, relative, 0, error.strerror or "unreadable"))

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
        # a linked folder inside the root is found under its own name

    def _file(self, path: Path, relative: str) -> None:
        if not path.name.endswith(".go") or (path.name.endswith("_test.go") and not self.options.tests):
            return
        if self.exclude.match(relative):
            return
        try:
            self.found[relative] = (path, path.stat().st_size)
        except OSError as error:
            self.gaps.add(Gap(Reason.UNREADABLE, relative, 0, error.strerror or "unreadable"))

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path != self.root else ""

    def modules(self, boundary: Path, prefix: str) -> Iterator[Module]:
        """The modules of the files found, of go.work files, and the siblings that they replace or use; folders from the boundary."""
        folders = {""}
        for path in self.found:
            parts = _join(prefix, path).split("/")[:-1]
            folders.update("/".join(parts[: i + 1]) for i in range(len(parts)))
        for path in list(folders):
            folders.update(read_work(boundary / path, path))
        done: set[str] = set()
        pending = sorted(folders)
        while pending and len(done) < _MODULE_LIMIT * 50:
            folder = pending.pop()
            if folder in done or ".." in folder.split("/"):
                continue
            done.add(folder)
            if not has_module(boundary / folder):
                continue
            module = read_module(boundary / folder, folder)
            if module is None:
                self.gaps.add(Gap(Reason.MODULE, f"{folder}/go.mod".lstrip("/"), 0, "no module line could be read"))
                continue
            yield module
            pending.extend(target for _, target in module.replaces)


def _join(prefix: str, path: str) -> str:
    return f"{prefix}/{path}" if prefix else path


def _module_of(modules: tuple[Module, ...], path: str) -> Module | None:
    best: Module | None = None
    for module in modules:
        inside = not module.dir or path.startswith(module.dir + "/")
        if inside and (best is None or len(module.dir) > len(best.dir)):
            best = module
    return best


def _package_path(modules: tuple[Module, ...], path: str) -> str:
    folder = path.rpartition("/")[0]
    module = _module_of(modules, path)
    if module is None:
        return folder or "main"
    below = folder[len(module.dir) :].strip("/")
    return f"{module.path}/{below}" if below else module.path


def _ignored(modules: tuple[Module, ...], path: str) -> bool:
    module = _module_of(modules, path)
    if module is None or not module.ignores:
        return False
    below = path[len(module.dir) :].strip("/")
    for pattern in module.ignores:
        if pattern.startswith("./"):
            if below.startswith(pattern[2:].rstrip("/") + "/"):
                return True
        elif f"/{pattern.strip('/')}/" in f"/{below}":
            return True
    return False
