"""Questions about types: underlying type, fields with embedding, methods with promotion, elements, implementers of interfaces."""

from typing import NamedTuple, TypeGuard

from mapguard.facts.syntax import (
    TChan,
    TFunc,
    TInterface,
    TMap,
    TName,
    TPtr,
    TSlice,
    TStruct,
    TUnknown,
    Type,
)
from mapguard.program.model import TYPE_PARAM, Func, NamedType, Program
from mapguard.program.names import canonical_type, type_parameters
from mapguard.program.signatures import fits
from mapguard.program.size import is_small

UNKNOWN = TUnknown()
_EMBEDDING_LIMIT = 6
_ERROR = TName("", "error")
_ERROR_METHOD = TFunc((), (TName("", "string"),))


class Step(NamedTuple):
    """One field on the way to a selected name: its identity ``pkg.Owner.field``, its type, whether it is reached through a pointer."""

    field: str
    type: Type


class Selected(NamedTuple):
    """What ``x.name`` selects: the fields to walk (the last one is the field itself when ``method`` and ``external`` are None)."""

    steps: tuple[Step, ...]
    method: Func | None
    external: str | None
    iface: TFunc | None = None
    owner: Type = UNKNOWN  # the type that declares the method


class Types:
    """Answers are memoised; a type that is not in the tree gives ``UNKNOWN`` or None, never an exception."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._underlying: dict[Type, Type] = {}
        self._selected: dict[tuple[Type, str], Selected | None] = {}
        self._implementers: dict[Type, tuple[NamedType, ...]] = {}
        self._method_names: dict[str, list[NamedType]] | None = None

    # ------------------------------------------------------------ shape

    def underlying(self, t: Type) -> Type:
        if type(t) is not TName or t.pkg == "":
            return t
        found = self._underlying.get(t)
        if found is None:
            found = self._underlying[t] = self._followed(t)
        return found

    def _followed(self, t: Type) -> Type:
        for _ in range(12):
            if not isinstance(t, TName) or t.pkg == "":
                return t
            if t.pkg == TYPE_PARAM:
                return (self._core(t.args[0], 0) if t.args else None) or t
            named = self.program.named(t.pkg, t.name)
            if named is None:
                return t
            base = self.declared(named)
            t = substitute(base, dict(zip(named.decl.params, t.args, strict=False))) if t.args and named.decl.params else base
        return UNKNOWN

    def _core(self, constraint: Type, depth: int) -> Type | None:
        """The form that a type parameter has by its constraint: the first term's that is no basic type."""
        under = self.underlying(constraint)
        if not isinstance(under, TInterface):
            return None if isinstance(under, TName | TUnknown) else under
        if depth >= _EMBEDDING_LIMIT:
            return None
        return next((c for e in under.embeds if (c := self._core(e, depth + 1)) is not None), None)

    def declared(self, named: NamedType) -> Type:
        """The type in its declaration, which may itself be a declared type."""
        if named._underlying is None:
            params = type_parameters(named.decl.params, named.decl.constraints, named.scope)
            named._underlying = canonical_type(named.decl.type, named.scope, params)
        return named._underlying

    def alias(self, t: Type) -> Type:
        """``t`` with type aliases followed, so that its name is the one that has methods."""
        for _ in range(8):
            if not isinstance(t, TName) or t.pkg in ("", TYPE_PARAM):
                return t
            named = self.program.named(t.pkg, t.name)
            if named is None or not named.decl.alias:
                return t
            t = self.declared(named)
        return t

    def deref(self, t: Type) -> Type:
        if isinstance(t, TPtr):
            return t.elem
        under = self.underlying(t)
        return under.elem if isinstance(under, TPtr) else t

    def of_library(self, t: Type) -> bool:
        """Whether ``t`` is predeclared or declared by the models of a library, which know only part of its methods."""
        base = self.alias(self.deref(self.alias(t)))
        if not isinstance(base, TName):
            return False
        named = self.program.named(base.pkg, base.name)
        return base.pkg == "" or (named is not None and _of_models(named))

    def only_of_libraries(self, t: Type) -> bool:
        """Whether ``t`` is an interface of a library that no type of the tree implements: what it holds is the library's."""
        named = self.program.named(t.pkg, t.name) if isinstance(t, TName) else None
        if named is None or not _of_models(named):
            return False
        return all(map(_of_models, self.implementers(t)))

    def map_of(self, t: Type) -> TMap | None:
        """The map type behind ``t`` (named or not), None when it is no map."""
        if isinstance(t, TMap):
            return t
        under = self.underlying(t) if isinstance(t, TName) else t
        return under if isinstance(under, TMap) else None

    def is_storage(self, t: Type) -> bool:
        """Whether a variable of this type is copied as a whole by assignment: a struct or an array."""
        under = self.underlying(t)
        return isinstance(under, TStruct) or (isinstance(under, TSlice) and under.array)

    def is_reference(self, t: Type) -> bool:
        """Whether copying a value of ``t`` shares what it refers to. Unknown types count as references."""
        under = self.underlying(t)
        if isinstance(under, TSlice):
            return not under.array
        if isinstance(under, TName):
            return under.pkg != "" or under.name in ("any", "error")
        return not isinstance(under, TStruct)

    def element(self, t: Type) -> Type:
        """What ranging over or indexing ``t`` gives as value."""
        under = self.underlying(self.deref(t) if isinstance(t, TPtr) else t)
        match under:
            case TMap(elem=elem) | TSlice(elem=elem) | TChan(elem=elem):
                return elem
            case TName(pkg="", name="string"):
                return TName("", "byte")
        return UNKNOWN

    # ------------------------------------------------------------ selection

    def select(self, t: Type, name: str) -> Selected | None:
        """What ``.name`` means on a value of type ``t``: breadth first through embedded fields, as the language says."""
        key = (t, name)
        if key in self._selected:
            return self._selected[key]
        found = self._selected[key] = self._select(self.alias(self.deref(self.alias(t))), name)
        return found

    def _select(self, start: Type, name: str) -> Selected | None:
        level: list[tuple[Type, tuple[Step, ...]]] = [(start, ())]
        seen: set[Type] = set()
        external: Selected | None = None
        for _ in range(_EMBEDDING_LIMIT):
            below: list[tuple[Type, tuple[Step, ...]]] = []
            for t, steps in level:
                if t in seen:
                    continue
                seen.add(t)
                hit, more, outside = self._at(t, name, steps)
                if hit is not None:
                    return hit
                external = external or outside
                below.extend(more)
            if not below:
                break
            level = below
        return external

    def _at(
        self, t: Type, name: str, steps: tuple[Step, ...]
    ) -> tuple[Selected | None, list[tuple[Type, tuple[Step, ...]]], Selected | None]:
        if t == _ERROR and name == "Error":
            return Selected(steps, None, "(error).Error", _ERROR_METHOD, t), [], None
        named = self.program.named(t.pkg, t.name) if isinstance(t, TName) else None
        if named is not None and name in named.methods:
            method = named.methods[name]
            return Selected(steps, method if method.facts.body is not None else None, external_name(t, method, name), None, t), [], None
        under = self.underlying(t)
        if isinstance(under, TInterface):
            for method_name, signature in self.interface_methods(under):
                if method_name == name:
                    return Selected(steps, None, external_name(t, None, name), signature, t), [], None
            if isinstance(t, TName) and any(isinstance(e, TName) and self.program.named(e.pkg, e.name) is None for e in under.embeds):
                return None, [], Selected(steps, None, external_name(t, None, name), None, t)
            return None, [], None
        if isinstance(under, TStruct):
            owner = f"{t.pkg}.{t.name}" if isinstance(t, TName) else ""
            below: list[tuple[Type, tuple[Step, ...]]] = []
            for field in under.fields:
                ident = f"{owner}.{field.name}" if owner else f"struct@{field.at}.{field.name}"
                if field.name == name:
                    return Selected((*steps, Step(ident, field.type)), None, None), [], None
                if field.embedded:
                    below.append((self.alias(self.deref(self.alias(field.type))), (*steps, Step(ident, field.type))))
            return None, below, None
        if isinstance(t, TName) and t.pkg not in ("", TYPE_PARAM) and named is None:
            return None, [], Selected(steps, None, external_name(t, None, name), None, t)
        return None, [], None

    def interface_methods(self, t: TInterface) -> tuple[tuple[str, TFunc], ...]:
        """Its own methods and those of the interfaces that it embeds, each of which counts once."""
        found: list[tuple[str, TFunc]] = []
        seen: set[Type] = set()
        pending = [t]
        while pending:
            at = pending.pop()
            found.extend(at.methods)
            embedded = [e for e in dict.fromkeys(at.embeds) if e not in seen]
            seen.update(embedded)
            pending.extend(u for e in reversed(embedded) if isinstance(u := self.underlying(e), TInterface))
        return tuple(found)

    # ------------------------------------------------------------ interfaces

    def implementers(self, t: Type) -> tuple[NamedType, ...]:
        """The tree's types with every method of the interface ``t``, by name and signature; sorted."""
        if t in self._implementers:
            return self._implementers[t]
        under = self.underlying(t)
        found: list[NamedType] = []
        if isinstance(under, TInterface):
            wanted = self.interface_methods(under)
            if wanted:
                rarest = min((self._with_method(name) for name, _ in wanted), key=len)
                found = [n for n in rarest if all(self._has(n, name, signature) for name, signature in wanted)]
                # mocks and fakes stand in for the real types, in tests
                found = [n for n in found if not n.scope.support] or found
        self._implementers[t] = tuple(found)
        return self._implementers[t]

    def _with_method(self, name: str) -> list[NamedType]:
        if self._method_names is None:
            index: dict[str, set[tuple[str, str]]] = {}
            embedders: dict[tuple[str, str], set[tuple[str, str]]] = {}
            for package in self.program.packages.values():
                for named in package.types.values():
                    for method in named.methods:
                        index.setdefault(method, set()).add(named.key)
                    if isinstance(named.decl.type, TStruct):
                        declared = self.declared(named)
                        for field in declared.fields if isinstance(declared, TStruct) else ():
                            base = self.deref(field.type)
                            if field.embedded and isinstance(base, TName):
                                embedders.setdefault((base.pkg, base.name), set()).add(named.key)
            for keys in index.values():
                pending = list(keys)
                while pending:
                    for key in embedders.get(pending.pop(), ()):
                        if key not in keys:
                            keys.add(key)
                            pending.append(key)
            self._method_names = {
                method: [n for key in sorted(keys) if (n := self.program.named(*key)) is not None] for method, keys in index.items()
            }
        return self._method_names.get(name, [])

    def _has(self, named: NamedType, name: str, signature: TFunc) -> bool:
        selected = self.select(TName(named.pkg, named.name), name)
        if selected is None:
            return False
        if selected.method is not None:
            return fits(self, selected.method, signature)
        return selected.external is not None or selected.iface is not None


