"""Expressions to events and the register that holds their value; what can be assigned to places."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from mapguard.facts.syntax import (
    Assert,
    Binary,
    Call,
    Composite,
    Expr,
    FuncLit,
    Index,
    Lit,
    Name,
    Sel,
    SliceOf,
    TChan,
    TFunc,
    TMap,
    TName,
    TPtr,
    TSlice,
    TStruct,
    Type,
    TypeExpr,
    Unary,
)
from mapguard.ir.frame import BOOL, INT, NIL, STRING, Frame, Local, Value, signature
from mapguard.ir.model import (
    CELL,
    ELEM,
    NONE,
    Alloc,
    Bound,
    Callee,
    Cast,
    Closure,
    Copy,
    CopyInto,
    External,
    Field,
    Invoke,
    MapOp,
    Op,
    Recv,
    Reg,
    Static,
    Store,
)
from mapguard.program.infer import unify
from mapguard.program.model import TYPE_PARAM
from mapguard.program.types import UNKNOWN, Selected, Step, substitute

_TABLE = 64  # elements
_COMPARES = frozenset(["==", "!=", "<", ">", "<=", ">="])
_CONSTANTS = frozenset(
    """bool byte complex64 complex128 float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64
    uintptr""".split()
)
_BASIC: dict[str, Type] = {"int": INT, "float": TName("", "float64"), "string": STRING, "rune": TName("", "rune")}


class Method(NamedTuple):
    """What ``x.name`` calls, and the value that it is called on. ``type`` is its signature, UNKNOWN for a library's."""

    callee: Callee
    recv: Value
    type: Type


class Place(NamedTuple):
    """Where an assignment puts its value: a variable, a field or element of ``base``, an entry of a map, or nowhere."""

    type: Type
    local: Local | None = None
    base: Reg = NONE
    field: str = ""
    key: Reg = NONE
    map: Reg = NONE
    at: int = 0
    end: int = 0


