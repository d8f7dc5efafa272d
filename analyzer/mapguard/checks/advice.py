"""The remedy that fits how a map is used: counted accesses to one of the known remedies, with its reason in one sentence."""

from mapguard.findings.model import Access, Advice, Guard, MapInfo


def advise(rule: str, info: MapInfo, accesses: tuple[Access, ...], guard: Guard | None) -> Advice:
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
            "Use a pointer receiver (or pass a pointer), so that map and lock stay together; go vet's copylocks shows the copies.",
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
    if reads + walks >= 3 * writes:
        return Advice("rwmutex", f"Put a sync.RWMutex beside '{info.name}': {counted}, so readers should not wait for each other.")
    if walks == 0 and reads and writes <= reads:
        return Advice(
            "sync.Map",
            f"A sync.Map fits when keys are written once and read often ({counted}); otherwise put a sync.Mutex beside '{info.name}'.",
        )
    return Advice("mutex", f"Put a sync.Mutex beside '{info.name}' and hold it at every access: {counted}.")


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
