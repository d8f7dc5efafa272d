"""The report in Checkstyle's XML, which Jenkins, reviewdog, Azure Pipelines' extensions and many editors read."""

from mapguard.findings.model import Report, Severity
from mapguard.report import brief
from mapguard.report.context import Context
from mapguard.report.xml import document, element

_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "info"}


def render(report: Report, context: Context) -> str:
    """A ``file`` for each file with findings, in the order of the findings, which are worst first."""
    root = element("checkstyle", version="10.0")
    for path in dict.fromkeys(f.accesses[0].path for f in report.findings):
        file = element("file", root, name=path)
        for f in report.findings:
            first = f.accesses[0]
            if first.path == path:
                element(
                    "error",
                    file,
                    line=max(first.line, 1),
                    column=max(first.column, 1),
                    severity=_SEVERITIES[f.severity],
                    message=" ".join(brief.sentences(f)),
                    source=f"mapguard.{f.rule}",
                )
    return document(root)
