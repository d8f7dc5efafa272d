"""The uses of a map to the lock that guards it: the one that its declaration names, or the one that most accesses hold on every way."""

import re
from collections.abc import Iterable, Sequence

from mapguard.bodies.state import READ, WRITE
from mapguard.evidence.location import Location, location, named_fields, type_of
from mapguard.evidence.proof import Guard, Use
from mapguard.facts.syntax import Field, TStruct
from mapguard.models.load import Models
from mapguard.program.model import NamedType
from mapguard.program.names import show_type
from mapguard.races.accesses import Access
from mapguard.races.contexts import Anchored, Context
from mapguard.races.judge import Judge

_DECLARED = re.compile(
    r"(?:(?i:\b(?:guarded|protected)[ _-]?by\b)|\+checklocks(?:read)?:)[\s(:`'\"]*(?:the\s+)?[*&]?(?P<lock>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
)
_LOCKS = frozenset(["mutex", "rwmutex", "locker"])
_FAR = 1, 3  # a lock that lies with the map may be held at a third of the accesses, any other one at half


class Guards:
    """Answers for one program."""

    def __init__(self, judge: Judge, models: Models) -> None:
        self.same = judge.exclusion.same
        self.index = judge.index
        self.models = models

    def of(self, where: Location, uses: Iterable[Use]) -> Guard | None:
        """The guard of a map; None where no lock is held often enough to be meant as one."""
        declared = self.declared(where)
        places: dict[tuple[int, int], list[Use]] = {}  # m[k]++ reads and writes at one place
        for use in uses:
            if use.contexts:
                places.setdefault((use.access.func, use.access.at), []).append(use)
        votes: dict[Location, list[Access]] = {}
        near: set[Location] = set()
        for found in places.values():
            contexts = [c for use in found for c in use.contexts]
            for lock in sorted(set.intersection(*({lock for lock, _ in self.held(c, declared)} for c in contexts))):
                votes.setdefault(lock, []).append(_telling(found))
            near.update(lock for c in contexts for lock, beside in self.held(c, declared) if beside)
        if declared is None and not votes:
            return None
        best = declared or max(sorted(votes), key=lambda lock: _weight(votes[lock]))
        held = tuple(votes.get(best, ()))
        missed = tuple(_telling(found) for found in places.values() if _telling(found) not in held and not self._of_another(found, best))
        if declared is None and _weight(held) * _FAR[best in near] < _weight(missed):
            return None  # a lock that happens to be held somewhere is no guard
        return Guard(best, held, missed, declared is not None)

    def _of_another(self, uses: Sequence[Use], lock: Location) -> bool:
        """Whether a lock of this name is held on every way, though not for certain that of the map's own object: it is not missing."""
        return all(any(location(self.index, other) == lock for other, _ in c.locks) for use in uses for c in use.contexts)

    def held(self, c: Context, declared: Location | None = None) -> set[tuple[Location, bool]]:
        """The mutexes that are held on a way, each with whether map and lock hang off one object."""
        found = set()
        for lock, mode in c.locks:
            if mode not in (READ, WRITE):
                continue
            where = location(self.index, lock)
            if declared is not None and declared.name in named_fields(lock):
                where = declared  # the comment names the field that wraps the lock itself
            guards = self.same.must(c, lock, c, lock)  # not one that each activation, or each copy, has of its own
            if guards and (where == declared or self.is_mutex(where)):
                found.add((where, distance(c.map, lock) is not None))
        return found

    def held_beside(self, c: Context) -> bool:
        """Whether a mutex is held that lies in the map's own object, or beside the package variable."""
        return any(beside(c.map, lock) and self.is_mutex(location(self.index, lock)) for lock, _ in c.locks)

    def is_mutex(self, where: Location) -> bool:
        """Whether the declared type is that of a lock."""
        return self.models.type(show_type(self.index.types.deref(type_of(self.index, where)))) in _LOCKS

    # ------------------------------------------------------------ declared

    def declared(self, where: Location) -> Location | None:
        """The lock that the comment beside a map names, where there is such a lock: a field beside it, of a type, a package variable."""
        program = self.index.types.program
        if where.kind == "field":
            named = program.named(where.package, where.owner)
            field = field_of(named, where.last)
            return self._resolved(where.package, named, field.comment) if field is not None else None
        variable = program.variable(where.name) if where.kind == "global" else None
        return self._resolved(where.package, None, variable.comment) if variable is not None else None

    def _resolved(self, package: str, owner: NamedType | None, comment: str) -> Location | None:
        written = declared_name(comment)
        if written is None:
            return None
        program = self.index.types.program
        before, _, name = written.rpartition(".")
        other = program.named(package, before)
        if other is not None:
            return _field(other, name)
        if owner is not None and field_of(owner, name) is not None:
            return _field(owner, name)  # also as the methods write it: s.mu
        known = program.packages.get(package)
        return Location("global", f"{package}.{name}") if known is not None and not before and name in known.globals else None


def distance(map_: Anchored, lock: Anchored) -> int | None:
    """How many fields lead to a map from the last object on the way that the lock hangs off too; None where there is none. A package
    variable lies beside the others of its package."""
    if isinstance(map_.path.root, str) and isinstance(lock.path.root, str) and map_.path.root != lock.path.root:
        one = map_.path.root.rpartition(".")[0] == lock.path.root.rpartition(".")[0]
        return len(named_fields(map_)) if one else None
    if map_.path.root != lock.path.root or (map_.func != lock.func and not isinstance(map_.path.root, str)):
        return None
    mine, theirs = named_fields(map_), named_fields(lock)
    common = 0
    while common < min(len(mine), len(theirs)) and mine[common] == theirs[common]:
        common += 1
    return len(mine) - common


def declared_name(comment: str) -> str | None:
    """The lock as a comment writes it; None where the comment declares none."""
    found = _DECLARED.search(comment)
    return found["lock"] if found is not None else None


def beside(map_: Anchored, lock: Anchored) -> bool:
    """Whether a lock lies in the very object that the map lies in, or is a package variable as the map is one."""
    found = distance(map_, lock)
    return found is not None and found <= 1


def field_of(named: NamedType | None, name: str) -> Field | None:
    """The field as its struct declares it."""
    under = named.decl.type if named is not None else None
    return next((f for f in under.fields if f.name == name), None) if isinstance(under, TStruct) else None


def _field(owner: NamedType, name: str) -> Location | None:
    return Location("field", f"{owner.pkg}.{owner.name}.{name}") if field_of(owner, name) is not None else None


def _telling(uses: Sequence[Use]) -> Access:
    """Of the accesses at one place the one that writes."""
    return max(uses, key=lambda u: u.access.writes).access


def _weight(accesses: Iterable[Access]) -> int:
    """Writes count twice (after SpotBugs' statistics of inconsistent synchronisation)."""
    return sum(2 if x.writes else 1 for x in accesses)
