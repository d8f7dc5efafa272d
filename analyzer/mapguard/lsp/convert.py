"""Findings to what an editor shows: diagnostics with the other places, and texts for a hover. Places count characters from 1."""

from collections.abc import Callable
from pathlib import Path

from lsprotocol import types

from mapguard.base.span import Place
from mapguard.findings.model import Access, Finding, Severity
from mapguard.findings.words import VERBS
from mapguard.report import brief
from mapguard.report.pages import rule_page
from mapguard.report.words import guarding, held_at, root_kind

SOURCE = "mapguard"
_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.NOTE: types.DiagnosticSeverity.Information,
}
Ranged = Callable[[str, types.Range], types.Range]  # a path, and a range in characters, to one in the editor's units


def diagnostic(f: Finding, root: Path, ranged: Ranged) -> types.Diagnostic:
    """The finding at its first access; the other thread's access, the entry points and the declaration are related."""
    first = f.accesses[0]
    related = []
    for label, access in zip("AB", f.accesses[: f.racing], strict=False):
        if label == "B" and (access.path, access.line, access.column) != (first.path, first.line, first.column):
            related.append(_related(access, f"thread B: {access.function} {VERBS[access.op]} the map, {held_at(access)}", root, ranged))
        if access.root is not None and access.root.path and access.root.line > 0:
            at = Place(access.root.path, access.root.line, 1, 2)
            related.append(_related(at, f"thread {label} begins here: {root_kind(access.root)} {access.root.name}", root, ranged))
    others = (a for a in f.accesses[f.racing :] if (a.path, a.line) != (first.path, first.line))
    related += [_related(a, f"another access: {a.function} {VERBS[a.op]} the map, {held_at(a)}", root, ranged) for a in others]
    if f.map.declared is not None:
        related.append(_related(f.map.declared, "the map is declared here", root, ranged))
    return types.Diagnostic(
        range=place(first, ranged),
        severity=_SEVERITIES[f.severity],
        code=f.rule,
        code_description=types.CodeDescription(href=rule_page(f.rule)),
        source=SOURCE,
        message="\n".join(brief.sentences(f)),
        related_information=related,
        data=f.fingerprint,
    )


def hover(f: Finding) -> str:
    """What is known of the map: its guard, who holds it, who does not."""
    lines = [f"**{f.rule}** ({f.confidence} confidence)", "", *brief.sentences(f)[:1]]
    if f.guard is not None:
        lines += ["", f"`{f.guard.lock}` {guarding(f)}"]
    lines += ["", *(f"- {a.op} in `{a.function}`, {a.path}:{a.line}: {held_at(a)}" for a in f.accesses)]
    return "\n".join(lines)


def place(at: Access | Place, ranged: Ranged) -> types.Range:
    line, start = max(at.line, 1) - 1, max(at.column, 1) - 1
    end = max(at.end_column - 1, start + 1)
    return ranged(at.path, types.Range(types.Position(line, start), types.Position(line, end)))


def _related(at: Access | Place, text: str, root: Path, ranged: Ranged) -> types.DiagnosticRelatedInformation:
    return types.DiagnosticRelatedInformation(types.Location((root / at.path).as_uri(), place(at, ranged)), text)
