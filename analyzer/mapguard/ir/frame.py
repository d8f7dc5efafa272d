"""What the lowering of one body knows: its function, the variables in scope, the graph under construction."""

from collections.abc import Callable, Hashable
from typing import Literal, NamedTuple

from mapguard.facts.syntax import Expr, Name, Sel, TChan, TFunc, TMap, TName, TPtr, TSlice, TStruct, Type
from mapguard.ir.blocks import Builder
from mapguard.ir.model import CELL, Alloc, Body, Cast, Clone, Const, CopyInto, Event, Global, Load, Reg, Store
from mapguard.ir.variables import Found, Key, Uses
from mapguard.program.model import TYPE_PARAM, Func, Package, Program
from mapguard.program.model import Global as GlobalVariable
from mapguard.program.names import canonical_type
from mapguard.program.types import UNKNOWN, Selected, Step, Types

INT = TName("", "int")
BOOL = TName("", "bool")
STRING = TName("", "string")
NIL = TName("", "nil")
_UNNAMED = (TMap, TSlice, TStruct, TFunc, TChan, TPtr)


class Value(NamedTuple):
    """A register with its type. ``fresh``: nobody else has the storage that it refers to, so that it need not be copied."""

    reg: Reg
    type: Type
    fresh: bool = False


class Local(NamedTuple):
    """A variable: a ``value`` that changes by assignment in the graph (``variable``) or a ``constant`` that does not (``reg``), a ``cell``,
    or the ``storage`` of a struct or array; its address is then ``reg``, or in ``variable`` where each round of a loop has its own.
    ``key`` says where it is declared."""

    kind: Literal["value", "constant", "cell", "storage"]
    type: Type
    reg: Reg
    variable: Hashable = None
    key: Key | None = None


class Context(NamedTuple):
    """What is the same for a declared function and all that is inside it. ``global_type`` gives the type of a package variable;
    with ``bodies`` false the bodies of literals are of no interest, only types."""

    types: Types
    global_type: Callable[[GlobalVariable], Type]
    uses: Uses
    found: Found
    bodies: bool = True


