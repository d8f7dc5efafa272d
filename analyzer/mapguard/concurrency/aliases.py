"""Which objects a field or parameter may hold: the allocations from which values flow to it, and whether others may come from elsewhere.

After Andersen's inclusion-based analysis (1994), flow- and context-insensitive, asked backwards and only where a pair needs it. Two objects
of one type that come from different allocations are different objects.
"""

from enum import StrEnum
from typing import NamedTuple

from mapguard.concurrency.domain import (
    ALLOC,
    COPY,
    PARAM,
    RECEIVED,
    RECEIVER,
    RESULT,
    UNKNOWN_TYPE,
    Base,
    Edge,
    Location,
    Path,
    Place,
    is_elem,
    keeper,
    named_fields,
    place,
)
from mapguard.concurrency.solve import Analysis
from mapguard.facts.syntax import TInterface, TName
from mapguard.program.model import Func

_VISITED_LIMIT = 3000


class Likeness(StrEnum):
    """Whether two ways lead to one object: nobody can tell, nothing in the tree makes them meet, or surely not."""

    UNKNOWN = "unknown"
    UNLIKELY = "unlikely"
    DIFFERENT = "different"


class Origins(NamedTuple):
    """``open``: objects that the tree does not make may be there too. ``cut``: too many ways lead there to follow them all."""

    made: frozenset[Base]
    open: bool
    cut: bool = False


def holder(path: Path) -> Path:
    """The object whose field the last one of ``path`` is."""
    end = len(path.fields)
    while end and (is_elem(path.fields[end - 1]) or path.fields[end - 1].startswith(COPY)):
        end -= 1
    return Path(path.base, path.fields[: max(end - 1, 0)])


def _owner(at: Place) -> str:
    """The type that has the field."""
    return at.rpartition(".")[0] if isinstance(at, str) else ""


