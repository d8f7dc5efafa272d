"""Ways to an access to the locks that are held at each step and at the access, whichever function on the way took them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mapguard.bodies.effects import At
from mapguard.bodies.paths import Path, is_element
from mapguard.bodies.state import READ, WRITE
from mapguard.checks.location import Location, owner
from mapguard.checks.lockname import LockNames, Seen
from mapguard.evidence.guard import beside
from mapguard.order.edges import Edge
from mapguard.races.accesses import Access
from mapguard.races.contexts import Anchored, Context

Ways = Mapping[Access, Sequence[Context]]  # an access to the ways that lead to it
STARTS = ("go", "root", "parallel")


class Caller(NamedTuple):
    """A call on the ways to an access, and whether all ways through it hold the lock. ``edge`` is None where the thread starts."""

    edge: Edge | None
    func: int
    held: bool


class Held:
    """Answers for one program."""

    def __init__(self, names: LockNames) -> None:
        self.names = names
        self.index = names.index
        self.bodies = names.judge.bodies

    # ------------------------------------------------------------ one way

    def along(self, edges: Sequence[Edge], held: Sequence[At]) -> list[list[Seen]]:
        """What is held where each edge leaves its caller, outermost first: the caller's own locks and those that it was entered with."""
        entered: list[Seen] = []
        steps: list[list[Seen]] = []
        for number, (edge, at) in enumerate(zip(edges, held, strict=True)):
            here = self.at(self.caller(edge), at, entered, edges[:number])
            steps.append(here)
            entered = [] if edge.kind in STARTS else [self._into(s, edge) for s in here]
        return steps

    def entered(self, c: Context) -> list[Seen]:
        """The locks with which the function of an access was entered, as paths of that function."""
        return self.entered_by(c.chain, c.held[:-1])

    def entered_by(self, edges: Sequence[Edge], held: Sequence[At]) -> list[Seen]:
        """The locks with which the function that edges lead to was entered, as paths of that function."""
        steps = self.along(edges, held)
        return [self._into(s, edges[-1]) for s in steps[-1]] if edges and edges[-1].kind not in STARTS else []

    def at(self, func: int, at: At, entered: Sequence[Seen], above: Sequence[Edge]) -> list[Seen]:
        """What is held at an event of a function that was entered with locks, over the calls above it."""
        own = []
        for path, mode in sorted(at.held, key=repr):
            lock = self._lifted(func, path, above)
            if self.names.is_lock(lock):
                own.append(Seen(lock, READ if mode == READ else WRITE, func, Anchored(func, path)))
        taken = {self.names.kind(s.lock) for s in own}
        given_up = {self.names.kind(self._lifted(func, p, above)) for p, _ in at.lost}
        return [*(s for s in entered if self.names.kind(s.lock) not in taken | given_up), *own]

    def _lifted(self, func: int, path: Path, above: Sequence[Edge]) -> Anchored:
        """A path of a function as far up the calls above it as it can be followed."""
        path = self.bodies.normal(func, path)
        for edge in reversed(above):
            outer = self.bodies.given(edge.site, edge.func, path)
            if outer is None:
                break
            func, path = self.caller(edge), outer
        return Anchored(func, path)

    def _into(self, seen: Seen, edge: Edge) -> Seen:
        """A lock held at a call, as a path of the called function."""
        local = self._handed_in(seen.local, edge) if seen.local is not None else None
        return Seen(seen.lock, seen.mode, edge.func, local)

    def _handed_in(self, lock: Anchored, edge: Edge) -> Anchored | None:
        if isinstance(lock.path.root, str) or self._around(lock.func, edge.func):
            return lock
        body = self.index.bodies[edge.func]
        for reg in range(body.params + body.captures):
            given = self.bodies.given(edge.site, edge.func, Path(reg))
            if given is not None and given.root == lock.path.root and given.fields == lock.path.fields[: len(given.fields)]:
                return Anchored(edge.func, Path(reg, lock.path.fields[len(given.fields) :]))
        return None

    def _around(self, outer: int, inner: int) -> bool:
        """Whether a function is a literal inside another one, whose variables it can use."""
        mine = self.index.funcs[outer]
        at = self.index.funcs[inner]
        while at is not None and at.outer is not None and mine is not None:
            at = at.outer
            if at.id == mine.id:
                return True
        return False

    def caller(self, edge: Edge) -> int:
        """The function that has the call."""
        return self.index.sites[edge.site].func

    def at_access(self, c: Context) -> list[Seen]:
        """The locks that the way ``c`` holds at its access, as paths of the function that contains the access."""
        found: dict[Location, Seen] = {}
        for seen in self.at(c.access.func, c.held[-1], self.entered(c), c.chain):
            kind = self.names.kind(seen.lock)
            known = found.get(kind)
            if known is None or (known.local is None and seen.local is not None):
                found[kind] = seen
        return list(found.values())

    def on_all_ways(self, access: Access, contexts: Sequence[Context]) -> list[Seen]:
        """The locks held at an access on every way; in read mode where one of the ways holds them in read mode.

        An access that no thread reaches holds the locks that its function takes.
        """
        if not contexts:
            ats = self.bodies.held(*access.where)
            return self.at(access.func, ats[0], (), ()) if len(ats) == 1 else []
        common: dict[Location, Seen] | None = None
        for c in contexts:
            here = {self.names.kind(s.lock): s for s in self.at_access(c)}
            common = here if common is None else {kind: _weaker(s, here[kind]) for kind, s in common.items() if kind in here}
        return list((common or {}).values())

    def map_at(self, c: Context) -> Path:
        """The map of a way, as a path of the function that contains the access."""
        return self.bodies.normal(c.access.func, c.held[-1].where(c.access.path))

    def beside(self, c: Context) -> set[Location]:
        """The locks of a way that lie in the very object that the map lies in."""
        return {self.names.kind(lock) for lock, _ in c.locks if beside(c.map, lock)}

    # ------------------------------------------------------------ the guard where it is not held

    def kind_at(self, c: Context, func: int, path: Path) -> Location:
        """The identity of a lock that a function on the way knows as ``path``."""
        number = next((n for n, edge in enumerate(c.chain) if self.caller(edge) == func), len(c.chain))
        return self.names.kind(self._lifted(func, path, c.chain[:number]))

    def guard_at(self, kind: Location, map_: Path, viewer: int, ways: Iterable[Context]) -> Anchored | None:
        """The guard of the map that ``viewer`` knows as ``map_``, as a path of ``viewer`` or of a function around it; None where no way
        shows how it is reached from there."""
        if kind.kind == "global":
            return Anchored(viewer, Path(kind.name))
        if kind.kind != "field":
            func = self.index.number[kind.name]
            return Anchored(func, Path(kind.at)) if func == viewer or self._around(func, viewer) else None
        for c in ways:
            for lock, _ in sorted(c.locks, key=repr):
                found = _relative(map_, c.map, lock) if self.names.kind(lock) == kind else None
                if found is not None:
                    return Anchored(viewer, found)
        path = field_beside(map_, kind.name)
        return Anchored(viewer, path) if path is not None else None

    # ------------------------------------------------------------ what differs between callers

    def holds(self, c: Context, kind: Location | None) -> bool:
        return any(self.names.kind(s.lock) == kind for s in self.at_access(c))

    def kinds(self, c: Context) -> frozenset[Location]:
        """The identities of the locks that a way holds at its access."""
        return frozenset(self.names.kind(s.lock) for s in self.at_access(c))

    def callers(self, held: Iterable[tuple[Context, frozenset[Location]]], kind: Location) -> list[Caller]:
        """The calls nearest to an access that separate the ways with the lock from those without; empty where all hold it, or none."""
        ways = [(c, kind in kinds) for c, kinds in held]
        if not ways or len({held for _, held in ways}) == 1:
            return []
        return self._split(ways, 1)

    def _split(self, ways: list[tuple[Context, bool]], depth: int) -> list[Caller]:
        groups: dict[tuple[int, int], list[tuple[Context, bool]]] = {}
        for c, held in ways:
            edge = self._edge(c, depth)
            groups.setdefault((edge.site, edge.func) if edge is not None else (-1, -1), []).append((c, held))
        found: list[Caller] = []
        for _, group in sorted(groups.items(), key=lambda kv: kv[0]):
            edge = self._edge(group[0][0], depth)
            kinds = {held for _, held in group}
            if edge is None or len(kinds) == 1:
                found.append(Caller(edge, self.caller(edge) if edge is not None else self._function(group[0][0], depth), all(kinds)))
            else:
                found.extend(self._split(group, depth + 1))
        return found

    @staticmethod
    def _edge(c: Context, depth: int) -> Edge | None:
        """The call ``depth`` steps before the access; None beyond the outermost one."""
        return c.chain[-depth] if depth <= len(c.chain) else None

    @staticmethod
    def _function(c: Context, depth: int) -> int:
        """The function that the call ``depth`` steps before the access, if there is one, leads to."""
        return c.chain[1 - depth].func if 1 < depth <= len(c.chain) + 1 else c.access.func

    def missing(self, c: Context, contexts: Iterable[Context], kind: Location | None) -> "Missing":
        """The place nearest to the access of ``c`` where no way holds the lock, so that taking it there locks nothing twice."""
        ways = list(contexts)
        if not any(self.holds(x, kind) for x in ways):
            return Missing(None)
        for depth, edge in enumerate(reversed(c.chain), 1):
            ways = [x for x in ways if _suffix(x, depth) == _suffix(c, depth)]
            starts = edge.kind in STARTS
            if starts or not any(self.holds(x, kind) for x in ways):
                return Missing(edge, starts)
        return Missing(None, True)


