"""Settings to a run, and its report to the findings that count: comments, rules, confidence, changes, baseline, in this order."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from mapguard import pipeline
from mapguard.base.errors import UsageError
from mapguard.base.options import Options
from mapguard.cli import baselinefile, configfile
from mapguard.cli.changed import changed_since
from mapguard.cli.inline_models import model_files
from mapguard.cli.options import ChoiceGiven, TreeGiven
from mapguard.cli.progress import progress_line
from mapguard.cli.settings import Loaded, configured_paths, given, options, selection
from mapguard.findings import baseline, select, suppress
from mapguard.findings.model import Confidence, Finding, Report, Suppressed
from mapguard.findings.rules import all_rules
from mapguard.report.source import SourceLines


class Session(msgspec.Struct, frozen=True):
    """A run that is about to start: ``options`` for the analysis, ``loaded`` for what becomes of its findings."""

    root: Path
    loaded: Loaded
    options: Options


class Outcome(msgspec.Struct, frozen=True):
    """The report with the findings that count, what is to be put right, every finding there is, and the seconds it took."""

    report: Report
    notices: tuple[suppress.Notice, ...]
    all: tuple[Finding, ...]
    seconds: float


@contextmanager
def session(paths: tuple[Path, ...], tree: TreeGiven, choice: ChoiceGiven | None = None, **more: Any) -> Iterator[Session]:
    """Reads the configuration and adds the command line: ``more`` are further settings that were given there."""
    root = pipeline.root_of(*(paths or (Path(),)))
    if tree["config"] is not None and tree["no_config"]:
        raise UsageError("--config and --no-config exclude each other")
    loaded = configfile.load(root, tree["config"], tree["no_config"])
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
    with model_files(loaded, tree["model"]) as models:
        chosen = options(
            loaded.settings,
            paths,
            models,
            jobs=tree["jobs"],
            cache=not tree["no_cache"],
            cache_dir=tree["cache_dir"],
            debug=tree["debug"],
        )
        yield Session(root, loaded, chosen)


def run(s: Session, quiet: bool = False, recorded: Path | None = None, rev: str = "") -> Outcome:
    """Analyses the tree. ``recorded`` is a baseline file; ``rev`` limits the findings to what changed since then."""
    start = time.perf_counter()
    source = SourceLines(s.root)
    known = baselinefile.read(recorded) if recorded is not None else None
    changes = changed_since(s.root, rev, source.lines) if rev else None  # before the long part: a wrong revision is said at once
    with progress_line(not quiet and sys.stderr.isatty()) as progress:
        report = pipeline.run(s.options, progress)
    scope = pipeline.scope_of(s.options)
    everything = list(report.findings)
    kept, silenced, notices = suppress.apply(everything, source.lines, (r.id for r in all_rules()), report.files)
    kept = [f for f in kept if select.lies_in(f, scope)]
    silenced = [x for x in silenced if select.lies_in(x.finding, scope)]
    notices = [n for n in notices if scope.has(n.path)]
    wanted = selection(s.loaded.settings)
    kept = select.selected(kept, wanted)
    shown = {f.fingerprint for f in select.selected((x.finding for x in silenced), wanted)}
    hidden = [x for x in silenced if x.finding.fingerprint in shown]
    if changes is not None:
        kept = [f for f in kept if changes.touches(f)]
    if known is not None and recorded is not None:
        kept, old = baseline.apply(kept, known)
        hidden.extend(old)
        if scope.whole:  # only a run over the whole root can tell
            notices.extend(_stale(s, recorded, known, everything))
    counted = msgspec.structs.replace(report, findings=tuple(kept), suppressed=_in_order(hidden))
    return Outcome(counted, tuple(notices), tuple(everything), time.perf_counter() - start)


def _stale(s: Session, file: Path, known: baseline.Baseline, everything: list[Finding]) -> Iterator[suppress.Notice]:
    """Entries without a finding."""
    for e in baseline.stale(known, everything):
        text = f"{e.fingerprint} ({e.rule} on {e.map}) is found no more; mapguard baseline write removes it"
        yield suppress.Notice(baselinefile.shown(file, s.root), 0, text)


def _in_order(hidden: list[Suppressed]) -> tuple[Suppressed, ...]:
    return tuple(sorted(hidden, key=lambda x: (select.rank(x.finding), x.by, x.reason)))
