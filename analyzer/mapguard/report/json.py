"""The report as JSON (docs/report.schema.json). Times appear only when statistics were asked for: the rest is the same in every run."""

from typing import Any

import msgspec

from mapguard.findings.model import Finding, Report
from mapguard.report.context import Context


def render(report: Report, context: Context) -> str:
    stats = msgspec.to_builtins(report.stats)
    if not context.stats:
        stats["seconds"] = {}
        stats["pairs"] = {}
    document = {
        "schema_version": 1,
        "tool": {"name": "mapguard", "version": context.version},
        "root": report.root,
        "stats": stats,
        "findings": [finding(f) for f in report.findings],
        "suppressed": [{"finding": finding(s.finding), "by": s.by, "reason": s.reason} for s in report.suppressed],
        "gaps": [msgspec.to_builtins(g) for g in report.gaps],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def finding(f: Finding) -> dict[str, Any]:
    done: dict[str, Any] = msgspec.to_builtins(f)
    return done
