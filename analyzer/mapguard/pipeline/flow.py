"""The flow on one screen: discover, extract, link, judge, explain. No logic of its own."""

from concurrent.futures import Executor

import msgspec

from mapguard.base.budget import Budget
from mapguard.base.gap import Gap
from mapguard.base.options import Options
from mapguard.base.scope import Scope
from mapguard.checks import Sources
from mapguard.facts.model import FileFacts
from mapguard.findings.merge import merged
from mapguard.findings.model import InForce, Report, Stats
from mapguard.findings.select import with_fingerprints
from mapguard.frontend import discover as discovery
from mapguard.frontend.cache import Cache, cache_folder
from mapguard.frontend.discover import discover
from mapguard.frontend.gopath import placed
from mapguard.frontend.siblings import read_siblings
from mapguard.frontend.tree import Tree
from mapguard.pipeline.judged import judged
from mapguard.pipeline.phases import Clock, Progress, load_files, models_of, program_of, reader
from mapguard.pipeline.stored import Stored, run_key, stored
from mapguard.program.model import Program


def run(options: Options, progress: Progress | None = None, executor: Executor | None = None) -> Report:
    """All findings of the components that ``options.paths`` lie in, with fingerprints, worst first: the paths filter nothing yet.

    Any ``Executor`` of other processes can do the parsing. What is left when the run is over its budget is a gap.
    """
    if options.models:
        models_of(options.models)  # one that cannot be used is said before anything else
    budget = Budget(options.timeout, options.max_memory)
    scope = discovery.scope_of(options)
    trees = discover(options)
    report = merged([_component(tree, scope, options, budget, progress, executor) for tree in trees])
    inside = sorted(report.gaps, key=lambda gap: (not scope.has(gap.path), gap))
    return msgspec.structs.replace(report, gaps=tuple(inside), in_force=InForce(left_out=dict(trees[0].left_out)))


def _component(tree: Tree, scope: Scope, options: Options, budget: Budget, progress: Progress | None, executor: Executor | None) -> Report:
    """The report on one component: from the cache where the same files were seen before."""
    clock = Clock()
    loaded, gaps = load_files(tree.files, options)
    tree, loaded = placed(tree, loaded)
    store = Cache(cache_folder(options) if options.cache else None)
    try:
        key = run_key(tree, loaded, (*tree.gaps, *gaps), options)
        known = stored(store, key)
        if known is not None and known.siblings == read_siblings(tree, loaded, options)[1]:
            report = known.report
        else:
            clock.lap("discover")
            program, more = program_of(tree, loaded, options, store, clock, progress, executor)
            report, complete = _report(tree, program, (*tree.gaps, *gaps, *more), options, budget, clock, progress)
            report = msgspec.structs.replace(
                report, files=tuple(file.path for file, source in loaded if b"mapguard" in source and b"ignore" in source)
            )
            if options.cache and complete:
                siblings = read_siblings(tree, loaded, options)[1]
                store.put_many({key: msgspec.msgpack.encode(Stored(report, siblings))})
    finally:
        store.close()
    asked = sum(1 for file, _ in loaded if scope.has(file.path))
    return msgspec.structs.replace(report, stats=msgspec.structs.replace(report.stats, asked=asked))


def _report(
    tree: Tree, program: Program, gaps: tuple[Gap, ...], options: Options, budget: Budget, clock: Clock, progress: Progress | None
) -> tuple[Report, bool]:
    """The report on a linked program, and whether all of it was judged."""
    found = judged(program, Sources(program.files, reader(tree)), options, budget, clock, progress)
    scanned = {s.path for s in tree.files}
    counts = _counted(found.stats, [f for f in program.files.values() if f.path in scanned], program)
    stats = msgspec.structs.replace(counts, seconds=clock.done())
    all_gaps = tuple(sorted({*gaps, *found.gaps}))
    return Report(".", tuple(with_fingerprints(found.findings, tree.mark)), (), all_gaps, stats), found.complete


def _counted(stats: Stats, files: list[FileFacts], program: Program) -> Stats:
    """The counts with those of the files and functions that were read."""
    support = {f.path for f in files if not f.test and program.scopes[f.path].support}
    named = [f for f in program.funcs if f.outer is None and f.support and f.path not in support and not f.scope.file.test]
    return msgspec.structs.replace(
        stats,
        files=len(files),
        lines=sum(len(f.newlines) for f in files),
        functions=len(program.funcs),
        support_files=len(support),
        support_functions=len(named),
    )
