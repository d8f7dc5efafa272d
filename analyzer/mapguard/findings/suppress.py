"""Comments that silence findings: ``//mapguard:ignore RULE reason``, ``//nolint``, ``//lint:ignore mapguard reason``.

A comment speaks for the line it stands on or, on a line of its own, for the next line of code. Where that line begins a function or another
declaration of the file, it speaks for all of it; where it is the package clause, for the file. It silences a finding when the finding's
first access or the declaration of its map is there.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

from mapguard.findings.blocks import blocks
from mapguard.findings.model import Finding, Suppressed

_OURS = re.compile(r"//\s*mapguard:ignore\b[ \t]*(\S*)[ \t]*(.*)$")
_NOLINT = re.compile(r"//\s*nolint(?::\s*([\w\-]+(?:\s*,\s*[\w\-]+)*))?\s*(?://\s*(.*))?$")
_LINT = re.compile(r"//\s*lint:(file-)?ignore\s+(\S+)\s*(.*)$")
_TOKEN = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|`[^`]*(?:`|\Z)|\"(?:[^\"\\\n]|\\[^\n])*\"?|'(?:[^'\\\n]|\\[^\n])*'?", re.DOTALL)
_WORDS = ("mapguard", "nolint")
_ANY = "*"
_SHOWN = 80  # characters of a name that is none


class Comment(msgspec.Struct, frozen=True, order=True):
    """``line`` is where it stands, ``target`` to ``last`` the lines it speaks for; ``rules`` are ids, or ``*`` for every rule."""

    path: str
    line: int
    target: int
    last: int
    rules: tuple[str, ...]
    reason: str
    by: str


class Notice(msgspec.Struct, frozen=True, order=True):
    """Something to put right that is no finding: a comment without reason or effect, an outdated baseline. ``line`` 0: the file."""

    path: str
    line: int
    text: str

    def show(self, shown: Callable[[str], str] = str) -> str:
        """One line; ``shown`` says how the path is written."""
        path = shown(self.path)
        return f"{path}:{self.line}: {self.text}" if self.line else f"{path}: {self.text}"


def comments(path: str, lines: list[str]) -> list[Comment]:
    """The suppressing comments of a file, well formed or not."""
    found: list[Comment] = []
    if not any(word in line for line in lines for word in _WORDS):
        return found
    source = "\n".join(lines)
    below = _next_code(lines)
    ends: dict[int, int] | None = None
    for start, number in _line_comments(source):
        line = lines[number - 1]
        at = start - source.rfind("\n", 0, start) - 1
        text = line[at:].rstrip()
        if not any(word in text for word in _WORDS):
            continue
        if m := _OURS.match(text):
            rules, reason, by, whole = _ids(m[1]), m[2].strip(), "mapguard:ignore", False
        elif (m := _NOLINT.search(text)) and (m[1] is None or {"mapguard", "all"} & set(_ids(m[1]))):
            rules, reason, by, whole = (_ANY,), (m[2] or "").strip(), "nolint", False
        elif (m := _LINT.match(text)) and "mapguard" in _ids(m[2]):
            rules, reason, by, whole = (_ANY,), m[3].strip(), "lint:ignore", m[1] is not None
        else:
            continue
        if ends is None:
            ends = {b.first: len(lines) if b.kind == "package" else b.last for b in blocks(lines)}
        target = 1 if whole else number if line[:at].strip() else below[number]
        found.append(Comment(path, number, target, len(lines) if whole else ends.get(target, target), rules, reason, by))
    return found


def apply(
    findings: Iterable[Finding], read: Callable[[str], list[str]], rules: Iterable[str], files: Iterable[str] = ()
) -> tuple[list[Finding], list[Suppressed], list[Notice]]:
    """Findings that stay, findings that a comment silences, and what is wrong with comments.

    ``read`` gives a file's lines; ``rules`` are the ids that exist; ``files`` are searched for comments beside those of the findings, so
    that one which outlived its finding is noticed.
    """
    findings, ids = list(findings), sorted(rules)
    paths = {path for f in findings for path, _ in _places(f)} | set(files)
    known = [c for path in sorted(paths) for c in comments(path, read(path))]
    at: dict[str, list[Comment]] = {}
    for c in known:
        at.setdefault(c.path, []).append(c)
    used: set[Comment] = set()
    kept: list[Finding] = []
    silenced: list[Suppressed] = []
    for f in findings:
        hits = [c for path, line in _places(f) for c in at.get(path, ()) if c.target <= line <= c.last and _silences(c, f)]
        used.update(hits)
        if hits:
            silenced.append(Suppressed(f, hits[0].by, hits[0].reason))
        else:
            kept.append(f)
    return kept, silenced, [Notice(c.path, c.line, text) for c in known if (text := _wrong(c, c in used, ids))]


def _places(f: Finding) -> list[tuple[str, int]]:
    places = [(f.accesses[0].path, f.accesses[0].line)]
    if f.map.declared is not None:
        places.append((f.map.declared.path, f.map.declared.line))
    return places


def _silences(c: Comment, f: Finding) -> bool:
    return (_ANY in c.rules or f.rule in c.rules) and bool(c.reason or c.by == "nolint")


def _wrong(c: Comment, used: bool, rules: list[str]) -> str:
    """What is wrong with a comment, or nothing. An unused nolint is the business of nolintlint."""
    if c.by == "nolint":
        return ""
    if c.by == "lint:ignore":
        return "" if c.reason else "lint:ignore mapguard needs a reason: //lint:ignore mapguard why it is safe"
    for ident in c.rules:
        if ident not in rules:
            near = difflib.get_close_matches(ident, rules, 1)
            return f"mapguard:ignore names no rule: {ident[:_SHOWN]}{f' (did you mean {near[0]}?)' if near else ''}"
    if not c.rules or not c.reason:
        return "mapguard:ignore needs a rule and a reason: //mapguard:ignore RULE why it is safe"
    return "" if used else f"mapguard:ignore {','.join(c.rules)} silences nothing; remove it"


def _ids(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _line_comments(text: str) -> Iterator[tuple[int, int]]:
    """Offset and 1-based line of each ``//`` comment. What a literal or another comment says is none."""
    number, counted = 1, 0
    for token in _TOKEN.finditer(text):
        if token[0].startswith("//"):
            number += text.count("\n", counted, token.start())
            counted = token.start()
            yield token.start(), number


def _next_code(lines: list[str]) -> list[int]:
    """For each line the next one below it that is no comment of its own, itself where there is none; 1-based, as are the results."""
    found = [0] * (len(lines) + 1)
    after = 0
    for number in range(len(lines), 0, -1):
        found[number] = after or number
        if not lines[number - 1].lstrip().startswith("//"):
            after = number
    return found
