"""Operations, entry points and locks to the words that every format for people says of them."""

from mapguard.findings.model import Access, HeldLock, RootInfo
from mapguard.report.excerpt import clean

VERBS = {
    "write": "writes",
    "delete": "deletes from",
    "read": "reads",
    "range": "iterates over",
    "len": "takes the length of",
    "replace": "replaces",
}
_ROOTS = {
    "goroutine": "goroutine",
    "http": "HTTP handler",
    "grpc": "gRPC method",
    "rpc": "RPC method",
    "exported": "a caller of the exported",
    "unknown": "an unknown caller of",
    "stored": "whoever was given",
    "informer": "informer handler",
    "timer": "timer",
    "callback": "callback",
}


def held(locks: tuple[HeldLock, ...]) -> str:
    """``holding mu, rw (read)`` or ``holding no lock``."""
    if not locks:
        return "holding no lock"
    return "holding " + ", ".join(clean(h.lock) + (" (read)" if h.mode == "read" else "") for h in locks)


def held_at(access: Access) -> str:
    """The same of an access, with what differs between the ways to it."""
    return f"{held(access.locks)}; {clean(access.note)}" if access.note else held(access.locks)


def root_kind(root: RootInfo) -> str:
    """What starts the thread; the name of the function follows it: ``HTTP handler``, ``a caller of the exported``."""
    return _ROOTS.get(root.kind, clean(root.kind))


def many(root: RootInfo) -> bool:
    """Whether it is worth saying that the entry point runs many at a time: callers outside the tree always may."""
    return root.many and root.kind not in ("exported", "stored", "unknown")
