"""The report as workflow commands: GitHub shows them beside the changed lines of a pull request, ten of each level for a step."""

from collections import Counter

from mapguard.findings.model import Finding, Report, Severity
from mapguard.report.context import Context
from mapguard.report.excerpt import short
from mapguard.report.terminal import counted
from mapguard.report.words import VERBS, held_at

EACH = 10  # GitHub drops what is more, silently
_LONG = 1_000
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: Report, context: Context) -> str:
    """One command a line, worst first; a last line in plain words says how many were left out."""
    shown: Counter[str] = Counter()
    lines: list[str] = []
    for f in report.findings:
        level = _LEVELS[f.severity]
        shown[level] += 1
        if shown[level] <= EACH:
            lines.append(_command(level, f))
    left = sum(count - EACH for count in shown.values() if count > EACH)
    if left:
        more = counted(left, "more finding")
        lines.append(f"mapguard: {more} left out, GitHub takes {EACH} annotations of each level: see the job summary")
    return "".join(f"{line}\n" for line in lines)


def _command(level: str, f: Finding) -> str:
    first = f.accesses[0]
    other = f.accesses[: f.racing][-1]
    message = [f.message]
    if (other.path, other.line) != (first.path, first.line):
        message.append(f"The other side: {other.function} {VERBS[other.op]} it at {other.path}:{other.line}, {held_at(other)}.")
    message.append(f"Fix: {f.advice.text}")
    text = "\n".join(short(part, _LONG) for part in message)
    place = {"title": f"mapguard: {f.rule}", "file": first.path, "line": f"{first.line}", "endLine": f"{first.line}"}
    if first.end_column > first.column > 0:
        place |= {"col": f"{first.column}", "endColumn": f"{first.end_column}"}
    properties = ",".join(f"{name}={_property(value)}" for name, value in place.items())
    return f"::{level} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
