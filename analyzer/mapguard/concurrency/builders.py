"""Getters that build what they return when it is first asked for to the accesses that come later: these find it finished.

``func (s *Store) Index() map[string]int { s.mu.Lock(); defer s.mu.Unlock(); if s.index == nil { … }; return s.index }``: whoever has
called it got the map after it had been filled, and it is never filled again. A flag may tell that it has been built.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import ALLOC, GLOBAL, PARAM, RECEIVER, RESULT, WRITE, Locks, Path, below
from mapguard.facts.syntax import Assign, Binary, Call, DeferStmt, Expr, ExprStmt, If, Name, Return, Sel, Stmt, Unary
from mapguard.facts.walk import nodes, start_of
from mapguard.program.model import Func


class _Level(NamedTuple):
    """One function on the way to an access: where it gets there, with which objects, under which locks."""

    func: Func
    at: int
    paths: tuple[Path, ...]
    locks: Locks


class _Part(NamedTuple):
    """The part of a body that runs only where ``mark``, a field of the receiver or a package variable, has not been set."""

    mark: str
    start: int
    end: int


class Builders:
    """Answers for one program."""

    def __init__(self, graph: CallGraph) -> None:
        self._analysis = graph.analysis
        self._parts: dict[str, tuple[_Part, ...]] = {}
        self._setters: dict[tuple[str, str], frozenset[str]] = {}

    def finished(self, a: Context, b: Context) -> bool:
        """Whether ``a`` belongs to the building of the object, and ``b`` has got it from the getter that builds it."""
        return any(self._got(b, level.func, built) for level in _levels(a) for built in self._built(level))

    def _built(self, level: _Level) -> Iterator[Path]:
        """What the function returns and is just building there, in its own terms."""
        func = level.func
        marks = [part.mark for part in self._building(func) if part.start <= level.at <= part.end]
        unit = self._analysis.units.get(func.id)
        if not marks or unit is None or not any(m == WRITE and p.original().plain() in unit.took for p, m in level.locks):
            return
        paths = [home for p in level.paths for home in self._homes(p)]
        for value in self._analysis.summary(func).returns:
            for top in value.paths:
                name = _name(top, func)
                if name and any(below(p.plain(), top.plain()) for p in paths) and any(self._marks(func, mark, name) for mark in marks):
                    yield top

    def _building(self, func: Func) -> tuple[_Part, ...]:
        if func.id not in self._parts:
            self._parts[func.id] = tuple(_parts(func)) if func.outer is None else ()
        return self._parts[func.id]

    def _homes(self, path: Path) -> Iterable[Path]:
        return (path, *(h.plus(*path.fields) for h in self._analysis.homes.get(path.base, ()))) if path.base[0] == ALLOC else (path,)

    def _marks(self, func: Func, mark: str, result: str) -> bool:
        """Whether the function sets the mark; nobody else may take one back that is not what is built itself."""
        setters = self._set_by(func.scope.package.path, mark)
        return func.id in setters and (mark == result or len(setters) == 1)

    def _set_by(self, package: str, name: str) -> frozenset[str]:
        """The functions of the package that set a field or variable of this name."""
        if (package, name) not in self._setters:
            inside = (f for f in self._analysis.program.funcs if f.scope.package.path == package)
            self._setters[package, name] = frozenset(f.frame.id for f in inside if _sets(f.facts.body, name))
        return self._setters[package, name]

    def _got(self, b: Context, getter: Func, built: Path) -> bool:
        """Whether the thread has called the getter on the object before it gets there through what that returned."""
        if b.access.leaks and b.access.func is getter:
            return True
        return any(self._called(level, getter, built) for level in _levels(b))

    def _called(self, level: _Level, getter: Func, built: Path) -> bool:
        func: Func | None = level.func
        while func is not None:
            unit = self._analysis.units.get(func.id)
            for edge in unit.edges if unit is not None else ():
                if edge.callee is getter and edge.kind == "call" and edge.at <= level.at:
                    objects = edge.args.get(RECEIVER, ()) if built.base[0] == PARAM else ()
                    tops = [q.uncopied().plus(*built.fields) for q in objects] or [built]
                    if any(p.base[:2] == (RESULT, getter.id) or any(below(p.plain(), top.plain()) for top in tops) for p in level.paths):
                        return True
            func = func.outer
        return False


def _levels(c: Context) -> Iterator[_Level]:
    """The access, and the calls that lead to it, innermost first."""
    yield _Level(c.access.func, c.access.end, (c.access.path,), c.access.locks)
    for edge in reversed(c.own):
        yield _Level(edge.caller, edge.end, tuple(p for paths in edge.args.values() for p in paths), edge.locks)


def _name(top: Path, func: Func) -> str:
    """The name of the field of the receiver, or of the package variable, that something returned lies in."""
    if top.base == (PARAM, func.id, RECEIVER) and top.fields:
        return top.fields[0].rpartition(".")[2]
    return top.base[1].rpartition(".")[2] if top.base[0] == GLOBAL else ""


# ---------------------------------------------------------------- bodies


def _parts(func: Func) -> Iterator[_Part]:
    """What stands under a condition on a mark, in a critical section that lasts from there to the end of the body."""
    body = func.facts.body or ()
    section = next((i for i, (x, y) in enumerate(pairwise(body)) if _takes(x, y)), len(body))
    rest = body[section + 2 :]
    if any(_gives_up(s) for s in rest):
        return
    ends = [*(start_of(s, -1) for s in rest[1:]), func.facts.end]
    for statement, end in zip(rest, ends, strict=False):
        if isinstance(statement, If) and statement.init is None and not statement.other and end >= 0:
            mark, found = _asked(statement.cond, func)
            if mark and not found:
                yield _Part(mark, statement.at, end)
            elif mark and isinstance(statement.then[-1] if statement.then else None, Return):
                yield _Part(mark, end, func.facts.end)


def _takes(first: Stmt, second: Stmt) -> bool:
    return isinstance(first, ExprStmt) and _method(first.x) == "Lock" and isinstance(second, DeferStmt) and _method(second.call) == "Unlock"


def _method(x: Expr) -> str:
    """The name of the method that is called."""
    return x.fn.name if isinstance(x, Call) and isinstance(x.fn, Sel) else ""


def _asked(cond: Expr, func: Func) -> tuple[str, bool]:
    """The field of the receiver, or the variable, that a condition asks for, and whether it holds where that has been set."""
    match cond:
        case Binary(op="==" | "!=", x=x, y=Name(name="nil")):
            return _mark(x, func), cond.op == "!="
        case Unary(op="!", x=x):
            return _mark(x, func), False
    return _mark(cond, func), True


def _mark(x: Expr, func: Func) -> str:
    if isinstance(x, Sel) and isinstance(x.x, Name) and func.facts.recv is not None and x.x.name == func.facts.recv.name:
        return x.name
    return x.name if isinstance(x, Name) and x.name in func.scope.package.globals else ""


def _gives_up(node: object) -> bool:
    """Whether the code gives a lock up before its end."""
    return any(isinstance(n, ExprStmt) and _method(n.x) in ("Unlock", "RUnlock") for n in nodes(node))


def _sets(node: object, name: str) -> bool:
    """Whether the code assigns a field or variable of this name."""
    assigned = (x for n in nodes(node) if isinstance(n, Assign) and n.op != ":=" for x in n.lhs)
    return any(isinstance(x, Sel | Name) and x.name == name for x in assigned)
