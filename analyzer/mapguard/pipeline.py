"""The flow on one screen: discover, extract, link, solve, judge, explain. No logic of its own."""

import functools
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mapguard.base.data import data_dir
from mapguard.base.errors import UsageError
from mapguard.base.gap import Gap, Reason
from mapguard.base.options import Options
from mapguard.base.scope import Scope
from mapguard.base.span import line_of
from mapguard.base.stack import deep_stack
from mapguard.checks import Explainer, Sources, TestLines
from mapguard.checks.guarded import GuardedField
from mapguard.checks.guarded import guarded_fields as find_guarded_fields
from mapguard.concurrency import inspect
from mapguard.concurrency.locations import by_location
from mapguard.concurrency.races import Judge
from mapguard.concurrency.solve import Analysis
from mapguard.evidence.proofs import Proofs
from mapguard.evidence.twosteps import TwoSteps
from mapguard.facts.model import FileFacts
from mapguard.findings.merge import merged
from mapguard.findings.model import Finding, InForce, Report, Stats
from mapguard.findings.select import rank, with_fingerprints
from mapguard.frontend import cache
from mapguard.frontend import discover as discovery
from mapguard.frontend.cache import Cache, cache_folder, digest
from mapguard.frontend.discover import discover
from mapguard.frontend.extract import Loaded, extract
from mapguard.frontend.gopath import placed
from mapguard.frontend.roots import start_of
from mapguard.frontend.siblings import read_siblings
from mapguard.frontend.source import read
from mapguard.frontend.testfiles import TestFiles
from mapguard.frontend.tree import SourceFile, Tree
from mapguard.frontend.workers import workers
from mapguard.heap.show import callers, objects
from mapguard.ir.lower import Lowerer
from mapguard.ir.show import show
from mapguard.models.load import Models, load
from mapguard.newchecks import Explainer as NewExplainer
from mapguard.program.link import link
from mapguard.program.model import Program
from mapguard.program.types import Types
from mapguard.races.accesses import Access as RawAccess
from mapguard.races.engine import heap_of, judge_of
from mapguard.repair.repairs import Repairs

Progress = Callable[[str, int, int], None]


class Stored(msgspec.Struct, frozen=True):
    """A whole run in the cache: valid while the packages read for types are as they were."""

    report: Report
    siblings: bytes


def run(options: Options, progress: Progress | None = None, executor: Executor | None = None) -> Report:
    """All findings of the components that ``options.paths`` lie in, with fingerprints, worst first: the paths filter nothing yet.

    Any ``Executor`` of other processes can do the parsing.
    """
    if options.models:
        _models(options.models)  # one that cannot be used is said before anything else
    scope = discovery.scope_of(options)
    trees = discover(options)
    report = merged([_component(tree, scope, options, progress, executor) for tree in trees])
    inside = sorted(report.gaps, key=lambda gap: (not scope.has(gap.path), gap))
    return msgspec.structs.replace(report, gaps=tuple(inside), in_force=InForce(left_out=dict(trees[0].left_out)))


def _component(tree: Tree, scope: Scope, options: Options, progress: Progress | None, executor: Executor | None) -> Report:
    """The report on one component: from the cache where the same files were seen before."""
    clock = _Clock()
    loaded, gaps = _load(tree.files, options)
    tree, loaded = placed(tree, loaded)
    store = Cache(cache_folder(options) if options.cache else None)
    try:
        key = _run_key(tree, loaded, (*tree.gaps, *gaps), options)
        stored = _stored(store, key)
        if stored is not None and stored.siblings == read_siblings(tree, loaded, options)[1]:
            report = stored.report
        else:
            clock.lap("discover")
            program, more, seconds_program = _program(tree, loaded, options, store, progress, executor)
            clock.laps.update(seconds_program)
            clock.start = time.perf_counter()
            report = _report(tree, program, (*tree.gaps, *gaps, *more), options, clock, progress)
            report = msgspec.structs.replace(
                report, files=tuple(file.path for file, source in loaded if b"mapguard" in source and b"ignore" in source)
            )
            if options.cache:
                siblings = read_siblings(tree, loaded, options)[1]
                store.put_many({key: msgspec.msgpack.encode(Stored(report, siblings))})
    finally:
        store.close()
    asked = sum(1 for file, _ in loaded if scope.has(file.path))
    return msgspec.structs.replace(report, stats=msgspec.structs.replace(report.stats, asked=asked))


