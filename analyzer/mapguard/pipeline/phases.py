"""The phases before the analysis: files to sources, facts and a linked program; and what all phases share: models, workers, the clock."""

import functools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from mapguard.base.gap import Gap, Reason
from mapguard.base.options import Options
from mapguard.facts.model import FileFacts
from mapguard.frontend.cache import Cache, cache_folder
from mapguard.frontend.discover import discover
from mapguard.frontend.extract import Loaded, extract
from mapguard.frontend.gopath import placed
from mapguard.frontend.siblings import FILE_LIMIT, read_siblings
from mapguard.frontend.source import read
from mapguard.frontend.tree import SourceFile, Tree
from mapguard.frontend.workers import workers
from mapguard.models.load import Models, load
from mapguard.program.link import link
from mapguard.program.model import Program

Progress = Callable[[str, int, int], None]
_FEW_FILES = 200  # for fewer other processes are not worth their start


class Clock:
    """The seconds of each phase, by the clock on the wall."""

    def __init__(self) -> None:
        self._first = self._start = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """A phase ends."""
        now = time.perf_counter()
        self._laps[name] = round(now - self._start, 4)
        self._start = now

    def done(self) -> dict[str, float]:
        """All phases, and the total."""
        return {**self._laps, "total": round(time.perf_counter() - self._first, 4)}


def phase(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    """Where a phase of this name says how far it is."""
    return None if progress is None else lambda done, total: progress(name, done, total)


def linked(options: Options, progress: Progress | None = None, executor: Executor | None = None) -> Iterator[tuple[Tree, Program]]:
    """Each component linked, with its tree."""
    for found in discover(options):
        loaded, _ = load_files(found.files, options)
        tree, loaded = placed(found, loaded)
        store = Cache(cache_folder(options) if options.cache else None)
        try:
            program, _ = program_of(tree, loaded, options, store, Clock(), progress, executor)
        finally:
            store.close()
        yield tree, program


def load_files(files: tuple[SourceFile, ...], options: Options) -> tuple[list[Loaded], list[Gap]]:
    """The bytes of the files that can be read, and a gap for each of the others."""
    loaded: list[Loaded] = []
    gaps: list[Gap] = []
    for file in files:
        source = read(file, options)
        if isinstance(source, Gap):
            gaps.append(source)
        else:
            loaded.append((file, source))
    return loaded, gaps


def program_of(
    tree: Tree, loaded: list[Loaded], options: Options, store: Cache, clock: Clock, progress: Progress | None, executor: Executor | None
) -> tuple[Program, list[Gap]]:
    """The files parsed and linked, with those of other packages that they need for types."""
    with _pool(options, executor, len(loaded)) as pool:
        facts, gaps = extract(loaded, options, store, pool, phase(progress, "parse"))
        siblings, _ = read_siblings(tree, loaded, options)
        types, more = extract(siblings, options, store, pool)
    clock.lap("parse")
    declarations = [*types, *_library(options.models)]
    old = [m.path for m in tree.modules if m.shared_loops]
    program = link(facts, declarations, [m.path for m in tree.modules], options.tests, tree.alone, tree.named, old)
    clock.lap("link")
    if len(siblings) >= FILE_LIMIT:
        more.append(Gap(Reason.LIMIT, "", 0, f"of the imported packages only {FILE_LIMIT} files were read for types"))
    return program, [*gaps, *more]


@functools.lru_cache(maxsize=4)
def models_of(extra: tuple[Path, ...]) -> Models:
    """What is known of libraries, with the model files that were given."""
    return load(extra)


@functools.lru_cache(maxsize=4)
def _library(extra: tuple[Path, ...]) -> list[FileFacts]:
    """The Go declarations of rules/models as if they were files."""
    found: list[Loaded] = []
    for path, declared in sorted(models_of(extra).declarations.items()):
        source = f"package {declared.name}\n{declared.go}".encode()
        found.append((SourceFile(f"<model>/{path}.go", Path(f"{declared.name}.go"), len(source), path, "types", False), source))
    facts, _ = extract(found, Options(cache=False), Cache(None))
    return facts


def reader(tree: Tree) -> Callable[[str], bytes]:
    """What gives the bytes of a file as they were analysed, by its path in reports."""
    inside = {f.path: f.absolute for f in tree.files}

    def read_bytes(path: str) -> bytes:
        try:
            source = tree.overlay.get(path)
            source = inside.get(path, tree.root / path).read_bytes() if source is None else source
            return source.removeprefix(b"\xef\xbb\xbf")
        except OSError:
            return b""

    return read_bytes


@contextmanager
def _pool(options: Options, executor: Executor | None, files: int) -> Iterator[Executor | None]:
    if executor is not None or options.jobs <= 1 or files < _FEW_FILES:
        yield executor
    else:
        with workers(options.jobs) as pool:
            yield pool
