"""What commands ask about a run's tree and cache without an analysis."""

from collections.abc import Iterable
from pathlib import Path

from mapguard.base.options import Options
from mapguard.base.scope import Scope
from mapguard.checks import TestLines
from mapguard.findings.model import Finding
from mapguard.frontend import cache
from mapguard.frontend import discover as discovery
from mapguard.frontend.cache import Cache, cache_folder
from mapguard.frontend.discover import discover
from mapguard.frontend.gopath import placed
from mapguard.frontend.roots import start_of
from mapguard.frontend.siblings import read_siblings
from mapguard.frontend.testfiles import TestFiles
from mapguard.pipeline.phases import load_files


def root_of(*paths: Path) -> Path:
    """Where the paths of a report on ``paths`` start."""
    return discovery.root_of([start_of(p).resolve() for p in paths])


def scope_of(options: Options) -> Scope:
    """What the run was asked about."""
    return discovery.scope_of(options)


def files_read(options: Options) -> list[Path]:
    """The files that a run parses: what it analyses and what it reads for types."""
    files: list[Path] = []
    for found in discover(options):
        loaded, _ = load_files(found.files, options)
        tree, loaded = placed(found, loaded)
        siblings, _ = read_siblings(tree, loaded, options)
        files.extend(file.absolute for file, _ in (*loaded, *siblings))
    return files


def cache_status(options: Options) -> tuple[Path, int, int]:
    """The cache's folder, entries and bytes."""
    folder = cache_folder(options)
    return folder, *cache.status(folder)


def cache_clean(options: Options) -> int:
    """Removes the cache; the bytes freed."""
    return cache.clean(cache_folder(options))


def with_tests(options: Options, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with the test that leads to each: for those that are shown, since it reads test files."""
    store = Cache(cache_folder(options) if options.cache else None)
    try:
        lines = TestLines(TestFiles(root_of(*options.paths), options, store))
        return tuple(lines.told(f) for f in findings)
    finally:
        store.close()
