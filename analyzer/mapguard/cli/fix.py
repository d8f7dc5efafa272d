"""``mapguard fix``: findings to patches that a scan of the patched files in memory has confirmed; as a diff or in the files."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Unpack

import click
import msgspec

from mapguard.base.options import Options
from mapguard.cli.console import say, show_diff
from mapguard.cli.grouped import GroupedCommand
from mapguard.cli.options import ChoiceGiven, TreeGiven, tree_options
from mapguard.cli.patches import known_or_error, patches
from mapguard.cli.run import Outcome, Session, run, session
from mapguard.cli.verified import verified
from mapguard.findings.model import Finding
from mapguard.fix import remedies
from mapguard.fix.diff import diff
from mapguard.fix.edit import EditError
from mapguard.fix.plan import Change, Plan, changes
from mapguard.fix.shape import GoFile
from mapguard.fix.write import refusals
from mapguard.fix.write import write as write_files
from mapguard.report.source import SourceLines
from mapguard.report.terminal import counted

_EVERYTHING = ChoiceGiven(min_confidence="low", rules=None, disable=None)


_COMMENTS = ("ignore", "declare-guard")
_REMEDIES = ("hold-lock", "write-lock", "mutex", "rwmutex", "copy", "pointer", "atomic-step", *_COMMENTS)


class Patch(msgspec.Struct, frozen=True):
    """A plan for some findings. ``silences`` says whether they must be gone afterwards."""

    findings: tuple[Finding, ...]
    plan: Plan
    silences: bool


@click.command(cls=GroupedCommand)
@click.argument("fingerprints", nargs=-1, metavar="[FINGERPRINT]...")
@click.option("--path", type=click.Path(path_type=Path), default=Path(), show_default=True, help="The tree to scan.")
@click.option("--all", "everything", is_flag=True, help="Every finding.")
@click.option("--remedy", type=click.Choice(_REMEDIES), help="What to do about them (default: what fits each best).")
@click.option("--reason", default="", help="With --remedy ignore: why the findings are no bugs.")
@click.option("--diff/--write", "as_diff", default=True, help="Print a diff for git apply (default), or change the files.")
@click.option(
    "--verify", is_flag=True, help="Also run gofmt, go vet, the build and the tests of the packages touched, with the Go at hand."
)
@tree_options
def fix(
    fingerprints: tuple[str, ...],
    path: Path,
    everything: bool,
    remedy: str | None,
    reason: str,
    as_diff: bool,
    verify: bool,
    **given: Unpack[TreeGiven],
) -> int:
    """Patch findings, by (the beginning of) their fingerprints.

    \b
    hold-lock      hold the guard where it is missed
    write-lock     take the write lock where a write holds only the read lock
    mutex, rwmutex a new lock beside the map, at every access
    copy           hand out a copy made under the lock
    pointer        share the lock that was copied with its struct
    atomic-step    LoadOrStore in place of Load and Store
    ignore         a comment with its reason that silences the finding
    declare-guard  a comment beside the map's field that names the lock which most accesses hold

    Each patch is checked first: the patched files are scanned in memory, the finding must be gone, nothing new may appear, and no mutex may
    be taken twice. What cannot be patched says why. --verify runs the scanned code's tests. Exit code: 0 everything asked for is patched,
    1 something is not.
    """
    reason = " ".join(reason.split())
    if bool(fingerprints) == everything:
        raise click.UsageError("give fingerprints, or --all")
    if (remedy == "ignore") != bool(reason):
        raise click.UsageError("--remedy ignore needs a --reason" if remedy == "ignore" else "--reason goes with --remedy ignore")
    if remedy not in _COMMENTS:
        return _repair(path, fingerprints, remedy or "", as_diff, verify, given)
    with session((path,), given, _EVERYTHING) as s:
        before = run(s)
        source = SourceLines(s.root)
        chosen = before.report.findings if everything else tuple(known_or_error(before.report.findings, fingerprints))
        failed: dict[str, str] = {}
        patches = list(_comments(chosen, remedy, reason, source, failed))
        if not as_diff:
            patches = [p for p in patches if not _refused(s, p, source, failed)]
        patches = _confirmed(s, before, patches, source, failed)
        changed = changes((p.plan for p in patches), source.data)
        if as_diff:
            show_diff(diff(changed))
        else:
            write_files(s.root, changed)
    for fingerprint, why in sorted(failed.items()):
        say(f"{fingerprint}: {why}", err=True)
    done = sum(len(p.findings) for p in patches)
    say(f"{counted(done, 'finding')} {'to patch; --write changes the files' if as_diff else 'patched'}", err=True)
    return 1 if failed else 0


def _repair(path: Path, fingerprints: tuple[str, ...], remedy: str, as_diff: bool, verify: bool, given: TreeGiven) -> int:
    """The plans that change code. Without fingerprints: every finding that a scan shows."""
    with session((path,), given, _EVERYTHING if fingerprints else None) as s:
        report = run(s).report
        chosen = tuple(known_or_error(report.findings, fingerprints)) if fingerprints else report.findings
        result = patches(s, chosen, remedy, write=not as_diff)
        if verify and result.files:
            result = verified(s, result)
        if as_diff:
            show_diff(diff(result.files))
        else:
            write_files(s.root, result.files)
    for done in result.mended:
        say(f"{done.finding.fingerprint}: {done.plan.remedy}: {done.plan.reason}", err=True)
    for fingerprint, why in sorted(result.failed.items()):
        say(f"{fingerprint}: {why}", err=True)
    count = len(chosen) - len(result.failed)
    say(f"{counted(count, 'finding')} {'to patch; --write changes the files' if as_diff else 'patched'}", err=True)
    return 1 if result.failed else 0


def _comments(findings: Sequence[Finding], remedy: str, reason: str, source: SourceLines, failed: dict[str, str]) -> Iterator[Patch]:
    """A patch for each finding; findings of one line share the comment that silences them."""
    place = remedies.place_to_ignore
    for _, group in groupby(sorted(findings, key=lambda f: (*place(f), f.fingerprint)), key=place):
        together = tuple(group)
        for some in [together] if remedy == "ignore" else [(f,) for f in together]:
            try:
                yield Patch(some, _plan(some, remedy, reason, source), remedy == "ignore")
            except EditError as error:
                failed.update((f.fingerprint, str(error)) for f in some)


def _plan(findings: tuple[Finding, ...], remedy: str, reason: str, source: SourceLines) -> Plan:
    first = findings[0]
    if remedy == "ignore":
        path, _ = remedies.place_to_ignore(first)
        return remedies.ignore(findings, GoFile(path, source.data(path)), reason)
    path = first.map.declared.path if first.map.declared is not None else first.accesses[0].path
    return remedies.declare_guard(first, GoFile(path, source.data(path)))


def _refused(s: Session, patch: Patch, source: SourceLines, failed: dict[str, str]) -> bool:
    refused = refusals(s.root, changes([patch.plan], source.data))
    failed.update((f.fingerprint, why) for why in refused.values() for f in patch.findings)
    return bool(refused)


def _confirmed(s: Session, before: Outcome, patches: list[Patch], source: SourceLines, failed: dict[str, str]) -> list[Patch]:
    """The patches that do what they promise: all of them, as one scan shows, else those that do so one by one."""
    if not patches or not _complaint(s, before, patches, source):
        return patches
    kept: list[Patch] = []
    for patch in patches:
        why = _complaint(s, before, [*kept, patch], source)
        if why:
            failed.update((f.fingerprint, why) for f in patch.findings)
        else:
            kept.append(patch)
    return kept


def _complaint(s: Session, before: Outcome, patches: Sequence[Patch], source: SourceLines) -> str:
    """What a scan of the patched files says against the patches, "" for nothing."""
    try:
        changed = changes((p.plan for p in patches), source.data)
    except EditError as error:
        return str(error)
    after = run(Session(s.root, s.loaded, _over(s, changed), s.revision), quiet=True)
    left = {f.fingerprint for f in after.report.findings}
    stays = sorted(f.fingerprint for p in patches if p.silences for f in p.findings if f.fingerprint in left)
    if stays:
        return f"with the patch {', '.join(stays)} would still be found"
    known = {f.fingerprint for f in before.all}
    new = sorted(f"{f.rule} at {f.accesses[0].path}:{f.accesses[0].line}" for f in after.all if f.fingerprint not in known)
    if new:
        return f"the patch would bring {', '.join(new)}"
    notices = sorted(n.text for n in after.notices if n.text not in {x.text for x in before.notices})
    return f"with the patch a scan would say: {notices[0]}" if notices else ""


def _over(s: Session, changed: Sequence[Change]) -> Options:
    return msgspec.structs.replace(s.options, overlay={**s.options.overlay, **{c.path: c.new for c in changed}})