def analyses(options: Options, progress: Progress | None = None, executor: Executor | None = None) -> Iterator[tuple[Tree, Judge]]:
    """Each component solved, with its judge, for the commands that look inside (``why-not``, ``dump``)."""
    for tree, program in linked(options, progress, executor):
        yield tree, Judge(_solve(program, options, progress))


def linked(options: Options, progress: Progress | None = None, executor: Executor | None = None) -> Iterator[tuple[Tree, Program]]:
    """Each component linked, with its tree."""
    for found in discover(options):
        loaded, _ = _load(found.files, options)
        tree, loaded = placed(found, loaded)
        store = Cache(cache_folder(options) if options.cache else None)
        try:
            program, _, _ = _program(tree, loaded, options, store, progress, executor)
        finally:
            store.close()
        yield tree, program


def files_read(options: Options) -> list[Path]:
    """The files that a run parses: what it analyses and what it reads for types."""
    files: list[Path] = []
    for found in discover(options):
        loaded, _ = _load(found.files, options)
        tree, loaded = placed(found, loaded)
        siblings, _ = read_siblings(tree, loaded, options)
        files.extend(file.absolute for file, _ in (*loaded, *siblings))
    return files


# ---------------------------------------------------------------- phases


def _load(files: tuple[SourceFile, ...], options: Options) -> tuple[list[Loaded], list[Gap]]:
    loaded: list[Loaded] = []
    gaps: list[Gap] = []
    for file in files:
        source = read(file, options)
        if isinstance(source, Gap):
            gaps.append(source)
        else:
            loaded.append((file, source))
    return loaded, gaps


def _program(
    tree: Tree, loaded: list[Loaded], options: Options, store: Cache, progress: Progress | None, executor: Executor | None
) -> tuple[Program, list[Gap], dict[str, float]]:
    clock = _Clock()
    with _pool(options, executor, len(loaded)) as pool:
        facts, gaps = extract(loaded, options, store, pool, _phase(progress, "parse"))
        siblings, _ = read_siblings(tree, loaded, options)
        types, more = extract(siblings, options, store, pool)
    clock.lap("parse")
    declarations = [*types, *_library(options.models)]
    old = [m.path for m in tree.modules if m.shared_loops]
    program = link(facts, declarations, [m.path for m in tree.modules], options.tests, tree.alone, tree.named, old)
    clock.lap("link")
    return program, [*gaps, *more], clock.laps


@functools.lru_cache(maxsize=4)
def _library(extra: tuple[Path, ...]) -> list[FileFacts]:
    """The Go declarations of rules/models as if they were files."""
    found: list[Loaded] = []
    for path, declared in sorted(_models(extra).declarations.items()):
        source = f"package {declared.name}\n{declared.go}".encode()
        found.append((SourceFile(f"<model>/{path}.go", Path(f"{declared.name}.go"), len(source), path, "types", False), source))
    facts, _ = extract(found, Options(cache=False), Cache(None))
    return facts


@functools.lru_cache(maxsize=4)
def _models(extra: tuple[Path, ...]) -> Models:
    return load(extra)


def _solve(program: Program, options: Options, progress: Progress | None) -> Analysis:
    with deep_stack():
        solved = Analysis(program, _models(options.models), options.debug)
        solved.solve(_phase(progress, "analyse"))
        return solved


def _report(tree: Tree, program: Program, gaps: tuple[Gap, ...], options: Options, clock: "_Clock", progress: Progress | None) -> Report:
    solved = _solve(program, options, progress)
    clock.lap("analyse")
    judge = Judge(solved)
    grouped = by_location(judge.graph)
    explainer = Explainer(judge, Sources(program.files, _reader(tree)))
    findings: list[Finding] = []
    for done, where in enumerate(sorted(grouped)):
        race = judge.race(where, grouped[where])
        if race is not None and (options.generated or not race.a.access.func.scope.file.generated):
            findings.append(explainer.finding(race))
        if progress is not None and done % 50 == 0:
            progress("judge", done, len(grouped))
    findings.extend(explainer.finding(race) for race in judge.check_then_acts())
    clock.lap("judge")
    scanned = [f for f in program.files.values() if not f.path.startswith("<model>") and f.path in {s.path for s in tree.files}]
    stats = _stats(judge, scanned, len(grouped), clock)
    return Report(".", tuple(with_fingerprints(findings, tree.mark)), (), tuple(sorted({*gaps, *solved.gaps, *_untyped(solved)})), stats)


