"""Go fixtures with expectations in comments, compared with a report.

On the line of the access that breaks the rule: ``// want RULE "regexp"`` (the regexp is searched in the message) or
``// want-any "regexp"`` when any rule will do. ``// FN reason`` marks a known miss, ``// FP reason`` known noise; both fail when
they become outdated. A finding is on a line when one of its racing accesses is. A package without expectations must be silent.

The first line of a package says its row of docs/semantics.md and its kind: ``// Row: S6 REPORT``. REPORT packages race and give
findings, SILENT ones do neither, NOTE ones give findings and do not race, TESTS ones race and give findings only when tests are
analysed.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mapguard.findings.model import Finding

_WANT = re.compile(r'\bwant (?P<rule>[a-z-]+) "(?P<text>[^"]*)"|\bwant-any "(?P<any>[^"]*)"')
_KNOWN = re.compile(r"//\s*(FN|FP)\b\s*(.*)$")
_ROW = re.compile(r"\A// Row: (?P<row>[A-Z]\d+) (?P<kind>REPORT|SILENT|NOTE|TESTS)$", re.MULTILINE)
DRIVER = "drive_test.go"  # exercises a package under the race detector; never analysed


class Want(NamedTuple):
    path: str
    line: int
    rule: str  # "" for any
    text: str


class Known(NamedTuple):
    path: str
    line: int
    kind: str  # FN or FP
    reason: str


class Fixture(NamedTuple):
    """One Go package: ``name`` is its folder below the fixtures' root."""

    name: str
    row: str
    kind: str
    wants: tuple[Want, ...]
    known: tuple[Known, ...]


def fixtures(root: Path) -> list[Fixture]:
    """All packages below ``root`` that state a row of the specification, each with the packages in its subfolders."""
    files = [f for f in sorted(root.rglob("*.go")) if f.name != DRIVER and not any(p.startswith("_") for p in f.relative_to(root).parts)]
    rows = {f.parent: m for f in files if (m := _ROW.search(f.read_text("utf-8")))}
    out = []
    for folder, row in sorted(rows.items()):
        own = [f for f in files if folder in f.parents]
        wants = tuple(w for f in own for w in _wants(f, root))
        known = tuple(k for f in own for k in _known(f, root))
        out.append(Fixture(folder.relative_to(root).as_posix(), row["row"], row["kind"], wants, known))
    return out


def _wants(file: Path, root: Path) -> Iterable[Want]:
    path = file.relative_to(root).as_posix()
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        found = list(_WANT.finditer(line))
        if not found and re.search(r"//\s*want", line):
            raise ValueError(f"{path}:{number}: not an expectation: {line.strip()}")
        for m in found:
            yield Want(path, number, m["rule"] or "", m["text"] if m["rule"] else m["any"])


def _known(file: Path, root: Path) -> Iterable[Known]:
    path = file.relative_to(root).as_posix()
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if m := _KNOWN.search(line):
            yield Known(path, number, m[1], m[2])


def problems(fixture: Fixture, findings: Iterable[Finding]) -> list[str]:
    """What differs between the expectations of one package and the findings in it; empty when all is well."""
    here = [f for f in findings if any(a.path.startswith(fixture.name + "/") for a in f.accesses[: f.racing])]
    unexplained = list(here)
    out: list[str] = []
    for want in fixture.wants:
        hits = [f for f in here if _on(f, want.path, want.line) and want.rule in ("", f.rule) and re.search(want.text, f.message)]
        if not hits:
            near = [f"{f.rule}: {f.message}" for f in here if re.search(want.text, f.message)]
            out.append(
                f"{want.path}:{want.line}: no finding {want.rule or '(any rule)'} {want.text!r}{'; there is ' + near[0] if near else ''}"
            )
        for f in hits:
            if f in unexplained:
                unexplained.remove(f)
    for mark in fixture.known:
        hits = [f for f in here if _on(f, mark.path, mark.line)]
        if not mark.reason:
            out.append(f"{mark.path}:{mark.line}: {mark.kind} without a reason")
        if mark.kind == "FN" and hits:
            out.append(f"{mark.path}:{mark.line}: the known miss is found now: make it a want")
        if mark.kind == "FP":
            if not hits:
                out.append(f"{mark.path}:{mark.line}: the known noise is gone: remove the mark")
            unexplained = [f for f in unexplained if f not in hits]
    out.extend(f"{f.accesses[0].path}:{f.accesses[0].line}: unexpected {f.rule}: {f.message}" for f in unexplained)
    return out


def _on(f: Finding, path: str, line: int) -> bool:
    return any(a.path == path and a.line == line for a in f.accesses[: f.racing])
