"""Findings to the sentences in them that cannot be true: each is read beside the source files, not beside the analysis.

``python tests/sentences.py REPORT.json ROOT`` prints them for a JSON report of the tree at ROOT, with counts by kind.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

import goscope
from mapguard.findings.model import Access, Finding, Step

_QUOTED = re.compile(r"'([^']*)'")
_PLACED = re.compile(r"^// (before )?(\S+):(\d+)(?:, .*)?$")
_TAKES = re.compile(r"^\s*(?:defer )?([\w.]+)\.R?Lock\(\)", re.MULTILINE)
_UNCHECKED = ("len", "replace")
_HELD_BY = re.compile(r" held by (\d+) of (\d+) callers")
_OF_NOTHING = re.compile(r"\b0 (write|read|iteration)s")
_CHANGES = re.compile(r"\]\s*(\+\+|--|[-+*/|&^%]=)")


class Problem(NamedTuple):
    kind: str
    fingerprint: str
    text: str


class Part(NamedTuple):
    """A part of a sketch: ``code`` in the place of the lines from ``line`` on, or ``before`` it."""

    path: str
    line: int
    before: bool
    code: str


def parts(sketch: str) -> list[Part]:
    """The parts that say where they belong."""
    found: list[Part] = []
    for text in re.split(r"\n\n(?=// (?:before )?\S+:\d)", sketch):
        head, _, code = text.partition("\n")
        placed = _PLACED.match(head)
        if placed is not None:
            found.append(Part(placed[2], int(placed[3]), bool(placed[1]), code.rstrip("\n")))
    return found


def problems(f: Finding, root: Path) -> list[Problem]:
    """What is wrong with the sentences of one finding in the tree at ``root``."""
    return [Problem(kind, f.fingerprint, text) for check in _CHECKS for kind, text in check(f, root)]


Found = Iterator[tuple[str, str]]


def _map_first(f: Finding, root: Path) -> Found:
    name = f"{f.map.owner}.{f.map.name}" if f.map.kind == "field" and f.map.owner else f.map.name
    if not f.message.startswith(f"'{name}'"):
        yield "message does not begin with the map's name", f.message


def _crash(f: Finding, root: Path) -> Found:
    ops = [a.op for a in f.accesses[: f.racing]]
    if any(op in _UNCHECKED for op in ops):
        if "fatal error" in f.message:
            yield "crash that cannot happen", f.message
        if f.severity == "error":
            yield "crash that cannot happen", f"severity error for {ops}"


def _locks(f: Finding) -> list[tuple[str, str, int]]:
    """The names of locks that a finding shows, each with the place of a reader."""
    found = [(h.lock, a.path, a.line) for a in f.accesses for h in a.locks]
    found += [(h.lock, s.path, s.line) for a in f.accesses for s in a.trace for h in s.locks]
    if f.guard is not None:
        found.append((f.guard.lock, f.accesses[0].path, f.accesses[0].line))
    return found


def _lock_names(f: Finding, root: Path) -> Found:
    for name, path, line in sorted(set(_locks(f))):
        if not _understood(name, root, path, line):
            yield "lock name that no reader there would write", f"{name} at {path}:{line}"


def _understood(name: str, root: Path, path: str, line: int) -> bool:
    """Whether it is ``Type.field``, a package's variable, or starts with a name in scope and has fields that exist."""
    if name == "a lock of its own":
        return True  # one that the code itself gives no name
    words = name.split(".")
    if not all(re.fullmatch(r"\w+", w) for w in words):
        return False
    fields = goscope.fields(root)
    if len(words) == 2 and any(owner == words[0] for owner, _ in fields.get(words[1], ())):
        return True
    known = all(w in fields for w in words[1:]) or (len(words) == 2 and words[1] in _variables(root, words[0]))
    return known and (words[0] in goscope.in_scope(root / path, line) or (len(words) == 2 and words[0] in _packages(root)))


def _packages(root: Path) -> set[str]:
    return {p.name for p in root.rglob("*") if p.is_dir()} | {root.name, "main"}


def _variables(root: Path, package: str) -> set[str]:
    folders = [root, *(p for p in root.rglob(package) if p.is_dir())] if package != "main" else [p.parent for p in root.rglob("main.go")]
    return {name for folder in folders for name in goscope.package_names(folder)}


def _one_name(f: Finding, root: Path) -> Found:
    by_field: dict[str, set[str]] = {}
    for name, _, _ in _locks(f):
        field = name.rpartition(".")[2]
        if len(goscope.fields(root).get(field, ())) == 1:
            by_field.setdefault(field, set()).add(name)
    for names in by_field.values():
        if len(names) > 1:
            yield "one lock by several names", ", ".join(sorted(names))


