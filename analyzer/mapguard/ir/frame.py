"""What the lowering of one body knows: its function, the variables in scope, the graph under construction."""

from collections.abc import Callable, Hashable
from typing import Literal, NamedTuple

from mapguard.facts.syntax import Expr, Name, Sel, TFunc, TName, TPtr, Type
from mapguard.ir.blocks import Builder
from mapguard.ir.model import CELL, Alloc, Body, Clone, Const, CopyInto, Event, Global, Load, Reg, Store
from mapguard.ir.variables import Key
from mapguard.program.model import Func, Package, Program
from mapguard.program.model import Global as GlobalVariable
from mapguard.program.names import canonical_type
from mapguard.program.types import UNKNOWN, Types

INT = TName("", "int")
BOOL = TName("", "bool")
STRING = TName("", "string")
NIL = TName("", "nil")


class Value(NamedTuple):
    """A register with its type. ``fresh``: nobody else has the storage that it refers to, so that it need not be copied."""

    reg: Reg
    type: Type
    fresh: bool = False


class Local(NamedTuple):
    """A variable: a ``value`` that changes by assignment in the graph (``key``) or never (``reg``), a ``cell``, or the ``storage`` of a
    struct or array; ``reg`` is then its address."""

    kind: Literal["value", "constant", "cell", "storage"]
    type: Type
    reg: Reg
    key: Hashable = None


