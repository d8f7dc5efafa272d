"""One finding to the few sentences that a format with room for a message shows: what happens, the other side, and the fix."""

from mapguard.findings.model import Finding
from mapguard.findings.words import VERBS
from mapguard.report.excerpt import short
from mapguard.report.words import held_at

_LONG = 1_000


def sentences(f: Finding) -> list[str]:
    """Each is harmless text on one line; the other side is left out where it is the same line."""
    first, other = f.accesses[0], f.accesses[: f.racing][-1]
    found = [f.message]
    if (other.path, other.line) != (first.path, first.line):
        found.append(f"The other side: {other.function} {VERBS[other.op]} it at {other.path}:{other.line}, {held_at(other)}.")
    found.append(f"Fix: {f.advice.text}")
    return [short(part, _LONG) for part in found]
