"""Comments that silence findings: ``//mapguard:ignore RULE reason``, ``//nolint:mapguard``, ``//lint:ignore mapguard reason``."""

import re
from collections.abc import Callable, Iterable

import msgspec

from mapguard.findings.model import Finding, Suppressed

_OURS = re.compile(r"//\s*mapguard:ignore\b[ \t]*(\S*)[ \t]*(.*)$")
_NOLINT = re.compile(r"//\s*nolint:([\w,\-]+)\s*(?://\s*(.*))?$")
_LINT = re.compile(r"//lint:ignore\s+([\w,\-]+)\s*(.*)$")


class Comment(msgspec.Struct, frozen=True, order=True):
    path: str
    line: int
    rule: str  # a rule id, or * for every rule
    reason: str
    by: str


class Notice(msgspec.Struct, frozen=True, order=True):
    """Something wrong with a comment itself: no reason, no such rule, nothing to silence."""

    path: str
    line: int
    text: str


def comments(path: str, text: str) -> list[Comment]:
    found: list[Comment] = []
    for number, line in enumerate(text.splitlines(), 1):
        if "//" not in line:
            continue
        if m := _OURS.search(line):
            found.append(Comment(path, number, m[1] or "*", m[2].strip(), "mapguard:ignore"))
        elif (m := _NOLINT.search(line)) and "mapguard" in m[1].split(","):
            found.append(Comment(path, number, "*", (m[2] or "").strip(), "nolint"))
        elif (m := _LINT.search(line)) and "mapguard" in m[1].split(","):
            found.append(Comment(path, number, "*", m[2].strip(), "lint:ignore"))
    return found


def apply(
    findings: Iterable[Finding], read: Callable[[str], str], rules: frozenset[str], files: Iterable[str] = ()
) -> tuple[list[Finding], list[Suppressed], list[Notice]]:
    """Findings that stay, findings that a comment silences, and notices about comments. ``files`` are searched for unused comments."""
    findings = list(findings)
    paths = {p for f in findings for p in _paths(f)} | set(files)
    known = {path: comments(path, read(path)) for path in sorted(paths)}
    used: set[Comment] = set()
    kept: list[Finding] = []
    silenced: list[Suppressed] = []
    for f in findings:
        comment = next((c for c in _candidates(f, known) if c.rule in ("*", f.rule) and (c.reason or c.by == "nolint")), None)
        if comment is None:
            kept.append(f)
        else:
            used.add(comment)
            silenced.append(Suppressed(f, comment.by, comment.reason))
    notices = [n for path in sorted(known) for c in known[path] if (n := _notice(c, c in used, rules)) is not None]
    return kept, silenced, notices


def _paths(f: Finding) -> set[str]:
    places = {a.path for a in f.accesses[: f.racing]}
    return places | {f.map.declared.path} if f.map.declared is not None else places


def _candidates(f: Finding, known: dict[str, list[Comment]]) -> Iterable[Comment]:
    places = [(a.path, a.line) for a in f.accesses[: f.racing]]
    if f.map.declared is not None:
        places.append((f.map.declared.path, f.map.declared.line))
    for path, line in places:
        for c in known.get(path, ()):
            if c.line in (line, line - 1):
                yield c


def _notice(c: Comment, used: bool, rules: frozenset[str]) -> Notice | None:
    if c.by == "mapguard:ignore":
        if c.rule == "*" or not c.reason:
            return Notice(c.path, c.line, "mapguard:ignore needs a rule and a reason: //mapguard:ignore RULE why it is safe")
        if c.rule not in rules:
            return Notice(c.path, c.line, f"mapguard:ignore names no rule: {c.rule}")
    if not used and c.by == "mapguard:ignore":
        return Notice(c.path, c.line, f"mapguard:ignore {c.rule} silences nothing here; remove it")
    return None
