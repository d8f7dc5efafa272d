"""Names, selected fields and methods, and elements to values."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from mapguard.facts.syntax import Expr, Index, Name, Sel, TFunc, TName, TPtr, Type, TypeExpr, Unary
from mapguard.ir.frame import BOOL, INT, NIL, Frame, Value, signature
from mapguard.ir.model import CELL, ELEM, NONE, Alloc, Bound, Callee, Closure, External, Field, Invoke, MapOp, Reg, Static, Store
from mapguard.program.infer import unify
from mapguard.program.types import UNKNOWN, Selected, Step, substitute


class Method(NamedTuple):
    """What ``x.name`` calls, and the value that it is called on. ``type`` is its signature, UNKNOWN for a library's."""

    callee: Callee
    recv: Value
    type: Type


class Selectors(Frame):
    @abstractmethod
    def value(self, x: Expr, want: Type = UNKNOWN) -> Value:
        """The value of an expression. ``want`` is the type that an elided literal or nil takes."""

    @abstractmethod
    def method_function(self, kind: Type, selected: Selected, x: Sel) -> Value:
        """The function that takes a receiver of type ``kind`` and calls the method that is selected of it."""

    # ------------------------------------------------------------ names

    def named(self, x: Name, want: Type) -> Value:
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

    def selected(self, x: Sel) -> Value:
        path = self.qualifier(x.x)
        if path is not None:
            return self.package_value(path, x.name, x.at, x.end)
        expression = self.method_expression(x)
        if expression is not None:
            return expression
        base = self.value(x.x)
        selected = self.select(base.type, x.name) if base.type != UNKNOWN else None
        if selected is not None and (selected.method or selected.external or selected.iface):
            return self._method_value(self.method(x.x, base, selected, x), x.at)
        if selected is None:
            return self.load(base.reg, f"?.{x.name}", UNKNOWN, at=x.at, end=x.end)
        return self.walk(base, selected.steps, x.at, x.end)

    def _method_value(self, method: Method, at: int) -> Value:
        dst = self.new(method.type)
        self.add(Bound(dst, method.callee, self.own(method.recv, at), at))
        return Value(dst, method.type)

    def method_expression(self, x: Sel) -> Value | None:
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
        recv = self.walk(base, selected.steps, place.at, place.end)
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
            type_ = self._of_owner(selected.iface, selected.owner)
            if self.types.only_of_libraries(selected.owner):
                return Method(External(str(selected.external)), recv._replace(fresh=True), type_)
            return Method(Invoke(place.name, selected.owner, str(selected.external)), recv, type_)
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
        return self._bound_type(signature(method), method.recv_type, owner) if method is not None else UNKNOWN

    def _address_of_variable(self, x: Expr, value: Value) -> Value:
        """The address of a variable that is no struct, for a method of its pointer; of any other value, that of a copy."""
        if isinstance(x, Name) and (local := self.lookup(x.name)) is not None and local.type == value.type:
            if local.kind == "cell":
                return Value(self.where(local), TPtr(local.type), True)
            if local.key is not None:
                self.context.found.addressed.add(local.key)
        loaded = self.graph.take_back(value.reg)
        if loaded is None:
            return self.boxed(value, getattr(x, "at", 0))
        if loaded.field == CELL:
            return Value(loaded.base, TPtr(value.type), True)
        dst = self.new(TPtr(value.type))
        self.add(Field(dst, loaded.base, loaded.field, loaded.index, loaded.at, loaded.end))
        return Value(dst, TPtr(value.type), True)

    def walk(self, base: Value, steps: Sequence[Step], at: int, end: int) -> Value:
        for step in steps:
            base = self.member(base, step.field, self.walked(base, step).type, at, end)
        return base

    def member(self, base: Value, field: str, type_: Type, at: int, end: int, index: Reg = NONE) -> Value:
        """``base.field``: the storage of a struct or array, the value of anything else."""
        if self.storage(type_):
            dst = self.new(type_)
            self.add(Field(dst, base.reg, field, index, at, end))
            return Value(dst, type_)
        return self.load(base.reg, field, type_, index, at, end)

    def walked(self, holder: Value, step: Step) -> Step:
        """A step from a value: in a generic struct the field has the type of this instance."""
        owner = self.types.alias(self.types.deref(self.types.alias(holder.type)))
        if isinstance(owner, TName) and owner.args:
            named = self.program.named(owner.pkg, owner.name)
            if named is not None:
                return Step(step.field, substitute(step.type, dict(zip(named.decl.params, owner.args, strict=False))))
        return step

    def boxed(self, value: Value, at: int) -> Value:
        """A pointer to a new variable that holds ``value``."""
        dst = self.new(TPtr(value.type))
        self.add(Alloc(dst, value.type, "cell", at))
        self.add(Store(dst, CELL, value.reg))
        return Value(dst, TPtr(value.type), True)

    # ------------------------------------------------------------ elements

    def indexed(self, x: Index) -> Value:
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
