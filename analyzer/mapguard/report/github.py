"""The report as workflow commands: GitHub shows them beside the changed lines of a pull request, ten of each level for a step."""

from collections import Counter

from mapguard.findings.model import Finding, Report, Severity
from mapguard.report import brief, channel
from mapguard.report.context import Context
from mapguard.report.excerpt import short
from mapguard.report.terminal import counted

EACH = 10  # GitHub drops what is more, silently
_LONG = 1_000
_GAPS = 10
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: Report, context: Context) -> str:
    """One command a line, worst first, the last one for what was not analysed; a line in plain words says how many were left out."""
    shown: Counter[str] = Counter(warning=bool(report.gaps))
    lines: list[str] = []
    for f in report.findings:
        level = _LEVELS[f.severity]
        shown[level] += 1
        if shown[level] <= EACH:
            lines.append(_command(level, f))
    if report.gaps:
        lines.append(f"::warning title=mapguard%3A analysis incomplete::{channel.command(_incomplete(report))}")
    left = sum(max(count - EACH, 0) for count in shown.values())
    if left:
        more = counted(left, "more finding")
        lines.append(f"mapguard: {more} left out, GitHub takes {EACH} annotations of each level: see the job summary")
    return "".join(f"{line}\n" for line in lines)


def _incomplete(report: Report) -> str:
    """What was not analysed: how many places, and the first of them."""
    places = [f"{f'{gap.path}:{gap.line}' if gap.line else gap.path} {gap.reason} {gap.detail}".strip() for gap in report.gaps[:_GAPS]]
    more = len(report.gaps) - len(places)
    parts = [f"{counted(len(report.gaps), 'gap')} in what was analysed", *places, *([f"and {more} more"] if more else [])]
    return "\n".join(short(part, _LONG) for part in parts)


def _command(level: str, f: Finding) -> str:
    first = f.accesses[0]
    text = "\n".join(brief.sentences(f))
    place = {"title": f"mapguard: {f.rule}", "file": first.path, "line": f"{first.line}", "endLine": f"{first.line}"}
    if first.end_column > first.column > 0:
        place |= {"col": f"{first.column}", "endColumn": f"{first.end_column}"}
    properties = ",".join(f"{name}={channel.parameter(value)}" for name, value in place.items())
    return f"::{level} {properties}::{channel.command(text)}"