class Aliases:
    """Answers for one solved program."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._from: dict[Place, set[Place]] = {}
        self._known: dict[Place, Origins] = {}
        self._lent = set(analysis.lent)  # maps kept under the names of several objects
        for to, source in analysis.flows:
            self._from.setdefault(to, set()).add(source)
        for unit in analysis.units.values():
            for edge in unit.edges:
                for index, paths in edge.args.items():
                    self._from.setdefault((PARAM, edge.callee.id, index), set()).update(place(p) for p in paths)
        for homes in analysis.homes.values():
            if len(homes) > 1:
                self._lent.update(keeper(h) for h in homes)

    def different_objects(self, where: Location, a: Path, b: Path) -> Likeness:
        """Whether the maps of one field that the paths name belong to different objects.

        Objects kept in the same field of different objects are different ones, unless the field is given objects of others.
        """
        if where.kind == "field" and (self._inside_other_types(a, b) or self._never_put_in(a, b) or self._never_put_in(b, a)):
            return Likeness.DIFFERENT
        if where.kind != "field" or keeper(a) in self._lent or keeper(b) in self._lent:
            return Likeness.UNKNOWN
        found = Likeness.DIFFERENT
        x, y = holder(a), holder(b)
        while x.fields and y.fields and place(x) == place(y):
            if keeper(x) in self._analysis.passed_on:
                found = Likeness.UNLIKELY
            x, y = holder(x), holder(y)
        mine, theirs = place(x), place(y)
        if mine == theirs:
            return Likeness.UNKNOWN
        p, q = self.origins(mine), self.origins(theirs)
        if (p.open and q.open) or not p.made or not q.made or any(self.may_be_one(m, n) for m in p.made for n in q.made):
            return Likeness.UNKNOWN
        return Likeness.UNLIKELY if p.open or q.open else found

    def _inside_other_types(self, a: Path, b: Path) -> bool:
        """Whether the structs that the map's owner lies in by value are of different types: ``Pod.ObjectMeta``, ``Node.ObjectMeta``."""
        return any(x != y for x, y in zip(self._enclosing(a), self._enclosing(b), strict=False))

    def _never_put_in(self, a: Path, b: Path) -> bool:
        """Whether ``a`` is in a struct made on its own, which is never copied to where such a struct is part of the one of ``b``."""
        own, theirs = named_fields(a), named_fields(b)
        owners = self._enclosing(b)
        if a.base[0] != ALLOC or a.base in self._analysis.mixed or len(own) != 1 or is_elem(a.fields[0]):
            return False
        if len(owners) < 2 or own[-1] != theirs[-1] or self._other_type(a.base, owners[0]):
            return False
        found = self.origins(theirs[-2])
        return not found.cut and not any(self.may_be_one(a.base, made) for made in found.made)

    def _enclosing(self, path: Path) -> list[str]:
        """The owners of the fields that lead to the map from the innermost on, as long as one lies in the next by value."""
        fields = [f for f in path.fields if not f.startswith(COPY)]
        while fields and is_elem(fields[-1]):
            fields.pop()
        owners: list[str] = []
        while fields and not is_elem(fields[-1]) and (not owners or self._analysis.by_value(fields[-1])):
            owners.append(fields.pop().rpartition(".")[0])
        return owners

    def meet(self, a: Path, b: Path) -> bool:
        """Whether one allocation of the tree can be the object that has the map on both ways.

        What objects of one type keep in their fields is told apart by these objects.
        """
        x, y = holder(a), holder(b)
        while x.fields and y.fields and _owner(place(x)) == _owner(place(y)):
            x, y = holder(x), holder(y)
        p, q = self.origins(place(x)), self.origins(place(y))
        return any(self.may_be_one(m, n) for m in p.made for n in q.made)

    def reaches(self, edge: Edge) -> bool:
        """Whether a call that may run one of several methods can run this one: an object with that method may be there."""
        paths = edge.args.get(RECEIVER, ())
        if edge.candidates == 1 or not paths or not all(path.fields for path in paths):
            return True
        for path in paths:
            found = self.origins(place(path))
            if found.open or not found.made or any(self._has(base, edge.callee) for base in found.made):
                return True
        return False

    def impossible(self, where: Location, path: Path) -> bool:
        """Whether the object that should have the map field is known on this way, and is of other types: no call leads here."""
        at = holder(path)
        if where.kind != "field" or not at.fields:
            return False
        owner = where.name.rpartition(".")[0]
        found = self.origins(place(at))
        return not found.open and bool(found.made) and all(self._other_type(base, owner) for base in found.made)

    def _other_type(self, made: Base, owner: str) -> bool:
        types = self._analysis.types
        kind = types.alias(types.deref(self._analysis.alloc_types.get(made, UNKNOWN_TYPE)))
        if not isinstance(kind, TName) or not kind.pkg or isinstance(types.underlying(kind), TInterface):
            return False  # its type is not known
        return f"{kind.pkg}.{kind.name}" != owner

    def _has(self, made: Base, method: Func) -> bool:
        types = self._analysis.types
        kind = types.alias(types.deref(self._analysis.alloc_types.get(made, UNKNOWN_TYPE)))
        if not isinstance(kind, TName) or not kind.pkg or isinstance(types.underlying(kind), TInterface):
            return True  # its type is not known
        selected = types.select(kind, method.facts.name)
        return selected is not None and selected.method is method

    def sources(self, at: Place) -> set[Place]:
        """Where the values come from that are kept at a place."""
        return self._from.get(at, set())

    def origins(self, at: Place) -> Origins:
        """The allocations that may be kept at a place."""
        known = self._known.get(at)
        if known is None:
            known = self._known[at] = self._search(at)
        return known

    def _search(self, start: Place) -> Origins:
        made: set[Base] = set()
        outside = False
        seen = {start}
        pending = [start]
        while pending:
            at = pending.pop()
            sources = self._from.get(at, ())
            if not isinstance(at, str):
                if at[0] == ALLOC:
                    made.add(at)
                elif at[0] in (RESULT, RECEIVED, PARAM) and not sources:
                    outside = True
            for source in sources:
                if source not in seen:
                    seen.add(source)
                    pending.append(source)
            if len(seen) > _VISITED_LIMIT:
                return Origins(frozenset(), True, True)
        return Origins(frozenset(made), outside)

    def may_be_one(self, a: Base, b: Base) -> bool:
        """Whether two allocations may be one: the same, or one is what the other's constructor made and kept somewhere itself."""
        return a == b or b in self._constructed(a) or a in self._constructed(b)

    def _constructed(self, made: Base) -> set[Base]:
        found: set[Base] = set()
        at = self._analysis.renamed.get(made)
        while at is not None and at not in found:
            found.add(at)
            at = self._analysis.renamed.get(at)
        return found