class Frame:
    """``ident`` is the id of a body that is no function of the program's."""

    def __init__(self, context: Context, func: Func, outer: "Frame | None", ident: str = "") -> None:
        self.context = context
        self.types = context.types
        self.program: Program = context.types.program
        self.func = func
        self.outer = outer
        self.ident = ident or func.id
        self.graph = Builder()
        self.scopes: list[dict[str, Local]] = [{}]
        self.outside: dict[str, Local] = {}  # variables of the frames around this one
        self.params: list[Reg] = []
        self.captures: list[Reg] = []  # the registers here
        self.captured: list[Reg] = []  # and those of the frame around it
        self.made = 0  # bodies of its own besides literals
        self.bodies: list[Body] = [] if outer is None else outer.bodies
        self.type_params = func.type_params

    # ------------------------------------------------------------ registers and events

    def new(self, type_: Type, name: str = "") -> Reg:
        return self.graph.register(type_, name)

    def add(self, event: Event) -> None:
        self.graph.add(event)

    def const(self, kind: str, type_: Type = UNKNOWN, text: str = "", verbs: str = "") -> Value:
        dst = self.new(type_)
        self.add(Const(dst, kind, text, verbs))
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

    def select(self, t: Type, name: str) -> Selected | None:
        """What ``.name`` means on a value of type ``t``. The fields of struct types without a name are called after all fields of theirs:
        types that are written alike are one."""
        found = self.types.select(t, name)
        if found is None or not any(step.field.startswith("struct@") for step in found.steps):
            return found
        steps: list[Step] = []
        owner = t
        for step in found.steps:
            under = self.types.underlying(self.types.deref(self.types.alias(owner)))
            if step.field.startswith("struct@") and isinstance(under, TStruct):
                names = ",".join(f.name for f in under.fields)
                step = step._replace(field=f"struct{{{names}}}.{step.field.rpartition('.')[2]}")
            steps.append(step)
            owner = step.type
        return found._replace(steps=tuple(steps))

    def own(self, value: Value, at: int) -> Reg:
        """The value as it is passed on: storage that others have is copied."""
        if value.fresh or not self.storage(value.type):
            return value.reg
        dst = self.new(value.type)
        self.add(Clone(dst, value.reg, at))
        return dst

    def fit(self, value: Value, type_: Type) -> Value:
        """The value as a variable of ``type_`` holds it: nil has its type, a value of an unnamed type becomes one of a named type."""
        if value.type == NIL:
            self.graph.types[value.reg] = type_
            return Value(value.reg, type_, True)
        if isinstance(value.type, _UNNAMED) and isinstance(type_, TName) and type_.pkg not in ("", TYPE_PARAM):
            under = self.types.underlying(type_)
            if isinstance(under, _UNNAMED):
                dst = self.new(type_)
                self.add(Cast(dst, value.reg, type_, False))
                return Value(dst, type_, value.fresh)
        return value

    # ------------------------------------------------------------ variables

    def declare(self, name: str, type_: Type, key: Key, value: Value | None, at: int) -> None:
        """A new variable with its first value; None is the zero value."""
        if name not in ("", "_"):
            self.scopes[-1][name] = self.variable(name, type_, key, value, at)

    def variable(self, name: str, type_: Type, key: Key, value: Value | None, at: int) -> Local:
        if value is not None:
            value = self.fit(value, type_)
        if self.storage(type_):
            if value is not None and key in self.context.uses.altered and self.graph.is_result(value.reg):
                value = value._replace(fresh=False)  # whoever calls the function gets another variable with these fields
            reg = self.own(value, at) if value is not None else self._made(type_, type_, "var", at, name)
            self._name(reg, name)
            return self._placed(Local("storage", type_, reg, None, key))
        first = self.own(value, at) if value is not None else self.const("zero", type_).reg
        if key in self.context.uses.boxed:
            reg = self._made(TPtr(type_), type_, "cell", at, name)
            self.add(Store(reg, CELL, first))
            return self._placed(Local("cell", type_, reg, None, key))
        self._name(first, name)
        if key in self.context.uses.fixed:
            return Local("constant", type_, first, None, key)
        variable = (key, self.graph.at, first)
        self.graph.write(variable, first, type_)
        return Local("value", type_, -1, variable, key)

    def _placed(self, local: Local) -> Local:
        return self._moving(local) if self.context.uses.jumps else local

    def _moving(self, local: Local) -> Local:
        """The variable with an address that may be another one on another way."""
        variable = (local.key, "address", local.reg)
        self.graph.write(variable, local.reg, self.graph.types[local.reg])
        return local._replace(variable=variable)

    def hidden_cell(self, name: str, type_: Type, at: int) -> Local:
        """A variable that no text names, for what two bodies of one function tell each other."""
        if self.storage(type_):
            local = Local("storage", type_, self._made(type_, type_, "var", at, ""))
        else:
            local = Local("cell", type_, self._made(TPtr(type_), type_, "cell", at, ""))
        self.scopes[-1][name] = local
        return local

    def _made(self, kind: Type, type_: Type, how: Literal["var", "cell"], at: int, name: str) -> Reg:
        dst = self.new(kind, name)
        self.add(Alloc(dst, type_, how, at))
        return dst

    def _name(self, reg: Reg, name: str) -> None:
        if not self.graph.names[reg]:
            self.graph.names[reg] = name

    def each_round(self, scope: dict[str, Local], at: int) -> None:
        """From here on the variables of a loop whose address is known are new ones with the same values."""
        for name, local in scope.items():
            if local.kind not in ("cell", "storage"):
                continue
            before = self.where(local)
            if local.kind == "storage":
                now = self.new(local.type, name)
                self.add(Clone(now, before, at))
            else:
                value = self.load(before, CELL, local.type)
                now = self._made(TPtr(local.type), local.type, "cell", at, name)
                self.add(Store(now, CELL, value.reg))
            self.graph.write(local.variable, now)

    def in_rounds(self, scope: dict[str, Local]) -> None:
        """Makes the addresses of a loop's variables change from round to round."""
        for name, local in scope.items():
            if local.kind in ("cell", "storage"):
                scope[name] = self._moving(local)

    def where(self, local: Local) -> Reg:
        """The address of a cell or of storage, the register of a constant."""
        return local.reg if local.variable is None else self.graph.read(local.variable)

    def lookup(self, name: str) -> Local | None:
        """The variable that a name means here; one of a function around this one is captured."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        if name in self.outside:
            return self.outside[name]
        found = self.outer.lookup(name) if self.outer is not None else None
        if found is None or self.outer is None:
            return None
        theirs = self.outer.where(found)
        mine = self.new(TPtr(found.type) if found.kind == "cell" else found.type, name if name[:1] != " " else "")
        self.captures.append(mine)
        self.captured.append(theirs)
        local = Local("constant" if found.kind == "value" else found.kind, found.type, mine, None, found.key)
        self.outside[name] = local
        return local

    def read(self, local: Local, at: int = 0, end: int = 0) -> Value:
        if local.kind == "cell":
            return self.load(self.where(local), CELL, local.type, at=at, end=end)
        return Value(self.where(local), local.type)

    def assign(self, local: Local, value: Value, at: int, end: int = 0) -> None:
        match local.kind:
            case "storage":
                self.add(CopyInto(self.where(local), value.reg, at, end))
            case "cell":
                self.add(Store(self.where(local), CELL, self.own(value, at), at=at, end=end))
            case "value":
                self.graph.write(local.variable, self.own(value, at))

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
            if name in at.outside or any(name in scope for scope in at.scopes):
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
        type_ = self.context.global_type(variable)
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


__all__ = ["BOOL", "INT", "NIL", "STRING", "Context", "Frame", "Local", "Value", "signature"]
