"""Statements to blocks and events."""

from collections.abc import Sequence

from mapguard.facts.model import FuncFacts
from mapguard.facts.syntax import (
    Assign,
    Block,
    Branch,
    Call,
    DeferStmt,
    ExprStmt,
    For,
    FuncLit,
    GoStmt,
    If,
    Labeled,
    Name,
    Range,
    Return,
    Sel,
    Send,
    Stmt,
    Switch,
    TFunc,
    Type,
    VarStmt,
)
from mapguard.ir.cases import Cases
from mapguard.ir.frame import Context, Frame, Local, Value, signature
from mapguard.ir.jumps import Loop, result_name
from mapguard.ir.loops import Loops
from mapguard.ir.model import Call as CallEvent
from mapguard.ir.model import Closure, Dynamic, External, How
from mapguard.ir.variables import parameter_key, result_key
from mapguard.program.model import Func
from mapguard.program.types import UNKNOWN, Selected


class Stmts(Cases):
    def __init__(self, context: Context, func: Func, outer: "Stmts | None", ident: str = "", loop: "Loop | None" = None) -> None:
        super().__init__(context, func, outer, ident, loop)
        self.placed: set[str] = set()  # labels

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

    # ------------------------------------------------------------ dispatch

    def statement(self, s: Stmt | None) -> None:
        match s:
            case ExprStmt(x=x):
                if isinstance(x, Call):
                    self.call(x)
                else:
                    self.value(x)
            case Assign():
                self.assigned(s)
            case VarStmt():
                self.declared(s)
            case If():
                self._if(s)
            case For():
                self.loop_on_condition(s, "")
            case Range():
                self.loop_on_range(s, "")
            case Switch():
                self.switch(s, "")
            case Block(body=body):
                self.block(body)
            case Return():
                self.returned(s)
            case GoStmt(call=call, at=at, end=end):
                self.called(call, "go", at, end)
            case DeferStmt(call=call, at=at):
                self.called(call, "defer", at, call.end)
            case Send(channel=channel, value=value, at=at):
                self.send(channel, value, at)
            case Branch():
                self.branch(s)
            case Labeled(label=label, stmt=inner):
                self._labeled(label, inner)

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

    def _labeled(self, label: str, inner: Stmt) -> None:
        if self.context.uses.jumps and label not in self.placed:  # twice is an error of the text
            self.placed.add(label)
            block = self.label(label)
            self.graph.jump(block)
            self.graph.start(block, label=True)
        match inner:
            case For():
                self.loop_on_condition(inner, label)
            case Range():
                self.loop_on_range(inner, label)
            case Switch():
                self.switch(inner, label)
            case _:
                self.statement(inner)

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

    def closure(self, child: Loops, type_: Type, at: int) -> Value:
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
