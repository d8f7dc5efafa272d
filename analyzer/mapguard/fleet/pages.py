"""Records and the JSON reports beside them to what covers all repositories: findings.jsonl, repositories.jsonl and index.html.

The bytes depend on the list and on what was found, not on the order in which repositories were done, nor on when.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec

from mapguard import __version__
from mapguard.base import files
from mapguard.findings.model import MapInfo
from mapguard.fleet.listing import Entry
from mapguard.fleet.run import report
from mapguard.fleet.state import Record
from mapguard.report import channel, templates

_SEVERITIES = ("error", "warning", "note")


class _Access(msgspec.Struct, frozen=True):
    path: str
    line: int
    function: str


class _Finding(msgspec.Struct, frozen=True):
    """What the page shows of a finding."""

    rule: str
    severity: str
    confidence: str
    fingerprint: str
    map: MapInfo
    accesses: tuple[_Access, ...]


class _Stats(msgspec.Struct, frozen=True):
    files: int
    lines: int


class _Report(msgspec.Struct, frozen=True):
    findings: tuple[msgspec.Raw, ...]
    gaps: tuple[msgspec.Raw, ...]
    stats: _Stats


class _Line(msgspec.Struct, frozen=True):
    """A line of findings.jsonl: ``finding`` as in the JSON report."""

    repository: str
    commit: str
    new: bool
    finding: msgspec.Raw


class Row(msgspec.Struct, frozen=True):
    """A repository in the table, and a line of repositories.jsonl. ``rules`` counts its findings by rule."""

    repository: str
    commit: str
    failed: str
    findings: int
    new: int
    severities: dict[str, int]
    rules: dict[str, int]
    gaps: int
    files: int
    lines: int


class Shown(msgspec.Struct, frozen=True):
    """A finding in the list: where it is explained, and what a search looks in."""

    repository: str
    finding: _Finding
    new: bool
    address: str
    text: str


def write(entries: Sequence[Entry], records: Sequence[Record], out: Path) -> list[Row]:
    """Writes the three files; the rows, in the order of the entries."""
    rows: list[Row] = []
    shown: list[Shown] = []
    lines = out / ".findings.jsonl"
    with lines.open("wb") as stream:
        for entry, record in zip(entries, records, strict=True):
            found = _report(out, entry) if not record.failed else None
            raw = found.findings if found is not None else ()
            known = [msgspec.json.decode(one, type=_Finding) for one in raw]
            for one, finding in zip(raw, known, strict=True):
                line = _Line(record.name, record.commit, finding.fingerprint in record.new, one)
                stream.write(msgspec.json.format(msgspec.json.encode(line), indent=-1) + b"\n")
            shown.extend(_shown(entry, record, known))
            rows.append(_row(record, found, known))
    lines.replace(out / "findings.jsonl")
    files.write(out / "repositories.jsonl", b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    files.write(out / "index.html", _index(entries, rows, shown).encode("utf-8", "backslashreplace"))
    return rows


def address(entry: Entry, name: str) -> str:
    """A report, as the page links to it."""
    return f"repositories/{quote(f'{entry.file}.{name}')}"


def _report(out: Path, entry: Entry) -> _Report:
    return msgspec.json.decode(report(out, entry, "json").read_bytes(), type=_Report)


def _shown(entry: Entry, record: Record, findings: list[_Finding]) -> Iterator[Shown]:
    for f in findings:
        first = f.accesses[0]
        words = (record.name, f.rule, f.map.title, f.map.package, f"{first.path}:{first.line}", first.function, f.fingerprint)
        yield Shown(
            record.name, f, f.fingerprint in record.new, f"{address(entry, 'html')}#f-{quote(f.fingerprint)}", " ".join(words).lower()
        )


def _row(record: Record, found: _Report | None, findings: list[_Finding]) -> Row:
    severities = Counter(f.severity for f in findings)
    return Row(
        repository=record.name,
        commit=record.commit,
        failed=record.failed,
        findings=len(findings),
        new=sum(f.fingerprint in record.new for f in findings),
        severities={name: severities[name] for name in _SEVERITIES if severities[name]},
        rules=dict(sorted(Counter(f.rule for f in findings).items())),
        gaps=len(found.gaps) if found is not None else 0,
        files=found.stats.files if found is not None else 0,
        lines=found.stats.lines if found is not None else 0,
    )


def _index(entries: Sequence[Entry], rows: list[Row], shown: list[Shown]) -> str:
    rules: Counter[str] = Counter()
    for row in rows:
        rules.update(row.rules)
    style, script = templates.own("report.css", "fleet.css"), templates.own("fleet.js")
    by_findings = sorted(zip(entries, rows, strict=True), key=lambda pair: (-pair[1].findings, pair[1].repository))
    severity = {name: number for number, name in enumerate(_SEVERITIES)}
    document = (
        templates.environment()
        .get_template("fleet.html.j2")
        .render(
            rows=[(row, address(entry, "html"), address(entry, "sarif")) for entry, row in by_findings],
            shown=sorted(shown, key=lambda s: (severity.get(s.finding.severity, 9), s.repository)),
            rules=sorted(rules.items(), key=lambda pair: (-pair[1], pair[0])),
            total=sum(row.findings for row in rows),
            new=sum(row.new for row in rows),
            failed=sum(bool(row.failed) for row in rows),
            files=sum(row.files for row in rows),
            lines=sum(row.lines for row in rows),
            severities=_SEVERITIES,
            version=__version__,
            style=style,
            script=script,
            policy=templates.policy(style, script),
        )
    )
    return channel.markup(document)
