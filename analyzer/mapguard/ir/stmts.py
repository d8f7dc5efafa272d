"""Statements to blocks and events."""

from collections.abc import Callable, Sequence

from mapguard.facts.model import FuncFacts
from mapguard.facts.syntax import (
    Assert,
    Assign,
    Block,
    Branch,
    Call,
    Case,
    DeferStmt,
    Expr,
    ExprStmt,
    For,
    FuncLit,
    GoStmt,
    If,
    Index,
    Labeled,
    Name,
    Range,
    Return,
    Send,
    Stmt,
    Switch,
    TChan,
    TFunc,
    TMap,
    TName,
    TSlice,
    Type,
    Unary,
    VarStmt,
)
from mapguard.ir.calls import Calls
from mapguard.ir.exprs import Place
from mapguard.ir.frame import BOOL, INT, NIL, Frame, Local, Value, signature
from mapguard.ir.model import ELEM, NONE, Cast, Closure, Dynamic, MapOp, Op, Recv, Reg, RunDefers
from mapguard.ir.model import Call as CallEvent
from mapguard.ir.model import Return as ReturnEvent
from mapguard.ir.model import Send as SendEvent
from mapguard.ir.variables import Key, case_key, name_key, parameter_key, result_key, var_key
from mapguard.program.model import Func, Global
from mapguard.program.types import UNKNOWN, Types


class _Target:
    """Where break and continue go."""

    __slots__ = ("after", "again", "label")

    def __init__(self, label: str, after: int, again: int | None) -> None:
        self.label = label
        self.after = after
        self.again = again


