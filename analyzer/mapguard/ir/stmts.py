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
    Lit,
    Name,
    Range,
    Return,
    Sel,
    Send,
    Stmt,
    Switch,
    TChan,
    TFunc,
    TMap,
    TName,
    TPtr,
    TSlice,
    Type,
    Unary,
    VarStmt,
)
from mapguard.facts.walk import nodes
from mapguard.ir.calls import Calls
from mapguard.ir.exprs import Place
from mapguard.ir.frame import BOOL, INT, NIL, Context, Frame, Local, Value, signature
from mapguard.ir.model import ELEM, NONE, Cast, Closure, Dynamic, External, How, MapOp, Op, Panic, Recv, Reg, RunDefers
from mapguard.ir.model import Call as CallEvent
from mapguard.ir.model import Return as ReturnEvent
from mapguard.ir.model import Send as SendEvent
from mapguard.ir.variables import case_key, name_key, parameter_key, result_key, var_key
from mapguard.program.model import Func
from mapguard.program.types import UNKNOWN, Selected, Types


class Loop:
    """A loop over a function while its body is lowered. ``exits``: where control goes when the body left it by another way than its end,
    break and continue, numbered from 1; ``code`` is the variable that tells which."""

    def __init__(self, label: str, code: str, labels: frozenset[str]) -> None:
        self.label = label
        self.code = code
        self.labels = labels  # in the body
        self.exits: list[Branch | Return] = []


def result_name(number: int) -> str:
    """The name of a result variable where the text gives it none, or may have another variable of that name."""
    return f" result {number}"


class _Target:
    """Where break and continue go."""

    __slots__ = ("after", "again", "label")

    def __init__(self, label: str, after: int, again: int | None) -> None:
        self.label = label
        self.after = after
        self.again = again


