"""Calls to events: functions of the tree, interfaces, function values, libraries, conversions and Go's predeclared functions."""

from abc import abstractmethod
from typing import Literal

from mapguard.facts.syntax import Call, Expr, Index, Lit, Name, Sel, TChan, TFunc, TName, TPtr, TSlice, Type, TypeExpr, Unary
from mapguard.ir.exprs import Exprs
from mapguard.ir.frame import INT, Value, signature
from mapguard.ir.model import ELEM, NONE, Alloc, Callee, Close, Copy, Dynamic, External, How, Invoke, MapOp, Op, Static, Store
from mapguard.ir.model import Call as CallEvent
from mapguard.program.infer import unify
from mapguard.program.model import TYPE_PARAM, Func
from mapguard.program.types import UNKNOWN, substitute


class Calls(Exprs):
    @abstractmethod
    def predeclared_later(self, x: Call, how: How, at: int, end: int) -> list[Value]:
        """A predeclared function that is deferred or started."""

    @abstractmethod
    def panic(self, at: int) -> None:
        """Control leaves the function by a panic."""

    def call(self, x: Call) -> list[Value]:
        return self.called(x, "call", x.at, x.end)

    def called(self, x: Call, how: How, at: int, end: int) -> list[Value]:
        """The call, go or defer statement of ``x``; its results."""
        if isinstance(x.fn, Name) and x.fn.name in _BUILTINS and self.lookup(x.fn.name) is None and not self._own(x.fn.name):
            if how != "call":
                return self.predeclared_later(x, how, at, end)
            return self._predeclared(x.fn.name, x)
        converted = self._conversion(x)
        if converted is not None:
            return [converted]
        callee, recv, type_, generic = self._callee(x.fn)
        args = self._arguments(x, type_)
        type_ = self._inferred(type_, args, generic)
        params = type_.params if isinstance(type_, TFunc) else ()
        args = [self.fit(a, params[n]) if n < len(params) else a for n, a in enumerate(self._packed(args, type_, x))]
        regs = [self.own(a, x.at) for a in args]
        if recv is not None:
            regs.insert(0, self.own(recv, x.at))
        results = type_.results if isinstance(type_, TFunc) else ()
        # the results of a function that nothing is known of: one, which a tuple assignment takes apart
        dsts = tuple(self.new(r) for r in results) if isinstance(type_, TFunc) else (self.new(UNKNOWN),)
        self.add(CallEvent(dsts, callee, tuple(regs), how, at, end))
        if isinstance(callee, External) and callee.name in _ENDS and how == "call":
            if callee.name in _PANICS:
                self.panic(at)
            else:
                self.graph.leave()
        return [Value(d, self.graph.types[d], True) for d in dsts]

    def _own(self, name: str) -> bool:
        package = self.func.scope.package
        return name in package.funcs or name in package.globals or name in package.types

    # ------------------------------------------------------------ who is called

    def _callee(self, fn: Expr) -> tuple[Callee, Value | None, Type, Func | None]:
        """What is called, its receiver, its type and, where its type parameters are to be inferred, itself."""
        if isinstance(fn, Index):
            callee, recv, type_, generic = self._callee(fn.x) if self._is_generic(fn) else (None, None, UNKNOWN, None)
            if callee is not None:
                return callee, recv, self._instance(type_, generic, fn), generic
        if isinstance(fn, Sel):
            path = self.qualifier(fn.x)
            if path is None:
                expression = self.method_expression(fn)
                if expression is not None:
                    return self._dynamic(expression)
                base = self.value(fn.x)
                selected = self.select(base.type, fn.name) if base.type != UNKNOWN else None
                if selected is not None and (selected.method or selected.iface or selected.external):
                    method = self.method(fn.x, base, selected, fn)
                    return method.callee, method.recv, method.type, None
                if selected is None:
                    return self._unknown_method(fn, base)
                return self._dynamic(self.walk(base, selected.steps, fn.at, fn.end))
            if path is not None:
                found = self._function_of(path, fn.name)
                if found is not None:
                    return found
        if isinstance(fn, Name) and self.lookup(fn.name) is None:
            for path in (self.func.scope.package.path, *self.func.scope.dots):
                found = self._function_of(path, fn.name)
                if found is not None:
                    return found
        return self._dynamic(self.value(fn))

    def _dynamic(self, value: Value) -> tuple[Callee, Value | None, Type, Func | None]:
        type_ = self.types.underlying(value.type)
        return Dynamic(value.reg), None, type_ if isinstance(type_, TFunc) else UNKNOWN, None

    def _unknown_method(self, fn: Sel, base: Value) -> tuple[Callee, Value | None, Type, Func | None]:
        if isinstance(base.type, TName) and base.type.pkg == TYPE_PARAM:
            return Invoke(fn.name, base.type, f"(?).{fn.name}"), base._replace(fresh=True), UNKNOWN, None
        return External(f"(?).{fn.name}"), base._replace(fresh=True), UNKNOWN, None

    def _function_of(self, path: str, name: str) -> tuple[Callee, Value | None, Type, Func | None] | None:
        """The function of a package; None where ``name`` is something else there. A library may have more than is declared of it."""
        package = self.package(path)
        func = package.funcs.get(name) if package is not None else None
        if func is None:
            known = package is not None and (name in package.globals or name in package.consts or name in package.types)
            if known or path == self.func.scope.package.path:
                return None
            return External(f"{path}.{name}"), None, UNKNOWN, None
        callee: Callee = Static(func.id) if func.facts.body is not None else External(f"{path}.{name}")
        return callee, None, signature(func), func if func.facts.type_params else None

    def _is_generic(self, fn: Index) -> bool:
        """Whether ``f[x]`` is a function with its type arguments, not an element."""
        if isinstance(fn.x, Name) and self.lookup(fn.x.name) is not None:
            return False
        if isinstance(fn.x, Name):
            return fn.x.name in self.func.scope.package.funcs
        return isinstance(fn.x, Sel) and (path := self.qualifier(fn.x.x)) is not None and self._function_of(path, fn.x.name) is not None

    def _instance(self, type_: Type, generic: Func | None, fn: Index) -> Type:
        if generic is None or not isinstance(type_, TFunc):
            return type_
        given = (self._type_argument(i) for i in fn.index)
        bound = {name: t for name, t in zip(generic.facts.type_params, given, strict=False) if t is not None}
        return substitute(type_, bound)

    def _type_argument(self, x: Expr) -> Type | None:
        return self.written(x.type) if isinstance(x, TypeExpr) else self.type_named(x)

    # ------------------------------------------------------------ what it is given

    def _arguments(self, x: Call, type_: Type) -> list[Value]:
        params = type_.params if isinstance(type_, TFunc) else ()
        if len(x.args) == 1 and isinstance(x.args[0], Call) and not x.spread:
            return self.call(x.args[0])  # f(g()) where g may have several results
        found = []
        for number, arg in enumerate(x.args):
            want = params[min(number, len(params) - 1)] if params else UNKNOWN
            if isinstance(type_, TFunc) and type_.variadic and number >= len(params) - 1 and not x.spread and isinstance(want, TSlice):
                want = want.elem
            found.append(self.value(arg, want))
        return found

    def _inferred(self, type_: Type, args: list[Value], generic: Func | None) -> Type:
        if generic is None or not isinstance(type_, TFunc):
            return type_
        found: dict[str, Type] = {}
        for declared, value in zip(type_.params, args, strict=False):
            unify(declared, value.type, found)
        if type_.variadic and len(args) >= len(type_.params) and isinstance(type_.params[-1], TSlice):
            unify(type_.params[-1].elem, args[len(type_.params) - 1].type, found)
        return substitute(type_, found)

    def _packed(self, args: list[Value], type_: Type, x: Call) -> list[Value]:
        """Variadic arguments as the slice that the function gets."""
        if not isinstance(type_, TFunc) or not type_.variadic or x.spread:
            return args
        first = len(type_.params) - 1
        slice_type = type_.params[-1]
        dst = self.new(slice_type)
        self.add(Alloc(dst, slice_type, "pack", x.at))
        for value in args[first:]:
            self.add(Store(dst, ELEM, self.own(value, x.at)))
        return [*args[:first], Value(dst, slice_type, True)]

    # ------------------------------------------------------------ conversions and predeclared functions

    def _conversion(self, x: Call) -> Value | None:
        fn = x.fn
        target: Type | None
        if isinstance(fn, TypeExpr):
            target = self.written(fn.type)
        elif isinstance(fn, Index) and (base := self.type_named(fn.x)) is not None and isinstance(base, TName):
            target = TName(base.pkg, base.name, tuple(t for i in fn.index if (t := self._type_argument(i)) is not None))
        elif getattr(fn, "op", "") == "*" and (named := self.type_named(getattr(fn, "x"))) is not None:  # noqa: B009
            target = TPtr(named)
        else:
            target = self.type_named(fn)
        if target is None or len(x.args) != 1:
            return None
        value = self.value(x.args[0], target)
        if self.storage(value.type) and not self.storage(target):  # into an interface
            value = Value(self.own(value, x.at), value.type, True)
        return self.cast(value, target, False)

    def _predeclared(self, name: str, x: Call) -> list[Value]:
        match name:
            case "make" | "new":
                return [self._make(x)]
            case "append":
                return [self._append(x)]
            case "len" | "cap" | "delete" | "clear":
                return self._sized(name, x)
            case "close":
                self.add(Close(self.value(x.args[0]).reg, x.at)) if x.args else None
                return []
            case "panic":
                for arg in x.args:
                    self.value(arg)
                self.panic(x.at)
                return []
            case "copy":
                given = [self.value(a) for a in x.args]
                if len(given) == 2:
                    elem = self.types.element(given[1].type)
                    self.add(Store(given[0].reg, ELEM, self.member(given[1], ELEM, elem, x.at, x.end).reg))
                dst = self.new(INT)
                self.add(Op(dst, name, tuple(v.reg for v in given)))
                return [Value(dst, INT, True)]
        values = [self.value(a) for a in x.args]
        typed = [v for v, a in zip(values, x.args, strict=True) if not isinstance(a, Lit)] or values
        dst = self.new(typed[0].type if typed and name in ("min", "max") else UNKNOWN)
        self.add(Op(dst, name, tuple(v.reg for v in values)))
        return [Value(dst, self.graph.types[dst], True)]

    def _make(self, x: Call) -> Value:
        assert isinstance(x.fn, Name)
        if not x.args:
            return self.const("unknown")
        held = self._held(x.args[0])
        asked = self._type_argument(x.args[0]) if held is None else None
        if asked is None:
            return self._pointed(self.value(held if held is not None else x.args[0]), x.at)
        sizes = [self.value(a, INT).reg for a in x.args[1:]]
        pointer = x.fn.name == "new"
        dst = self.new(TPtr(asked) if pointer else asked)
        cell = pointer and not self.storage(asked)
        size = sizes[0] if sizes and isinstance(self.types.underlying(asked), TChan | TSlice) else NONE
        self.add(Alloc(dst, asked, "cell" if cell else "lit" if pointer else "make", x.at, size))
        return Value(dst, self.graph.types[dst], True)

    def _held(self, x: Expr) -> Expr | None:
        """The argument of new where the text may be a type or an expression and is an expression."""
        if not isinstance(x, TypeExpr) or x.expr is None:
            return None
        root = x.expr
        while isinstance(root, Sel | Index | Unary):
            if isinstance(root, Sel) and self.qualifier(root.x) is not None:
                break
            root = root.x
        return x.expr if not isinstance(root, Name | Sel) or self.type_named(root) is None else None

    def _pointed(self, value: Value, at: int) -> Value:
        """A pointer to a new variable that holds a value."""
        if not self.storage(value.type):
            return self.boxed(value, at)
        dst = self.new(TPtr(value.type))
        self.add(Copy(dst, self.own(value, at)))
        return Value(dst, TPtr(value.type), True)

    def _append(self, x: Call) -> Value:
        """The slice or, where it has no room, a new one with the same elements: both have the new elements."""
        if not x.args:
            return self.const("unknown")
        first = self.value(x.args[0])
        wanted = self.types.element(first.type)
        values = [first, *(self.value(a, first.type if x.spread else wanted) for a in x.args[1:])]
        dst = self.new(first.type)
        grown = self.new(first.type)
        self.add(Alloc(grown, first.type, "make", x.at))
        elem = self.types.element(first.type)
        added = [self.member(v, ELEM, elem, x.at, x.end).reg if x.spread else self.own(self.fit(v, elem), x.at) for v in values[1:]]
        for base in (first.reg, grown):
            for reg in added:
                self.add(Store(base, ELEM, reg))
        self.add(Store(grown, ELEM, self.member(first, ELEM, elem, 0, 0).reg))
        self.add(Op(dst, "append", (first.reg, grown)))
        return Value(dst, first.type)

    def _sized(self, name: str, x: Call) -> list[Value]:
        if not x.args:
            return [self.const("unknown", INT)]
        first = self.value(x.args[0])
        map_type = self.types.map_of(first.type)
        values = [first, *(self.value(a, map_type.key if map_type is not None else UNKNOWN) for a in x.args[1:])]
        dst = self.new(INT)
        if map_type is not None and name != "cap":
            key = values[1].reg if name == "delete" and len(values) > 1 else NONE
            op: Literal["len", "delete", "clear"] = "len" if name == "len" else "delete" if name == "delete" else "clear"
            self.add(MapOp(op, first.reg, key, dst if op == "len" else NONE, x.at, x.end))
            return [Value(dst, INT, True)] if op == "len" else []
        self.add(Op(dst, name, tuple(v.reg for v in values)))
        return [Value(dst, INT, True)]


_BUILTINS = frozenset("append cap clear close complex copy delete imag len make max min new panic print println real recover".split())
_PANICS = frozenset(["runtime.Goexit", "log.Panic", "log.Panicf", "log.Panicln"])  # deferred calls run
_ENDS = _PANICS | {"os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln"}
