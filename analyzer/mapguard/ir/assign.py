"""Assignments and declarations to stores and new values."""

from mapguard.facts.syntax import Assert, Assign, Call, Expr, Index, Name, TChan, Type, Unary, VarStmt
from mapguard.ir.calls import Calls
from mapguard.ir.frame import BOOL, NIL, Value
from mapguard.ir.model import NONE, Op
from mapguard.ir.model import Send as SendEvent
from mapguard.ir.places import Place
from mapguard.ir.variables import name_key, var_key
from mapguard.program.types import UNKNOWN


class Assignments(Calls):
    def send(self, channel: Expr, value: Expr, at: int) -> None:
        c = self.value(channel)
        under = self.types.underlying(c.type)
        v = self.value(value, element_of(under))
        self.add(SendEvent(c.reg, self.own(self.fit(v, element_of(under)), at), at))

    def assigned(self, s: Assign) -> None:
        if s.op not in ("=", ":="):
            place = self.place(s.lhs[0])
            left = self.get(place)
            right = self.value(s.rhs[0], left.type)
            dst = self.new(left.type)
            self.add(Op(dst, s.op.removesuffix("="), (left.reg, right.reg)))
            self.put(place, Value(dst, left.type, True))
            return
        fresh = [isinstance(x, Name) and s.op == ":=" and x.name != "_" and x.name not in self.scopes[-1] for x in s.lhs]
        places = [Place(UNKNOWN) if new else self.place(x) for x, new in zip(s.lhs, fresh, strict=True)]
        if len(s.lhs) == len(s.rhs):
            values = [self.value(x, p.type) for x, p in zip(s.rhs, places, strict=True)]
            if len(values) > 1:  # all are evaluated before any is assigned
                values = [Value(self.own(v, s.at), v.type, True) for v in values]
        else:
            values = self.several(s.rhs[0] if s.rhs else None, len(s.lhs))
        for x, new, place, value in zip(s.lhs, fresh, places, values, strict=True):
            if new and isinstance(x, Name):
                self.declare(x.name, _default(value.type), name_key(x), value, x.at)
            else:
                self.put(place, value)

    def several(self, x: Expr | None, wanted: int) -> list[Value]:
        """The values of one expression on the right of several places: a call's results, or a value and whether it is one."""
        if isinstance(x, Call):
            found = self.call(x)
        elif x is not None:
            found = [self.value(x)]
            if wanted == 2 and isinstance(x, Index | Assert | Unary):
                ok = self.new(BOOL)
                self.add(Op(ok, "ok", (found[0].reg,)))
                found.append(Value(ok, BOOL, True))
        else:
            found = []
        while len(found) < wanted:
            first = found[0].reg if found else NONE
            dst = self.new(UNKNOWN)
            self.add(Op(dst, f"result{len(found)}", (first,) if first != NONE else ()))
            found.append(Value(dst, UNKNOWN, True))
        return found[:wanted]

    def declared(self, s: VarStmt) -> None:
        asked = self.written(s.type) if s.type is not None else None
        if not s.values:
            values: list[Value | None] = [None] * len(s.names)
        elif len(s.values) == len(s.names):
            values = [self.value(x, asked if asked is not None else UNKNOWN) for x in s.values]
        else:
            values = list(self.several(s.values[0], len(s.names)))
        for number, (name, value) in enumerate(zip(s.names, values, strict=True)):
            kind = asked if asked is not None else _default(value.type) if value is not None else UNKNOWN
            self.declare(name, kind, var_key(s, number), value, s.at)


def element_of(channel: Type) -> Type:
    """The type of what goes through a channel."""
    return channel.elem if isinstance(channel, TChan) else UNKNOWN


def _default(t: Type) -> Type:
    return t if t != NIL else UNKNOWN
