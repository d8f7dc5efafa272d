"""Inferred guards to the map fields whose declarations could name them in a comment."""

import msgspec

from mapguard.checks.location import last, owner
from mapguard.checks.sources import Sources
from mapguard.evidence.guard import declared_name, field_of
from mapguard.evidence.location import Location
from mapguard.evidence.proof import Guard, Use
from mapguard.evidence.proofs import Proofs
from mapguard.program.model import NamedType, Program
from mapguard.program.names import show_type


class GuardedField(msgspec.Struct, frozen=True, order=True):
    """``name`` is declared at the 1-based ``line`` of ``path``; ``guard`` is the lock as a comment there would write it."""

    path: str
    line: int
    column: int
    name: str
    guard: str


def guarded_fields(proofs: Proofs, sources: Sources, generated: bool) -> tuple[GuardedField, ...]:
    """Maps without a declared guard whose accesses, at least one of them a write, mostly hold one lock; sorted by place."""
    program = proofs.index.types.program
    by_field: dict[Location, dict[Use, None]] = {}
    for map_ in proofs.judge.maps():
        for use in proofs.uses(map_):
            for where in sorted({proofs.locations.of(c.map) for c in use.contexts}):
                if where.kind == "field":
                    by_field.setdefault(where, {})[use] = None
    found = []
    for where, uses in by_field.items():
        named = program.named(where.package, where.owner)
        field = field_of(named, where.last)
        if named is None or field is None or declared_name(field.comment) or (named.scope.file.generated and not generated):
            continue
        guard = proofs.guards.of(where, uses)
        lock = _written(program, proofs, guard, named) if guard is not None and _convincing(guard, uses) else ""
        if lock:
            place = sources.place(named.scope.file.path, field.at)
            found.append(GuardedField(place.path, place.line, place.column, field.name, lock))
    return tuple(sorted(found))


def _convincing(guard: Guard, uses: dict[Use, None]) -> bool:
    held = {(x.func, x.at) for x in guard.held}  # one of the accesses at a place stands for all: x++ reads and writes
    return len(guard.held) > len(guard.missed) and any(u.access.writes and (u.access.func, u.access.at) in held for u in uses)


def _written(program: Program, proofs: Proofs, guard: Guard, holder: NamedType) -> str:
    """``mu`` for a field beside the map or a variable of its package, ``Server.mu`` for a field of another type of the package.

    "" for a lock that has no name there.
    """
    if guard.lock.kind == "global":
        return guard.lock.last if guard.lock.package == holder.pkg else ""
    if guard.lock.kind != "field":
        return ""
    field = _wrapper(program, proofs, guard, holder) or guard.lock.name
    package, _, type_name = owner(field).rpartition(".")
    named = program.named(package, type_name)
    if named is None:
        return ""
    if named is holder:
        return last(field)
    return f"{named.name}.{last(field)}" if named.pkg == holder.pkg and not guard.missed else ""


def _wrapper(program: Program, proofs: Proofs, guard: Guard, holder: NamedType) -> str:
    """The field beside the map whose type, of the tree, embeds the lock itself; "" where it is not so."""
    lock = program.named(guard.lock.package, guard.lock.owner)
    embedded = field_of(lock, guard.lock.last)
    if lock is None or lock is holder or embedded is None or not embedded.embedded:
        return ""
    under = proofs.index.types.declared(holder)
    kinds = [(f.name, show_type(proofs.index.types.deref(f.type))) for f in getattr(under, "fields", ())]
    names = [name for name, kind in kinds if kind == f"{lock.pkg}.{lock.name}"]
    return f"{holder.pkg}.{holder.name}.{names[0]}" if len(names) == 1 else ""
