"""The report with one line a finding, as editors and scripts read it: ``path:line:column: rule message``."""

from mapguard.findings.model import Report
from mapguard.report import channel
from mapguard.report.context import Context
from mapguard.report.excerpt import clean


def render(report: Report, context: Context) -> str:
    """Worst first; nothing else, not even a last line."""
    lines: list[str] = []
    for f in report.findings:
        first = f.accesses[0]
        line = clean(f"{context.shown(first.path)}:{first.line}:{first.column}: {f.rule} {f.message}")
        # build servers read commands from output: a file name must not become one
        lines.append(f"./{line}\n" if line.startswith("::") else f"{line}\n")
    return channel.defused("".join(lines))
