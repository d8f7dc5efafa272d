"""Which lock guards a map: the one that its declaration names, or the one that most accesses hold."""

from collections.abc import Iterable
from typing import NamedTuple

from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import COPY, GLOBAL, Access, Location, Path, is_elem
from mapguard.concurrency.guards import guards, is_flight, is_once, lock_key


class Guard(NamedTuple):
    """The lock that most accesses hold, or the declared one: its path in the terms of one access; who holds it, who does not."""

    lock: Path
    shown_with: Access
    held: tuple[Access, ...]
    missed: tuple[Access, ...]
    declared: bool = False


def infer_guard(contexts: list[Context], declared: Location | None = None) -> Guard | None:
    """The lock that the declaration names, else the one that most accesses hold.

    Writes are weighted double (after SpotBugs' inconsistent-synchronisation statistics).
    """
    by_access: dict[int, list[Context]] = {}
    for c in contexts:
        by_access.setdefault(id(c.access), []).append(c)
    votes: dict[Location, list[Access]] = {}
    shown: dict[Location, tuple[Path, Access]] = {}
    sites: dict[tuple[str, int], Access] = {}
    for group in by_access.values():
        access = group[0].access
        sites.setdefault((access.func.id, access.at), access)
        common: set[Location] | None = None
        for c in group:
            kinds = set()
            for lock, _ in c.locks:
                kind = lock_key(c.path, lock).kind
                if declared is not None and declared.name in lock.fields:
                    kind = declared  # the comment names the field that wraps the lock itself
                if kind is not None and guards(c.path, lock) and not is_once(lock) and not is_flight(lock):
                    kinds.add(kind)
                    shown.setdefault(kind, (lock, access))
            common = kinds if common is None else common & kinds
        for kind in common or ():
            mine = votes.setdefault(kind, [])
            if all((x.func.id, x.at) != (access.func.id, access.at) for x in mine):
                mine.append(access)
    if declared is not None and declared not in votes:
        return _never_held(declared, tuple(sites.values()))
    if not votes:
        return None
    best = declared or max(sorted(votes), key=lambda k: _weight(votes[k]))
    held = tuple(votes[best])
    missed = tuple(x for key, x in sites.items() if all((h.func.id, h.at) != key for h in held))
    lock, access = shown[best]
    if declared is not None:
        return Guard(lock, access, held, missed, True)
    near = lock_key(access.path, lock).relative is not None or lock.base[0] == GLOBAL
    if _weight(held) * (3 if near else 1) < _weight(missed):
        return None  # a lock that happens to be held somewhere is no guard
    return Guard(lock, access, held, missed)


def _never_held(lock: Location, missed: tuple[Access, ...]) -> Guard | None:
    """A declared guard that no access holds: it has a name where it is a package variable or stands beside the map."""
    if lock.kind == "global":
        return Guard(Path((GLOBAL, lock.name, 0)), missed[0], (), missed, True)
    for access in missed:
        fields = access.path.fields
        while fields and (is_elem(fields[-1]) or fields[-1].startswith(COPY)):
            fields = fields[:-1]
        if fields and fields[-1].rpartition(".")[0] == lock.name.rpartition(".")[0]:
            return Guard(Path(access.path.base, (*fields[:-1], lock.name)), access, (), missed, True)
    return None


def _weight(accesses: Iterable[Access]) -> int:
    return sum(2 if x.writes else 1 for x in accesses)
