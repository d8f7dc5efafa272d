"""A report to what the templates of the HTML report show: an entry for each finding, the facets to filter by, counts, excerpts."""

import re
from collections import Counter
from collections.abc import Iterable

import msgspec
from markupsafe import Markup, escape

from mapguard.findings.model import Access, Finding, Report, Step
from mapguard.findings.rules import Rule
from mapguard.report.context import Context
from mapguard.report.diagram import Diagram, diagram
from mapguard.report.gaps import GapGroup, grouped
from mapguard.report.highlight import CodeLine, code, visible
from mapguard.report.inforce import sentences
from mapguard.report.source import SourceLines

# 'quoted', (*Type).Method, a.b.c (but not part of a path)
_NAMES = re.compile(r"'([^'\n]{1,160})'|(\(\*?\w+\)\.[\w.]*\w|(?<![\w./])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?![\w/:]))")
_PARTS = re.compile(r"[^./\[(]*[./\[(]+|[^./\[(]+")
_ON_THE_WAY, _AT_ACCESS = 1, 3


class Option(msgspec.Struct, frozen=True):
    """One value to filter by, and how many findings have it."""

    value: str
    label: str
    count: int


class Facet(msgspec.Struct, frozen=True):
    """What findings are filtered by: the attribute ``data-<key>`` of an entry."""

    key: str
    title: str
    options: tuple[Option, ...]


class Entry(msgspec.Struct, frozen=True):
    """One finding: ``anchor`` is its id in the page, ``text`` what a search looks in, ``same``: both threads take the same way."""

    finding: Finding
    anchor: str
    title: str
    text: str
    racing: tuple[Access, Access]
    same: bool
    picture: Diagram


class Page(msgspec.Struct, frozen=True):
    """Everything on the page but the excerpts. ``subject`` is the repository, or what all packages start with."""

    subject: str
    report: Report
    entries: tuple[Entry, ...]
    facets: tuple[Facet, ...]
    severities: tuple[tuple[str, int], ...]
    files: int
    rules: tuple[Rule, ...]
    gaps: tuple[GapGroup, ...]
    in_force: tuple[str, ...]


class Excerpts:
    """The lines around steps and declarations, each excerpt made once: many findings pass the same places."""

    def __init__(self, context: Context) -> None:
        self._source = SourceLines(context.root)
        self._made: dict[tuple[str, int, int, int, int], tuple[CodeLine, ...]] = {}

    def of_step(self, step: Step, last: bool) -> tuple[CodeLine, ...]:
        return self.at(step.path, step.line, step.column, step.end_column, _AT_ACCESS if last else _ON_THE_WAY)

    def at(self, path: str, line: int, column: int, end_column: int, around: int) -> tuple[CodeLine, ...]:
        key = (path, line, column, end_column, around)
        if key not in self._made:
            self._made[key] = code(self._source.lines(path), line, column, end_column, around)
        return self._made[key]


def page(report: Report, context: Context) -> Page:
    """The page of a report, in the report's order."""
    findings = report.findings
    known = Counter(f.fingerprint for f in findings)
    entries = tuple(_entry(f, n, known[f.fingerprint] == 1) for n, f in enumerate(findings, 1))
    rules = tuple(r for r in context.rules if any(f.rule == r.id for f in findings))
    common = _common([f.map.package for f in findings])
    facets = (
        Facet("severity", "Severity", _options((f.severity for f in findings), ("error", "warning", "note"))),
        Facet("confidence", "Confidence", _options((f.confidence for f in findings), ("high", "medium", "low"))),
        Facet("rule", "Rule", _options(f.rule for f in findings)),
        Facet("package", "Package", _options((f.map.package for f in findings), cut=common)),
    )
    counts = Counter(str(f.severity) for f in findings)
    severities = tuple((name, counts[name]) for name in ("error", "warning", "note") if counts[name])
    places = {f.accesses[0].path for f in findings if f.accesses}
    subject = context.remote.removeprefix("https://") or common
    gaps = grouped(report.gaps, SourceLines(context.root))
    in_force = tuple(sentences(report.in_force))
    return Page(subject, report, entries, facets, severities, len(places), rules, tuple(gaps), in_force)


def headline(step: Step, shown: bool) -> str:
    """What happens at a step. Its text goes on with the source after a colon: not where an excerpt is ``shown``."""
    return step.text.partition(": ")[0] if shown else step.text


def breakable(text: str) -> Markup:
    """A name or a path that a narrow column may break after its dots, slashes and brackets, and nowhere else."""
    return Markup("<wbr>").join(_PARTS.findall(visible(text)))


def prose(text: str) -> Markup:
    """A sentence whose 'quoted' and qualified names are code."""
    text, parts, at = visible(text), [], 0
    for found in _NAMES.finditer(text):
        parts += [escape(text[at : found.start()]), Markup("<code>{}</code>").format(found[1] or found[2])]
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def _entry(f: Finding, number: int, unique: bool) -> Entry:
    anchor = f"f-{f.fingerprint}" if f.fingerprint and unique else f"n-{number}"
    first = f.accesses[0]
    second = f.accesses[1] if f.racing > 1 and len(f.accesses) > 1 else first
    same = first == second or (first.trace == second.trace and first.root == second.root and bool(first.trace))
    return Entry(f, anchor, f.map.title, _search_text(f), (first, second), same, diagram(first, second, f.map.title, f.sharing.made))


def _search_text(f: Finding) -> str:
    words = [f.rule, f.map.title, f.message, f.map.package, f.map.type, f.fingerprint]
    for access in f.accesses:
        words += [f"{access.path}:{access.line}", access.function, access.expression, *(lock.lock for lock in access.locks)]
        words += [access.root.name] if access.root is not None else []
        words += [part for step in access.trace for part in (f"{step.path}:{step.line}", step.function)]
    return " ".join(dict.fromkeys(" ".join(words).lower().split()))


def _options(values: Iterable[str], order: tuple[str, ...] = (), cut: str = "") -> tuple[Option, ...]:
    counts = Counter(str(value) for value in values)
    names = [name for name in order if name in counts] or sorted(counts)
    return tuple(Option(name, name.removeprefix(f"{cut}/") if cut else name, counts[name]) for name in names)


def _common(packages: list[str]) -> str:
    """The path that all packages start with."""
    if not packages:
        return ""
    low, high = min(packages).split("/"), max(packages).split("/")
    return "/".join(a for n, a in enumerate(low) if low[: n + 1] == high[: n + 1])
