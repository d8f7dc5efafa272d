"""One finding to lines: the map, its guard, the two threads step by step with the locks held, the other accesses, reasons and advice."""

import shlex

from mapguard.findings.model import Access, Finding, HeldLock, RootInfo, Step
from mapguard.findings.words import VERBS
from mapguard.report.context import Context
from mapguard.report.excerpt import clean, excerpt, short
from mapguard.report.source import SourceLines
from mapguard.report.terminal import Page
from mapguard.report.words import guarding, held, held_at, many, provenance, root_kind

_OTHERS = 8
_PLACES = 3


class Story:
    """Writes findings on a page, with source lines from below the root."""

    def __init__(self, page: Page, context: Context) -> None:
        self._page = page
        self._shown = context.shown
        self._full = context.full
        self._evidence = context.evidence
        self._rules = {r.id: r for r in context.rules}
        self._source = SourceLines(context.root)

    def tell(self, f: Finding) -> None:
        page, first = self._page, f.accesses[0]
        place = clean(f"{self._shown(first.path)}:{first.line}:{first.column}")
        page.line(f"{page.severity(f'{f.severity}[{f.rule}]', f.severity)} {page.bold(place)}")
        page.wrapped(clean(f.message), "  ")
        page.line()
        self._map(f)
        self._guard(f)
        page.line()
        racing = f.accesses[: f.racing]
        for label, access in zip("AB", racing, strict=False):
            if label == "B" and access == racing[0]:
                page.line(f"  {page.bold('thread B')}  the same code, run by another goroutine at the same time")
                page.line()
            else:
                self._thread(label, access)
        self._sharing(f)
        self._others(f)
        for number, reason in enumerate(f.reasons):
            page.labelled("" if number else "why", clean(reason))
        page.labelled("fix", clean(f.advice.text), "green")
        if f.advice.patch:
            self._patch(f.advice.patch)
        elif f.advice.sketch:
            page.line()
            for text in f.advice.sketch.splitlines():
                page.line(page.dim(clean(f"            {text}".expandtabs(4))))
            page.line()
        if f.advice.test or f.advice.tested:
            page.labelled("test", clean(self._from_here(f.advice.test) or f.advice.tested))
        if f.advice.test and f.advice.tested:
            page.labelled("", clean(f.advice.tested))
        page.labelled("", f"{f.confidence} confidence; fingerprint {f.fingerprint}; mapguard explain {f.rule}")
        if self._evidence:
            self._more(f)
        page.line()

    # ------------------------------------------------------------ the map and its guard

    def _map(self, f: Finding) -> None:
        kind = {"global": "package variable ", "local": "local ", "param": "parameter "}.get(f.map.kind, "")
        declared = f.map.declared
        where = f", declared at {self._shown(declared.path)}:{declared.line}" if declared is not None else ""
        self._page.labelled("map", clean(f"{kind}{f.map.title} {f.map.type}{where}"))

    def _guard(self, f: Finding) -> None:
        if f.guard is None:
            return
        text = f"{f.guard.lock} {guarding(f)}"
        places = [f"{self._shown(p.path)}:{p.line}" for p in f.guard.without]
        if places:
            more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
            text += f"; not at {', '.join(places[:_PLACES])}{more}"
        self._page.labelled("guard", clean(text))

    # ------------------------------------------------------------ threads

    def _thread(self, label: str, access: Access) -> None:
        page = self._page
        page.line(f"  {page.bold(f'thread {label}')}  {self._start(access.root)}")
        digits = max((len(str(s.line)) for s in access.trace), default=1)
        path = ""
        locks: tuple[HeldLock, ...] = ()
        for number, step in enumerate(access.trace, 1):
            if step.path != path or self._evidence:
                page.line(f"    {page.dim(clean(f'{self._shown(step.path)}:{step.line}'))}")
            last = number == len(access.trace)
            note = f"in {clean(step.function)}, {held(step.locks)}" if self._evidence else _change(locks, step.locks)
            self._step(step, digits, f"{VERBS[access.op]} the map, {held_at(access)}" if last else note, last)
            path, locks = step.path, step.locks
        page.line()

    def _start(self, root: RootInfo | None) -> str:
        if root is None:
            return "from an unknown start"
        at_once = ", many at a time" if many(root) else ""
        return f"{root_kind(root)} {clean(root.name)}{at_once}, {clean(f'{self._shown(root.path)}:{root.line}')}"

    def _step(self, step: Step, digits: int, note: str, last: bool) -> None:
        page = self._page
        line = self._source.line(step.path, step.line)
        bar = page.dim("│")
        if not line.strip():
            page.line(f"    {page.dim(f'{step.line:>{digits}}')} {bar} {clean(step.text)}")
        else:
            shown = excerpt(line, step.column, step.end_column, page.width - digits - 8)
            page.line(f"    {page.dim(f'{step.line:>{digits}}')} {bar} {shown.text}")
            if last:
                marks = page.colored("^" * shown.length, "red")
                fits = digits + 8 + shown.offset + shown.length + len(note) < page.width
                page.line(f"    {'':>{digits}} {bar} {'':>{shown.offset}}{marks}{f' {note}' if fits else ''}")
                note = "" if fits else note
        if note:
            page.line(f"    {'':>{digits}} {bar} {note if last else page.dim(note)}")

    # ------------------------------------------------------------ how both threads have the map

    def _sharing(self, f: Finding) -> None:
        """Where the map is made, how each thread gets it, and what there is between them."""
        page, parts = self._page, provenance(f)
        if not parts and not f.sharing.apart:
            return
        page.line(f"  {page.bold('one map')}")
        places = [clean(f"{self._shown(step.path)}:{step.line}") for _, steps in parts for step in steps]
        width = min(max(map(len, places), default=0), page.width // 2)
        for label, steps in parts:
            for number, step in enumerate(steps):
                place = clean(f"{self._shown(step.path)}:{step.line}")
                head = f"    {'' if number else label:<7}  {page.dim(f'{place:<{width}}')}  "
                page.wrapped(clean(step.text.partition(": ")[0]), head, " " * (15 + width))
        if f.sharing.apart:
            page.wrapped(clean(f.sharing.apart), f"    {'between':<7}  ", " " * 13)
        page.line()

    # ------------------------------------------------------------ the rest

    def _from_here(self, command: str) -> str:
        """A command for the root as one for the folder that paths are shown relative to."""
        root = self._shown(".")
        return f"cd {shlex.quote(root)} && {command}" if command and root != "." else command

    def _others(self, f: Finding) -> None:
        rest = f.accesses[f.racing :]
        if not rest:
            return
        page = self._page
        page.line(f"  {page.bold('other accesses')}")
        shown = rest if self._full else rest[:_OTHERS]
        places = [clean(f"{self._shown(a.path)}:{a.line}") for a in shown]
        width = min(max(len(p) for p in places), page.width // 2)
        for access, place in zip(shown, places, strict=True):
            what = f"  {short(access.expression, 60)}" if self._evidence else ""
            page.line(f"    {access.op:<7}  {place:<{width}}  {clean(access.function)}{what}  {page.dim(held_at(access))}")
        if len(shown) < len(rest):
            page.line(page.dim(f"    and {len(rest) - len(shown)} more (mapguard why {f.fingerprint})"))
        page.line()

    def _more(self, f: Finding) -> None:
        """What stands behind the finding, and the commands that lead on."""
        page, racing = self._page, f.accesses[: f.racing]
        rule = self._rules.get(f.rule)
        if rule is not None:
            page.labelled("rule", clean(rule.short))
        page.labelled("in", clean(f"package {f.map.package}"))
        for label, access in zip("AB", racing, strict=False):
            page.labelled("" if label == "B" else "pair", clean(f"{label}: {access.op} {access.expression} in {access.function}"))
        first, last = (clean(f"{a.path}:{a.line}") for a in (racing[0], racing[-1]))
        page.labelled("next", f"mapguard fix {f.fingerprint} patches it; mapguard prove {f.fingerprint} prints a test that shows it")
        page.labelled("", f"mapguard why-not {first} {last} shows every pair of ways to these two lines")
        page.labelled("", f"//mapguard:ignore {f.rule} REASON above {first} silences it, if it is safe by design")

    def _patch(self, patch: str) -> None:
        for line in patch.splitlines():
            text = clean(line.replace("\t", "    "))
            color = {"+": "green", "-": "red"}.get(line[:1], "")
            self._page.line(f"          {self._page.colored(text, color) if color else text}")


def _change(before: tuple[HeldLock, ...], now: tuple[HeldLock, ...]) -> str:
    """What a step says about locks: nothing unless they changed."""
    if set(before) == set(now):
        return ""
    return held(now)
