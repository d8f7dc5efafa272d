"""A finding to the plans that repair it, the one that fits best first; what cannot be planned says why."""

from collections.abc import Callable, Iterator

from mapguard.checks.location import Location
from mapguard.evidence.proof import Guard
from mapguard.fix.edit import EditError
from mapguard.fix.plan import Plan
from mapguard.repair.atomicstep import atomic_step
from mapguard.repair.copying import copy_out
from mapguard.repair.modes import write_mode
from mapguard.repair.newlock import NewLock
from mapguard.repair.pointers import by_pointer
from mapguard.repair.subject import Subject, held_at
from mapguard.repair.wanting import Level, Spot

Builder = Callable[[Subject], Plan]


def plans(subject: Subject) -> Iterator[Plan | EditError]:
    """Plans and, in the place of those that cannot be made, the reasons."""
    for build in _builders(subject):
        try:
            yield build(subject)
        except EditError as error:
            yield error


def _builders(subject: Subject) -> list[Builder]:
    rule = subject.finding.rule
    guarded = subject.wanting.plain.guard is not None
    found: list[Builder] = []
    if rule == "sync-map-check-then-act":
        return [atomic_step]
    if rule == "map-guard-copied":
        found.append(by_pointer)
    if rule == "map-escapes-guard":
        found.append(copy_out)
    if rule == "map-write-under-rlock":
        found.append(_write_lock)
    if guarded:
        found.append(_hold_guard)
    elif _beside(subject) is not None:
        found.append(_hold_beside)
    found.append(_new_lock)
    return found


# ---------------------------------------------------------------- a lock that is there


def _hold_guard(subject: Subject) -> Plan:
    """The guard at every access that lacks it."""
    guard = subject.wanting.plain.guard
    assert guard is not None
    shown = subject.finding.guard
    name = shown.lock if shown is not None else subject.given.x.locks.of_kind(guard.lock)
    why = "as the declaration says" if guard.declared else _share(guard)
    return _held(subject, guard.lock, name, why)


def _share(guard: Guard) -> str:
    do = "does" if len(guard.held) == 1 else "do"
    return f"as {len(guard.held)} of {len(guard.held) + len(guard.missed)} accesses {do}"


def _hold_beside(subject: Subject) -> Plan:
    """The only mutex of the map's struct."""
    field = _beside(subject)
    assert field is not None
    kind = Location("field", field)
    return _held(subject, kind, subject.given.x.locks.of_kind(kind), f"the lock beside '{subject.finding.map.name}'")


def _beside(subject: Subject) -> str | None:
    return subject.given.x.adviser.lock_beside(subject.finding.map)


def _write_lock(subject: Subject) -> Plan:
    """The write lock where a write holds the read lock."""
    kinds = {
        subject.given.x.locks.kind(s.lock) for c in subject.wanting.ways() if c.access.writes for s in subject.given.x.held.at_access(c)
    }
    kinds = {k for k in kinds if any(True for _ in subject.wanting.only_reading(k))}
    if len(kinds) != 1:
        raise EditError("the write holds several read locks")
    kind = kinds.pop()
    return _held(subject, kind, subject.given.x.locks.of_kind(kind), "RLock lets any number of holders in at once")


def _held(subject: Subject, kind: Location, name: str, why: str) -> Plan:
    x = subject.given.x
    changed, functions = write_mode(subject, kind)
    spots = list(subject.wanting.lacking(kind))
    takers = {x.functions.of(f).id for f in x.locks.takers(kind)}
    holding = held_at(subject.given, spots, x.locks.model_of(kind) == "rwmutex", takers)
    if not changed and not holding.edits:
        raise EditError(f"every access holds {name} already")
    told = []
    if functions:
        told.append(f"Take {name} for writing in {_listed(functions)}: {why}.")
    if holding.edits:
        told.append(f"Hold {name} in {_listed({s.func.display for s in spots})}{'' if functions else f', {why}'}.")
    return Plan(
        "hold-lock" if holding.edits else "write-lock", _told(" ".join(told), holding.parted), (*changed, *holding.edits), holding.imports
    )


# ---------------------------------------------------------------- a lock of its own


def _new_lock(subject: Subject) -> Plan:
    """A mutex beside the map, at every access."""
    x, wanting = subject.given.x, subject.wanting
    ways = list(wanting.ways())
    packages = {x.functions.of(c.access.func).scope.package.path for c in ways}
    shared = subject.finding.advice.kind == "rwmutex"
    lock = NewLock(x, subject.where, ways, packages, shared, subject.given.names, subject.given.tests)
    spots = [wanting.spot(c, lock.written) for c in ways]
    lone: list[Spot] = []
    for access in wanting.lone():
        level = Level(access.func, access.at, access.end, x.judge.bodies.normal(access.func, access.path))
        spot = wanting.spot_at(level, access.writes, lock.written)
        lone += [spot] if spot is not None else []
    holding = held_at(subject.given, spots, shared, set(), lone)
    declared = lock.declared(subject.given.file)
    functions = {s.func.display for s in (*spots, *lone)}
    reason = f"'{subject.finding.map.name}' has no lock: {declared.name} guards it in {_listed(functions)}."
    return Plan(
        "rwmutex" if shared else "mutex",
        _told(reason, holding.parted),
        (*declared.edits, *holding.edits),
        (*declared.imports, *holding.imports),
    )


def _told(reason: str, parted: tuple[str, ...]) -> str:
    if not parted:
        return reason
    return (
        f"{reason} {_listed(set(parted))} {'gives' if len(parted) == 1 else 'give'} it up between accesses, which the code there requires."
    )


def _listed(names: set[str]) -> str:
    ordered = [f"'{n}'" for n in sorted(names)]
    return ordered[0] if len(ordered) == 1 else f"{', '.join(ordered[:-1])} and {ordered[-1]}"
