"""Inferred guards to the map fields and variables whose declarations could name them in a comment."""

import msgspec

from mapguard.checks.sources import Sources
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.declared import declared_name, field_of
from mapguard.concurrency.domain import GLOBAL
from mapguard.concurrency.inference import Guard, infer_guard
from mapguard.concurrency.locations import by_location
from mapguard.concurrency.races import Judge
from mapguard.facts.syntax import Field
from mapguard.program.model import NamedType, Program
from mapguard.program.names import show_type


class GuardedField(msgspec.Struct, frozen=True, order=True):
    """``name`` is declared at the 1-based ``line`` of ``path``; ``guard`` is the lock as a comment there would write it."""

    path: str
    line: int
    column: int
    name: str
    guard: str


def guarded_fields(judge: Judge, sources: Sources, generated: bool) -> tuple[GuardedField, ...]:
    """Maps without a declared guard whose accesses, at least one of them a write, mostly hold one lock; sorted by place."""
    found = []
    for where, accesses in by_location(judge.graph).items():
        named, field = _declared(judge.analysis.program, where.name) if where.kind == "field" else (None, None)
        if named is None or field is None or declared_name(field.comment) is not None:
            continue
        if named.scope.file.generated and not generated:
            continue
        contexts = [c for access in accesses for c in judge.contexts(access) if c.where == where]
        guard = infer_guard(contexts)
        lock = _written(judge, guard, named) if guard is not None and _convincing(guard, contexts) else ""
        if lock:
            place = sources.place(named.scope.file.path, field.at)
            found.append(GuardedField(place.path, place.line, place.column, field.name, lock))
    return tuple(sorted(found))


def _convincing(guard: Guard, contexts: list[Context]) -> bool:
    held = {(x.func.id, x.at) for x in guard.held}  # one of the accesses at a place stands for all: x++ reads and writes
    return len(guard.held) > len(guard.missed) and any(c.access.writes and (c.access.func.id, c.access.at) in held for c in contexts)


def _written(judge: Judge, guard: Guard, owner: NamedType) -> str:
    """``mu`` for a field beside the map or a variable of its package, ``Server.mu`` for a field of another type of the package.

    "" for a lock that has no name there, and for a sync.Once, which orders accesses but is no lock.
    """
    base, fields = guard.lock
    program, types = judge.analysis.program, judge.analysis.types
    if base[0] == GLOBAL and not fields:
        package, _, name = base[1].rpartition(".")
        return name if package == owner.pkg else ""
    named, field = _declared(program, fields[-1]) if fields else (None, None)
    if field is not None and field.embedded and len(fields) > 1 and named is not owner:
        holder, wrapper = _declared(program, fields[-2])
        if holder is owner:  # the field beside the map is of a lock type of the tree, which embeds the lock itself
            named, field = holder, wrapper
    if named is None or field is None or judge.analysis.models.type(show_type(types.deref(field.type))) == "once":
        return ""
    if named is owner:
        return field.name
    return f"{named.name}.{field.name}" if named.pkg == owner.pkg and not guard.missed else ""


def _declared(program: Program, identity: str) -> tuple[NamedType | None, Field | None]:
    """The type and the declaration of the field ``pkg.Type.name``."""
    before, _, name = identity.rpartition(".")
    package, _, type_name = before.rpartition(".")
    named = program.named(package, type_name)
    return named, field_of(named, name)
