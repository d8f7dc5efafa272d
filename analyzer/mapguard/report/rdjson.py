"""The report in reviewdog's diagnostic format, ``rdjson``: a comment on the line, the other places of the finding as related locations.

Columns count bytes of UTF-8 there. Names are those of reviewdog's protocol (proto/rdf in its repository).
"""

import msgspec

from mapguard.base.span import Place
from mapguard.findings.model import Access, Finding, Report, Severity
from mapguard.findings.words import VERBS
from mapguard.report import brief, channel
from mapguard.report.context import Context
from mapguard.report.excerpt import short
from mapguard.report.pages import HOME, rule_page
from mapguard.report.source import SourceLines
from mapguard.report.words import held_at

_LONG = 1_000
_SEVERITIES = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.NOTE: "INFO"}


class _Position(msgspec.Struct, frozen=True):
    line: int
    column: int


class _Range(msgspec.Struct, frozen=True):
    start: _Position
    end: _Position


class _Location(msgspec.Struct, frozen=True):
    path: str
    range: _Range


class _Related(msgspec.Struct, frozen=True):
    message: str
    location: _Location


class _Code(msgspec.Struct, frozen=True):
    value: str
    url: str


class _Source(msgspec.Struct, frozen=True):
    name: str
    url: str


class _Diagnostic(msgspec.Struct, frozen=True, omit_defaults=True):
    message: str
    location: _Location
    severity: str
    code: _Code
    related_locations: tuple[_Related, ...] = ()


class _Result(msgspec.Struct, frozen=True):
    source: _Source
    diagnostics: tuple[_Diagnostic, ...]


def render(report: Report, context: Context) -> str:
    """One indented document with a final newline, worst first."""
    source = SourceLines(context.root)
    result = _Result(_Source("mapguard", HOME), tuple(_diagnostic(f, source) for f in report.findings))
    return channel.indented(result)


def _diagnostic(f: Finding, source: SourceLines) -> _Diagnostic:
    first = f.accesses[0]
    others = [a for a in f.accesses[1:] if (a.path, a.line, a.column) != (first.path, first.line, first.column)]
    related = [_related(a, f"{a.function} {VERBS[a.op]} the map, {held_at(a)}", source) for a in others]
    if f.map.declared is not None:
        related.append(_related(f.map.declared, "the map is declared here", source))
    return _Diagnostic(
        message="\n".join(brief.sentences(f)),
        location=_location(first, source),
        severity=_SEVERITIES[f.severity],
        code=_Code(f.rule, rule_page(f.rule)),
        related_locations=tuple(related),
    )


def _related(at: Access | Place, text: str, source: SourceLines) -> _Related:
    return _Related(short(text, _LONG), _location(at, source))


def _location(at: Access | Place, source: SourceLines) -> _Location:
    text = source.line(at.path, at.line)
    start, end = max(at.column, 1), max(at.end_column, at.column + 1, 2)
    line = max(at.line, 1)
    return _Location(at.path, _Range(_Position(line, _bytes(text, start)), _Position(line, _bytes(text, end))))


def _bytes(text: str, column: int) -> int:
    """A column in characters as one in bytes; behind the end of the line, or without the line, each character counts one."""
    before = text[: column - 1]
    return len(before.encode("utf-8", "surrogatepass")) + column - len(before)
