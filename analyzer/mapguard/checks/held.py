"""Ways to an access to the locks that are held at each step and at the access, whichever function on the way took them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mapguard.checks.lockname import LockNames, Seen, lock_kind
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import GLOBAL, PARAM, READ, TOKEN, WRITE, Access, Edge, Location, Path
from mapguard.concurrency.guards import lock_key
from mapguard.concurrency.inference import Guard
from mapguard.program.model import Func

_MODES = (READ, WRITE)
Ways = Mapping[int, Sequence[Context]]  # the identity of an access to the ways that lead to it


class Caller(NamedTuple):
    """A call on the ways to an access, and whether all ways through it hold the lock. ``edge`` is None where the thread starts."""

    edge: Edge | None
    func: Func
    held: bool


def along(names: LockNames, edges: Sequence[Edge]) -> list[list[Seen]]:
    """What is held where each edge leaves its caller, outermost first: the caller's own locks and those that it was entered with."""
    entered: list[Seen] = []
    steps: list[list[Seen]] = []
    for edge in edges:
        held = _at(edge, entered, names)
        steps.append(held)
        entered = [] if edge.starts_thread else [_into(s, edge) for s in held]
    return steps


def _at(edge: Edge, entered: list[Seen], names: LockNames) -> list[Seen]:
    own = [Seen(p, m, edge.caller, p) for p, m in edge.locks if m in _MODES and names.is_lock(p)]
    taken = {s.kind for s in own}
    given_up = {lock_kind(p) for p in edge.dropped}
    return [*(s for s in entered if s.kind not in taken and s.kind not in given_up), *own]


def _into(seen: Seen, edge: Edge) -> Seen:
    """A lock held at a call, as a path of the called function."""
    local = _handed_in(seen.local, edge) if seen.local is not None else None
    return Seen(seen.lock, seen.mode, edge.callee, local)


def _handed_in(lock: Path, edge: Edge) -> Path | None:
    if lock.base[0] == GLOBAL or (edge.caller.frame is edge.callee.frame and edge.callee.outer is not None):
        return lock
    for index, targets in sorted(edge.args.items()):
        for one in targets:
            if one.base == lock.base and one.fields == lock.fields[: len(one.fields)]:
                return Path((PARAM, edge.callee.id, index), lock.fields[len(one.fields) :])
    return None


def at_access(names: LockNames, c: Context) -> list[Seen]:
    """The locks that the way ``c`` holds at its access, as paths of the function that contains the access."""
    found: dict[Location | None, Seen] = {}
    for lock, mode in c.locks:
        if mode in (*_MODES, TOKEN) and names.is_lock(lock):
            seen = Seen(lock, WRITE if mode == TOKEN else mode, c.access.func, _local(lock, c))
            known = found.get(seen.kind)
            if known is None or (known.local is None and seen.local is not None):
                found[seen.kind] = seen
    return list(found.values())


def _local(lock: Path, c: Context) -> Path | None:
    """A lock of the way, as a path of the function that contains the access."""
    kind = lock_kind(lock)
    for own, _ in c.access.locks:
        if lock_kind(own) == kind:
            return own
    rebased = _beside(lock, c.path, c.access.path)
    if rebased is not None:
        return rebased
    for number, edge in enumerate(c.own):
        mine = next((p for p, _ in edge.locks if lock_kind(p) == kind), None)
        local = mine
        for later in c.own[number:] if mine is not None else ():
            local = _handed_in(local, later) if local is not None else None
        if local is not None:
            return local
    return lock if lock.base[0] == GLOBAL or lock.base[1] == c.access.func.id else None


def _beside(lock: Path, there: Path, here: Path) -> Path | None:
    """The lock of an object that the map goes by as ``there``, where the map goes by as ``here``."""
    mine, theirs = _plain(here), _plain(there)
    ahead = len(theirs) - len(mine)
    if lock.base != there.base or ahead < 0 or theirs[ahead:] != mine:
        return None
    fields = _plain(lock)
    if fields[:ahead] != theirs[:ahead]:
        return None
    return Path(here.base, fields[ahead:])


def _plain(path: Path) -> tuple[str, ...]:
    return path.original().plain().fields


def on_all_ways(names: LockNames, access: Access, contexts: Sequence[Context]) -> list[Seen]:
    """The locks held at an access on every way; in read mode where one of the ways holds them in read mode.

    An access that no thread reaches holds the locks that its function takes.
    """
    if not contexts:
        return [Seen(p, m, access.func, p) for p, m in access.locks if m in _MODES and names.is_lock(p)]
    common: dict[Location | None, Seen] | None = None
    for c in contexts:
        here = {s.kind: s for s in at_access(names, c)}
        common = here if common is None else {kind: _weaker(s, here[kind]) for kind, s in common.items() if kind in here}
    return list((common or {}).values())