def _untyped(solved: Analysis) -> list[Gap]:
    """One gap for each file in which something is indexed whose type is not known: were it a map, nobody would see that access."""
    places: dict[str, list[int]] = {}
    for (ident, at), typed in solved.map_expressions.items():
        func = solved.program.by_id.get(ident)
        if not typed and func is not None:
            places.setdefault(func.path, []).append(line_of(solved.program.files[func.path].newlines, at))
    return [
        Gap(
            Reason.TYPES,
            path,
            min(lines),
            f"{len(lines)} indexed {'value' if len(lines) == 1 else 'values'} of unknown type, this one first",
        )
        for path, lines in places.items()
    ]


def _stats(judge: Judge, files: list[FileFacts], maps: int, clock: "_Clock") -> Stats:
    calls = Counter(judge.analysis.calls.values())
    program = judge.analysis.program
    support = {f.path for f in files if not f.test and program.scopes[f.path].support}
    named = [f for f in program.funcs if f.outer is None and f.support and f.path not in support and not f.scope.file.test]
    in_tree = calls["tree"] + calls["unknown"]  # calls of function values are counted in ``calls`` only
    return Stats(
        files=len(files),
        lines=sum(len(f.newlines) for f in files),
        functions=len(program.funcs),
        support_files=len(support),
        support_functions=len(named),
        calls=sum(calls.values()),
        calls_resolved=calls["tree"],
        calls_in_tree=in_tree,
        map_expressions=len(judge.analysis.map_expressions),
        map_expressions_typed=sum(judge.analysis.map_expressions.values()),
        roots=len(judge.graph.roots) + len(judge.analysis.threads),
        maps=maps,
        pairs=dict(sorted((str(k), v) for k, v in judge.counts.items())),
        seconds=clock.done(),
    )


def _reader(tree: Tree) -> Callable[[str], bytes]:
    inside = {f.path: f.absolute for f in tree.files}

    def read_bytes(path: str) -> bytes:
        try:
            source = tree.overlay.get(path)
            source = inside.get(path, tree.root / path).read_bytes() if source is None else source
            return source.removeprefix(b"\xef\xbb\xbf")
        except OSError:
            return b""

    return read_bytes


# ---------------------------------------------------------------- cache keys, pool, clock


def _run_key(tree: Tree, loaded: list[Loaded], gaps: tuple[Gap, ...], options: Options) -> bytes:
    chosen = msgspec.json.encode([options.tags, options.goos, options.goarch, options.generated, options.tests, options.max_file_bytes])
    old = [m.path for m in tree.modules if m.shared_loops]
    modules = msgspec.json.encode([tree.mark, tree.alone, sorted(tree.named), *(m.path for m in tree.modules), old])
    parts = [b"report", code_digest(), chosen, modules, msgspec.json.encode(sorted(gaps)), *(p.read_bytes() for p in options.models)]
    for file, source in loaded:
        parts.append(f"{file.path}\0{file.package_path}".encode())
        parts.append(hashlib.blake2b(source, digest_size=16).digest())
    return digest(*parts)


@functools.cache
def code_digest() -> bytes:
    """What mapguard itself is made of: another version of the analysis or of the models must not find old results."""
    h = hashlib.blake2b(digest_size=16)
    for folder, pattern in ((Path(__file__).parent, "**/*.py"), (data_dir("rules") / "models", "*.toml")):
        for path in sorted(folder.glob(pattern)):
            h.update(path.read_bytes())
    return h.digest()


def _stored(store: Cache, key: bytes) -> Stored | None:
    data = store.get_many([key]).get(key)
    if data is None:
        return None
    try:
        return msgspec.msgpack.decode(data, type=Stored)
    except msgspec.DecodeError:
        return None


@contextmanager
def _pool(options: Options, executor: Executor | None, files: int) -> Iterator[Executor | None]:
    if executor is not None or options.jobs <= 1 or files < 200:
        yield executor
    else:
        with workers(options.jobs) as pool:
            yield pool


def _phase(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(name, done, total)


class _Clock:
    def __init__(self) -> None:
        self.first = self.start = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self.start, 4)
        self.start = now

    def done(self) -> dict[str, float]:
        return {**self.laps, "total": round(time.perf_counter() - self.first, 4)}


# ---------------------------------------------------------------- for the other commands


