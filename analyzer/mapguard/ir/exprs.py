"""Expressions to events and the registers of their values."""

from abc import abstractmethod

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
    TName,
    TPtr,
    TSlice,
    Type,
    TypeExpr,
    Unary,
)
from mapguard.ir.frame import BOOL, INT, NIL, STRING, Value
from mapguard.ir.model import CELL, Cast, Copy, Op, Recv
from mapguard.ir.places import Places
from mapguard.program.model import TYPE_PARAM
from mapguard.program.types import UNKNOWN

_BASIC: dict[str, Type] = {"int": INT, "float": TName("", "float64"), "string": STRING, "rune": TName("", "rune")}


_CONSTANTS = frozenset(
    """bool byte complex64 complex128 float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64
    uintptr""".split()
)


_COMPARES = frozenset(["==", "!=", "<", ">", "<=", ">="])


class Exprs(Places):
    @abstractmethod
    def call(self, x: Call) -> list[Value]:
        """The results of a call."""

    @abstractmethod
    def literal(self, x: FuncLit) -> Value:
        """A function literal's closure."""

    # ------------------------------------------------------------ values

    def value(self, x: Expr, want: Type = UNKNOWN) -> Value:
        """The value of an expression. ``want`` is the type that an elided literal or nil takes."""
        match x:
            case Name():
                return self.named(x, want)
            case Sel():
                return self.selected(x)
            case Call():
                results = self.call(x)
                return results[0] if results else self.const("unknown")
            case Lit(kind=kind, text=text, verbs=verbs):
                return self.const(kind, self._literal_type(kind, want), text, verbs)
            case Index():
                return self.indexed(x)
            case Unary():
                return self._unary(x, want)
            case Binary():
                return self._binary(x, want)
            case Composite():
                return self.composite(x, want)
            case FuncLit():
                return self.literal(x)
            case Assert(x=inner, type=asked):
                return self.cast(self.value(inner), self.written(asked), True)
            case SliceOf(x=inner, bounds=bounds):
                found = self.value(inner)
                for bound in bounds:
                    self.value(bound, INT)
                under = self.types.underlying(self.types.deref(found.type))
                if isinstance(under, TSlice) and under.array:
                    return self.cast(found, TSlice(under.elem), False)
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

    def cast(self, value: Value, type_: Type, asserted: bool) -> Value:
        dst = self.new(type_)
        self.add(Cast(dst, value.reg, type_, asserted))
        return Value(dst, type_, value.fresh)

    # ------------------------------------------------------------ operators

    def _unary(self, x: Unary, want: Type) -> Value:
        if x.op == "&":
            if isinstance(x.x, Composite):
                type_ = self.written(x.x.type) if x.x.type != UNKNOWN else want.elem if isinstance(want, TPtr) else UNKNOWN
                if self.storage(type_):
                    return self.composite(x.x, TPtr(type_), asked=True)
                return self.boxed(self.composite(x.x, type_), x.at)
            address = self.address(x.x)
            if address is not None:
                return self._typed(address)
            return self.boxed(self.value(x.x), x.at)
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