class Frame:
    """``types`` knows the program; ``global_type`` gives the type of a package variable."""

    def __init__(
        self, types: Types, global_type: Callable[[GlobalVariable], Type], func: Func, boxed: frozenset[Key], outer: "Frame | None"
    ) -> None:
        self.program: Program = types.program
        self.types = types
        self.global_type = global_type
        self.func = func
        self.boxed = boxed
        self.outer = outer
        self.graph = Builder()
        self.scopes: list[dict[str, Local]] = [{}]
        self.params: list[Reg] = []
        self.captures: list[Reg] = []  # the registers here
        self.captured: list[Reg] = []  # and those of the frame around it
        self.bodies: list[Body] = [] if outer is None else outer.bodies
        self.type_params = func.type_params

    # ------------------------------------------------------------ registers and events

    def new(self, type_: Type, name: str = "") -> Reg:
        return self.graph.register(type_, name)

    def add(self, event: Event) -> None:
        self.graph.add(event)

    def const(self, kind: str, type_: Type = UNKNOWN, text: str = "") -> Value:
        dst = self.new(type_)
        self.add(Const(dst, kind, text))
        return Value(dst, type_, True)

    def load(self, base: Reg, field: str, type_: Type, index: Reg = -1, at: int = 0, end: int = 0) -> Value:
        dst = self.new(type_)
        self.add(Load(dst, base, field, index, at, end))
        return Value(dst, type_)

    # ------------------------------------------------------------ types

    def written(self, t: Type) -> Type:
        """A type as the body wrote it, canonical."""
        return canonical_type(t, self.func.scope, self.type_params)

    def storage(self, t: Type) -> bool:
        """Whether a variable of this type is storage that is copied by assignment: a struct or an array."""
        return self.types.is_storage(t)

    def own(self, value: Value, at: int) -> Reg:
        """The value as it is passed on: storage that others have is copied."""
        if value.fresh or not self.storage(value.type):
            return value.reg
        dst = self.new(value.type)
        self.add(Clone(dst, value.reg, at))
        return dst

    # ------------------------------------------------------------ variables

    def declare(self, name: str, type_: Type, key: Key, value: Value | None, at: int) -> None:
        """A new variable with its first value; None is the zero value."""
        if name in ("", "_"):
            return
        if value is not None and value.type == NIL:
            self.graph.types[value.reg] = type_
        if self.storage(type_):
            reg = self.own(value, at) if value is not None else self._made(type_, "var", at)
            self._name(reg, name)
            self.scopes[-1][name] = Local("storage", type_, reg)
        elif key in self.boxed:
            first = value if value is not None else self.const("zero", type_)
            reg = self._made(type_, "cell", at)
            self._name(reg, name)
            self.add(Store(reg, CELL, first.reg))
            self.scopes[-1][name] = Local("cell", type_, reg)
        else:
            first = value if value is not None else self.const("zero", type_)
            local = Local("value", type_, -1, (key, self.graph.at, first.reg))
            self._name(first.reg, name)
            self.graph.write(local.key, first.reg, type_)
            self.scopes[-1][name] = local

    def _made(self, type_: Type, how: Literal["var", "cell"], at: int) -> Reg:
        dst = self.new(TPtr(type_) if how == "cell" else type_)
        self.add(Alloc(dst, type_, how, at))
        return dst

    def _name(self, reg: Reg, name: str) -> None:
        if not self.graph.names[reg]:
            self.graph.names[reg] = name

    def lookup(self, name: str) -> Local | None:
        """The variable that a name means here; one of a function around this one is captured."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        found = self.outer.lookup(name) if self.outer is not None else None
        if found is None or self.outer is None:
            return None
        theirs = self.outer.graph.read(found.key) if found.kind == "value" else found.reg
        mine = self.new(TPtr(found.type) if found.kind == "cell" else found.type, name)
        self.captures.append(mine)
        self.captured.append(theirs)
        local = Local("constant" if found.kind == "value" else found.kind, found.type, mine)
        self.scopes[0][name] = local
        return local

    def read(self, local: Local, at: int = 0, end: int = 0) -> Value:
        match local.kind:
            case "value":
                return Value(self.graph.read(local.key), local.type)
            case "cell":
                return self.load(local.reg, CELL, local.type, at=at, end=end)
        return Value(local.reg, local.type)

    def assign(self, local: Local, value: Value, at: int, end: int = 0) -> None:
        match local.kind:
            case "storage":
                self.add(CopyInto(local.reg, value.reg, at, end))
            case "cell":
                self.add(Store(local.reg, CELL, value.reg, at=at, end=end))
            case "value":
                self.graph.write(local.key, value.reg)

    # ------------------------------------------------------------ packages

    def qualifier(self, x: Expr) -> str | None:
        """The import path that ``x`` names, None when it is a value."""
        if isinstance(x, Name) and x.name in self.func.scope.imports:
            package = self.func.scope.package
            if x.name not in package.globals and x.name not in package.funcs and not self._shadowed(x.name):
                return self.func.scope.imports[x.name]
        return None

    def _shadowed(self, name: str) -> bool:
        at: Frame | None = self
        while at is not None:
            if any(name in scope for scope in at.scopes):
                return True
            at = at.outer
        return False

    def package(self, path: str) -> Package | None:
        return self.program.packages.get(path)

    def type_named(self, x: Expr) -> Type | None:
        """The type that an expression names, None when it is a value."""
        match x:
            case Name(name=name) if not self._shadowed(name):
                if name in self.type_params or self._declares(self.func.scope.package.path, name):
                    return self.written(TName("", name))
                if name in _TYPES and not self._is_member(self.func.scope.package, name):
                    return TName("", name)
                return next((TName(dot, name) for dot in self.func.scope.dots if self._declares(dot, name)), None)
            case Sel(x=inner, name=name):
                path = self.qualifier(inner)
                return TName(path, name) if path is not None and self._declares(path, name) else None
        return None

    def _declares(self, path: str, name: str) -> bool:
        package = self.package(path)
        return package is not None and name in package.types

    def _is_member(self, package: Package, name: str) -> bool:
        return name in package.funcs or name in package.globals or name in package.consts

    def global_address(self, path: str, name: str) -> Value | None:
        """The storage of a package variable."""
        package = self.package(path)
        variable = package.globals.get(name) if package is not None else None
        if variable is None:
            return None
        type_ = self.global_type(variable)
        dst = self.new(TPtr(type_))
        self.add(Global(dst, f"{path}.{name}"))
        return Value(dst, type_)


_TYPES = frozenset(
    """any bool byte complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64
    uintptr""".split()
)


def signature(func: Func, method: bool = False) -> TFunc:
    """The type of a function; as a method expression its receiver is the first parameter."""
    first = (func.recv_type,) if method and func.recv_type is not None else ()
    return TFunc((*first, *func.params), func.results, func.facts.variadic)


__all__ = ["BOOL", "INT", "NIL", "STRING", "Frame", "Local", "Value", "signature"]
