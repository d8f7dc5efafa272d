"""Operations, pairs of operations and threads to the phrases of a finding."""

from collections.abc import Collection, Mapping

PASSIVE = {
    "write": "written",
    "delete": "changed by delete",
    "read": "read",
    "range": "iterated over",
    "len": "measured with len",
    "replace": "replaced",
}
NOUN = {
    "write": "write",
    "delete": "delete",
    "read": "read",
    "range": "iteration",
    "len": "len",
    "replace": "replacement",
}
_UNCHECKED = ("len", "replace")  # they do not touch a map's content: the runtime does not check them


def can_crash(a: str, b: str) -> bool:
    """Whether the runtime may end the program when the two operations run concurrently: both access the content of one map."""
    return a not in _UNCHECKED and b not in _UNCHECKED


def consequence(a: str, b: str, cloned: bool, writes: Collection[str]) -> str:
    """What can happen when the operations run concurrently, as the end of a sentence. ``cloned``: the iteration is a ``maps.Clone``;
    ``writes`` are the operations that change the map anywhere."""
    if can_crash(a, b):
        return f"the program can end with 'fatal error: {_fatal(a, b, cloned)}'"
    return f"{_stale(a, b)}; this is a data race, which the race detector reports and the runtime does not{_only_replaced(writes)}"


def _fatal(a: str, b: str, cloned: bool) -> str:
    if "range" in (a, b):
        return "concurrent map clone and map write" if cloned else "concurrent map iteration and map write"
    return "concurrent map read and map write" if "read" in (a, b) else "concurrent map writes"


def _stale(a: str, b: str) -> str:
    if a == b == "replace":
        return "one of the two new maps can be lost"
    if "replace" not in (a, b):
        return "the length can be out of date"
    other = a if b == "replace" else b
    if other in ("write", "delete"):
        return f"the {NOUN[other]} can go to the old map and be lost"
    return f"the {NOUN[other]} can be of the old map"


def _only_replaced(writes: Collection[str]) -> str:
    return "; the map is only ever replaced as a whole" if writes and set(writes) == {"replace"} else ""


def counted(ops: Mapping[str, int]) -> str:
    """The number of accesses of each sort, without zeros: ``2 writes and 1 read``."""
    sorts = {"write": ("write", "delete"), "replacement": ("replace",), "read": ("read", "len"), "iteration": ("range",)}
    numbers = {word: sum(ops.get(op, 0) for op in of) for word, of in sorts.items()}
    parts = [f"{n} {word}" if n == 1 else f"{n} {word}s" for word, n in numbers.items() if n]
    *before, last = parts
    return f"{', '.join(before)} and {last}" if before else last
