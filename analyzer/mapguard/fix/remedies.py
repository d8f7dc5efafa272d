"""Findings to plans that need nothing but what findings say: a comment that silences them, a comment that declares the guard."""

import re
from collections.abc import Sequence

from mapguard.findings.model import Finding
from mapguard.fix import comments
from mapguard.fix.edit import EditError
from mapguard.fix.fields import declared_names
from mapguard.fix.plan import Plan
from mapguard.fix.shape import GoFile, Item

_DECLARED = re.compile(rb"(?i)\b(guarded|protected)[ _-]?by\b|\+checklocks")


def place_to_ignore(finding: Finding) -> tuple[str, int]:
    """The line that a comment has to speak for; findings of one line share the comment."""
    return finding.accesses[0].path, finding.accesses[0].line


def ignore(findings: Sequence[Finding], file: GoFile, reason: str) -> Plan:
    """The comment that silences findings of one line, with the reason why they are no bugs."""
    rules = ",".join(sorted({f.rule for f in findings}))
    edits = comments.directive(file, place_to_ignore(findings[0])[1], f"//mapguard:ignore {rules} {reason}")
    return Plan("ignore", f"The map is safe here: {reason}.", edits)


def declare_guard(finding: Finding, file: GoFile) -> Plan:
    """The comment beside the map's field that names its guard: from then on every access without that lock is a finding."""
    declared, guard = finding.map.declared, finding.guard
    if declared is None or finding.map.kind != "field":
        raise EditError(f"{finding.map.name} is no field of a struct")
    if guard is None:
        raise EditError(f"no lock is held at most accesses of {finding.map.name}")
    at = file.offset(declared.line, declared.column)
    item = file.item(at)
    lock = guard.lock.rpartition(".")[2]
    if lock not in _fields_beside(file, item):
        raise file.refuse(at, f"{guard.lock} is no field beside {finding.map.name}")
    if declared_names(file, item) != [finding.map.name]:
        raise file.refuse(at, f"{finding.map.name} shares its declaration with other fields")
    if _DECLARED.search(file.text.source[file.above(item.first) : file.below(item.last)]):
        raise file.refuse(at, f"{finding.map.name} declares a guard already")
    reason = f"{guard.lock} is held at {guard.held} of {guard.held + guard.missed} accesses of {finding.map.name}."
    return Plan("declare-guard", reason, comments.beside(file, at, f"guarded by {lock}"))


def _fields_beside(file: GoFile, item: Item) -> set[str]:
    """The names of the fields of the struct that a field is part of; of one that is embedded, that of its type."""
    found: set[str] = set()
    at = file.text.after(item.around)
    closes = file.text.partner.get(item.around, len(file.tokens))
    while at < closes:
        field = Item(at, file.text.item_end(at), item.around)
        found.update(declared_names(file, field))
        names = [t for t in file.tokens[field.first : field.last + 1] if t.name]
        if names and file.tokens[field.first].text == b"*":
            found.add(names[-1].text.decode("utf-8", "replace"))
        if len(names) == 2 and file.tokens[field.first + 1].text == b".":
            found.add(names[1].text.decode("utf-8", "replace"))
        at = file.text.after(field.last)
        if at < closes and file.tokens[at].text == b";":
            at = file.text.after(at)
    return found
