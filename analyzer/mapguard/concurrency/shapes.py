"""Access paths to whether the types of what they lead through allow them: a call on an interface is tried for every type that has the
method, and for most of them the object that it is called on is of another type.

Only what is declared in the tree is judged, and only where no embedding, conversion or type argument can explain the step.
"""

from mapguard.concurrency.domain import ALLOC, COPY, GLOBAL, LENGTH_LIMIT, PARAM, RECEIVER, Base, Path, is_elem
from mapguard.concurrency.solve import Analysis
from mapguard.facts.syntax import TInterface, TMap, TName, TStruct, Type
from mapguard.program.model import NamedType

_STANDING_LIMIT = 400  # types that a type may stand for: with more of them nothing is said
_PLAIN = frozenset("bool byte float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64 uintptr".split())


class Shapes:
    """Answers for one solved program; steps are remembered."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._types = analysis.types
        self._steps: dict[tuple[str, int, str], bool] = {}
        self._bases: dict[tuple[Base, int, str], bool] = {}
        self._standing: dict[Type, frozenset[str]] = {}

    def allow(self, path: Path) -> bool:
        """Whether every field of the path can be one of what is before it."""
        fields = [f for f in path.fields if not f.startswith(COPY)]
        if len(path.fields) >= LENGTH_LIMIT:
            return True  # parts of it were left out
        last, elems = "", 0
        for f in fields:
            if is_elem(f):
                elems += 1
                continue
            if f.startswith("?"):
                return True
            if not (self._from_field(last, elems, f) if last else self._from_base(path.base, elems, f)):
                return False
            last, elems = f, 0
        return True

    def _from_field(self, before: str, elems: int, field: str) -> bool:
        key = (before, elems, field)
        known = self._steps.get(key)
        if known is None:
            kind = self._analysis.field_type(before)
            known = self._steps[key] = kind is None or self._leads(kind, elems, field)
        return known

    def _from_base(self, base: Base, elems: int, field: str) -> bool:
        key = (base, elems, field)
        known = self._bases.get(key)
        if known is None:
            kind = self._base_type(base)
            known = self._bases[key] = kind is None or self._leads(kind, elems, field)
        return known

    def _base_type(self, base: Base) -> Type | None:
        kind, owner, index = base
        if kind == ALLOC:
            return None if base in self._analysis.mixed else self._analysis.alloc_types.get(base)
        if kind == PARAM:
            func = self._analysis.program.by_id.get(owner)
            if func is None:
                return None
            return func.recv_type if index == RECEIVER else func.params[index] if index < len(func.params) else None
        if kind == GLOBAL:
            variable = self._analysis.program.variable(owner)
            return variable.type if variable is not None else None
        return None

    def _leads(self, kind: Type, elems: int, field: str) -> bool:
        """Whether an element (of an element …) of ``kind`` can have the field."""
        types = self._types
        at = types.alias(types.deref(types.alias(kind)))
        for _ in range(elems):
            under = types.underlying(at)
            if isinstance(under, TMap):
                return True  # a key or a value
            at = types.alias(types.deref(types.alias(types.element(at))))
        owner = self._struct(field.rpartition(".")[0])
        if not isinstance(at, TName) or owner is None:
            return True
        if at.pkg == "":
            return at.name not in _PLAIN
        named = self._analysis.program.named(at.pkg, at.name)
        if named is None or named.decl.params or at.args or types.of_library(at):
            return True
        under = types.underlying(at)
        if isinstance(under, TStruct) or (isinstance(under, TInterface) and types.interface_methods(under)):
            standing = self._standing_for(at)
            return not standing or not standing.isdisjoint(self._declared_from(owner))
        return True

    def _struct(self, name: str) -> NamedType | None:
        """The tree's own struct type of that name, if it has no type parameters."""
        package, _, bare = name.rpartition(".")
        named = self._analysis.program.named(package, bare) if package else None
        if named is None or named.decl.params or self._types.of_library(TName(package, bare)):
            return None
        return named if isinstance(self._types.underlying(TName(package, bare)), TStruct) else None

    def _declared_from(self, named: NamedType) -> set[str]:
        """The type and those that it is declared from: a conversion keeps the object."""
        found: set[str] = set()
        at: Type = TName(named.pkg, named.name)
        while isinstance(at, TName) and f"{at.pkg}.{at.name}" not in found:
            found.add(f"{at.pkg}.{at.name}")
            known = self._analysis.program.named(at.pkg, at.name)
            at = self._types.alias(self._types.declared(known)) if known is not None else at
        return found

    def _standing_for(self, kind: Type) -> frozenset[str]:
        """The types whose methods may be called on what is of type ``kind``: itself, those that implement it, those that it is declared
        from, and those embedded in them. None where they are too many.
        """
        known = self._standing.get(kind)
        if known is None:
            found: set[str] = set()
            pending = [kind]
            while pending and len(found) < _STANDING_LIMIT:
                at = self._types.alias(self._types.deref(self._types.alias(pending.pop())))
                if not isinstance(at, TName) or f"{at.pkg}.{at.name}" in found:
                    continue
                found.add(f"{at.pkg}.{at.name}")
                pending.extend(self._beside(at))
            known = self._standing[kind] = frozenset(found) if len(found) < _STANDING_LIMIT else frozenset()
        return known

    def _beside(self, kind: TName) -> list[Type]:
        """What ``kind`` is declared as or embeds, or, for an interface, what implements it."""
        named = self._analysis.program.named(kind.pkg, kind.name)
        declared = self._types.declared(named) if named is not None else None
        if isinstance(declared, TStruct):
            return [f.type for f in declared.fields if f.embedded]
        if isinstance(declared, TInterface):
            return [TName(n.pkg, n.name) for n in self._types.implementers(kind)]
        return [declared] if declared is not None else []
