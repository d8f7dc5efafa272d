"""Packages and the tests that use them to facts, including test files; read only when a finding needs them, each file once."""

from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

from mapguard.base.gap import Gap
from mapguard.base.options import Options
from mapguard.facts.model import FileFacts
from mapguard.frontend.cache import Cache
from mapguard.frontend.extract import Loaded, extract
from mapguard.frontend.gomod import Module, has_module, read_module
from mapguard.frontend.homes import Homes
from mapguard.frontend.siblings import imports
from mapguard.frontend.source import read
from mapguard.frontend.tree import SourceFile
from mapguard.frontend.walk import Walk


class TestFiles:
    """Files below ``root``; folders and paths are relative to it."""

    def __init__(self, root: Path, options: Options, store: Cache) -> None:
        self._root = root
        self._options = msgspec.structs.replace(options, tests=True)
        self._store = store
        self._modules: dict[str, Module | None] = {}
        self._packages: dict[str, tuple[FileFacts, ...]] = {}
        self._tests: list[tuple[Loaded, frozenset[str]]] | None = None
        self._facts: dict[str, FileFacts] = {}

    def module(self, folder: str) -> Module | None:
        """The module around a folder: the innermost go.mod that is below the root."""
        if folder not in self._modules:
            found = read_module(self._root / folder, folder) if has_module(self._root / folder) else None
            self._modules[folder] = found if found is not None or not folder else self.module(folder.rpartition("/")[0])
        return self._modules[folder]

    def package(self, folder: str) -> tuple[FileFacts, ...]:
        """All files of the package in a folder, tests included; none where the folder must not be read."""
        if folder not in self._packages:
            walk = Walk(self._root, self._options)
            if (self._root / folder).resolve().is_relative_to(self._root):
                walk.add(self._root / folder, below=False)
            self._packages[folder] = self._extracted(self._loaded(walk))
        return self._packages[folder]

    def importing(self, package_paths: Collection[str]) -> tuple[FileFacts, ...]:
        """The test files anywhere below the root that import one of the packages."""
        if self._tests is None:
            walk = Walk(self._root, self._options)
            walk.add(self._root)
            walk.found = {path: file for path, file in walk.found.items() if path.endswith("_test.go")}
            self._tests = [(pair, frozenset(imports(pair[1]))) for pair in self._loaded(walk)]
        return self._extracted(pair for pair, imported in self._tests if not imported.isdisjoint(package_paths))

    def _loaded(self, walk: Walk) -> list[Loaded]:
        found: list[Loaded] = []
        for path, (absolute, size) in sorted(walk.found.items()):
            module = self.module(path.rpartition("/")[0])
            package_path = Homes((module,) if module is not None else ()).package_path(path)
            file = SourceFile(path, absolute, size, package_path, "scan", path.endswith("_test.go"))
            source = read(file, self._options)
            if not isinstance(source, Gap):
                found.append((file, source))
        return found

    def _extracted(self, files: Iterable[Loaded]) -> tuple[FileFacts, ...]:
        wanted = list(files)
        facts, _ = extract([pair for pair in wanted if pair[0].path not in self._facts], self._options, self._store)
        self._facts.update((f.path, f) for f in facts)
        return tuple(self._facts[file.path] for file, _ in wanted if file.path in self._facts)
