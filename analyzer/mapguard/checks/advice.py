"""The remedy that fits how a map is used: counted accesses to one of the known remedies, with its reason in one sentence."""

import msgspec

from mapguard.checks.sketch import sketch
from mapguard.findings.model import Access, Advice, Guard, MapInfo


def advise(rule: str, info: MapInfo, accesses: tuple[Access, ...], guard: Guard | None, at: int = 0) -> Advice:
    """``accesses[at]`` is the racing access that the remedy is shown for."""
    found = _remedy(rule, info, accesses, guard)
    return msgspec.structs.replace(found, sketch=sketch(found.kind, info, accesses[at], guard))


def _remedy(rule: str, info: MapInfo, accesses: tuple[Access, ...], guard: Guard | None) -> Advice:
    places = {(a.path, a.line, a.column, a.op) for a in accesses}
    writes = sum(1 for *_, op in places if op in ("write", "delete", "replace"))
    reads = sum(1 for *_, op in places if op in ("read", "len"))
    walks = sum(1 for *_, op in places if op == "range")
    counted = f"{_count(writes, 'write')}, {_count(reads, 'read')} and {_count(walks, 'iteration')} of it were found"
    if rule == "sync-map-check-then-act":
        return Advice("atomic-step", "Use LoadOrStore, Swap or CompareAndSwap: one step that nobody can come between.")
    if rule == "map-write-under-rlock":
        return Advice("lock-mode", "Take the write lock: RLock lets any number of holders in at once, so it protects reads only.")
    if rule == "map-guard-copied":
        return Advice(
            "pointer",
            "Keep map and lock together: use a pointer receiver (or pass a pointer), and give a new object that gets the map a pointer to "
            "its lock too; go vet's copylocks shows the copies.",
        )
    if rule == "map-escapes-guard" and guard is not None:
        return Advice("copy", f"Work on a copy made under {guard.lock} (maps.Clone), or do this work inside the critical section.")
    if guard is not None and guard.held == 0:
        return Advice("hold-lock", f"Hold {guard.lock} at every access, as the declaration says.")
    if guard is not None:
        return Advice("hold-lock", f"Hold {guard.lock} here too: {guard.held} of {guard.held + guard.missed} accesses do.")
    if rule == "map-guard-mismatch":
        return Advice(
            "one-lock", "Choose one lock for this map, write it down beside the field ('// guarded by mu'), and hold it on both sides."
        )
    ops = [op for *_, op in places]
    if writes and ops.count("replace") == writes:
        return Advice(
            "copy-on-write",
            f"'{info.name}' is only ever replaced as a whole ({counted}): keep it in an atomic.Pointer and never change a map "
            "that was stored there.",
        )
    owner = _single_owner(accesses)
    if owner and walks + reads + writes > 2:
        return Advice(
            "channel",
            f"Most of the work on '{info.name}' is done by the one goroutine of {owner}: let it own the map and send it the rest "
            f"over a channel, or put a sync.Mutex beside '{info.name}' ({counted}).",
        )
    if reads + walks >= 3 * writes:
        return Advice("rwmutex", f"Put a sync.RWMutex beside '{info.name}': {counted}, so readers should not wait for each other.")
    if walks == 0 and reads and writes <= reads:
        return Advice(
            "sync.Map",
            f"A sync.Map fits when keys are written once and read often ({counted}); otherwise put a sync.Mutex beside '{info.name}'.",
        )
    return Advice("mutex", f"Put a sync.Mutex beside '{info.name}' and hold it at every access: {counted}.")


def _single_owner(accesses: tuple[Access, ...]) -> str:
    """The function of the one goroutine that writes, when the other side is not it; "" when there is none."""
    first, second = (accesses[0].root, accesses[1].root) if len(accesses) > 1 else (None, None)
    if first is None or second is None or (first.kind, first.many) != ("goroutine", False) or second == first:
        return ""
    return first.name


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
