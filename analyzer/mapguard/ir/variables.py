"""A declared function's text to the variables that need storage of their own: those that a literal captures or & asks for, and that change.

Every other variable is a value: a literal that captures it gets the value. A variable is known by where it is declared.
"""

from collections.abc import Callable, Iterable, Sequence

from mapguard.facts.model import FuncFacts, Param
from mapguard.facts.syntax import (
    Assign,
    Block,
    Call,
    Case,
    Composite,
    DeferStmt,
    Expr,
    ExprStmt,
    For,
    FuncLit,
    GoStmt,
    If,
    Labeled,
    Name,
    Range,
    Return,
    Send,
    Stmt,
    Switch,
    Unary,
    VarStmt,
)

Key = tuple[str, int, int]


def parameter_key(func: int, number: int) -> Key:
    return ("parameter", func, number)


def result_key(func: int, number: int) -> Key:
    return ("result", func, number)


def name_key(name: Name) -> Key:
    return ("name", name.at, 0)


def var_key(statement: VarStmt, number: int) -> Key:
    return ("var", statement.at, number)


def case_key(statement: Switch, number: int) -> Key:
    return ("case", statement.at, number)


class _Variable:
    __slots__ = ("addressed", "assigned", "captured", "func", "key")

    def __init__(self, key: Key, func: int) -> None:
        self.key = key
        self.func = func
        self.assigned = 0
        self.captured = False
        self.addressed = False


def boxed(func: FuncFacts, literal: Callable[[int], FuncFacts | None]) -> frozenset[Key]:
    """The variables declared in ``func`` and in the literals inside it that need storage of their own.

    ``literal`` gives the facts of a literal by its index.
    """
    walk = _Walk(literal)
    walk.function(func)
    return frozenset(v.key for v in walk.found if v.addressed or (v.captured and v.assigned > 1))


class _Walk:
    def __init__(self, literal: Callable[[int], FuncFacts | None]) -> None:
        self.literal = literal
        self.found: list[_Variable] = []
        self.scopes: list[dict[str, _Variable]] = []
        self.func = -1

    # ------------------------------------------------------------ scopes

    def declare(self, name: str, key: Key, assigned: int = 1) -> None:
        if name in ("", "_"):
            return
        variable = _Variable(key, self.func)
        variable.assigned = assigned
        self.found.append(variable)
        self.scopes[-1][name] = variable

    def named(self, name: str) -> _Variable | None:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    def function(self, func: FuncFacts) -> None:
        before, self.func = self.func, func.index
        self.scopes.append({})
        given: Iterable[Param] = (*([func.recv] if func.recv is not None else []), *func.params)
        for number, p in enumerate(given):
            self.declare(p.name, parameter_key(func.index, number))
        for number, p in enumerate(func.results):
            # a return statement assigns it, and a deferred literal reads it afterwards
            self.declare(p.name, result_key(func.index, number), 2)
        self.block(func.body or ())
        self.scopes.pop()
        self.func = before

    def block(self, statements: Sequence[Stmt]) -> None:
        self.scopes.append({})
        for s in statements:
            self.statement(s)
        self.scopes.pop()

    # ------------------------------------------------------------ statements

    def statement(self, s: Stmt | None) -> None:
        match s:
            case Assign():
                self.assign(s)
            case VarStmt(names=names, values=values):
                self.uses(values)
                for number, name in enumerate(names):
                    self.declare(name, var_key(s, number))
            case Range():
                self.range(s)
            case For(init=init, cond=cond, post=post, body=body):
                self.scopes.append({})
                self.statement(init)
                self.uses(cond)
                self.block(body)
                self.statement(post)
                self.scopes.pop()
            case If(init=init, cond=cond, then=then, other=other):
                self.scopes.append({})
                self.statement(init)
                self.uses(cond)
                self.block(then)
                self.block(other)
                self.scopes.pop()
            case Switch():
                self.switch(s)
            case Block(body=body):
                self.block(body)
            case Labeled(stmt=inner):
                self.statement(inner)
            case ExprStmt(x=x):
                self.uses(x)
            case GoStmt(call=call) | DeferStmt(call=call):
                self.uses(call)
            case Return(values=values):
                self.uses(values)
            case Send(channel=channel, value=value):
                self.uses((channel, value))

    def assign(self, s: Assign) -> None:
        self.uses(s.rhs)
        for x in s.lhs:
            if not isinstance(x, Name):
                self.uses(x)
            elif s.op == ":=" and x.name not in self.scopes[-1]:
                self.declare(x.name, name_key(x))
            else:
                self.assigned(x)

    def assigned(self, x: Name) -> None:
        variable = self.named(x.name)
        if variable is not None:
            variable.assigned += 1
            self.used(x)

    def range(self, s: Range) -> None:
        self.uses(s.x)
        self.scopes.append({})
        for x in (s.key, s.value):
            if isinstance(x, Name):
                if s.define:
                    self.declare(x.name, name_key(x))
                else:
                    self.assigned(x)
            else:
                self.uses(x)
        self.block(s.body)
        self.scopes.pop()

    def switch(self, s: Switch) -> None:
        self.scopes.append({})
        self.statement(s.init)
        self.uses(s.x)
        for number, case in enumerate(s.cases):
            self.scopes.append({})
            self.case(s, number, case)
            self.scopes.pop()
        self.scopes.pop()

    def case(self, s: Switch, number: int, case: Case) -> None:
        if s.bind:
            self.declare(s.bind, case_key(s, number))
        self.uses(case.exprs)
        self.statement(case.comm)
        for inner in case.body:
            self.statement(inner)

    # ------------------------------------------------------------ expressions

    def uses(self, x: Expr | tuple[Expr, ...] | None) -> None:
        pending: list[object] = [x]
        while pending:
            at = pending.pop()
            match at:
                case tuple():
                    pending.extend(at)
                case Name():
                    self.used(at)
                case FuncLit(index=index):
                    inner = self.literal(index)
                    if inner is not None:
                        self.function(inner)
                case Unary(op="&", x=Name() as name):
                    self.used(name)
                    variable = self.named(name.name)
                    if variable is not None:
                        variable.addressed = True
                case Composite(elems=elems):
                    pending.extend(elems)
                case Call(fn=fn, args=args):
                    pending.extend((fn, args))
                case None | str() | int() | bool():
                    pass
                case _:
                    pending.extend(getattr(at, f) for f in getattr(at, "__struct_fields__", ()) if f != "type")

    def used(self, x: Name) -> None:
        variable = self.named(x.name)
        if variable is not None and variable.func != self.func:
            variable.captured = True


__all__ = ["Key", "boxed", "case_key", "name_key", "parameter_key", "result_key", "var_key"]