def root_of(*paths: Path) -> Path:
    """Where the paths of a report on ``paths`` start."""
    return discovery.root_of([start_of(p).resolve() for p in paths])


def scope_of(options: Options) -> Scope:
    """What the run was asked about."""
    return discovery.scope_of(options)


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


def why_not(options: Options, a: tuple[str, int], b: tuple[str, int]) -> Iterator[str]:
    """For every pair of ways to the two places: the filter that ended it. A place without a map access is a ``UsageError``."""
    known: set[tuple[str, int]] = set()
    near: dict[str, set[int]] = {a[0]: set(), b[0]: set()}
    together = False
    for _, judge in analyses(options):
        first, second = inspect.accesses_at(judge, *a), inspect.accesses_at(judge, *b)
        known |= ({a} if first else set()) | ({b} if second else set())
        for path, lines in near.items():
            lines |= inspect.lines_of(judge, path)
        if first and second:
            together = True
            yield from inspect.why_not(judge, first, second)
    for path, line in (a, b):
        if (path, line) not in known:
            closest = sorted(near[path], key=lambda other: (abs(other - line), other))[:5]
            hint = f"; lines with one: {', '.join(map(str, sorted(closest)))}" if closest else ": no map access is known in that file"
            raise UsageError(f"no map access at {path}:{line}{hint}")
    if not together:
        yield "the two places are in modules that are not built together: they share no memory"


def dump(options: Options, what: str, name: str) -> Iterator[str]:
    """What the analysis believes of the functions whose name contains ``name``."""
    if what in ("ir", "objects", "callers"):
        for _, program in linked(options):
            yield from _bodies(program, name) if what == "ir" else _heap(program, options, what, name)
        return
    for _, judge in analyses(options):
        yield from inspect.dump(judge, what, name)


def _bodies(program: Program, name: str) -> Iterator[str]:
    """The events of the bodies whose id contains ``name``. The id of a body in a function is that of the function, $ and a number."""
    with deep_stack():
        for body in Lowerer(Types(program)).everything(name.partition("$")[0]):
            if name in body.func:
                yield from show(body)


def _heap(program: Program, options: Options, what: str, name: str) -> Iterator[str]:
    """The objects, or the callers, of the functions whose id contains ``name``, as the engine in ``heap`` finds them."""
    with deep_stack():
        heap = heap_of(program, _models(options.models))
        yield from objects(heap, name) if what == "objects" else callers(heap, name)


def repairs(options: Options) -> Iterator[Repairs]:
    """Each component's findings, with fingerprints, and what repairs them. Ask them on a deep stack."""
    models = _models(options.models)
    for tree, program in linked(options):
        with deep_stack():
            found = _repairs(tree, program, models, options)
        yield found


def _repairs(tree: Tree, program: Program, models: Models, options: Options) -> Repairs:
    failed: list[tuple[RawAccess, Exception]] = []
    judge = judge_of(program, models, failed=None if options.debug else [])
    explainer = NewExplainer(judge, models, Sources(program.files, _reader(tree)))
    proofs = [(p, "") for p in Proofs(judge, models).all(None if options.debug else failed)]
    proofs += [(p, "sync-map-check-then-act") for p in TwoSteps(judge, models).all()]
    told = sorted(((explainer.finding(p, rule), p) for p, rule in proofs), key=lambda pair: rank(pair[0]))
    findings = with_fingerprints((f for f, _ in told), tree.mark)
    return Repairs(explainer, [(f, p) for f, (_, p) in zip(findings, told, strict=True)], _reader(tree), _test_files(tree))


def _test_files(tree: Tree) -> Callable[[str], list[str]]:
    """The test files of a folder, which no scan reads unless it is asked to, but which a patch must not break."""

    def found(folder: str) -> list[str]:
        try:
            names = sorted(p.name for p in (tree.root / folder).iterdir() if p.name.endswith("_test.go") and p.is_file())
        except OSError:
            return []
        return [f"{folder}/{name}" if folder else name for name in names]

    return found


def guarded_fields(options: Options) -> tuple[GuardedField, ...]:
    """The map fields in the given paths whose guard is clear from their accesses and not declared yet."""
    scope = discovery.scope_of(options)
    found: list[GuardedField] = []
    for tree, judge in analyses(options):
        found.extend(find_guarded_fields(judge, Sources(judge.analysis.program.files, _reader(tree)), options.generated))
    return tuple(sorted(field for field in found if scope.has(field.path)))
