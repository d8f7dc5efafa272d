"""The report for a terminal: each finding as a short story that can be checked without opening an editor."""

import textwrap
from collections import Counter

from mapguard.findings.model import Finding, Report, Stats
from mapguard.report.context import Context
from mapguard.report.excerpt import clean
from mapguard.report.story import Story
from mapguard.report.terminal import Page, counted

_GAPS = 10


def render(report: Report, context: Context) -> str:
    """The whole report; ``context`` says how wide, in colour or not, and how much of it."""
    page = Page(context.color, context.width)
    story = Story(page, context)
    for f in report.findings:
        story.tell(f)
    if context.show_suppressed and report.suppressed:
        page.line(page.bold("suppressed"))
        for s in report.suppressed:
            why = s.reason or "no reason given"
            page.line(f"  {_place(s.finding)}  {s.finding.rule}  {page.dim(clean(f'{s.by}: {why}'))}")
        page.line()
    _gaps(page, report, context)
    if context.notices:
        page.line(page.bold("to put right"))
        for notice in context.notices:
            page.wrapped(clean(notice.show()), "  ")
        page.line()
    _summary(page, report, context)
    if context.stats:
        _stats(page, report.stats)
    return page.text()


def _place(f: Finding) -> str:
    return clean(f"{f.accesses[0].path}:{f.accesses[0].line}")


def _gaps(page: Page, report: Report, context: Context) -> None:
    if not report.gaps:
        return
    page.line(page.bold("not analysed"))
    shown = report.gaps if context.full or context.stats else report.gaps[:_GAPS]
    for gap in shown:
        place = f"{gap.path}:{gap.line}" if gap.line else gap.path
        page.line(f"  {clean(place)}  {page.dim(clean(f'{gap.reason} {gap.detail}'.strip()))}")
    if len(shown) < len(report.gaps):
        page.line(page.dim(f"  and {len(report.gaps) - len(shown)} more (--stats lists all)"))
    page.line()


def _summary(page: Page, report: Report, context: Context) -> None:
    counts = Counter(str(f.severity) for f in report.findings)
    s = report.stats
    if report.findings:
        kinds = ", ".join(counted(counts[kind], kind) for kind in ("error", "warning", "note") if counts[kind])
        head = f"{counted(len(report.findings), 'finding')}: {kinds}"
    else:
        head = "Nothing left to report" if report.suppressed else "No unguarded map found"
    parts = [head]
    if report.suppressed:
        parts.append(f"{len(report.suppressed)} suppressed")
    if report.gaps:
        parts.append(f"{counted(len(report.gaps), 'gap')} in what was analysed")
    seen = f"{counted(s.files, 'file')}, {counted(s.lines, 'line')}, {counted(s.maps, 'map')}, {counted(s.roots, 'entry point')}"
    parts.append(seen if context.elapsed is None else f"{seen} in {context.elapsed:.1f} s")
    if s.asked != s.files:
        parts.append(f"read {counted(s.files, 'file')} for {s.asked} asked")
    lines = textwrap.wrap("; ".join(parts), max(page.width, 40)) or [""]
    page.line(page.bold(lines[0]))
    for line in lines[1:]:
        page.line(line)


def _stats(page: Page, s: Stats) -> None:
    rows = [
        ("functions", f"{s.functions}"),
        (
            "calls",
            f"{s.calls}; {s.calls_in_tree} into the tree, {s.calls_resolved} of them resolved{_share(s.calls_resolved, s.calls_in_tree)}",
        ),
    ]
    if s.map_expressions:
        typed = _share(s.map_expressions_typed, s.map_expressions)
        rows.append(("map expressions", f"{s.map_expressions}, {s.map_expressions_typed} typed{typed}"))
    rows.append(("read for types", clean(", ".join(s.read_for_types)) or "nothing outside the scanned files"))
    rows.extend((f"pairs {name}", str(count)) for name, count in sorted(s.pairs.items()))
    rows.extend((f"seconds {name}", f"{seconds:.2f}") for name, seconds in s.seconds.items())
    page.line()
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        page.line(f"{page.dim(f'{name:<{width}}')}  {value}")


def _share(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.1f} %)" if whole else ""
