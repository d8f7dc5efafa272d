"""The comment beside a field or package variable to the lock that it names: ``guarded by mu``, ``GUARDED_BY(mu)``, ``+checklocks:mu``.

A declaration is ground truth: whoever wrote it wants every access to hold that lock, however many do today.
"""

import re

from mapguard.concurrency.domain import Location
from mapguard.facts.syntax import Field, TStruct
from mapguard.program.model import NamedType, Program

_DECLARED = re.compile(
    r"(?:(?i:\b(?:guarded|protected)[ _-]?by\b)|\+checklocks(?:read)?:)[\s(:`'\"]*(?:the\s+)?[*&]?(?P<lock>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
)


def declared_name(comment: str) -> str | None:
    """The lock as the comment writes it; None where the comment declares none."""
    found = _DECLARED.search(comment)
    return found["lock"] if found is not None else None


def declared_guard(program: Program, where: Location) -> Location | None:
    """The lock that the declaration of a map names, where there is such a lock: a field beside it, of a type, a package variable."""
    if where.kind == "field":
        owner, _, name = where.name.rpartition(".")
        package, _, type_name = owner.rpartition(".")
        named = program.named(package, type_name)
        field = field_of(named, name)
        lock = declared_name(field.comment) if field is not None else None
        return _resolved(program, package, named, lock) if lock is not None else None
    if where.kind == "global":
        variable = program.variable(where.name)
        lock = declared_name(variable.comment) if variable is not None else None
        return _resolved(program, where.name.rpartition(".")[0], None, lock) if lock is not None else None
    return None


def field_of(named: NamedType | None, name: str) -> Field | None:
    """The field as its struct declares it."""
    under = named.decl.type if named is not None else None
    return next((f for f in under.fields if f.name == name), None) if isinstance(under, TStruct) else None


def _resolved(program: Program, package: str, owner: NamedType | None, written: str) -> Location | None:
    before, _, name = written.rpartition(".")
    other = program.named(package, before)
    if other is not None:
        return _field(other, name)
    found = program.packages.get(package)
    if owner is not None and field_of(owner, name) is not None:
        return _field(owner, name)  # also as the methods write it: s.mu
    return Location("global", f"{package}.{name}") if found is not None and not before and name in found.globals else None


def _field(owner: NamedType, name: str) -> Location | None:
    return Location("field", f"{owner.pkg}.{owner.name}.{name}") if field_of(owner, name) is not None else None