class Exprs(Frame):
    @abstractmethod
    def call(self, x: Call) -> list[Value]:
        """The results of a call."""

    @abstractmethod
    def literal(self, x: FuncLit) -> Value:
        """A function literal's closure."""

    @abstractmethod
    def method_function(self, kind: Type, selected: Selected, x: Sel) -> Value:
        """The function that takes a receiver of type ``kind`` and calls the method that is selected of it."""

    # ------------------------------------------------------------ values

    def value(self, x: Expr, want: Type = UNKNOWN) -> Value:
        """The value of an expression. ``want`` is the type that an elided literal or nil takes."""
        match x:
            case Name():
                return self._name_value(x, want)
            case Sel():
                return self._selector(x)
            case Call():
                results = self.call(x)
                return results[0] if results else self.const("unknown")
            case Lit(kind=kind, text=text):
                return self.const(kind, self._literal_type(kind, want), text)
            case Index():
                return self._index(x)
            case Unary():
                return self._unary(x, want)
            case Binary():
                return self._binary(x, want)
            case Composite():
                return self._composite(x, want)
            case FuncLit():
                return self.literal(x)
            case Assert(x=inner, type=asked):
                return self._cast(self.value(inner), self.written(asked), True)
            case SliceOf(x=inner, bounds=bounds):
                found = self.value(inner)
                for bound in bounds:
                    self.value(bound, INT)
                under = self.types.underlying(self.types.deref(found.type))
                if isinstance(under, TSlice) and under.array:
                    return self._cast(found, TSlice(under.elem), False)
                return Value(found.reg, found.type)
            case TypeExpr(type=t):
                return self.const("unknown", self.written(t))
        return self.const("unknown")

    def _literal_type(self, kind: str, want: Type) -> Type:
        """A constant takes the type that is asked for, where that is one of numbers, strings or the like."""
        under = self.types.underlying(want)
        if isinstance(under, TName) and ((under.pkg == "" and under.name in _CONSTANTS) or under.pkg == TYPE_PARAM):
            return want
        return _BASIC.get(kind, UNKNOWN)

    def _cast(self, value: Value, type_: Type, asserted: bool) -> Value:
        dst = self.new(type_)
        self.add(Cast(dst, value.reg, type_, asserted))
        return Value(dst, type_, value.fresh)

    # ------------------------------------------------------------ names

    def _name_value(self, x: Name, want: Type) -> Value:
        local = self.lookup(x.name)
        if local is not None:
            return self.read(local, x.at, x.at + len(x.name))
        if x.name == "nil":
            return self.const("nil", want if want != UNKNOWN else NIL)
        if x.name in ("true", "false"):
            return self.const("bool", BOOL, x.name)
        for path in (self.func.scope.package.path, *self.func.scope.dots):
            found = self._member(path, x.name, x.at, x.at + len(x.name))
            if found is not None:
                return found
        return self.const("unknown")

    def _member(self, path: str, name: str, at: int, end: int) -> Value | None:
        """A variable, function or constant of a package; None where it declares no such name."""
        package = self.package(path)
        if package is None:
            return None
        if name in package.globals:
            address = self.global_address(path, name)
            assert address is not None
            if self.storage(address.type):
                return address
            return self.load(address.reg, CELL, address.type, at=at, end=end)
        if name in package.funcs:
            func = package.funcs[name]
            ident = func.id if func.facts.body is not None else f"{path}.{name}"
            return self._function(ident, signature(func), at)
        if name in package.consts:
            return self.const("const", package.consts[name] or UNKNOWN, package.const_values.get(name) or f"{path}.{name}")
        return None

    def _function(self, ident: str, type_: Type, at: int) -> Value:
        dst = self.new(type_)
        self.add(Closure(dst, ident, (), at))
        return Value(dst, type_)

    def package_value(self, path: str, name: str, at: int, end: int) -> Value:
        """``package.name``; a name that nothing is known of is a function or variable of a library."""
        found = self._member(path, name, at, end)
        return found if found is not None else self._function(f"{path}.{name}", UNKNOWN, at)

    # ------------------------------------------------------------ selection

    def _selector(self, x: Sel) -> Value:
        path = self.qualifier(x.x)
        if path is not None:
            return self.package_value(path, x.name, x.at, x.end)
        expression = self._method_expression(x)
        if expression is not None:
            return expression
        base = self.value(x.x)
        selected = self.select(base.type, x.name) if base.type != UNKNOWN else None
        if selected is not None and (selected.method or selected.external or selected.iface):
            return self._method_value(self.method(x.x, base, selected, x), x.at)
        if selected is None:
            return self.load(base.reg, f"?.{x.name}", UNKNOWN, at=x.at, end=x.end)
        return self._walk(base, selected.steps, x.at, x.end)

    def _method_value(self, method: Method, at: int) -> Value:
        dst = self.new(method.type)
        self.add(Bound(dst, method.callee, self.own(method.recv, at), at))
        return Value(dst, method.type)

    def _method_expression(self, x: Sel) -> Value | None:
        """``T.M`` or ``(*T).M``: the method as a function that takes its receiver first."""
        inner = x.x
        kind: Type | None
        if isinstance(inner, Unary) and inner.op == "*":
            named = self.type_named(inner.x)
            kind = TPtr(named) if named is not None else None
        else:
            kind = self.written(inner.type) if isinstance(inner, TypeExpr) else self.type_named(inner)
        if kind is None:
            return None
        selected = self.select(kind, x.name)
        if selected is None:
            return self.const("unknown")
        method = selected.method
        if method is not None and not selected.steps and method.pointer == isinstance(kind, TPtr):
            return self._function(method.id, self._bound_type(signature(method, True), method.recv_type, kind), x.at)
        return self.method_function(kind, selected, x)

    def method(self, x: Expr, base: Value, selected: Selected, place: Sel) -> Method:
        """The method that ``base.name`` selects, with its receiver as the method takes it: an address or a copy."""
        recv = self._walk(base, selected.steps, place.at, place.end)
        if selected.method is not None:
            method = selected.method
            if method.pointer and not isinstance(recv.type, TPtr) and not self.storage(recv.type):
                recv = self._address_of_variable(x, recv)
            elif not method.pointer and isinstance(recv.type, TPtr) and not self.storage(recv.type.elem):
                recv = self.load(recv.reg, CELL, recv.type.elem, at=place.at, end=place.end)
            elif method.pointer or isinstance(recv.type, TPtr):
                recv = Value(recv.reg, recv.type if method.pointer else recv.type.elem, method.pointer)  # type: ignore[union-attr]
            return Method(Static(method.id), recv, self._bound_type(signature(method), method.recv_type, recv.type))
        if selected.iface is not None:
            return Method(Invoke(place.name, selected.owner, str(selected.external)), recv, self._of_owner(selected.iface, selected.owner))
        declared = self._declared_method(selected)
        return Method(External(str(selected.external)), recv._replace(fresh=True), declared)

    def _bound_type(self, type_: TFunc, declared: Type | None, actual: Type) -> Type:
        found: dict[str, Type] = {}
        if declared is not None:
            unify(self.types.deref(declared), self.types.alias(self.types.deref(actual)), found)
        return substitute(type_, found) if found else type_

    def _of_owner(self, type_: TFunc, owner: Type) -> Type:
        if isinstance(owner, TName) and owner.args:
            named = self.program.named(owner.pkg, owner.name)
            if named is not None:
                return substitute(type_, dict(zip(named.decl.params, owner.args, strict=False)))
        return type_

    def _declared_method(self, selected: Selected) -> Type:
        """The signature that the models declare for a method of a library."""
        owner = selected.owner
        named = self.program.named(owner.pkg, owner.name) if isinstance(owner, TName) else None
        method = named.methods.get(str(selected.external).rpartition(".")[2]) if named is not None else None
        return signature(method) if method is not None else UNKNOWN

    def _address_of_variable(self, x: Expr, value: Value) -> Value:
        """The address of a variable that is no struct, for a method of its pointer; of any other value, that of a copy."""
        if isinstance(x, Name) and (local := self.lookup(x.name)) is not None and local.type == value.type:
            if local.kind == "cell":
                return Value(self.where(local), TPtr(local.type), True)
            if local.key is not None:
                self.context.found.addressed.add(local.key)
        loaded = self.graph.take_back(value.reg)
        if loaded is None:
            return self._boxed(value, getattr(x, "at", 0))
        if loaded.field == CELL:
            return Value(loaded.base, TPtr(value.type), True)
        dst = self.new(TPtr(value.type))
        self.add(Field(dst, loaded.base, loaded.field, loaded.index, loaded.at, loaded.end))
        return Value(dst, TPtr(value.type), True)

    def _walk(self, base: Value, steps: Sequence[Step], at: int, end: int) -> Value:
        for step in steps:
            base = self.member(base, step.field, self._walked(base, step).type, at, end)
        return base

    def member(self, base: Value, field: str, type_: Type, at: int, end: int, index: Reg = NONE) -> Value:
        """``base.field``: the storage of a struct or array, the value of anything else."""
        if self.storage(type_):
            dst = self.new(type_)
            self.add(Field(dst, base.reg, field, index, at, end))
            return Value(dst, type_)
        return self.load(base.reg, field, type_, index, at, end)

    # ------------------------------------------------------------ elements

    def _index(self, x: Index) -> Value:
        container = self.value(x.x)
        if isinstance(container.type, TFunc):
            return container
        if isinstance(x.x, Sel | Name) and self.type_named(x.index[0]) is not None:
            return container  # a library's generic function with its type arguments
        map_type = self.types.map_of(container.type)
        key = self.value(x.index[0], map_type.key if map_type is not None else INT)
        if map_type is not None:
            value = self.new(map_type.elem)
            self.add(MapOp("read", container.reg, self.own(key, x.at), value, x.at, x.end))
            return Value(value, map_type.elem)
        elem = self.types.element(self.types.deref(container.type))
        return self.member(container, ELEM, elem, x.at, x.end, key.reg)

    # ------------------------------------------------------------ operators

    def _unary(self, x: Unary, want: Type) -> Value:
        if x.op == "&":
            if isinstance(x.x, Composite):
                type_ = self.written(x.x.type) if x.x.type != UNKNOWN else want.elem if isinstance(want, TPtr) else UNKNOWN
                if self.storage(type_):
                    return self._composite(x.x, TPtr(type_), asked=True)
                return self._boxed(self._composite(x.x, type_), x.at)
            address = self.address(x.x)
            if address is not None:
                return self._typed(address)
            return self._boxed(self.value(x.x), x.at)
        operand = self.value(x.x, want if x.op in ("-", "+", "^") else UNKNOWN)
        if x.op == "*":
            target = self.types.deref(operand.type)
            if self.storage(target):
                return Value(operand.reg, target)
            return self.load(operand.reg, CELL, target, at=x.at, end=x.end)
        if x.op == "<-":
            under = self.types.underlying(operand.type)
            dst = self.new(under.elem if isinstance(under, TChan) else UNKNOWN)
            self.add(Recv(dst, operand.reg, x.at))
            return Value(dst, self.graph.types[dst])
        dst = self.new(operand.type)
        self.add(Op(dst, x.op, (operand.reg,)))
        return Value(dst, operand.type, True)

    def _typed(self, value: Value) -> Value:
        """The value in a register of its own type: storage and a pointer to it are one register otherwise."""
        if self.graph.types[value.reg] == value.type:
            return value
        dst = self.new(value.type)
        self.add(Copy(dst, value.reg))
        return Value(dst, value.type, value.fresh)

    def _boxed(self, value: Value, at: int) -> Value:
        """A pointer to a new variable that holds ``value``."""
        dst = self.new(TPtr(value.type))
        self.add(Alloc(dst, value.type, "cell", at))
        self.add(Store(dst, CELL, value.reg))
        return Value(dst, TPtr(value.type), True)

    def _binary(self, x: Binary, want: Type) -> Value:
        if x.op in ("&&", "||"):
            yes, no, after = self.graph.block(), self.graph.block(), self.graph.block()
            self.condition(x, yes, no)
            key = (id(x), "condition")
            for block, text in ((yes, "true"), (no, "false")):
                self.graph.seal(block)
                self.graph.start(block)
                self.graph.write(key, self.const("bool", BOOL, text).reg, BOOL)
                self.graph.jump(after)
            self.graph.seal(after)
            self.graph.start(after)
            return Value(self.graph.read(key), BOOL, True)
        compares, shifts = x.op in _COMPARES, x.op in ("<<", ">>")
        if isinstance(x.x, Lit) and not shifts and not isinstance(x.y, Lit):  # the constant takes the other side's type
            right = self.value(x.y, UNKNOWN if compares else want)
            left = self.value(x.x, right.type)
        else:
            left = self.value(x.x, UNKNOWN if compares else want)
            right = self.value(x.y, INT if shifts else left.type)
            if left.type == NIL:
                left = self.fit(left, right.type)
        right = self.fit(right, left.type) if right.type == NIL else right
        type_ = BOOL if compares else left.type
        dst = self.new(type_)
        self.add(Op(dst, x.op, (left.reg, right.reg)))
        return Value(dst, type_, True)

    def condition(self, x: Expr, yes: int, no: int) -> None:
        """Control goes to ``yes`` where ``x`` is true, to ``no`` where it is false; neither is sealed."""
        if isinstance(x, Binary) and x.op in ("&&", "||"):
            middle = self.graph.block()
            self.condition(x.x, *((middle, no) if x.op == "&&" else (yes, middle)))
            self.graph.seal(middle)
            self.graph.start(middle)
            self.condition(x.y, yes, no)
        elif isinstance(x, Unary) and x.op == "!":
            self.condition(x.x, no, yes)
        else:
            self.graph.branch(self.value(x).reg, yes, no)

    # ------------------------------------------------------------ literals

    def _composite(self, x: Composite, want: Type, asked: bool = False) -> Value:
        """A literal; with ``asked`` it is of type ``want``, whatever type it names: the pointer that & makes of it."""
        type_ = want if asked or x.type == UNKNOWN else self.written(x.type)
        pointer = isinstance(type_, TPtr)
        target = type_.elem if isinstance(type_, TPtr) else type_
        dst = self.new(TPtr(target) if pointer else target)
        self.add(Alloc(dst, target, "lit", x.at))
        self._fill(dst, target, x)
        return Value(dst, type_, True)

    def _fill(self, base: Reg, type_: Type, x: Composite) -> None:
        under = self.types.underlying(type_)
        if isinstance(under, TStruct):
            owner = type_
            for number, (key, element) in enumerate(x.elems):
                field = self._field_of(owner, under, key, number)
                self._put(base, field.field if field is not None else "?", field.type if field is not None else UNKNOWN, element, x)
            return
        keys = under.key if isinstance(under, TMap) else INT
        elem = under.elem if isinstance(under, TMap | TSlice) else UNKNOWN
        table = len(x.elems) > _TABLE and isinstance(self.types.underlying(elem), TName)
        for key, element in x.elems:
            if table and isinstance(element, Lit) and (key is None or isinstance(key, Lit)):
                continue  # numbers or texts of a large table, which say nothing
            index = NONE
            if key is not None and isinstance(under, TMap | TSlice):
                index = self.own(self.value(key, keys), x.at)
            self._put(base, ELEM, elem, element, x, index)

    def _field_of(self, owner: Type, struct: TStruct, key: Expr | None, number: int) -> Step | None:
        name = key.name if isinstance(key, Name) else ""
        if key is None and number < len(struct.fields):
            name = struct.fields[number].name
        selected = self.select(owner, name) if name else None
        if selected is None or len(selected.steps) != 1:
            return None
        step = selected.steps[0]
        # the fields of a generic struct have the types of this instance
        return Step(step.field, next((f.type for f in struct.fields if f.name == name), step.type))

    def _put(self, base: Reg, field: str, type_: Type, x: Expr, place: Composite, index: Reg = NONE) -> None:
        """An element of a literal, written where it belongs: a struct in a struct is no object of its own."""
        if self.storage(type_) and field != ELEM:
            dst = self.new(type_)
            self.add(Field(dst, base, field))
            if isinstance(x, Composite):
                self._fill(dst, type_, x)
            else:
                self.add(CopyInto(dst, self.value(x, type_).reg, place.at))
            return
        value = self.fit(self.value(x, type_), type_)
        self.add(Store(base, field, self.own(value, place.at), index))

    # ------------------------------------------------------------ places

    def address(self, x: Expr) -> Value | None:
        """The address of what can be assigned to, as a pointer; None of anything else."""
        match x:
            case Name(name=name):
                local = self.lookup(name)
                if local is not None:
                    return Value(self.where(local), TPtr(local.type), True) if local.kind in ("cell", "storage") else None
                for path in (self.func.scope.package.path, *self.func.scope.dots):
                    found = self.global_address(path, name)
                    if found is not None:
                        return Value(found.reg, TPtr(found.type), True)
                return None
            case Sel(x=inner, name=name):
                imported = self.qualifier(inner)
                if imported is not None:
                    found = self.global_address(imported, name)
                    return Value(found.reg, TPtr(found.type), True) if found is not None else None
                base = self.value(inner)
                selected = self.select(base.type, name) if base.type != UNKNOWN else None
                if selected is None or selected.method or selected.external or not selected.steps:
                    dst = self.new(TPtr(UNKNOWN))
                    self.add(Field(dst, base.reg, f"?.{name}", NONE, x.at, x.end))
                    return Value(dst, TPtr(UNKNOWN), True)
                holder = self._walk(base, selected.steps[:-1], x.at, x.end)
                step = self._walked(holder, selected.steps[-1])
                dst = self.new(TPtr(step.type))
                self.add(Field(dst, holder.reg, step.field, NONE, x.at, x.end))
                return Value(dst, TPtr(step.type), True)
            case Index(x=inner, index=index):
                container = self.value(inner)
                key = self.value(index[0], INT)
                elem = self.types.element(self.types.deref(container.type))
                dst = self.new(TPtr(elem))
                self.add(Field(dst, container.reg, ELEM, key.reg, x.at, x.end))
                return Value(dst, TPtr(elem), True)
            case Unary(op="*", x=inner):
                pointer = self.value(inner)
                return Value(pointer.reg, pointer.type, True)
        return None

    def place(self, x: Expr) -> Place:
        """Where ``x = …`` puts its value."""
        match x:
            case Name(name="_"):
                return Place(UNKNOWN)
            case Name(name=name):
                local = self.lookup(name)
                if local is not None:
                    return Place(local.type, local, at=x.at, end=x.at + len(name))
            case Index(x=inner, index=index):
                container = self.value(inner)
                map_type = self.types.map_of(container.type)
                if map_type is not None:
                    key = self.value(index[0], map_type.key)
                    return Place(map_type.elem, key=self.own(key, x.at), map=container.reg, at=x.at, end=x.end)
                key = self.value(index[0], INT)
                elem = self.types.element(self.types.deref(container.type))
                return Place(elem, base=container.reg, field=ELEM, key=key.reg, at=x.at, end=x.end)
            case Sel(x=inner, name=name) if self.qualifier(inner) is None:
                base = self.value(inner)
                selected = self.select(base.type, name) if base.type != UNKNOWN else None
                if selected is None or not selected.steps or selected.method is not None:
                    return Place(UNKNOWN, base=base.reg, field=f"?.{name}", at=x.at, end=x.end)
                holder = self._walk(base, selected.steps[:-1], x.at, x.end)
                step = self._walked(holder, selected.steps[-1])
                return Place(step.type, base=holder.reg, field=step.field, at=x.at, end=x.end)
        address = self.address(x)
        if address is None:
            self.value(x)
            return Place(UNKNOWN)
        at, end = getattr(x, "at", 0), getattr(x, "end", 0)
        if isinstance(x, Name):
            end = at + len(x.name)
        return Place(self.types.deref(address.type), base=address.reg, field=CELL, at=at, end=end)

    def _walked(self, holder: Value, step: Step) -> Step:
        """A step from a value: in a generic struct the field has the type of this instance."""
        owner = self.types.alias(self.types.deref(self.types.alias(holder.type)))
        if isinstance(owner, TName) and owner.args:
            named = self.program.named(owner.pkg, owner.name)
            if named is not None:
                return Step(step.field, substitute(step.type, dict(zip(named.decl.params, owner.args, strict=False))))
        return step

    def put(self, place: Place, value: Value) -> None:
        """Assigns ``value``, which nobody else may share, to a place."""
        value = self.fit(value, place.type)
        if place.local is not None:
            self.assign(place.local, value, place.at, place.end)
        elif place.map != NONE:
            self.add(MapOp("write", place.map, place.key, self.own(value, place.at), place.at, place.end))
        elif place.base != NONE:
            if self.storage(place.type):
                base = place.base
                if place.field != CELL:
                    base = self.new(place.type)
                    self.add(Field(base, place.base, place.field, place.key, place.at, place.end))
                self.add(CopyInto(base, value.reg, place.at, place.end))
            else:
                self.add(Store(place.base, place.field, self.own(value, place.at), place.key, place.at, place.end))

    def get(self, place: Place) -> Value:
        """What is in a place, for ``x op= y``."""
        if place.local is not None:
            return self.read(place.local, place.at, place.end)
        if place.map != NONE:
            value = self.new(place.type)
            self.add(MapOp("read", place.map, place.key, value, place.at, place.end))
            return Value(value, place.type)
        if place.base != NONE:
            return self.load(place.base, place.field, place.type, place.key, place.at, place.end)
        return self.const("unknown")


__all__ = ["Exprs", "Method", "Place"]
