"""What holds at one point of a body, and where ways meet."""

from mapguard.concurrency.domain import (
    NO_NEEDS,
    READ,
    READ_HALF,
    WRITE,
    Base,
    Intact,
    Locks,
    Path,
    Place,
    Value,
    below,
    both_intact,
    both_woken,
    merge_values,
)

Cases = tuple[dict[Path, str], dict[Path, str], dict[Path, str]]


class State:
    """What holds at one point of a body. ``live`` are goroutines that may be running.

    ``locks`` are those taken since the start and still held, ``given`` those of the caller that may have been given up since.

    ``signaled`` is what this path has sent on, closed or counted down. ``escaped`` are allocations that others may reach: goroutines
    started here that hold them, and, when they are ``published`` too, anybody who finds them in a shared place. ``cases`` are
    variables that decided which locks were taken: the lockset since then, and what it is where the variable is true, and false.
    ``deferred`` are the locks that deferred calls of this path release.
    ``needs`` are the conditions on this call under which the path is taken. ``intact`` are parameters and objects made here that
    nobody else could have changed since the start of the body, or since they were made: with the fields that were set since.
    ``absent`` are the keys of concurrent maps that a look-up on this path has not found. ``woken`` are the places of the channels
    and the like one of which the path has waited for; without any it has not waited. ``second`` are locks that have the path of one
    that is held, and by which other name they were taken: they are another object's. ``looked`` are the keys of sets that were looked up,
    each with a mutex that has been held since. ``optional`` are objects that may be nil, each with a lock of it that is held if it is not.
    """

    __slots__ = (
        "absent",
        "cases",
        "deferred",
        "env",
        "escaped",
        "given",
        "intact",
        "live",
        "locks",
        "looked",
        "needs",
        "optional",
        "published",
        "second",
        "signaled",
        "woken",
    )

    def __init__(
        self,
        env: dict[str, Value],
        locks: dict[Path, str],
        escaped: frozenset[Base],
        live: frozenset[str],
        signaled: frozenset[Path] = frozenset(),
        published: frozenset[Base] = frozenset(),
        given: frozenset[Path] = frozenset(),
        cases: dict[str, Cases] | None = None,
    ) -> None:
        self.env = env
        self.cases = cases or {}
        self.deferred: frozenset[Path] = frozenset()
        self.absent: frozenset[tuple[Path, object]] = frozenset()
        self.woken: frozenset[Place] = frozenset()
        self.looked: frozenset[tuple[Path, object, Path]] = frozenset()
        self.optional: frozenset[tuple[Path, Path, str]] = frozenset()
        self.second: frozenset[tuple[Path, object]] = frozenset()
        self.needs = NO_NEEDS
        self.intact: Intact = {}  # never changed in place: copies of the state share it
        self.given = given
        self.locks = locks
        self.escaped = escaped
        self.live = live
        self.signaled = signaled
        self.published = published

    def copy(self) -> "State":
        made = State(dict(self.env), dict(self.locks), self.escaped, self.live, self.signaled, self.published, self.given, dict(self.cases))
        made.deferred = self.deferred
        made.absent = self.absent
        made.woken = self.woken
        made.looked = self.looked
        made.optional = self.optional
        made.second = self.second
        made.needs = self.needs
        made.intact = self.intact
        return made

    def run_deferred(self) -> None:
        """What deferred calls release is released: a lock of this path, or one of the caller's."""
        for path in self.deferred:
            lock = Path(path.base, path.fields[:-1]) if path.fields[-1:] == (READ_HALF,) else path
            if self.locks.pop(lock, None) is None:
                self.given |= {lock}
        self.deferred = frozenset()

    @property
    def holds_lock(self) -> bool:
        return any(mode in (READ, WRITE) for mode in self.locks.values())

    def held_at(self, path: Path) -> dict[Path, str]:
        """The locks that are held where the path is used: who gets there through an object has found it present."""
        more = {lock: mode for present, lock, mode in self.optional if below(path, present)}
        return {**more, **self.locks} if more else self.locks

    def lockset(self) -> Locks:
        return tuple(sorted(self.locks.items())) if self.locks else ()


def join(states: list[State]) -> State | None:
    """Must-information is intersected (locks), may-information united (aliases, escaped, live)."""
    if not states:
        return None
    first = states[0]
    for other in states[1:]:
        if first.env is not other.env:
            for name, value in other.env.items():
                mine = first.env.get(name)
                if mine is None:
                    first.env[name] = value
                elif mine is not value:
                    first.env[name] = merge_values(mine, value)
        first.deferred = _still_due(first, other) | _still_due(other, first)
        first.locks = join_locks(first.locks, other.locks)
        first.cases = {name: case for name, case in first.cases.items() if other.cases.get(name) == case}
        first.absent &= other.absent
        first.woken = both_woken(first.woken, other.woken)
        first.looked &= other.looked
        first.optional &= other.optional
        first.second &= other.second
        first.needs &= other.needs
        first.intact = both_intact(first.intact, other.intact)
        first.escaped |= other.escaped
        first.live |= other.live
        first.published |= other.published
        first.given |= other.given
        first.signaled |= other.signaled
    return first


def _still_due(mine: State, other: State) -> frozenset[Path]:
    """The deferred releases of one path after it meets another: those of a lock that only this path has taken keep to this path."""
    return frozenset(p for p in mine.deferred if p in other.deferred or p not in mine.locks)


def join_locks(a: dict[Path, str], b: dict[Path, str]) -> dict[Path, str]:
    return {path: mode if mode == b[path] else READ for path, mode in a.items() if path in b}
