"""Findings to patches that hold: with each the finding is gone, nothing new is found, and no mutex is taken twice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from mapguard import pipeline
from mapguard.base.errors import UsageError
from mapguard.base.options import Options
from mapguard.base.stack import deep_stack
from mapguard.cli.run import Session
from mapguard.findings.model import Finding
from mapguard.fix.diff import diff
from mapguard.fix.edit import EditError
from mapguard.fix.plan import Change, Plan, changes
from mapguard.fix.write import refusals
from mapguard.repair.repairs import Repairs
from mapguard.report.source import SourceLines

GONE = "the finding is not found by the analysis that repairs rest on"


class Mended(NamedTuple):
    """A finding and the plan that repairs it; ``changes`` are the files that the plan changes by itself."""

    finding: Finding
    plan: Plan
    changes: tuple[Change, ...]


class Result(NamedTuple):
    """``files`` are all changes together; ``failed`` says in a sentence why a finding, by its fingerprint, has no patch."""

    mended: tuple[Mended, ...]
    files: tuple[Change, ...]
    failed: dict[str, str]


def patches(s: Session, findings: Sequence[Finding], remedy: str = "", write: bool = False) -> Result:
    """Patches that hold when all of them are made. ``remedy`` is the only one that is wanted, "" for the one that fits best.

    With ``write`` files that must not be written are no choice.
    """
    work = _Work(s, remedy, write)
    return work.together(findings) or work.one_by_one(findings)


def patches_each(s: Session, findings: Sequence[Finding]) -> Result:
    """A patch for each finding by itself, of the tree as it is."""
    work = _Work(s, "", False)
    found = work.together(findings)
    if found is not None:
        return found
    mended: list[Mended] = []
    failed: dict[str, str] = {}
    for finding in findings:
        tried = work.attempt(finding, failed)
        mended += [tried[0]] if tried is not None else []
    return Result(tuple(mended), (), failed)


def patched(s: Session, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with their patches as advice, where there are any that hold."""
    found = {m.finding.fingerprint: m for m in patches_each(s, findings).mended}
    return tuple(_advised(f, found[f.fingerprint]) if f.fingerprint in found else f for f in findings)


def _advised(f: Finding, mended: Mended) -> Finding:
    patch = diff(mended.changes).decode("utf-8", "backslashreplace")
    advice = msgspec.structs.replace(f.advice, kind=mended.plan.remedy, text=mended.plan.reason, patch=patch, sketch="")
    return msgspec.structs.replace(f, advice=advice)


class _State(NamedTuple):
    """The tree with some patches made: what is laid over it, and its analysis."""

    overlay: Mapping[str, bytes]
    repairs: tuple[Repairs, ...]


