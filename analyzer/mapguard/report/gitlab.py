"""The report as a GitLab code quality report: what a merge request shows in its widget and beside the changed lines.

GitLab reads a part of Code Climate's format: a list of issues, told apart by their fingerprints.
"""

import msgspec

from mapguard.findings.model import Finding, Report, Severity
from mapguard.report import brief, channel
from mapguard.report.context import Context

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "minor"}


class _Lines(msgspec.Struct, frozen=True):
    begin: int
    end: int


class _Location(msgspec.Struct, frozen=True):
    path: str
    lines: _Lines


class _Issue(msgspec.Struct, frozen=True):
    type: str
    check_name: str
    description: str
    categories: tuple[str, ...]
    severity: str
    fingerprint: str
    location: _Location


def render(report: Report, context: Context) -> str:
    """One indented list with a final newline, worst first; empty when there are no findings."""
    issues = [_issue(f) for f in report.findings]
    return channel.indented(issues)


def _issue(f: Finding) -> _Issue:
    first = f.accesses[0]
    line = max(first.line, 1)
    return _Issue(
        type="issue",
        check_name=f.rule,
        description=" ".join(brief.sentences(f)),
        categories=("Bug Risk",),
        severity=_SEVERITIES[f.severity],
        fingerprint=f.fingerprint,
        location=_Location(first.path, _Lines(line, line)),
    )