class Missing(NamedTuple):
    """Where a way lacks a lock: at the call ``edge``, whose callee others call with the lock held; None: in the access's own function.

    ``at_start``: the thread begins there, so that no caller could take the lock.
    """

    edge: Edge | None
    at_start: bool = False


def _suffix(c: Context, length: int) -> tuple[tuple[int, int], ...]:
    return tuple((e.site, e.func) for e in c.chain[len(c.chain) - length :]) if length else ()


def _weaker(a: Seen, b: Seen) -> Seen:
    mode = READ if READ in (a.mode, b.mode) else WRITE
    return (a if a.local is not None else b)._replace(mode=mode)


def _relative(map_: Path, there: Anchored, lock: Anchored) -> Path | None:
    """The lock that is to the map ``map_`` as ``lock`` is to the map ``there``."""
    if there.path.root != lock.path.root or (there.func != lock.func and not isinstance(lock.path.root, str)):
        return None
    mine, theirs, here = _plain(there.path), _plain(lock.path), _plain(map_)
    shared = 0
    while shared < len(mine) and shared < len(theirs) and mine[shared] == theirs[shared]:
        shared += 1
    to_map, to_lock = mine[shared:], theirs[shared:]
    if here[len(here) - len(to_map) :] != to_map:
        return None
    return Path(map_.root, (*map_.fields[: len(here) - len(to_map)], *to_lock))


def _plain(path: Path) -> tuple[str, ...]:
    """The fields, elements without their index."""
    return tuple("[]" if is_element(f) else f for f in path.fields)


def field_beside(path: Path, field: str) -> Path | None:
    """The path of another field of the struct that contains the map."""
    fields = path.fields
    at = next((i for i in range(len(fields) - 1, -1, -1) if owner(fields[i]) == owner(field)), None)
    return Path(path.root, (*fields[:at], field)) if at is not None else None