class Stmts(Calls):
    def __init__(self, context: Context, func: Func, outer: "Stmts | None", ident: str = "", loop: "Loop | None" = None) -> None:
        super().__init__(context, func, outer, ident)
        self.loop = loop  # of the body of a loop over a function
        self.targets: list[_Target] = []
        self.labels: dict[str, int] = {}
        self.placed: set[str] = set()
        self.visible: list[frozenset[str]] = []  # the labels in the blocks around
        self.next_case: int | None = None  # where fallthrough goes
        self.results: list[Local] = []
        self.defers = False

    def run(self, facts: FuncFacts) -> None:
        """Lowers the whole body."""
        self.defers = facts.index in self.context.uses.deferring
        given = [(p.name, t) for p, t in zip(facts.params, self.func.params, strict=True)]
        if facts.recv is not None:
            given.insert(0, (facts.recv.name, self.func.recv_type if self.func.recv_type is not None else UNKNOWN))
        self.params.extend(self.new(type_, name if name != "_" else "") for name, type_ in given)
        for number, (name, type_) in enumerate(given):
            self.declare(name, type_, parameter_key(facts.index, number), Value(self.params[number], type_, True), facts.at)
        if facts.results and facts.results[0].name:
            for number, (p, type_) in enumerate(zip(facts.results, self.func.results, strict=True)):
                local = self.variable(p.name, type_, result_key(facts.index, number), None, facts.at)
                if p.name != "_":
                    self.scopes[0][p.name] = local
                self.scopes[0][result_name(number)] = local
                self.results.append(local)
        self.statements(facts.body or ())  # parameters belong to the block of the body
        self.leave((), facts.end)
        self.finish()

    def finish(self) -> None:
        self.bodies.append(self.graph.body(self.ident, self.params, self.captures, self.loop is not None))

    def block(self, statements: Sequence[Stmt]) -> None:
        self.scopes.append({})
        self.statements(statements)
        self.scopes.pop()

    def statements(self, statements: Sequence[Stmt]) -> None:
        """What stands in the block whose scope is open."""
        if self.context.uses.jumps:
            self.visible.append(frozenset(s.label for s in statements if isinstance(s, Labeled)))
        for s in statements:
            self.statement(s)
        if self.context.uses.jumps:
            self.visible.pop()

    # ------------------------------------------------------------ bodies inside this one

    def literal(self, x: FuncLit) -> Value:
        inner = self.program.at_index.get((self.func.path, x.index))
        if inner is None or inner.facts.body is None:
            return self.const("unknown")
        if not self.context.bodies:
            return self.const("func", signature(inner))
        child = Stmts(self.context, inner, self)
        child.run(inner.facts)
        return self.closure(child, signature(inner), x.at)

    def closure(self, child: "Stmts", type_: Type, at: int) -> Value:
        dst = self.new(type_)
        self.add(Closure(dst, child.ident, tuple(child.captured), at))
        return Value(dst, type_, True)

    def child(self, what: str, loop: "Loop | None" = None) -> "Stmts":
        """The frame of a body that is no literal of the text."""
        top: Frame = self
        while top.ident != top.func.id and top.outer is not None:
            top = top.outer
        top.made += 1
        return Stmts(self.context, self.func, self, f"{top.ident}${what}{top.made}", loop)

    def given(self, type_: Type, name: str) -> Value:
        """A new parameter of a body that is no literal, under a name that no text has."""
        reg = self.new(type_)
        self.params.append(reg)
        self.scopes[-1][name] = Local("storage" if self.storage(type_) else "constant", type_, reg)
        return Value(reg, type_)

    def predeclared_later(self, x: Call, how: How, at: int, end: int) -> list[Value]:
        """A predeclared function that is deferred or started: ``close`` as a library's function of that name, any other as a function of
        its own that is given the arguments."""
        args = [self.value(a) for a in x.args]
        if isinstance(x.fn, Name) and x.fn.name == "close":
            self.add(CallEvent((), External("close"), tuple(a.reg for a in args), how, at, end))
            return []
        child = self.child(how)
        names = tuple(Name(f" {number}", x.at) for number in range(len(args)))
        for name, arg in zip(names, args, strict=True):
            child.given(arg.type, name.name)
        child.call(Call(x.fn, names, x.at, x.end, x.spread))
        child.leave((), x.end)
        child.finish()
        fn = self.closure(child, TFunc(tuple(a.type for a in args), ()), x.at)
        self.add(CallEvent((), Dynamic(fn.reg), tuple(self.own(a, at) for a in args), how, at, end))
        return []

    def method_function(self, kind: Type, selected: Selected, x: Sel) -> Value:
        """``T.M`` where M is not simply a method of T: a function that calls it."""
        child = self.child("method")
        recv = child.given(kind, " recv")
        method = child.method(Name(" recv", x.at), recv, selected, x)
        if not isinstance(method.type, TFunc):
            return self.const("unknown")
        args = [child.given(t, f" {number}") for number, t in enumerate(method.type.params)]
        dsts = tuple(child.new(t) for t in method.type.results)
        regs = (child.own(method.recv, x.at), *(a.reg for a in args))
        child.add(CallEvent(dsts, method.callee, regs, "call", x.at, x.end))
        child.leave(dsts, x.at)
        child.finish()
        return self.closure(child, TFunc((kind, *method.type.params), method.type.results, method.type.variadic), x.at)

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
            case Return():
                self._return(s)
            case GoStmt(call=call, at=at, end=end):
                self.called(call, "go", at, end)
            case DeferStmt(call=call, at=at):
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
        v = self.value(value, _element(under))
        self.add(SendEvent(c.reg, self.own(self.fit(v, _element(under)), at), at))

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
        rounds = isinstance(s.init, Assign) and not self.func.scope.shared_loops
        if rounds:
            self.in_rounds(self.scopes[-1])
        head, body, post, after = (self.graph.block() for _ in range(4))
        self.graph.jump(head)
        self.graph.start(head)
        if s.cond is not None:
            self.condition(s.cond, body, after)
        else:
            self.graph.jump(body)
        self.graph.seal(body)
        self.graph.start(body)
        self._inside(label, after, post, s.body)
        self.graph.jump(post)
        self.graph.seal(post)
        self.graph.start(post)
        if rounds:
            self.each_round(self.scopes[-1], s.at)
        self.statement(s.post)
        self.graph.jump(head)
        self.graph.seal(head)
        self.graph.seal(after)
        self.graph.start(after)
        self.scopes.pop()

    def _inside(self, label: str, after: int, again: int, body: Sequence[Stmt]) -> None:
        self.targets.append(_Target(label, after, again))
        self.block(body)
        self.targets.pop()

    def _range(self, s: Range, label: str) -> None:
        x = self.value(s.x, INT)
        under = self.types.underlying(self.types.deref(x.type))
        self.scopes.append({})
        yields = self.types.underlying(under.params[0]) if isinstance(under, TFunc) and under.params else UNKNOWN
        # how often and where a library's iterator calls the body is not known: it is taken to be here
        if isinstance(yields, TFunc) and not self.graph.from_library(x.reg):
            self._range_function(s, x, yields, label)
        else:
            self._range_rounds(s, x, under, label)
        self.scopes.pop()

    def _range_rounds(self, s: Range, x: Value, under: Type, label: str) -> None:
        wanted = s.value is not None and not (isinstance(s.value, Name) and s.value.name == "_")
        if isinstance(under, TMap):
            self.add(MapOp("range", x.reg, NONE, NONE, s.at, s.end))
        elif isinstance(under, TSlice) and under.array and wanted and not isinstance(x.type, TPtr):
            x = Value(self.own(x, s.at), x.type)  # it ranges over a copy
        head, body, after = (self.graph.block() for _ in range(3))
        rounds = NONE
        if not isinstance(under, TChan):
            rounds = self.new(UNKNOWN)
            self.add(Op(rounds, "range", (x.reg,)))
        shared = s.define and self.func.scope.shared_loops
        if shared:  # one variable for all rounds
            for target, type_ in zip((s.key, s.value), _round_types(under, self.types), strict=True):
                if isinstance(target, Name):
                    self.declare(target.name, type_, name_key(target), None, target.at)
        self.graph.jump(head)
        self.graph.start(head)
        key, value = Value(NONE, UNKNOWN), None
        if isinstance(under, TChan):
            rounds = self.new(under.elem)
            self.add(Recv(rounds, x.reg, s.at))
            key = Value(rounds, under.elem, True)
        self.graph.end("range", (body, after), rounds)
        self.graph.seal(body)
        self.graph.start(body)
        self.scopes.append({})
        if not isinstance(under, TChan):
            key, value = self._round(s, x, under, rounds, wanted)
        for target, found in ((s.key, key), (s.value, value)):
            if target is None or found is None:
                continue
            if s.define and isinstance(target, Name) and not shared:
                self.declare(target.name, found.type, name_key(target), found, target.at)
            else:
                self.put(self.place(target), found)
        once = isinstance(s.x, Lit) and s.x.kind == "int" and s.x.text == "1"  # no round follows the first
        following = after if once else head
        self._inside(label, after, following, s.body)
        self.scopes.pop()
        self.graph.jump(following)
        self.graph.seal(head)
        self.graph.seal(after)
        self.graph.start(after)

    def _round(self, s: Range, x: Value, under: Type, rounds: Reg, wanted: bool) -> tuple[Value, Value | None]:
        """The key and the value of one round."""
        key_type, elem = _round_types(under, self.types)
        first = Value(self.new(key_type), key_type, True)
        self.add(Op(first.reg, "next", (rounds,)))
        if not wanted:
            return first, None
        if isinstance(under, TName) and under.name == "string" and under.pkg == "":
            second = Value(self.new(elem), elem, True)
            self.add(Op(second.reg, "rune", (x.reg, first.reg)))
            return first, second
        return first, self.member(x, ELEM, elem, s.at, s.end, first.reg)

    # ------------------------------------------------------------ loops over functions

    def _range_function(self, s: Range, x: Value, yields: TFunc, label: str) -> None:
        """The body is what the function calls for each round; what it leaves for is done after the call."""
        self.context.found.iterators.add(s.at)
        code = f" exit {s.at}"
        inside = frozenset(n.label for n in nodes(s.body) if isinstance(n, Labeled))
        cell = self.hidden_cell(code, INT, s.at)
        if self.loop is None and not self.results:
            for number, type_ in enumerate(self.func.results):
                self.hidden_cell(result_name(number), type_, s.at)
        child = self.child("for", Loop(label, code, inside))
        child.round(s, yields)
        fn = self.closure(child, yields, s.at)
        self.add(CallEvent((), Dynamic(x.reg), (fn.reg,), "call", s.at, s.end))
        assert child.loop is not None
        for number, leaving in enumerate(child.loop.exits, 1):
            there, following = self.graph.block(), self.graph.block()
            same = self.new(BOOL)
            self.add(Op(same, "==", (self.read(cell).reg, self.const("int", INT, str(number)).reg)))
            self.graph.branch(same, there, following)
            self.graph.seal(there)
            self.graph.start(there)
            if isinstance(leaving, Branch):
                self._branch(leaving)
            elif self.loop is not None:
                self._exit(leaving)
            else:
                self.leave(tuple(self.own(self.read(v), leaving.at) for v in self._result_variables()), leaving.at)
            self.graph.seal(following)
            self.graph.start(following)

    def round(self, s: Range, yields: TFunc) -> None:
        """Lowers the body of a loop over a function."""
        found = [self.given(t, f" {number}") for number, t in enumerate(yields.params)]
        for target, value in zip((s.key, s.value), found, strict=False):
            if s.define and isinstance(target, Name):
                self.declare(target.name, value.type, name_key(target), value._replace(fresh=True), target.at)
            elif target is not None:
                self.put(self.place(target), value)
        self.block(s.body)
        self._yielded(True, s.end)
        self.finish()

    def _yielded(self, more: bool, at: int) -> None:
        self.add(ReturnEvent((self.const("bool", BOOL, "true" if more else "false").reg,), at))
        self.graph.leave()

    def _exit(self, leaving: "Branch | Return") -> None:
        """Leaves the loop over a function, for another reason than its own break."""
        assert self.loop is not None
        if leaving not in self.loop.exits:
            self.loop.exits.append(leaving)
        code = self.lookup(self.loop.code)
        assert code is not None
        number = self.const("int", INT, str(self.loop.exits.index(leaving) + 1))
        self.assign(code, number, 0)
        self._yielded(False, getattr(leaving, "at", 0))

    def _result_variables(self) -> list[Local]:
        found = (self.lookup(result_name(number)) for number in range(len(self.func.results)))
        return [local for local in found if local is not None]

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
        operands = [self._operands(case.comm) for case in s.cases]  # all are evaluated before one is chosen
        blocks = [self.graph.block() for _ in s.cases]
        self.graph.end("select", tuple(blocks))
        for block, case, (channel, sent) in zip(blocks, s.cases, operands, strict=True):
            self.graph.seal(block)
            self.graph.start(block)
            self.scopes.append({})
            if channel is not None:
                self._communicate(case.comm, channel, sent)
            self.statements(case.body)
            self.scopes.pop()
            self.graph.jump(after)

    def _operands(self, comm: Stmt | None) -> tuple[Value | None, Reg]:
        """The channel of a communication and the value to be sent."""
        if isinstance(comm, Send):
            channel = self.value(comm.channel)
            elem = _element(self.types.underlying(channel.type))
            return channel, self.own(self.fit(self.value(comm.value, elem), elem), comm.at)
        receive = _received(comm)
        return (self.value(receive.x), NONE) if receive is not None else (None, NONE)

    def _communicate(self, comm: Stmt | None, channel: Value, sent: Reg) -> None:
        receive = _received(comm)
        if receive is None:
            self.add(SendEvent(channel.reg, sent, comm.at if isinstance(comm, Send) else 0))
            return
        elem = _element(self.types.underlying(channel.type))
        value = Value(self.new(elem), elem, True)
        self.add(Recv(value.reg, channel.reg, receive.at))
        if isinstance(comm, Assign):
            found = [value]
            if len(comm.lhs) > 1:
                ok = self.new(BOOL)
                self.add(Op(ok, "ok", (value.reg,)))
                found.append(Value(ok, BOOL, True))
            for x, each in zip(comm.lhs, found, strict=False):
                if isinstance(x, Name) and comm.op == ":=":
                    self.declare(x.name, each.type, name_key(x), each, x.at)
                else:
                    self.put(self.place(x), each)

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
            self.statements(case.body)
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
            kind = NIL if _is_nil(t) else self.written(t)
            self.add(Op(dst, "is", (x.reg,) if x is not None else (), kind))
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
            if self.loop is not None and s.label not in self.loop.labels:
                self._exit(s)
                return
            if any(s.label in labels for labels in self.visible):  # Go has no way into a block
                target = self._label(s.label)
        elif s.kind == "fallthrough":
            target = self.next_case
        else:
            for known in reversed(self.targets):
                if (not s.label or known.label == s.label) and (s.kind == "break" or known.again is not None):
                    target = known.after if s.kind == "break" else known.again
                    break
            if target is None and self.loop is not None:
                if not s.label or s.label == self.loop.label:
                    self._yielded(s.kind == "continue", 0)
                else:
                    self._exit(s)
                return
        if target is not None:
            self.graph.jump(target)
        self.graph.leave()

    def _label(self, label: str) -> int:
        if label not in self.labels:
            self.labels[label] = self.graph.block()
        return self.labels[label]

    def _labeled(self, label: str, inner: Stmt) -> None:
        if self.context.uses.jumps and label not in self.placed:  # twice is an error of the text
            self.placed.add(label)
            block = self._label(label)
            self.graph.jump(block)
            self.graph.start(block, label=True)
        match inner:
            case For():
                self._for(inner, label)
            case Range():
                self._range(inner, label)
            case Switch():
                self._switch(inner, label)
            case _:
                self.statement(inner)

    def _return(self, s: Return) -> None:
        wanted = self.func.results
        found: list[Value] = []
        if len(s.values) == len(wanted):
            found = [self.value(x, t) for x, t in zip(s.values, wanted, strict=True)]
        elif s.values:
            found = self.several(s.values[0], len(wanted))
        owned = [Value(self.own(self.fit(v, t), s.at), t, True) for v, t in zip(found, wanted, strict=False)]
        if self.loop is not None:
            for local, value in zip(self._result_variables(), owned, strict=False):
                self.assign(local, value, s.at)
            self._exit(s)
            return
        if self.results and owned:
            for local, value in zip(self.results, owned, strict=False):
                self.assign(local, value, s.at)
        elif self.results:
            owned = [Value(self.own(self.read(local), s.at), local.type, True) for local in self.results]
        self.leave(tuple(v.reg for v in owned), s.at)

    def leave(self, values: tuple[Reg, ...], at: int) -> None:
        """Deferred calls run, then the function returns; they may have changed what a named result holds."""
        if self.defers:
            self.add(RunDefers())
            if self.results:
                values = tuple(self.own(self.read(local), at) for local in self.results)
        self.add(ReturnEvent(values, at))
        self.graph.leave()

    def panic(self, at: int) -> None:
        if self.defers:
            self.add(RunDefers())
        self.add(Panic(at))
        self.graph.leave()


def _received(comm: Stmt | None) -> Unary | None:
    """The receive operation of a case of a select statement."""
    x = comm.x if isinstance(comm, ExprStmt) else comm.rhs[0] if isinstance(comm, Assign) and comm.rhs else None
    return x if isinstance(x, Unary) and x.op == "<-" else None


def _element(channel: Type) -> Type:
    return channel.elem if isinstance(channel, TChan) else UNKNOWN


def _round_types(under: Type, types: Types) -> tuple[Type, Type]:
    """The types of key and value when ranging over a value whose underlying type is ``under``."""
    match under:
        case TMap(key=key, elem=elem):
            return key, elem
        case TSlice(elem=elem):
            return INT, elem
        case TChan(elem=elem):
            return elem, UNKNOWN
        case TName(pkg="", name="string"):
            return INT, TName("", "rune")
        case TName(pkg=""):
            return under, UNKNOWN
    return UNKNOWN, UNKNOWN


def _is_nil(t: Type) -> bool:
    return isinstance(t, TName) and t.name == "nil"


def _default(t: Type) -> Type:
    return t if t != NIL else UNKNOWN