def _of_models(named: NamedType) -> bool:
    """Whether a type is declared by the models of a library."""
    return named.scope.file.path.startswith("<model>")


def external_name(t: Type, method: Func | None, name: str) -> str:
    """The name that models use for a method of a type outside the tree: ``(*pkg.Type).Name``."""
    if isinstance(t, TName):
        pointer = "*" if method is None or method.pointer else ""
        return f"({pointer}{t.pkg}.{t.name}).{name}"
    return name


def substitute(t: Type, bound: dict[str, Type]) -> Type:
    """``t`` with type parameters replaced: by an unknown type where an argument is so large that it was made to grow."""
    if not bound:
        return t
    match t:
        case TName(pkg=pkg, name=name, args=args):
            if pkg == TYPE_PARAM:
                given = bound.get(name, t)
                if _is_parameter(given) and (given is t or not given.args):
                    # under another name, of the same form; the parameters in that have none, or a type that constrains itself would grow
                    plain = {key: TName(TYPE_PARAM, v.name) if _is_parameter(v) else v for key, v in bound.items()}
                    return TName(TYPE_PARAM, given.name, tuple(substitute(a, plain) for a in args))
                return given if is_small(given) else UNKNOWN
            return TName(pkg, name, tuple(substitute(a, bound) for a in args)) if args else t
        case TPtr(elem=elem):
            return TPtr(substitute(elem, bound))
        case TSlice(elem=elem, array=array):
            return TSlice(substitute(elem, bound), array)
        case TMap(key=key, elem=elem):
            return TMap(substitute(key, bound), substitute(elem, bound))
        case TChan(elem=elem):
            return TChan(substitute(elem, bound))
        case TFunc():
            return _substitute_func(t, bound)
        case TStruct(fields=fields):
            return TStruct(tuple(type(f)(f.name, substitute(f.type, bound), f.embedded, f.at, f.comment) for f in fields))
        case TInterface(methods=methods, embeds=embeds):
            return TInterface(tuple((n, _substitute_func(m, bound)) for n, m in methods), tuple(substitute(e, bound) for e in embeds))
    return t


def _is_parameter(t: Type) -> TypeGuard[TName]:
    return isinstance(t, TName) and t.pkg == TYPE_PARAM


def _substitute_func(t: TFunc, bound: dict[str, Type]) -> TFunc:
    return TFunc(tuple(substitute(p, bound) for p in t.params), tuple(substitute(r, bound) for r in t.results), t.variadic)
