"""Settings to a run, and its report to the findings that count: comments, rules, confidence, changes, baseline, in this order."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from mapguard import pipeline
from mapguard.base.errors import UsageError
from mapguard.base.options import Options
from mapguard.cli import baselinefile, changed, configfile
from mapguard.cli.inline_models import model_files
from mapguard.cli.options import ChoiceGiven, TreeGiven
from mapguard.cli.progress import progress_line
from mapguard.cli.revision import Revision, load, revision
from mapguard.cli.settings import Loaded, configured_paths, given, in_words, options, selection
from mapguard.findings import baseline, select, suppress
from mapguard.findings.model import Confidence, Finding, Report, Suppressed
from mapguard.findings.rules import all_rules
from mapguard.report.source import SourceLines


class Session(msgspec.Struct, frozen=True):
    """A run that is about to start: ``options`` for the analysis, ``loaded`` for what becomes of its findings.

    ``revision`` is where configuration, models and baseline are taken from when that is not the tree itself.
    """

    root: Path
    loaded: Loaded
    options: Options
    revision: Revision | None = None

    def recorded(self, given: Path | None) -> Path | None:
        """The baseline that counts: of the command line, else of the configuration, else none."""
        if given is not None and self.revision is not None:
            return self.revision.file(given)
        return baselinefile.configured(self.loaded, given)


class Outcome(msgspec.Struct, frozen=True):
    """The report with the findings that count, what is to be put right, every finding there is, and the seconds it took."""

    report: Report
    notices: tuple[suppress.Notice, ...]
    all: tuple[Finding, ...]
    seconds: float


@contextmanager
def session(
    paths: tuple[Path, ...], tree: TreeGiven, choice: ChoiceGiven | None = None, config_from: str | None = None, **more: Any
) -> Iterator[Session]:
    """Reads the configuration and adds the command line: ``more`` are further settings that were given there."""
    with ExitStack() as stack:
        yield _session(stack, paths, tree, choice, config_from, more)


def _session(
    stack: ExitStack, paths: tuple[Path, ...], tree: TreeGiven, choice: ChoiceGiven | None, config_from: str | None, more: dict[str, Any]
) -> Session:
    root = pipeline.root_of(*(paths or (Path(),)))
    if tree["config"] is not None and tree["no_config"]:
        raise UsageError("--config and --no-config exclude each other")
    at = stack.enter_context(revision(root, config_from)) if config_from and not tree["no_config"] else None
    loaded = load(at, root, tree["config"]) if at is not None else configfile.load(root, tree["config"], tree["no_config"])
    if not paths and loaded.settings.paths:
        paths = configured_paths(loaded)
        root = pipeline.root_of(*paths)
    values: dict[str, Any] = {
        "tests": tree["tests"],
        "generated": tree["generated"],
        "tags": tree["tags"],
        "goos": tree["goos"],
        "goarch": tree["goarch"],
        "exclude": tree["exclude"],
        **(choice or {}),
        **more,
    }
    if values.get("min_confidence") is not None:
        values["min_confidence"] = Confidence(values["min_confidence"])
    loaded = msgspec.structs.replace(loaded, settings=given(loaded.settings, values))
    given_models = tuple(at.file(model) for model in tree["model"]) if at is not None else tree["model"]
    models = stack.enter_context(model_files(loaded, given_models))
    chosen = options(
        loaded.settings,
        paths,
        models,
        jobs=tree["jobs"],
        cache=not tree["no_cache"],
        cache_dir=tree["cache_dir"],
        timeout=tree["timeout"] or None,
        max_memory=tree["max_memory"] or None,
        debug=tree["debug"],
    )
    return Session(root, loaded, chosen, at)


def run(s: Session, quiet: bool = False, recorded: Path | None = None, rev: str = "", heard: pipeline.Progress | None = None) -> Outcome:
    """Analyses the tree. ``recorded`` is a baseline file; ``rev`` limits the findings to what changed since then.

    ``heard`` is told of the progress, and may end the run by an exception.
    """
    start = time.perf_counter()
    source = SourceLines(s.root, s.options.overlay)
    known = baselinefile.read(recorded) if recorded is not None else None
    since = changed.base(s.root, rev) if rev else None  # before the long part: a wrong revision is said at once
    with progress_line(not quiet and sys.stderr.isatty()) as progress:
        report = pipeline.run(s.options, heard or progress)
    scope = pipeline.scope_of(s.options)
    everything = list(report.findings)
    kept, silenced, notices = suppress.apply(everything, source.lines, (r.id for r in all_rules()), report.files)
    kept = [f for f in kept if select.lies_in(f, scope)]
    silenced = [x for x in silenced if select.lies_in(x.finding, scope)]
    notices = [n for n in notices if scope.has(n.path)]
    wanted = selection(s.loaded.settings)
    usual = {f.fingerprint for f in select.selected(kept, select.Selection())}
    kept = select.selected(kept, wanted)
    not_shown = {"settings": len(usual - {f.fingerprint for f in kept})}
    shown = {f.fingerprint for f in select.selected((x.finding for x in silenced), wanted)}
    hidden = [x for x in silenced if x.finding.fingerprint in shown]
    if since is not None:
        before = len(kept)
        kept = since.touched(kept, source.data)
        not_shown = {"new-from-rev": before - len(kept), **not_shown}
    if known is not None and recorded is not None:
        kept, old = baseline.apply(kept, known)
        hidden.extend(old)
        if scope.whole:  # only a run over the whole root can tell
            notices.extend(_stale(s, recorded, known, everything))
    force = msgspec.structs.replace(
        report.in_force,
        configuration=s.loaded.shown,
        settings=in_words(s.loaded.settings),
        not_shown={reason: count for reason, count in not_shown.items() if count},
    )
    counted = msgspec.structs.replace(report, findings=tuple(kept), suppressed=_in_order(hidden), in_force=force)
    return Outcome(counted, tuple(notices), tuple(everything), time.perf_counter() - start)


def _stale(s: Session, file: Path, known: baseline.Baseline, everything: list[Finding]) -> Iterator[suppress.Notice]:
    """Entries without a finding."""
    for e in baseline.stale(known, everything):
        text = f"{e.fingerprint} ({e.rule} on {e.map}) is found no more; mapguard baseline write removes it"
        yield suppress.Notice(baselinefile.shown(file, s.revision.folder if s.revision is not None else s.root), 0, text)


def _in_order(hidden: list[Suppressed]) -> tuple[Suppressed, ...]:
    return tuple(sorted(hidden, key=lambda x: (select.rank(x.finding), x.by, x.reason)))
