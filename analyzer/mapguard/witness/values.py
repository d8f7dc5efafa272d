"""Types to the simplest expressions of them that let code run: constructors, literals, small fakes for interfaces."""

import functools
import tomllib

import msgspec

from mapguard.base.data import data_dir
from mapguard.facts.syntax import TChan, TFunc, TInterface, TMap, TName, TPtr, TSlice, TStruct, Type
from mapguard.program.model import TYPE_PARAM, Func, NamedType
from mapguard.program.names import show_type
from mapguard.program.types import Types
from mapguard.witness.gotypes import File, MissingError

_DEPTH = 4
_NUMBERS = frozenset("int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr byte rune float32 float64".split())


class _Argument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: str
    go: str
    imports: tuple[str, ...]


class _Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    argument: tuple[_Argument, ...]


@functools.cache
def _known() -> dict[str, _Argument]:
    data = tomllib.loads((data_dir("rules") / "arguments.toml").read_text("utf-8"))
    return {a.type: a for a in msgspec.convert(data, _Arguments).argument}


class Values:
    """Expressions for one file. ``missing`` collects what could not be made: the file has a marked place for each."""

    def __init__(self, types: Types, file: File) -> None:
        self.types = types
        self.file = file
        self.missing: list[str] = []

    def of(self, t: Type, depth: int = 0) -> str:
        """An expression of a type; a zero value with a mark where there is nothing better."""
        try:
            return self._of(t, depth)
        except MissingError as why:
            self.missing.append(str(why))
            return f"*new({self.file.type(t)}) /* TODO: {why} */"

    def arguments(self, func: Func, depth: int = 0) -> str:
        """What a call of a function is given."""
        found = [self.of(t, depth) for t in func.params]
        if func.facts.variadic and func.params and isinstance(func.params[-1], TSlice):
            found[-1] = self.of(func.params[-1].elem, depth)
        return ", ".join(found)

    def _of(self, t: Type, depth: int) -> str:
        known = _known().get(show_type(t))
        if known is not None:
            for path in known.imports:
                self.file.use(path)
            return known.go
        if isinstance(t, TName) and t.pkg == TYPE_PARAM:
            return "1" if self.file.type(t) == "int" else '"a"'
        basic = self._basic(t)
        if basic:
            return basic
        if depth > _DEPTH:
            return self._zero(t)
        match t:
            case TPtr(elem=elem):
                return self.object(elem, depth + 1, pointer=True)
            case TFunc():
                return self._function(t, depth)
        under = self.types.underlying(t)
        match under:
            case TSlice(elem=elem, array=False):
                value = self.of(elem, depth + 1)
                return f"{self.file.type(t)}{{{value}, {value}}}"
            case TMap():
                return f"{self.file.type(t)}{{}}"
            case TChan():
                return f"make({self.file.type(t)}, 16)"
            case TFunc():
                return self._function(under, depth)
            case TStruct():
                return self.object(t, depth + 1, pointer=False)
            case TInterface():
                return self._interface(t, under, depth)
        return self._zero(t)

    def _basic(self, t: Type) -> str:
        under = self.types.underlying(t)
        if not isinstance(under, TName) or under.pkg:
            return ""
        value = '"a"' if under.name == "string" else "1" if under.name in _NUMBERS else "true" if under.name == "bool" else ""
        if under.name in ("any", "error"):
            return "nil"
        return value if not value or t == under or under.name in _NUMBERS | {"string", "bool"} else f"{self.file.type(t)}({value})"

    def _zero(self, t: Type) -> str:
        return f"*new({self.file.type(t)})"

    def _function(self, t: TFunc, depth: int) -> str:
        results = ", ".join(self.of(r, depth + 1) for r in t.results)
        body = f" return {results} " if results else ""
        return f"func{self.file.signature(t, names=True)} {{{body}}}"

    # ------------------------------------------------------------ objects

    def object(self, t: Type, depth: int, pointer: bool, made: bool = True) -> str:
        """An object of a struct type by its constructor, else as a literal with its maps made."""
        t = self.types.alias(t)
        named = self.types.program.named(t.pkg, t.name) if isinstance(t, TName) else None
        constructor = self.constructor(named) if named is not None and made else None
        if constructor is not None and self._returns_pointer(constructor) == pointer and len(constructor.results) == 1:
            return self.call(constructor, depth)
        under = self.types.underlying(t)
        if not isinstance(under, TStruct):
            return f"new({self.file.type(t)})" if pointer else self._of(t, depth)
        fields = self._fields(t, under, depth) if named is not None and named.pkg == self.file.package else []
        return f"{'&' if pointer else ''}{self.file.type(t)}{{{', '.join(fields)}}}"

    def _fields(self, t: Type, under: TStruct, depth: int) -> list[str]:
        """The fields without which methods would fail: maps, channels, functions, and objects of this tree."""
        found = []
        for field in under.fields:
            selected = self.types.select(t, field.name)
            kind = selected.steps[-1].type if selected is not None and selected.steps else None
            if kind is None or field.name == "_" or depth > _DEPTH:
                continue
            target = self.types.underlying(self.types.deref(kind))
            ours = isinstance(self.types.deref(kind), TName) and getattr(self.types.deref(kind), "pkg", "") == self.file.package
            if isinstance(target, TMap | TChan | TFunc) or (ours and isinstance(target, TStruct | TInterface) and kind != TPtr(t)):
                found.append(f"{field.name}: {self.of(kind, depth + 1)}")
        return found

    def constructor(self, named: NamedType) -> Func | None:
        """The function of the type's package that makes one, by name and with the fewest arguments."""
        package = self.types.program.packages[named.pkg]
        found = [
            f
            for f in package.funcs.values()
            if f.results and f.recv is None and self._makes(f, named) and (f.exported or named.pkg == self.file.package)
        ]
        return min(found, key=lambda f: (_unlike(f.name, named.name), len(f.params), f.name)) if found else None

    def _makes(self, func: Func, named: NamedType) -> bool:
        first = self.types.deref(func.results[0])
        takes = any(self.types.deref(p) == first for p in func.params)
        return isinstance(first, TName) and (first.pkg, first.name) == named.key and not takes

    def _returns_pointer(self, func: Func) -> bool:
        return isinstance(func.results[0], TPtr)

    def call(self, func: Func, depth: int) -> str:
        """A call of a function that is no method."""
        qualifier = "" if func.scope.package.path == self.file.package else f"{self.file.use(func.scope.package.path)}."
        given = self.arguments(func, depth + 1)
        return f"{qualifier}{func.name}{self.type_arguments(func)}({given})"

    def type_arguments(self, func: Func) -> str:
        """The type arguments of a generic function, which no argument may tell."""
        names = func.facts.type_params
        if not names:
            return ""
        return f"[{', '.join(self.file.type(func.type_params.get(n, TName(TYPE_PARAM, n))) for n in names)}]"

    # ------------------------------------------------------------ interfaces

    def _interface(self, t: Type, under: TInterface, depth: int) -> str:
        if not under.methods and not under.embeds:
            return "nil"
        if not isinstance(t, TName) or self.types.program.named(t.pkg, t.name) is None:
            raise MissingError(f"a value of {self.file.type(t)}")
        name = f"mapguard{t.name[:1].upper()}{t.name[1:]}"
        if not any(d.startswith(f"type {name} ") for d in self.file.declared):
            at = len(self.file.declared)
            self.file.declared.append(f"type {name} struct{{ {self.file.type(t)} }} // a fake")
            for method, signature in under.methods:
                results = ", ".join(self.of(r, depth + 2) for r in signature.results)
                body = f" return {results} " if results else ""
                self.file.declared.append(f"func ({name}) {method}{self.file.signature(signature, names=True)} {{{body}}}")
            assert at < len(self.file.declared)
        return f"{name}{{}}"


def _unlike(name: str, type_name: str) -> int:
    lower = name.lower()
    exact = (f"new{type_name.lower()}", "new")
    return exact.index(lower) if lower in exact else 2 if lower.startswith("new") else 3
