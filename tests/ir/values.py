"""What registers and memory hold while a body is interpreted, and Go's operators on it."""

import ast
from collections import deque
from typing import Any

from mapguard.facts.syntax import TInterface, TName, TPtr, TSlice, TStruct, Type
from mapguard.program.model import TYPE_PARAM
from mapguard.program.types import UNKNOWN, Types


class V:
    """A value with its type: the dynamic one where it is in an interface, None for the nil interface."""

    __slots__ = ("data", "type")

    def __init__(self, type_: Type | None, data: Any) -> None:
        self.type = type_
        self.data = data


NIL = V(None, None)


class Obj:
    """A struct (by field), an array (by number)."""

    def __init__(self) -> None:
        self.at: dict[object, V] = {}


class Cell:
    def __init__(self, value: V) -> None:
        self.value = value


class Ref:
    """A pointer to a field or element that is no struct or array."""

    def __init__(self, base: Any, key: object) -> None:
        self.base = base
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and other.base is self.base and other.key == self.key

    def __hash__(self) -> int:
        return hash((id(self.base), self.key))


class Slice:
    def __init__(self, items: list[V]) -> None:
        self.at = items


class Every:
    """All elements of ``of``: what appending a whole slice takes out of it."""

    def __init__(self, of: Any) -> None:
        self.of = of


class Map:
    def __init__(self) -> None:
        self.entries: dict[object, tuple[V, V]] = {}


class Chan:
    def __init__(self) -> None:
        self.queue: deque[V] = deque()
        self.closed = False


class Fn:
    def __init__(self, call: Any) -> None:
        self.call = call


class GoPanicError(Exception):
    pass


_WIDTH = {"int8": 8, "uint8": 8, "byte": 8, "int16": 16, "uint16": 16, "int32": 32, "rune": 32, "uint32": 32}


