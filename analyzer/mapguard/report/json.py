"""The report as JSON (docs/report.schema.json). Times appear only when statistics were asked for: the rest is the same in every run."""

import msgspec

from mapguard.findings.model import Report
from mapguard.report import channel
from mapguard.report.context import Context


def render(report: Report, context: Context) -> str:
    """One indented document with a final newline."""
    stats = report.stats if context.stats else msgspec.structs.replace(report.stats, seconds={})
    document = {
        "schema_version": 1,
        "tool": {"name": "mapguard", "version": context.version},
        "root": report.root,
        "in_force": report.in_force,
        "stats": stats,
        "findings": report.findings,
        "suppressed": report.suppressed,
        "gaps": report.gaps,
    }
    return channel.indented(document)
