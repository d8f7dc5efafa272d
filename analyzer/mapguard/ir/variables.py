"""A declared function's text to the variables that need storage of their own: those that a literal captures or & asks for, and that change.

Every other variable is a value: a literal that captures it gets the value. A variable is known by where it is declared.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from mapguard.facts.model import FuncFacts, Param
from mapguard.facts.syntax import (
    Assert,
    Assign,
    Binary,
    Block,
    Branch,
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
    Index,
    Labeled,
    Name,
    Range,
    Return,
    Sel,
    Send,
    SliceOf,
    Stmt,
    Switch,
    TypeExpr,
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


_PARTS: dict[type, tuple[str, ...]] = {  # where an expression has others in it
    Assert: ("x",),
    Binary: ("x", "y"),
    Call: ("fn", "args"),
    Composite: ("elems",),
    Index: ("x", "index"),
    Sel: ("x",),
    SliceOf: ("x", "bounds"),
    TypeExpr: ("expr",),
    Unary: ("x",),
}


class Uses(NamedTuple):
    """``boxed``: the variables that need storage of their own. ``fixed``: those that keep their first value. ``altered``: those of which
    a field is set. ``deferring``: the indices of
    the functions and literals that defer a call. ``jumps``: there are goto statements, so that a text which is no valid Go may use a
    variable before it is declared."""

    boxed: frozenset[Key] = frozenset()
    fixed: frozenset[Key] = frozenset()
    altered: frozenset[Key] = frozenset()
    deferring: frozenset[int] = frozenset()
    jumps: bool = False


class Found:
    """What only the types tell, found while a body was lowered: variables whose address a method takes, and the places of range statements
    over functions, whose bodies are functions too. A body is lowered again with what was found."""

    def __init__(self) -> None:
        self.addressed: set[Key] = set()
        self.iterators: set[int] = set()

    def size(self) -> int:
        return len(self.addressed) + len(self.iterators)


class _Variable:
    __slots__ = ("addressed", "altered", "assigned", "captured", "func", "key")

    def __init__(self, key: Key, func: Hashable) -> None:
        self.key = key
        self.func = func
        self.assigned = 0
        self.captured = False
        self.addressed = False
        self.altered = False


def uses(func: FuncFacts, literal: Callable[[int], FuncFacts | None], known: Found | None = None, shared_loops: bool = False) -> Uses:
    """How the variables declared in ``func`` and in the literals inside it are used.

    ``literal`` gives the facts of a literal by its index; with ``shared_loops`` the variables of a loop are the same in all its rounds.
    """
    walk = _Walk(literal, frozenset(known.iterators if known is not None else ()), 2 if shared_loops else 1)
    walk.function(func)
    more = known.addressed if known is not None else set()
    boxed = frozenset(v.key for v in walk.found if v.addressed or (v.captured and v.assigned > 1) or v.key in more)
    fixed = frozenset(v.key for v in walk.found if v.assigned == 1) if not walk.jumps else frozenset()
    altered = frozenset(v.key for v in walk.found if v.altered)
    return Uses(boxed, fixed, altered, frozenset(walk.deferring), walk.jumps)


class _Walk:
    def __init__(self, literal: Callable[[int], FuncFacts | None], iterators: frozenset[int], per_loop: int) -> None:
        self.literal = literal
        self.per_loop = per_loop  # assignments to a variable that a range statement declares
        self.iterators = iterators
        self.found: list[_Variable] = []
        self.scopes: list[dict[str, _Variable]] = []
        self.func: Hashable = -1  # what captures what is declared outside it: a function, a literal, the body of a loop over a function
        self.index = -1  # of the function or literal
        self.results: list[_Variable] = []
        self.deferring: set[int] = set()
        self.jumps = False

    # ------------------------------------------------------------ scopes

    def declare(self, name: str, key: Key, assigned: int = 1) -> _Variable:
        variable = _Variable(key, self.func)
        variable.assigned = assigned
        self.found.append(variable)
        if name not in ("", "_"):
            self.scopes[-1][name] = variable
        return variable

    def named(self, name: str) -> _Variable | None:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    def function(self, func: FuncFacts) -> None:
        before = self.func, self.index, self.results
        self.func = self.index = func.index
        self.scopes.append({})
        given: Iterable[Param] = (*([func.recv] if func.recv is not None else []), *func.params)
        for number, p in enumerate(given):
            self.declare(p.name, parameter_key(func.index, number))
        # a return statement assigns it, and a deferred literal reads it afterwards
        self.results = [self.declare(p.name, result_key(func.index, number), 2) for number, p in enumerate(func.results)]
        for s in func.body or ():  # parameters belong to the block of the body
            self.statement(s)
        self.scopes.pop()
        self.func, self.index, self.results = before

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
            case GoStmt(call=call):
                self.uses(call)
            case DeferStmt(call=call):
                self.deferring.add(self.index)
                self.uses(call)
            case Return(values=values):
                self.uses(values)
                if self.func != self.index:
                    for result in self.results:
                        result.captured = True
            case Branch(kind="goto"):
                self.jumps = True
            case Send(channel=channel, value=value):
                self.uses((channel, value))

    def assign(self, s: Assign) -> None:
        self.uses(s.rhs)
        for x in s.lhs:
            if not isinstance(x, Name):
                self.uses(x)
                self.altered(x)
            elif s.op == ":=" and x.name not in self.scopes[-1]:
                self.declare(x.name, name_key(x))
            else:
                self.assigned(x)

    def altered(self, x: Expr) -> None:
        """Notes the variable that an assignment may set a field of."""
        while isinstance(x, Sel):
            x = x.x
        variable = self.named(x.name) if isinstance(x, Name) else None
        if variable is not None:
            variable.altered = True

    def assigned(self, x: Name) -> None:
        variable = self.named(x.name)
        if variable is not None:
            variable.assigned += 1
            self.used(x)

    def range(self, s: Range) -> None:
        self.uses(s.x)
        before = self.func
        if s.at in self.iterators:
            self.func = ("range", s.at)
        self.scopes.append({})
        for x in (s.key, s.value):
            if isinstance(x, Name):
                if s.define:
                    self.declare(x.name, name_key(x), self.per_loop)
                else:
                    self.assigned(x)
            else:
                self.uses(x)
        self.block(s.body)
        self.scopes.pop()
        self.func = before

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
        pending: list[Any] = [x]
        while pending:
            at = pending.pop()
            kind = type(at)
            if kind is tuple:
                pending.extend(at)
            elif kind is Name:
                self.used(at)
            elif kind is FuncLit:
                inner = self.literal(at.index)
                if inner is not None:
                    self.function(inner)
            else:
                if kind is Unary and at.op == "&" and isinstance(at.x, Name) and (variable := self.named(at.x.name)) is not None:
                    variable.addressed = True
                pending.extend([getattr(at, part) for part in _PARTS.get(kind, ())])

    def used(self, x: Name) -> None:
        variable = self.named(x.name)
        if variable is not None and variable.func != self.func:
            variable.captured = True


__all__ = ["Found", "Key", "Uses", "case_key", "name_key", "parameter_key", "result_key", "uses", "var_key"]
