"""The report as the summary of a job: a table of the findings, then each one folded; it ends before GitHub's limit and says so."""

from collections import Counter

from mapguard.findings.model import Access, Finding, Report, Step
from mapguard.findings.words import VERBS
from mapguard.report import channel
from mapguard.report.context import Context
from mapguard.report.inforce import no_findings, sentences
from mapguard.report.links import line_link
from mapguard.report.markup import code, link, listing, plain, prose, step
from mapguard.report.terminal import counted
from mapguard.report.words import guarding, held_at, many, provenance, root_kind

LIMIT = 850_000  # bytes; GitHub drops a summary of more than 1 MiB as a whole
ROWS = 200
_RESERVED = 1_000  # bytes for what is said at the end
_GAPS = 20
_MARKS = {"error": "❌", "warning": "⚠️", "note": "\N{INFORMATION SOURCE}\ufe0f"}


def render(report: Report, context: Context) -> str:
    """Worst first. Everything that comes from the code is written as character references, so that it is no Markdown."""
    page = _Page()
    page.add(f"### mapguard: {_headline(report)}\n\n{_seen(report)}\n\n")
    for sentence in sentences(report.in_force):
        page.add(f"{plain(sentence, 1_000)}\n\n")
    if report.findings:
        page.add("| | map | where | what |\n|---|---|---|---|\n")
        for f in report.findings[:ROWS]:
            page.add(_row(f, context))
        if len(report.findings) > ROWS:
            page.add(f"| | | | and {len(report.findings) - ROWS} more |\n")
        page.add("\n")
    for f in report.findings:
        if not page.add(_details(f, context)):
            break
    page.end(report)
    return page.text()


class _Page:
    """Collects parts while they fit."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._left = LIMIT - _RESERVED
        self.told = 0

    def add(self, part: str) -> bool:
        size = len(part.encode("utf-8", "backslashreplace"))
        fits = size <= self._left
        if fits:
            self._parts.append(part)
            self._left -= size
            self.told += part.startswith("<details>")
        return fits

    def end(self, report: Report) -> None:
        untold = len(report.findings) - self.told
        if untold:
            self._parts.append(
                f"{counted(untold, 'more finding')} left out: a job summary holds no more. The JSON and HTML reports have all.\n\n"
            )
        for gap in report.gaps[:_GAPS]:
            place = f"{gap.path}:{gap.line}" if gap.line else gap.path
            self.add(f"- not analysed in full: {code(place)} {plain(f'{gap.reason} {gap.detail}'.strip())}\n")
        if len(report.gaps) > _GAPS:
            self._parts.append(f"- and {len(report.gaps) - _GAPS} more\n")

    def text(self) -> str:
        return channel.markup("".join(self._parts))


def _headline(report: Report) -> str:
    if not report.findings:
        return no_findings(report)
    counts = Counter(str(f.severity) for f in report.findings)
    kinds = ", ".join(counted(counts[kind], kind) for kind in ("error", "warning", "note") if counts[kind])
    return f"{counted(len(report.findings), 'finding')} ({kinds})"


def _seen(report: Report) -> str:
    s = report.stats
    read = counted(s.files, "file") + (f" (for {s.asked} asked)" if s.asked != s.files else "")
    seen = ", ".join((read, counted(s.lines, "line"), counted(s.maps, "map"), counted(s.roots, "entry point")))
    return f"{seen} analysed" + (f"; {len(report.suppressed)} suppressed" if report.suppressed else "") + "."


def _row(f: Finding, context: Context) -> str:
    first = f.accesses[0]
    return f"| {_MARKS[f.severity]} | {code(f.map.title)} | {_place(first, context)} | {plain(f.rule)}, {f.confidence} confidence |\n"


def _details(f: Finding, context: Context) -> str:
    racing = f.accesses[: f.racing]
    lines = [f"<details><summary>{_MARKS[f.severity]} {prose(f.message)}</summary>", ""]
    if f.guard is not None:
        lines += [f"{code(f.guard.lock)} {plain(guarding(f))}.", ""]
    for label, access in zip("AB", racing, strict=False):
        if label == "B" and access == racing[0]:
            lines += ["**Thread B**: the same code, run by another goroutine at the same time.", ""]
        else:
            lines += [*_thread(label, access, context), ""]
    for label, steps in provenance(f):
        heading = "The map is made" if label == "made" else f"How {label} get{'' if ' ' in label else 's'} it"
        lines += [f"**{heading}**:", "", *(f"- {_place(at, context)} {step(at.text)}" for at in steps), ""]
    if f.sharing.apart:
        lines += [f"**Between them**: {prose(f.sharing.apart)}", ""]
    lines += [f"- {prose(reason)}" for reason in f.reasons]
    lines += ["", f"**Fix**: {prose(f.advice.text)}", ""]
    if f.advice.patch:
        lines += [listing(f.advice.patch, "diff"), ""]
    elif f.advice.sketch:
        lines += [listing(f.advice.sketch), ""]
    if f.advice.test:
        lines += [f"**Test**: {code(f.advice.test)}{f' ({plain(f.advice.tested)})' if f.advice.tested else ''}", ""]
    elif f.advice.tested:
        lines += [f"**Test**: {plain(f.advice.tested)}", ""]
    return "\n".join([*lines, "</details>", "", ""])


def _thread(label: str, access: Access, context: Context) -> list[str]:
    root = access.root
    at_once = ", many at a time" if root is not None and many(root) else ""
    start = f"{root_kind(root)} {code(root.name)}{at_once}" if root is not None else "from an unknown start"
    lines = [f"**Thread {label}**: {start}", ""]
    for number, at in enumerate(access.trace, 1):
        last = number == len(access.trace)
        text = f"**{VERBS[access.op]} the map**, {plain(held_at(access))}" if last else step(at.text)
        lines.append(f"{number}. {_place(at, context)} {text}")
    return lines


def _place(at: Access | Step, context: Context) -> str:
    return link(code(f"{at.path}:{at.line}"), line_link(context, at.path, at.line))
