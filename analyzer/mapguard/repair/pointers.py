"""A lock that is copied with its struct to a plan that passes the struct by pointer."""

import re

from mapguard.checks.copies import is_copy
from mapguard.fix.edit import Edit, EditError
from mapguard.fix.fields import pointer_parameter
from mapguard.fix.plan import Plan
from mapguard.ir.model import Clone
from mapguard.repair.subject import Subject


def by_pointer(subject: Subject) -> Plan:
    """A pointer receiver or parameter in each function that locks its own copy."""
    x = subject.given.x
    edits: list[Edit] = []
    names = set()
    for c in subject.wanting.ways():
        copies = {x.locks.kind(lock) for lock, _ in c.locks if x.locks.is_lock(lock) and is_copy(x.index, lock)}
        for number in [x.held.caller(e) for e in c.chain[c.inside :]] + [c.access.func]:
            for site in x.locks.sites(number):
                kind = x.held.kind_at(c, number, site.path)
                if kind in copies and isinstance(site.path.root, int):
                    edits += _shared(subject, number, site.path.root)
                    names.add(x.functions.of(number).display)
    if not edits:
        raise EditError("new objects get the map of others, each with a lock of its own")
    listed = " and ".join(f"'{n}'" for n in sorted(names))
    return Plan("pointer", f"{listed} locked a copy of the lock: by pointer it is the one that all share.", tuple(dict.fromkeys(edits)))


def _shared(subject: Subject, number: int, root: int) -> tuple[Edit, ...]:
    """The struct in a register of a function by pointer: a receiver, a parameter, or a variable that is set to a copy."""
    x = subject.given.x
    func, body = x.functions.of(number), x.index.bodies[number]
    file = subject.given.editable(func)
    place = x.index.place(number, root)
    if root < body.params and x.index.types.is_storage(body.types[root]) and not func.is_literal:
        return pointer_parameter(file, func.facts.at, body.names[root])
    if place is None or not isinstance(place.event, Clone) or not body.names[root]:
        return ()
    item = file.item(place.event.at)
    written = file.text.source[file.tokens[item.first].start : file.tokens[item.last].end]
    found = re.fullmatch(re.escape(body.names[root].encode()) + rb"\s*:=\s*(\*?)([\w.]+)", written)
    if found is None:
        raise EditError(f"'{func.display}' copies the struct in a statement that cannot take a pointer instead")
    start = file.tokens[item.first].start + found.start(1)
    return (file.edit(start, start + len(found[1]), b"" if found[1] else b"&"),)