class Values:
    def __init__(self, types: Types) -> None:
        self.types = types

    # ------------------------------------------------------------ types

    def interface(self, t: Type) -> bool:
        """Whether a register of this type holds values of other types."""
        under = self.types.underlying(t)
        if isinstance(under, TInterface) or t == UNKNOWN or self.parameter(t):
            return True
        return isinstance(under, TName) and (under.pkg != "" or under.name in ("any", "error"))

    def storage(self, t: Type | None) -> bool:
        under = self.types.underlying(t) if t is not None else None
        return isinstance(under, TStruct) or (isinstance(under, TSlice) and under.array)

    def same_type(self, a: Type | None, b: Type | None) -> bool:
        return _plain(a) == _plain(b)

    def zero(self, t: Type) -> V:
        if self.interface(t):
            return NIL
        if self.storage(t):
            return V(t, Obj())
        match self.types.underlying(t):
            case TName(name="bool"):
                return V(t, False)
            case TName(name="string"):
                return V(t, "")
            case TName(name="float64" | "float32"):
                return V(t, 0.0)
            case TName():
                return V(t, 0)
        return V(t, None)

    # ------------------------------------------------------------ storage

    def fields(self, t: Type) -> list[tuple[str, Type]]:
        """The identities and types of a struct's fields, in order."""
        under = self.types.underlying(t)
        found: list[tuple[str, Type]] = []
        for field in under.fields if isinstance(under, TStruct) else ():
            selected = self.types.select(t, field.name)
            found.append((selected.steps[0].field if selected is not None else field.name, field.type))
        return found

    def copied(self, v: V) -> V:
        """A copy of a struct or array, any other value itself."""
        if not isinstance(v.data, Obj) or not self.storage(v.type):
            return v
        new = Obj()
        new.at = {key: self.copied(x) for key, x in v.data.at.items()}
        return V(v.type, new)

    # ------------------------------------------------------------ constants and operators

    def constant(self, kind: str, text: str, t: Type) -> V:
        if kind in ("zero", "nil", "unknown"):
            return self.zero(t)
        if kind == "const":
            if text.startswith("#"):
                return V(t, int(text[1:]))
            if text.startswith("iota "):
                expression, _, place = text[5:].rpartition("@")
                return V(t, int(eval(expression, {"__builtins__": {}}, {"iota": int(place)})))
            return V(t, ast.literal_eval(text) if text.startswith('"') else text == "true")
        if kind == "bool":
            return V(t, text == "true")
        if not text:
            raise AssertionError(f"a {kind} literal whose text is not known")
        if kind == "string":
            return V(t, ast.literal_eval(text))
        number = ord(ast.literal_eval(text)) if kind == "rune" else int(text, 0)
        return V(t, float(number) if isinstance(u := self.types.underlying(t), TName) and u.name.startswith("float") else number)

    def binary(self, op: str, a: V, b: V, t: Type, interfaces: bool) -> V:
        if not interfaces or self.parameter(t):
            a, b = self.like(a, b), self.like(b, a)
        x, y = a.data, b.data
        match op:
            case "==":
                return V(t, self.equal(a, b, interfaces))
            case "!=":
                return V(t, not self.equal(a, b, interfaces))
            case "<":
                return V(t, x < y)
            case "<=":
                return V(t, x <= y)
            case ">":
                return V(t, x > y)
            case ">=":
                return V(t, x >= y)
            case "+":
                return self.wrapped(t, x + y)
            case "-":
                return self.wrapped(t, x - y)
            case "*":
                return self.wrapped(t, x * y)
            case "/" | "%":
                if y == 0 and isinstance(x, int):
                    raise GoPanicError("division by zero")
                if isinstance(x, float):
                    return V(t, x / y)
                whole = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
                return V(t, whole if op == "/" else x - whole * y)
            case "&":
                return V(t, x & y)
            case "|":
                return V(t, x | y)
            case "^":
                return V(t, x ^ y)
            case "&^":
                return V(t, x & ~y)
            case "<<":
                return self.wrapped(t, x << y)
            case ">>":
                return V(t, x >> y)
        raise AssertionError(f"operator {op}")

    def parameter(self, t: Type) -> bool:
        return isinstance(t, TName) and t.pkg == TYPE_PARAM

    def like(self, a: V, b: V) -> V:
        """The zero value of a type parameter is that of the type on the other side."""
        return V(b.type, type(b.data)()) if a.type is None and isinstance(b.data, int | str | float) else a

    def unary(self, op: str, a: V, t: Type) -> V:
        match op:
            case "-":
                return self.wrapped(t, -a.data)
            case "+":
                return a
            case "!":
                return V(t, not a.data)
            case "^":
                return self.wrapped(t, ~a.data)
        raise AssertionError(f"operator {op}")

    def wrapped(self, t: Type | None, x: Any) -> V:
        under = self.types.underlying(t) if t is not None else None
        if isinstance(x, int) and not isinstance(x, bool) and isinstance(under, TName):
            bits = _WIDTH.get(under.name, 64)
            x &= (1 << bits) - 1
            if under.name not in ("byte",) and not under.name.startswith("uint") and x >> (bits - 1):
                x -= 1 << bits
        return V(t, x)

    def equal(self, a: V, b: V, interfaces: bool) -> bool:
        if interfaces and (a.type is None or b.type is None):
            return a.type is None and b.type is None
        if interfaces and not self.same_type(a.type, b.type):
            return False
        return bool(self.key(a) == self.key(b))

    def key(self, v: V) -> object:
        """What is equal where Go's values are."""
        if isinstance(v.data, Obj) and self.storage(v.type):
            assert v.type is not None
            if isinstance(under := self.types.underlying(v.type), TSlice):
                return tuple(self.key(v.data.at.get(n, self.zero(under.elem))) for n in range(1 + max(v.data.at, default=-1)))  # type: ignore[type-var,operator]
            return tuple(self.key(v.data.at.get(field, self.zero(t))) for field, t in self.fields(v.type))
        return v.data if isinstance(v.data, int | str | bool | float | Ref | None) else id(v.data)

    def map_key(self, v: V, key_type: Type) -> object:
        return (str(_plain(v.type)), self.key(v)) if self.interface(key_type) else self.key(v)


def _plain(t: Type | None) -> Type | None:
    if isinstance(t, TName) and t.pkg == "":
        return TName("", {"byte": "uint8", "rune": "int32"}.get(t.name, t.name))
    if isinstance(t, TPtr):
        elem = _plain(t.elem)
        assert elem is not None
        return TPtr(elem)
    return t