class Stmts(Calls):
    def __init__(self, types: Types, global_type: Callable[[Global], Type], func: Func, boxed: frozenset[Key], outer: Frame | None) -> None:
        super().__init__(types, global_type, func, boxed, outer)
        self.targets: list[_Target] = []
        self.labels: dict[str, int] = {}
        self.next_case: int | None = None  # where fallthrough goes
        self.results: list[Local] = []
        self.defers = False

    def run(self, facts: FuncFacts) -> None:
        """Lowers the whole body."""
        given = [(p.name, t) for p, t in zip(facts.params, self.func.params, strict=True)]
        if facts.recv is not None:
            given.insert(0, (facts.recv.name, self.func.recv_type if self.func.recv_type is not None else UNKNOWN))
        self.params.extend(self.new(type_, name if name != "_" else "") for name, type_ in given)
        for number, (name, type_) in enumerate(given):
            self.declare(name, type_, parameter_key(facts.index, number), Value(self.params[number], type_, True), facts.at)
        if facts.results and facts.results[0].name:
            for number, (p, type_) in enumerate(zip(facts.results, self.func.results, strict=True)):
                self.declare(p.name, type_, result_key(facts.index, number), None, facts.at)
                known = self.scopes[-1].get(p.name)
                self.results.append(known if known is not None else Local("constant", type_, self.const("zero", type_).reg))
        self.block(facts.body or ())
        self.leave((), facts.end)
        self.bodies.append(self.graph.body(self.func.id, self.params, self.captures))

    def block(self, statements: Sequence[Stmt]) -> None:
        self.scopes.append({})
        for s in statements:
            self.statement(s)
        self.scopes.pop()

    def literal(self, x: FuncLit) -> Value:
        inner = self.program.at_index.get((self.func.path, x.index))
        if inner is None or inner.facts.body is None:
            return self.const("unknown")
        child = Stmts(self.types, self.global_type, inner, self.boxed, self)
        child.run(inner.facts)
        dst = self.new(signature(inner))
        self.add(Closure(dst, inner.id, tuple(child.captured), x.at))
        return Value(dst, signature(inner), True)

    # ------------------------------------------------------------ dispatch

    def statement(self, s: Stmt | None) -> None:
        match s:
            case ExprStmt(x=x):
                if isinstance(x, Call):
                    self.call(x)
                else:
                    self.value(x)
            case Assign():
                self._assign(s)
            case VarStmt():
                self._var(s)
            case If():
                self._if(s)
            case For():
                self._for(s, "")
            case Range():
                self._range(s, "")
            case Switch():
                self._switch(s, "")
            case Block(body=body):
                self.block(body)
            case Return(values=values, at=at):
                self._return(values, at)
            case GoStmt(call=call, at=at, end=end):
                self.called(call, "go", at, end)
            case DeferStmt(call=call, at=at):
                self.defers = True
                self.called(call, "defer", at, call.end)
            case Send(channel=channel, value=value, at=at):
                self._send(channel, value, at)
            case Branch():
                self._branch(s)
            case Labeled(label=label, stmt=inner):
                self._labeled(label, inner)

    def _send(self, channel: Expr, value: Expr, at: int) -> None:
        c = self.value(channel)
        under = self.types.underlying(c.type)
        v = self.value(value, under.elem if isinstance(under, TChan) else UNKNOWN)
        self.add(SendEvent(c.reg, self.own(v, at), at))

    # ------------------------------------------------------------ assignment

    def _assign(self, s: Assign) -> None:
        if s.op not in ("=", ":="):
            place = self.place(s.lhs[0])
            left = self.get(place)
            right = self.value(s.rhs[0], left.type)
            dst = self.new(left.type)
            self.add(Op(dst, s.op.removesuffix("="), (left.reg, right.reg)))
            self.put(place, Value(dst, left.type, True))
            return
        fresh = [isinstance(x, Name) and s.op == ":=" and x.name not in self.scopes[-1] for x in s.lhs]
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

    def _var(self, s: VarStmt) -> None:
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

    # ------------------------------------------------------------ branches

    def _if(self, s: If) -> None:
        self.scopes.append({})
        self.statement(s.init)
        then, other, after = self.graph.block(), self.graph.block(), self.graph.block()
        self.condition(s.cond, then, other)
        for block, body in ((then, s.then), (other, s.other)):
            self.graph.seal(block)
            self.graph.start(block)
            self.block(body)
            self.graph.jump(after)
        self.graph.seal(after)
        self.graph.start(after)
        self.scopes.pop()

    def _for(self, s: For, label: str) -> None:
        self.scopes.append({})
        self.statement(s.init)
        head, body, post, after = (self.graph.block() for _ in range(4))
        self.graph.jump(head)
        self.graph.start(head)
        if s.cond is not None:
            self.condition(s.cond, body, after)
        else:
            self.graph.jump(body)
        self.graph.seal(body)
        self.graph.start(body)
        self._loop(label, after, post, lambda: self.block(s.body))
        self.graph.jump(post)
        self.graph.seal(post)
        self.graph.start(post)
        self.statement(s.post)
        self.graph.jump(head)
        self.graph.seal(head)
        self.graph.seal(after)
        self.graph.start(after)
        self.scopes.pop()

    def _loop(self, label: str, after: int, again: int, body: Callable[[], None]) -> None:
        self.targets.append(_Target(label, after, again))
        body()
        self.targets.pop()

    def _range(self, s: Range, label: str) -> None:
        self.scopes.append({})
        x = self.value(s.x)
        under = self.types.underlying(self.types.deref(x.type))
        if isinstance(under, TMap):
            self.add(MapOp("range", self.map_of(x), NONE, NONE, s.at, s.end))
        elif isinstance(under, TFunc):
            # an iterator: what its loop body does while it runs is taken to follow it
            given = self.const("unknown", under.params[0] if under.params else UNKNOWN)
            self.add(CallEvent((), Dynamic(x.reg), (given.reg,), "call", s.at, s.end))
        head, body, after = (self.graph.block() for _ in range(3))
        self.graph.jump(head)
        self.graph.start(head)
        if isinstance(under, TChan):
            received = self.new(under.elem)
            self.add(Recv(received, x.reg, s.at))
        self.graph.end("range", (body, after))
        self.graph.seal(body)
        self.graph.start(body)
        self.scopes.append({})
        if isinstance(under, TChan):
            key, value = Value(received, under.elem, True), None
        else:
            key, value = self._round(s, x, under)
        for target, found in ((s.key, key), (s.value, value)):
            if target is None or found is None:
                continue
            if s.define and isinstance(target, Name):
                self.declare(target.name, found.type, name_key(target), found, target.at)
            else:
                self.put(self.place(target), found)
        self._loop(label, after, head, lambda: self.block(s.body))
        self.scopes.pop()
        self.graph.jump(head)
        self.graph.seal(head)
        self.graph.seal(after)
        self.graph.start(after)
        self.scopes.pop()

    def _round(self, s: Range, x: Value, under: Type) -> tuple[Value, Value | None]:
        """The key and the value of one round."""
        wanted = s.value is not None and not (isinstance(s.value, Name) and s.value.name == "_")
        match under:
            case TMap(key=key, elem=elem):
                first = self.const("unknown", key)
                return first, self._element(x, elem, first.reg, s) if wanted else None
            case TSlice(elem=elem):
                first = self.const("unknown", INT)
                return first, self._element(x, elem, first.reg, s) if wanted else None
            case TFunc(params=(TFunc(params=given),)):
                values = [self.const("unknown", t) for t in given]
                return (*values, self.const("unknown"), self.const("unknown"))[0], values[1] if len(values) > 1 else None
            case TName(pkg="", name="string"):
                return self.const("unknown", INT), self.const("unknown", TName("", "rune"))
            case TName(pkg=""):
                return self.const("unknown", under), None
        first = self.const("unknown")
        return first, self.load(x.reg, ELEM, UNKNOWN, first.reg) if wanted else None

    def _element(self, x: Value, elem: Type, key: Reg, s: Range) -> Value:
        return self.member(x, ELEM, elem, s.at, s.end, key)

    # ------------------------------------------------------------ switch and select

    def _switch(self, s: Switch, label: str) -> None:
        self.scopes.append({})
        self.statement(s.init)
        after = self.graph.block()
        self.targets.append(_Target(label, after, None))
        if s.kind == "select":
            self._select(s, after)
        else:
            self._cases(s, after)
        self.targets.pop()
        self.graph.seal(after)
        self.graph.start(after)
        self.scopes.pop()

    def _select(self, s: Switch, after: int) -> None:
        blocks = [self.graph.block() for _ in s.cases]
        self.graph.end("select", tuple(blocks))
        for block, case in zip(blocks, s.cases, strict=True):
            self.graph.seal(block)
            self.graph.start(block)
            self.scopes.append({})
            self.statement(case.comm)
            self.block(case.body)
            self.scopes.pop()
            self.graph.jump(after)

    def _cases(self, s: Switch, after: int) -> None:
        x = self.value(s.x) if s.x is not None else None
        bodies = [self.graph.block() for _ in s.cases]
        default = after
        for number, case in enumerate(s.cases):
            if case.default:
                default = bodies[number]
            tests: list[Callable[[], Reg]] = [self._test(x, e) for e in case.exprs] + [self._type_test(x, t) for t in case.types]
            for test in tests:
                following = self.graph.block()
                self.graph.branch(test(), bodies[number], following)
                self.graph.seal(following)
                self.graph.start(following)
        self.graph.jump(default)
        before = self.next_case
        for number, case in enumerate(s.cases):
            # it is entered from its own tests and by fallthrough from the body before it
            self.graph.seal(bodies[number])
            self.graph.start(bodies[number])
            self.next_case = bodies[number + 1] if number + 1 < len(bodies) else None
            self.scopes.append({})
            self._bind(s, number, case, x)
            self.block(case.body)
            self.scopes.pop()
            self.graph.jump(after)
        self.next_case = before

    def _test(self, x: Value | None, e: Expr) -> Callable[[], Reg]:
        def test() -> Reg:
            value = self.value(e, x.type if x is not None else BOOL)
            if x is None:
                return value.reg
            dst = self.new(BOOL)
            self.add(Op(dst, "==", (x.reg, value.reg)))
            return dst

        return test

    def _type_test(self, x: Value | None, t: Type) -> Callable[[], Reg]:
        def test() -> Reg:
            dst = self.new(BOOL)
            self.add(Op(dst, "is", (x.reg,) if x is not None else ()))
            return dst

        return test

    def _bind(self, s: Switch, number: int, case: Case, x: Value | None) -> None:
        """The variable of a type switch, under the type of a case that names one."""
        if not s.bind or x is None:
            return
        if len(case.types) == 1 and not _is_nil(case.types[0]):
            kind = self.written(case.types[0])
            dst = self.new(kind)
            self.add(Cast(dst, x.reg, kind, True))
            x = Value(dst, kind)
        self.declare(s.bind, x.type, case_key(s, number), x, s.at)

    # ------------------------------------------------------------ jumps

    def _branch(self, s: Branch) -> None:
        target: int | None = None
        if s.kind == "goto":
            target = self._label(s.label)
        elif s.kind == "fallthrough":
            target = self.next_case
        else:
            for known in reversed(self.targets):
                if (not s.label or known.label == s.label) and (s.kind == "break" or known.again is not None):
                    target = known.after if s.kind == "break" else known.again
                    break
        if target is not None:
            self.graph.jump(target)
        self.graph.leave()

    def _label(self, label: str) -> int:
        if label not in self.labels:
            self.labels[label] = self.graph.block()
        return self.labels[label]

    def _labeled(self, label: str, inner: Stmt) -> None:
        block = self._label(label)
        self.graph.jump(block)
        self.graph.start(block)
        match inner:
            case For():
                self._for(inner, label)
            case Range():
                self._range(inner, label)
            case Switch():
                self._switch(inner, label)
            case _:
                self.statement(inner)

    def _return(self, values: Sequence[Expr], at: int) -> None:
        wanted = self.func.results
        found: list[Value]
        if len(values) == len(wanted):
            found = [self.value(x, t) for x, t in zip(values, wanted, strict=True)]
            for value, type_ in zip(found, wanted, strict=True):
                if value.type == NIL:
                    self.graph.types[value.reg] = type_
        elif values:
            found = self.several(values[0], len(wanted))
        else:
            found = [self.read(local) for local in self.results]
        owned = [self.own(v, at) for v in found]
        if self.results and values:
            for local, value, reg in zip(self.results, found, owned, strict=True):
                self.assign(local, Value(reg, value.type, True), at)
        self.leave(tuple(owned), at)

    def leave(self, values: tuple[Reg, ...], at: int) -> None:
        """Deferred calls run, then the function returns; they may have changed what a named result holds."""
        if self.defers:
            self.add(RunDefers())
            if self.results:
                values = tuple(self.read(local).reg for local in self.results)
        self.add(ReturnEvent(values, at))
        self.graph.leave()


def _is_nil(t: Type) -> bool:
    return isinstance(t, TName) and t.name == "nil"


def _default(t: Type) -> Type:
    return t if t != NIL else UNKNOWN