def _weaker(a: Seen, b: Seen) -> Seen:
    mode = READ if READ in (a.mode, b.mode) else WRITE
    return (a if a.local is not None else b)._replace(mode=mode)


def guard_beside(guard: Guard, path: Path, viewer: Func, ways: Ways) -> Path | None:
    """The guard of the map that ``viewer`` knows as ``path``, as a path of ``viewer``; None where the ways that hold the guard do not
    show how it is reached from there."""
    if guard.lock.base[0] == GLOBAL or _encloses(guard.lock.base[1], viewer):
        return guard.lock
    kind = lock_kind(guard.lock)
    known = ((c.path, p) for x in guard.held for c in ways.get(id(x), ()) for p, _ in c.locks if lock_kind(p) == kind)
    for there, lock in (*known, (guard.shown_with.path, guard.lock)):
        found = _relative(path, there, lock)
        if found is not None:
            return found
    return None


def _encloses(owner: str, viewer: Func) -> bool:
    """Whether ``viewer`` is a function literal inside ``owner``, whose variables it can use."""
    at = viewer.outer
    while at is not None and at.id != owner:
        at = at.outer
    return at is not None


def _relative(path: Path, there: Path, lock: Path) -> Path | None:
    """The lock that is to the map ``path`` as ``lock`` is to the map ``there``."""
    key = lock_key(there.original(), lock.original())
    if key.relative is None:
        return None
    to_map, to_lock = key.relative
    fields = _plain(path)
    if fields[len(fields) - len(to_map) :] != to_map:
        return None
    return Path(path.base, (*fields[: len(fields) - len(to_map)], *to_lock))


# ---------------------------------------------------------------- what differs between callers


def holds(c: Context, kind: Location | None) -> bool:
    return any(lock_kind(lock) == kind for lock, mode in c.locks if mode in (*_MODES, TOKEN))


def keeps(c: Context, kind: Location | None) -> bool:
    """Whether the way holds the lock itself, not a copy of it."""
    return any(lock_kind(p) == kind and not lock_key(c.path, p).copied for p, mode in c.locks if mode in (*_MODES, TOKEN))


def callers(contexts: Iterable[Context], kind: Location | None) -> list[Caller]:
    """The calls nearest to an access that separate the ways with the lock from those without; empty where all hold it, or none."""
    ways = list(contexts)
    if not ways or len({holds(c, kind) for c in ways}) == 1:
        return []
    return _split(ways, kind, 1)


def _split(ways: list[Context], kind: Location | None, depth: int) -> list[Caller]:
    groups: dict[str, list[Context]] = {}
    for c in ways:
        edge = _edge(c, depth)
        groups.setdefault(edge.id if edge is not None else "", []).append(c)
    found: list[Caller] = []
    for _, group in sorted(groups.items()):
        edge = _edge(group[0], depth)
        held = {holds(c, kind) for c in group}
        if edge is None or len(held) == 1:
            found.append(Caller(edge, edge.caller if edge is not None else _function(group[0], depth), all(held)))
        else:
            found.extend(_split(group, kind, depth + 1))
    return found


def _edge(c: Context, depth: int) -> Edge | None:
    """The call ``depth`` steps before the access; None beyond the start of the thread."""
    return c.chain[-depth] if depth <= len(c.chain) else None


def _function(c: Context, depth: int) -> Func:
    """The function that the call ``depth`` steps before the access, if there is one, leads to."""
    return c.chain[1 - depth].callee if 1 < depth <= len(c.chain) + 1 else c.access.func


class Missing(NamedTuple):
    """Where a way lacks a lock: at the call ``edge``, whose callee others call with the lock held; None: in the access's own function.

    ``at_start``: the thread begins there, so that no caller could take the lock.
    """

    edge: Edge | None
    at_start: bool = False


def missing(c: Context, contexts: Iterable[Context], kind: Location | None) -> Missing:
    """The place nearest to the access of ``c`` where no way holds the lock, so that taking it there locks nothing twice."""
    ways = list(contexts)
    if not any(holds(x, kind) for x in ways):
        return Missing(None)
    for depth, edge in enumerate(reversed(c.chain), 1):
        ways = [x for x in ways if _suffix(x, depth) == _suffix(c, depth)]
        if edge.starts_thread or not any(holds(x, kind) for x in ways):
            return Missing(edge, edge.starts_thread)
    return Missing(None, True)


def _suffix(c: Context, length: int) -> tuple[str, ...]:
    return tuple(e.id for e in c.chain[len(c.chain) - length :]) if length else ()
