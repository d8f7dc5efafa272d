"""Switch and select statements to blocks."""

from abc import abstractmethod
from collections.abc import Callable, Sequence

from mapguard.facts.syntax import Assign, Case, Expr, ExprStmt, Name, Send, Stmt, Switch, TName, Type, Unary
from mapguard.ir.assign import element_of
from mapguard.ir.frame import BOOL, NIL, Value
from mapguard.ir.jumps import Target
from mapguard.ir.loops import Loops
from mapguard.ir.model import NONE, Cast, Op, Recv, Reg
from mapguard.ir.model import Send as SendEvent
from mapguard.ir.variables import case_key, name_key


class Cases(Loops):
    @abstractmethod
    def statements(self, statements: Sequence[Stmt]) -> None:
        """Lowers what stands in the block whose scope is open."""

    def switch(self, s: Switch, label: str) -> None:
        self.scopes.append({})
        self.statement(s.init)
        after = self.graph.block()
        self.targets.append(Target(label, after, None))
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
            elem = element_of(self.types.underlying(channel.type))
            return channel, self.own(self.fit(self.value(comm.value, elem), elem), comm.at)
        receive = _received(comm)
        return (self.value(receive.x), NONE) if receive is not None else (None, NONE)

    def _communicate(self, comm: Stmt | None, channel: Value, sent: Reg) -> None:
        receive = _received(comm)
        if receive is None:
            self.add(SendEvent(channel.reg, sent, comm.at if isinstance(comm, Send) else 0))
            return
        elem = element_of(self.types.underlying(channel.type))
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


def _received(comm: Stmt | None) -> Unary | None:
    """The receive operation of a case of a select statement."""
    x = comm.x if isinstance(comm, ExprStmt) else comm.rhs[0] if isinstance(comm, Assign) and comm.rhs else None
    return x if isinstance(x, Unary) and x.op == "<-" else None


def _is_nil(t: Type) -> bool:
    return isinstance(t, TName) and t.name == "nil"
