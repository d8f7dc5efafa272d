"""The report for a terminal: each finding as a short story that can be checked without opening an editor."""

import textwrap
from collections import Counter

from mapguard.base.gap import Gap
from mapguard.findings.model import Finding, Report, Stats
from mapguard.report.context import Context
from mapguard.report.excerpt import clean, short
from mapguard.report.gaps import grouped
from mapguard.report.inforce import no_findings, sentences
from mapguard.report.source import SourceLines
from mapguard.report.story import Story
from mapguard.report.terminal import Page, counted

_GAPS = 10
_NAMES = 3


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
            page.line(f"  {_place(s.finding, context)}  {s.finding.rule}  {page.dim(clean(f'{s.by}: {why}'))}")
        page.line()
    _gaps(page, report, context)
    if context.notices:
        page.line(page.bold("to put right"))
        for notice in context.notices:
            page.wrapped(clean(notice.show(context.shown)), "  ")
        page.line()
    _summary(page, report, context)
    if context.stats:
        _stats(page, report.stats)
    return page.text()


def _place(f: Finding, context: Context) -> str:
    return clean(f"{context.shown(f.accesses[0].path)}:{f.accesses[0].line}")


def _gaps(page: Page, report: Report, context: Context) -> None:
    """Ten lines at most: one for each reason, the rest for the first places of each, in turn."""
    groups = grouped(report.gaps, SourceLines(context.root))
    if not groups:
        return
    page.line(page.bold("not analysed in full"))
    everything = context.full or context.stats
    room = _GAPS - len(groups)
    shown = [0] * len(groups)
    for turn in range(max(len(g.gaps) for g in groups)):
        for number, group in enumerate(groups):
            if turn < len(group.gaps) and (everything or sum(shown) < room):
                shown[number] += 1
    for group, count in zip(groups, shown, strict=True):
        hidden = len(group.functions)
        more = f", {len(group.gaps) - count} not listed (-v lists all)" if count < len(group.gaps) else ""
        hides = f", hiding {counted(hidden, 'function')}" if hidden else ""
        page.line(f"  {group.words}: {counted(len(group.gaps), 'place')}{hides}{more}")
        for gap, names in group.gaps[:count]:
            place = clean(f"{context.shown(gap.path)}:{gap.line}" if gap.line else context.shown(gap.path))
            page.line(f"    {place}  {page.dim(short(_told(gap, names), max(page.width - len(place) - 6, 20)))}")
    page.line()


def _told(gap: Gap, names: tuple[str, ...]) -> str:
    functions = ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
    return ": ".join(part for part in (functions, gap.detail) if part)


def _summary(page: Page, report: Report, context: Context) -> None:
    counts = Counter(str(f.severity) for f in report.findings)
    s = report.stats
    if report.findings:
        kinds = ", ".join(counted(counts[kind], kind) for kind in ("error", "warning", "note") if counts[kind])
        head = f"{counted(len(report.findings), 'finding')}: {kinds}"
    else:
        head = no_findings(report).capitalize()
    parts = [head]
    if report.suppressed:
        parts.append(f"{len(report.suppressed)} suppressed")
    if report.gaps:
        parts.append(f"{counted(len(report.gaps), 'gap')} in what was analysed")
    read = counted(s.files, "file") if s.asked == s.files else f"read {counted(s.files, 'file')} for {s.asked} asked"
    seen = f"{read}, {counted(s.lines, 'line')}, {counted(s.maps, 'map')}, {counted(s.roots, 'entry point')}"
    parts.append(seen if context.elapsed is None else f"{seen} in {context.elapsed:.1f} s")
    if s.support_files or s.support_functions:
        more = [counted(n, word) for n, word in ((s.support_files, "file"), (s.support_functions, "function")) if n]
        parts.append(
            f"{' and '.join(more)} {'serves' if more == ['1 file'] or more == ['1 function'] else 'serve'} tests only (--tests counts them)"
        )
    lines = textwrap.wrap("; ".join(parts), max(page.width, 40)) or [""]
    page.line(page.bold(lines[0]))
    for line in lines[1:]:
        page.line(line)
    for sentence in sentences(report.in_force):
        page.wrapped(clean(sentence))


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
