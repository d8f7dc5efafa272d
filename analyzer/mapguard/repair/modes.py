"""Writes under a read lock to edits that take the lock for writing, in the functions that take it for reading."""

import re

from mapguard.bodies.state import READ
from mapguard.checks.location import Location
from mapguard.checks.lockname import Site
from mapguard.fix.edit import Edit, EditError
from mapguard.races.contexts import Context
from mapguard.repair.subject import Subject


def write_mode(subject: Subject, kind: Location) -> tuple[tuple[Edit, ...], set[str]]:
    """The edits, and the functions that they change; nothing where no write holds the lock for reading."""
    edits: list[Edit] = []
    functions: set[str] = set()
    x = subject.given.x
    for c in subject.wanting.only_reading(kind):
        site = _taker(subject, c, kind)
        if site is None:
            raise EditError(
                f"the read lock over the write in '{x.functions.of(c.access.func).display}' is taken by a helper or a thread's start"
            )
        func = x.functions.of(site.func)
        functions.add(func.display)
        file = subject.given.editable(func)
        written = file.text.source[site.at : site.end]
        for found in re.finditer(rb"(?<![\w.])" + re.escape(written) + rb"\.(R)(?:Lock|Unlock)\(\)", file.text.source[: func.facts.end]):
            if found.start() >= func.facts.at:
                edits.append(file.edit(found.start(1), found.end(1), b""))
    return tuple(dict.fromkeys(edits)), functions


def _taker(subject: Subject, c: Context, kind: Location) -> Site | None:
    """Where the innermost function on the way that takes the lock for reading does so."""
    held, locks = subject.given.x.held, subject.given.x.locks
    steps = [*(held.caller(e) for e in c.chain[c.inside :]), c.access.func]
    for func, at in reversed(list(zip(steps, c.held[c.inside :], strict=True))):
        for site in locks.sites(func):
            if (site.path, READ) in at.held and held.kind_at(c, func, site.path) == kind:
                return site
    return None