def _once(f: Finding, root: Path) -> Found:
    for name, _, _ in sorted(set(_locks(f))):
        kinds = {kind for _, kind in goscope.fields(root).get(name.rpartition(".")[2], ())}
        if name == "sync.Once" or (kinds and kinds <= {"sync.Once", "*sync.Once"}):
            yield "a once shown as a lock", name


def _steps(f: Finding, root: Path) -> Found:
    for a in f.accesses:
        for s in a.trace:
            if not goscope.has_statement(root / s.path, s.line):
                yield "step on a line without a statement", f"{s.path}:{s.line} {s.text}"


def _counts(f: Finding, root: Path) -> Found:
    if f.guard is None:
        return
    bare = {(p.path, p.line, p.column) for p in f.guard.without}
    if len(bare) != f.guard.missed:
        yield "guard's counts and places differ", f"{f.guard.missed} missed, {len(bare)} places"
    holding = {(a.path, a.line, a.column) for a in f.accesses if any(h.lock == f.guard.lock for h in a.locks)}
    for path, line, _ in sorted(bare & holding):
        if f.rule != "map-guard-copied":
            yield "guard held and not held at one place", f"{path}:{line}"


def _exception(f: Finding, root: Path) -> Found:
    found = re.search(r"without '[^']*', which (\d+) of (\d+) accesses holds?", f.message)
    if found is not None and found[1] == found[2]:
        yield "an access without the lock that all accesses hold", f.message


def _held(f: Finding, root: Path) -> Found:
    """A helper's accesses hold the same of what its callers hold, or say how these differ."""
    for first in f.accesses[: f.racing]:
        before = {h.lock.rpartition(".")[2] for h in first.locks} - _taken_in(first, root)
        for a in f.accesses[f.racing :]:
            same = (a.path, a.function) == (first.path, first.function)
            if same and not a.note and not first.note and before - {h.lock.rpartition(".")[2] for h in a.locks} - _taken_in(a, root):
                yield "a caller's lock shown as not held", f"{a.path}:{a.line} {sorted(before)}"


def _taken_in(a: Access, root: Path) -> set[str]:
    """The fields on which the function around the access itself calls Lock, Unlock and their like."""
    found: set[str] = set()
    for func in goscope.around(root / a.path, a.line)[:1]:
        text = (func.text or b"").decode("utf-8", "replace")
        found |= {m.rpartition(".")[2] for m in re.findall(r"([\w.]+)\.(?:Try)?R?(?:Lock|Unlock)\(\)", text)}
    return found | ({"Mutex", "RWMutex"} if found else set())


def _sketch(f: Finding, root: Path) -> Found:
    sketch = f.advice.sketch
    placed = parts(sketch)
    if sketch and not placed:
        yield "sketch without a place", sketch.splitlines()[0]
        first = f.accesses[0]
        placed = [Part(first.path, first.line, False, sketch)]
    added = {m[1] for p in placed for m in re.finditer(r"^(?:var )?(\w+) sync\.\w+ // guards", p.code, re.MULTILINE)}
    for p in placed:
        yield from _part(f, root, p, added)
        facts = root / p.path
        if "vendor" in p.path.split("/") or any(re.match(r"// Code generated .* DO NOT EDIT\.$", t) for t in goscope.lines(facts)[:40]):
            yield "sketch in a file that is not to be changed", p.path


def _part(f: Finding, root: Path, p: Part, added: set[str]) -> Found:
    for lock in sorted(set(_TAKES.findall(p.code))):
        first, *rest = lock.split(".")
        if first not in goscope.in_scope(root / p.path, p.line) | added:
            yield "sketch with a name that is not in scope", f"{lock} at {p.path}:{p.line}"
        if any(w not in goscope.fields(root) and w not in added and w not in ("Mutex", "RWMutex") for w in rest):
            yield "sketch with a name that is not in scope", f"{lock} at {p.path}:{p.line}"
        yield from _twice(f, root, p, lock)
    if _TAKES.search(p.code) and not p.before and f.advice.kind not in ("lock-mode", "atomic-step"):
        yield from _whole(f, p)


def _twice(f: Finding, root: Path, p: Part, lock: str) -> Found:
    """A lock that an access in the function already holds, other than by the very line that is replaced."""
    field = lock.rpartition(".")[2]
    around = {n.start_point for n in goscope.around(root / p.path, p.line)[-1:]}
    for a in f.accesses:
        here = a.path == p.path and around == {n.start_point for n in goscope.around(root / a.path, a.line)[-1:]}
        held = any(h.lock.rpartition(".")[2] == field for h in a.locks) and field not in _taken_in(a, root)
        differs = a.note.partition(" held by ")[0].rpartition(".")[2] == field
        held = held or _waited_for(a.trace, field, root)
        if here and (held or differs):
            yield "lock advised that a caller holds", f"{lock} at {p.path}:{p.line}"
            return