class _Work:
    def __init__(self, s: Session, remedy: str, write: bool) -> None:
        self.s = s
        self.remedy = remedy
        self.write = write
        self.start = self._state({})
        self.known = {_map(f) for r in self.start.repairs for f, _ in r.proofs.values()}

    def _state(self, overlay: Mapping[str, bytes]) -> _State:
        options: Options = msgspec.structs.replace(self.s.options, overlay={**self.s.options.overlay, **overlay})
        return _State(overlay, tuple(pipeline.repairs(options)))

    def _read(self, state: _State) -> SourceLines:
        return SourceLines(self.s.root, {**self.s.options.overlay, **state.overlay})

    # ------------------------------------------------------------ all at once, or one after the other

    def together(self, findings: Sequence[Finding]) -> Result | None:
        """The first plan of each finding, all of them checked by one scan; None where that does not do."""
        found: list[Mended] = []
        self._forget(self.start)
        for finding in findings:
            first = next(self._plans(self.start, finding, {}), None)
            if first is None:
                return None
            found.append(first)
        places = [(e.path, e.start) for m in found for e in {*m.plan.edits}]
        if len(places) != len(set(places)):
            return None
        try:
            files = changes((m.plan for m in found), self._read(self.start).data)
        except EditError:
            return None
        if not found:
            return Result((), (), {})
        after = self._state({c.path: c.new for c in files})
        bad = self._complaint(self.start, after, findings, files)
        return None if bad else Result(tuple(found), files, {})

    def one_by_one(self, findings: Sequence[Finding]) -> Result:
        """Each patch on top of those before it. What another patch has mended needs none."""
        state = self.start
        mended: list[Mended] = []
        failed: dict[str, str] = {}
        for finding in findings:
            if state is not self.start and not self._found(finding, state) and self._found(finding, self.start):
                continue
            tried = self.attempt(finding, failed, state)
            if tried is not None:
                mended.append(tried[0])
                state = tried[1]
        source = SourceLines(self.s.root, self.s.options.overlay)
        files = tuple(Change(path, source.data(path), new) for path, new in sorted(state.overlay.items()))
        return Result(tuple(mended), files, failed)

    @staticmethod
    def _found(finding: Finding, state: _State) -> bool:
        return any(finding.fingerprint in r.proofs for r in state.repairs)

    def attempt(self, finding: Finding, failed: dict[str, str], state: _State | None = None) -> tuple[Mended, _State] | None:
        """The first plan that holds, and the tree with it."""
        state = state or self.start
        self._forget(state)
        reasons: dict[str, str] = {}
        for found in self._plans(state, finding, reasons):
            after = self._state({**state.overlay, **{c.path: c.new for c in found.changes}})
            why = self._complaint(state, after, [finding], found.changes)
            if not why:
                return found, after
            reasons.setdefault(found.plan.remedy, why)
        failed[finding.fingerprint] = next(iter(reasons.values()), GONE)
        return None

    def _plans(self, state: _State, finding: Finding, reasons: dict[str, str]) -> Iterator[Mended]:
        """The plans for a finding that can be made at all; ``reasons`` gets why others cannot."""
        of = next((r for r in state.repairs if finding.fingerprint in r.proofs), None)
        read = self._read(state)
        with deep_stack():
            for number, plan in enumerate(of.plans(finding.fingerprint) if of is not None else ()):
                if isinstance(plan, EditError):
                    reasons.setdefault(f"{number}", str(plan))
                    continue
                if self.remedy and plan.remedy != self.remedy:
                    reasons.setdefault(f"{number}", f"this finding is repaired otherwise: --remedy {plan.remedy}")
                    continue
                try:
                    changed = changes([plan], read.data)
                except EditError as error:
                    reasons.setdefault(f"{number}", str(error))
                    continue
                refused = refusals(self.s.root, changed) if self.write and not state.overlay else {}
                if refused:
                    reasons.setdefault(f"{number}", next(iter(refused.values())))
                    continue
                yield Mended(finding, plan, changed)

    @staticmethod
    def _forget(state: _State) -> None:
        """Names that plans were given which are not made are free again."""
        for repairs in state.repairs:
            repairs.given.names.clear()

    # ------------------------------------------------------------ what speaks against a patch

    def _complaint(self, before: _State, after: _State, findings: Iterable[Finding], changed: Sequence[Change]) -> str:
        """What a scan of the patched tree says against it, "" for nothing."""
        left = {f.fingerprint: f for r in after.repairs for f, _ in r.proofs.values()}
        mended = {_map(f) for f in findings}
        stays = [f for f in findings if f.fingerprint in left]
        if stays:
            return f"with the patch the {stays[0].rule} would still be found"
        had = {f for r in before.repairs for f in r.proofs}
        for fingerprint, f in sorted(left.items()):
            if fingerprint not in had and (_map(f) in mended or _map(f) not in self.known):
                return f"the patch would bring {f.rule} at {f.accesses[0].path}:{f.accesses[0].line}"
        paths = [c.path for c in changed]
        with deep_stack():
            old = {x for r in before.repairs for x in r.relocks(paths)}
            new = sorted(x for r in after.repairs for x in r.relocks(paths) if x not in old)
        return f"with the patch {new[0].sentence()}" if new else ""


def _map(f: Finding) -> tuple[str, str, str]:
    return f.map.package, f.map.owner, f.map.name


def known_or_error(findings: Sequence[Finding], wanted: Sequence[str]) -> Iterator[Finding]:
    """The findings whose fingerprints start with what is wanted; a ``UsageError`` for one that there is not."""
    for start in dict.fromkeys(wanted):
        found = [f for f in findings if start and f.fingerprint.startswith(start)]
        exact = [f for f in found if f.fingerprint == start]
        if not found:
            raise UsageError(f"no finding has the fingerprint {start}; mapguard scan shows those that there are")
        yield from exact or found
