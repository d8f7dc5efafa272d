"""Entry points, locks and guards to the words that every format for people says of them."""

from mapguard.findings.model import Access, Finding, HeldLock, RootInfo, Step
from mapguard.findings.words import many_at_a_time, start
from mapguard.report.excerpt import clean


def held(locks: tuple[HeldLock, ...]) -> str:
    """``holding mu, rw (read)`` or ``holding no lock``."""
    if not locks:
        return "holding no lock"
    return "holding " + ", ".join(clean(h.lock) + (" (read)" if h.mode == "read" else "") for h in locks)


def held_at(access: Access) -> str:
    """The same of an access, with what differs between the ways to it."""
    return f"{held(access.locks)}; {clean(access.note)}" if access.note else held(access.locks)


def guarding(f: Finding) -> str:
    """How well the guard of a finding is kept; the name of the lock stands before it: ``is held at 3 of 4 accesses``.

    A lock that a racing write holds only for reading does not protect that write: this is said too.
    """
    if f.guard is None:
        return ""
    total = f.guard.held + f.guard.missed
    if f.guard.missed:
        kept = f"is held at {f.guard.held:,} of {total:,} accesses"
    else:
        kept = "is held at the only access" if total == 1 else f"is held at all {total:,} accesses"
    reading = HeldLock(f.guard.lock, "read")
    writes = {f"{a.path}:{a.line}": None for a in f.accesses[: f.racing] if a.op in ("write", "delete", "replace") and reading in a.locks}
    return f"{kept}, but only for reading at the write in {' and '.join(map(clean, writes))}" if writes else kept


def provenance(f: Finding) -> list[tuple[str, tuple[Step, ...]]]:
    """Where the map is made and how each thread gets it, each part with its label; both threads as one where they get it alike."""
    made, reached = f.sharing.made, f.sharing.reached
    if len(reached) > 1 and reached[0] == reached[1]:
        parts = [("made", made), ("A and B", reached[0])]
    else:
        parts = [("made", made), *zip("AB", reached, strict=False)]
    return [(label, steps) for label, steps in parts if steps]


def root_kind(root: RootInfo) -> str:
    """What starts the thread; the name of the function follows it: ``HTTP handler``, ``a caller of the exported``."""
    return clean(start(root.kind).label)


def many(root: RootInfo) -> bool:
    """Whether it is worth saying that the entry point runs many at a time."""
    return many_at_a_time(root.kind, root.many)