def _waited_for(trace: Sequence[Step], field: str, root: Path) -> bool:
    """Whether the goroutine of the access is started, with a lock held, in a function that waits for goroutines."""
    held = False
    for s in trace:
        held = held or any(h.lock.rpartition(".")[2] == field for h in s.locks)
        if s.text.startswith("starts a goroutine"):
            around = [n for n in goscope.around(root / s.path, s.line) if n.start_point[0] + 1 < s.line]
            after = [t for n in around[-1:] for t in goscope.lines(root / s.path)[s.line : n.end_point[0]]]
            ends = [t.strip() for t in after if t.strip().endswith((".Wait()", f"{field}.Unlock()")) and "defer" not in t]
            if held and ends[:1] and ends[0].endswith(".Wait()"):
                return True
            held = False
    return False


def _whole(f: Finding, p: Part) -> Found:
    """Every access of the map in the function, from the first that the sketch covers to the last."""
    count = len(p.code.splitlines())
    covered = [a for a in f.accesses if a.path == p.path and p.line <= a.line < p.line + max(1, count - 2)]
    functions = {a.function for a in covered}
    for a in f.accesses:
        missed = a.path == p.path and a.function in functions and a not in covered and not a.locks and "shared" not in a.note
        if missed:
            yield "sketch of a part of the operation", f"{p.path}:{p.line} without line {a.line}"
            return


def _sync_map(f: Finding, root: Path) -> Found:
    if "sync.Map" not in f.advice.text:
        return
    writers = {a.function for a in f.accesses if a.op in ("write", "delete")}
    if "map[" in f.map.type[4:]:
        yield "sync.Map where it does not fit", f"nested: {f.map.type}"
    elif any(a.op in ("read", "range", "len") and a.function in writers for a in f.accesses):
        yield "sync.Map where it does not fit", f"a function looks up and writes: {sorted(writers)}"
    elif not any(a.op == "write" for a in f.accesses):
        yield "sync.Map where it does not fit", "nobody fills it"


def _callers(f: Finding, root: Path) -> Found:
    """What differs between callers is held by some of them, not by none and not by all; a count is not of nothing."""
    for a in f.accesses:
        for some, every in _HELD_BY.findall(a.note):
            if not 0 < int(some) < int(every):
                yield "a difference between callers that is none", a.note
    for told in (f.advice.text, *f.reasons):
        if _OF_NOTHING.search(told):
            yield "a count of what is not there", told


def _is_map(f: Finding, root: Path) -> Found:
    """What the finding names can be a map or hold one, and has a name."""
    if re.fullmatch(r"(\[\w*\]|\*)*(string|bool|byte|rune|error|u?int\d*|float\d+)", f.map.type):
        yield "a map that is none", f"{f.map.title} {f.map.type}"
    if not f.map.name or "?" in f.map.title:
        yield "a map without a name", f.message


def _reasons(f: Finding, root: Path) -> Found:
    """A reason that counts the accesses with the guard counts as the guard does."""
    for reason in f.reasons:
        told = re.fullmatch(r"'(\w+)' is held at (\d+) of (\d+) accesses of the map", reason)
        if told is not None and f.guard is not None and f.guard.lock.rpartition(".")[2] == told[1]:
            counts = (f.guard.held, f.guard.held + f.guard.missed)
            if (int(told[2]), int(told[3])) != counts:
                yield "the guard counted in two ways", f"{reason}; {f.guard.held} of {f.guard.held + f.guard.missed}"


def _advised(f: Finding, root: Path) -> Found:
    guard = f.guard if f.rule == "map-guard-mismatch" and f.advice.kind == "hold-lock" else None
    if guard is not None and all(any(h.lock == guard.lock for h in a.locks) for a in f.accesses[: f.racing]):
        yield "advice to hold what both sides hold", f.advice.text


_CHECKS = (
    _map_first,
    _is_map,
    _reasons,
    _advised,
    _crash,
    _callers,
    _lock_names,
    _one_name,
    _once,
    _steps,
    _counts,
    _exception,
    _held,
    _sketch,
    _sync_map,
)


def main(report: str, root: str) -> int:
    found = [p for f in json.loads(Path(report).read_text())["findings"] for p in problems(msgspec.convert(f, Finding), Path(root))]
    for p in found:
        print(f"{p.fingerprint}  {p.kind}: {p.text}")
    for kind, count in Counter(p.kind for p in found).most_common():
        print(f"{count:5}  {kind}")
    return bool(found)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:3]))
