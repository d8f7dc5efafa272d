"""The guards that the analysis inferred to the fields that could say so in a comment."""

import msgspec

from mapguard.checks.sources import Sources
from mapguard.concurrency.contexts import Context, by_location
from mapguard.concurrency.declared import declared_name, field_of
from mapguard.concurrency.domain import Location
from mapguard.concurrency.guards import lock_key
from mapguard.concurrency.races import Guard, Judge, infer_guard
from mapguard.program.model import NamedType


class GuardedField(msgspec.Struct, frozen=True, order=True):
    """``name`` is declared at the 1-based ``line`` of ``path``; ``guard`` is the lock as a comment there would write it."""

    path: str
    line: int
    column: int
    name: str
    guard: str


def guarded_fields(judge: Judge, sources: Sources, generated: bool) -> tuple[GuardedField, ...]:
    """Map fields without a declared guard whose accesses, a write among them, mostly hold one lock; sorted by place."""
    found = []
    for where, accesses in by_location(judge.climber).items():
        owner, _, name = where.name.rpartition(".")
        package, _, type_name = owner.rpartition(".")
        named = judge.analysis.program.named(package, type_name) if where.kind == "field" else None
        field = field_of(named, name)
        if named is None or field is None or declared_name(field.comment) is not None:
            continue
        if named.scope.file.generated and not generated:
            continue
        contexts = [c for access in accesses for c in judge.contexts(access) if c.where == where]
        guard = infer_guard(contexts)
        lock = _written(guard, named) if guard is not None and _convincing(guard, contexts) else ""
        if lock:
            place = sources.place(named.scope.file.path, field.at)
            found.append(GuardedField(place.path, place.line, place.column, name, lock))
    return tuple(sorted(found))


def _convincing(guard: Guard, contexts: list[Context]) -> bool:
    held = {(x.func.id, x.at) for x in guard.held}  # one of the accesses at a place stands for all: x++ reads and writes
    return len(guard.held) > len(guard.missed) and any(c.access.writes and (c.access.func.id, c.access.at) in held for c in contexts)


def _written(guard: Guard, owner: NamedType) -> str:
    """``mu`` for a field beside the map or a variable of its package, ``Server.mu`` for another type's; "" for what has no name there."""
    kind: Location | None = lock_key(guard.shown_with.path, guard.lock).kind
    if kind is None or kind.kind == "local":
        return ""
    before, _, name = kind.name.rpartition(".")
    if kind.kind == "global":
        return name if before == owner.pkg else ""
    package, _, type_name = before.rpartition(".")
    if package != owner.pkg:
        return ""
    return name if type_name == owner.name else f"{type_name}.{name}"
