"""The report for a terminal: each finding as a short story that can be checked without opening an editor."""

from collections import Counter

import click

from mapguard.findings.model import Access, Finding, HeldLock, Report
from mapguard.report.context import Context
from mapguard.report.source import SourceLines

_COLORS = {"error": "red", "warning": "yellow", "note": "cyan"}
_OTHERS = 8


def render(report: Report, context: Context) -> str:
    writer = _Writer(context)
    for f in report.findings:
        writer.finding(f)
    if context.show_suppressed:
        for s in report.suppressed:
            first = s.finding.accesses[0]
            writer.line(writer.dim(f"suppressed {s.finding.rule} {first.path}:{first.line} ({s.by}: {s.reason or 'no reason'})"))
    writer.summary(report)
    return "\n".join(writer.out) + "\n"


class _Writer:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.source = SourceLines(context.root)
        self.out: list[str] = []

    def line(self, text: str = "") -> None:
        self.out.append(text.rstrip())

    def style(self, text: str, **how: object) -> str:
        return click.style(text, **how) if self.context.color else text  # type: ignore[arg-type]

    def dim(self, text: str) -> str:
        return self.style(text, dim=True)

    def place(self, path: str, line: int) -> str:
        return self.dim(f"{clean(path)}:{line}")

    def bold(self, text: str) -> str:
        return self.style(text, bold=True)

    # ------------------------------------------------------------ one finding

    def finding(self, f: Finding) -> None:
        label = self.style(str(f.severity), fg=_COLORS[str(f.severity)], bold=True)
        self.line(f"{label}{self.bold(f'[{f.rule}]')} {clean(f.message)}")
        declared = f.map.declared
        if declared is not None:
            name = f"{f.map.owner}.{f.map.name}" if f.map.owner else f.map.name
            self.line(f"  {self.dim('map')}    {self.bold(clean(name))} {clean(f.map.type)}  {self.place(declared.path, declared.line)}")
        if f.guard is not None:
            total = f.guard.held + f.guard.missed
            self.line(f"  {self.dim('guard')}  {self.bold(clean(f.guard.lock))} is held at {f.guard.held} of {total} accesses")
        first, *rest = f.accesses[: f.racing]
        self.thread("A", first)
        for other in rest:
            if other == first:
                self.line()
                self.line(f"  {self.bold('thread B')}  the same on another goroutine, at the same time")
            else:
                self.thread("B", other)
        self.others(f)
        for reason in f.reasons:
            self.line(f"  {self.dim('because')} {clean(reason)}")
        self.line(f"  {self.style('fix', fg='green')}    {clean(f.advice.text)}")
        self.line(f"  {self.dim(f'{f.confidence} confidence, fingerprint {f.fingerprint}; mapguard explain {f.rule}')}")
        self.line()

    def thread(self, label: str, access: Access) -> None:
        root = access.root
        if root is not None:
            many = ", many at a time" if root.many else ""
            self.line()
            self.line(f"  {self.bold(f'thread {label}')}  {_root(root.kind)} {clean(root.name)}{many}  {self.place(root.path, root.line)}")
        for step in access.trace:
            place = f"{clean(step.path)}:{step.line}"
            last = step is access.trace[-1]
            text = clean(self.source.line(step.path, step.line).strip()) or clean(step.text)
            mark = self.style("──▶", fg="red") if last else self.dim("│  ")
            self.line(f"    {mark} {text}  {self.dim(place)}")
            if last:
                self.line(
                    f"        {self.style(_VERBS[access.op], fg='red')} {clean(access.expression)}"
                    f" in {clean(step.function)}, {held(access.locks)}"
                )
            elif step.locks:
                self.line(f"    {self.dim('│')}   {held(step.locks)}")

    def others(self, f: Finding) -> None:
        rest = f.accesses[f.racing :]
        if not rest:
            return
        self.line()
        self.line(f"  {self.dim('other accesses')}")
        for access in rest[:_OTHERS]:
            self.line(f"    {access.op:<7} {clean(access.path)}:{access.line}  {clean(access.function)}  {self.dim(held(access.locks))}")
        if len(rest) > _OTHERS:
            self.line(self.dim(f"    and {len(rest) - _OTHERS} more (all of them in --format json and html)"))

    # ------------------------------------------------------------ the end

    def summary(self, report: Report) -> None:
        for gap in report.gaps:
            place = f"{clean(gap.path)}:{gap.line}" if gap.line else clean(gap.path)
            self.line(self.dim(f"not seen  {gap.reason} {place} {clean(gap.detail)}"))
        counts = Counter(str(f.severity) for f in report.findings)
        found = ", ".join(f"{counts[s]} {s if counts[s] == 1 else s + 's'}" for s in ("error", "warning", "note") if counts[s])
        s = report.stats
        head = (
            f"{len(report.findings)} {'map' if len(report.findings) == 1 else 'maps'} to look at ({found})"
            if found
            else "no unguarded map found"
        )
        tail = f"{s.files} files, {s.lines} lines, {s.maps} maps, {s.roots} entry points"
        if report.suppressed:
            tail += f", {len(report.suppressed)} suppressed"
        if report.gaps:
            tail += f", {len(report.gaps)} not seen"
        self.line(f"{self.bold(head)}; {tail}")
        if self.context.stats:
            self.stats(report)

    def stats(self, report: Report) -> None:
        s = report.stats
        self.line()
        share = f"{100 * s.calls_resolved / s.calls_in_tree:.1f} %" if s.calls_in_tree else "-"
        self.line(f"functions {s.functions}; calls {s.calls}, in the tree {s.calls_in_tree}, resolved {s.calls_resolved} ({share})")
        if s.map_expressions:
            typed = 100 * s.map_expressions_typed / s.map_expressions
            self.line(f"map expressions {s.map_expressions}, typed {s.map_expressions_typed} ({typed:.1f} %)")
        if s.read_for_types:
            self.line(f"read for types: {', '.join(clean(p) for p in s.read_for_types)}")
        for name, count in sorted(s.pairs.items()):
            self.line(f"pairs {name:<20} {count}")
        self.line("seconds " + ", ".join(f"{k} {v:.2f}" for k, v in s.seconds.items()))


_VERBS = {
    "write": "writes",
    "delete": "deletes from",
    "read": "reads",
    "range": "iterates over",
    "len": "takes len of",
    "replace": "replaces",
}


def _root(kind: str) -> str:
    return {"goroutine": "goroutine", "http": "HTTP handler", "grpc": "gRPC method", "exported": "exported", "unknown": "called from"}.get(
        kind, kind
    )


def held(locks: tuple[HeldLock, ...]) -> str:
    if not locks:
        return "holding no lock"
    return "holding " + ", ".join(f"{clean(h.lock)}{' (read)' if h.mode == 'read' else ''}" for h in locks)


def clean(text: str) -> str:
    """Text from the scanned repository without control characters: a file name must not drive the terminal."""
    return "".join(c if c.isprintable() or c == " " else "\N{REPLACEMENT CHARACTER}" for c in text)
