"""A look-up of a concurrent map that is followed by a store, to a plan that does both in one step, where the text has a usual form."""

import re

from mapguard.fix.edit import Edit, EditError
from mapguard.fix.plan import Plan
from mapguard.fix.runs import Run, Runs, Target
from mapguard.fix.shape import GoFile
from mapguard.fix.statements import replace
from mapguard.repair.subject import Subject

_STORE = re.compile(r"(?P<map>[\w.]+)\.Store\((?P<key>[^(),]+), (?P<value>.+)\)", re.DOTALL)


def atomic_step(subject: Subject) -> Plan:
    """LoadOrStore: of two goroutines that find nothing both go on with what the first of them has stored."""
    edits: list[Edit] = []
    for use in subject.proof.uses:
        func = subject.given.x.functions.of(use.access.func)
        file = subject.given.editable(func)
        start, end = use.access.at, use.access.end
        stored = _STORE.fullmatch(file.text.source[start:end].decode("utf-8", "surrogateescape"))
        before = file.text.source[func.facts.at : start].decode("utf-8", "surrogateescape")
        found = (
            _if_missing(file, start, stored) or _kept(file, start, end, stored, before) or _returned(file, start, stored, before)
            if stored
            else ()
        )
        if not found:
            raise EditError(
                f"what '{func.display}' stores depends on what it has found: CompareAndSwap in a loop, or a mutex, does that in one step"
            )
        edits += found
    reason = "LoadOrStore looks up and stores in one step: of two goroutines that find nothing, both go on with what the first has stored."
    return Plan("atomic-step", reason, tuple(edits), others=("mutex",))


def _statement(file: GoFile, at: int) -> Run:
    return Runs(file).covering([Target(at, at + 1, True)])


def _if_missing(file: GoFile, at: int, stored: re.Match[str]) -> tuple[Edit, ...]:
    """``if _, ok := m.Load(k); !ok { m.Store(k, v) }`` as one call."""
    run = _statement(file, at)
    opener = run.around
    if opener < 0 or file.opens_function(opener) or file.text.after(opener) != run.first or Runs(file).to_the_end(run).last != run.last:
        return ()
    outer = file.item(file.tokens[opener].start)
    start, end = file.tokens[outer.first].start, file.tokens[outer.last].end
    header = file.text.source[start : file.tokens[opener].start].decode("utf-8", "surrogateescape").strip()
    load = rf"if _, (\w+) := {re.escape(stored['map'])}\.Load\({re.escape(stored['key'])}\); !\1"
    if not re.fullmatch(load, header) or outer.last != file.text.partner.get(opener):
        return ()
    return (file.edit(start, end, f"{stored['map']}.LoadOrStore({stored['key']}, {stored['value']})".encode("utf-8", "surrogateescape")),)


def _kept(file: GoFile, at: int, end: int, stored: re.Match[str], before: str) -> tuple[Edit, ...]:
    """``v, ok := m.Load(k); if !ok { v = …; m.Store(k, v) }`` with the store giving the value that counts."""
    value = stored["value"].strip()
    load = rf"\b{re.escape(value)}, \w+ :?= {re.escape(stored['map'])}\.Load\({re.escape(stored['key'])}\)"
    if not value.isidentifier() or not re.search(load, before):
        return ()
    return replace(file, at, end, f"{value}, _ = {stored['map']}.LoadOrStore({stored['key']}, {value})")


def _returned(file: GoFile, at: int, stored: re.Match[str], before: str) -> tuple[Edit, ...]:
    """``if v, ok := m.Load(k); ok { return v.(T) } …; m.Store(k, p); return p`` with what was stored first returned."""
    runs = Runs(file)
    run = _statement(file, at)
    following = runs.after(run)
    value = stored["value"].strip()
    load = rf"if (\w+), (\w+) := {re.escape(stored['map'])}\.Load\({re.escape(stored['key'])}\); \2 {{"
    known = re.search(load, before)
    asserted = re.findall(rf"return {re.escape(known[1])}\.(\([\w.*\[\]]+\))\n", before) if known is not None else []
    if following is None or not asserted or runs.text(following).decode("utf-8", "replace") != f"return {value}":
        return ()
    if not value.isidentifier() or re.search(r"\b(actual)\b", before):
        return ()
    call = f"actual, _ := {stored['map']}.LoadOrStore({stored['key']}, {value})"
    start, end = runs.bytes_of(run)
    first, last = runs.bytes_of(following)
    return (*replace(file, start, end, call), file.edit(first, last, f"return actual.{asserted[0]}".encode()))
