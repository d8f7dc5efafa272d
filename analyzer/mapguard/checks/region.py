"""Offsets in a function's body to the smallest sequence of whole statements around them: the lines that a lock has to cover."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mapguard.base.span import line_of
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
    Unary,
    VarStmt,
)
from mapguard.program.model import Func

_WAITS = ("Wait", "Sleep")
_ENDS_LINE = tuple(")]}\"'`_")  # after one of these, a letter or a digit, Go's lexer ends the statement at the end of the line


class Region(NamedTuple):
    """``statements`` from byte ``at`` to ``end``, on whole lines ``first`` to ``last``; ``declared`` are the local names in scope there."""

    statements: tuple[Stmt, ...]
    at: int
    end: int
    first: int
    last: int
    declared: frozenset[str]


def region(func: Func, targets: Sequence[int], source: bytes) -> Region | None:
    """The statements around all targets; None where they do not stand on lines of their own."""
    found: Region | None = None
    for block, declared in _around(func.facts.body or (), targets, frozenset()):
        here = _run(func, block, targets, source, declared)
        found = here or found
    return found


def to_the_end(func: Func, targets: Sequence[int], source: bytes) -> Region | None:
    """From the statement of the function's body that the first target lies in to the end of the body."""
    body = func.facts.body or ()
    last = start(body[-1]) if body else None
    first = _index(body, targets[0])
    at = start(body[first]) if first is not None else None
    return _run(func, body, (at, last), source, frozenset()) if at is not None and last is not None else None


def _around(body: tuple[Stmt, ...], targets: Sequence[int], declared: frozenset[str]) -> Iterator[tuple[tuple[Stmt, ...], frozenset[str]]]:
    """The blocks that contain all targets, outermost first, with the names declared before each."""
    yield body, declared
    at = _index(body, targets[0])
    if at is None or at != _index(body, targets[-1]):
        return
    declared = declared.union(*(_declares(s) for s in body[:at]))
    for block, names in _blocks(body[at]):
        first = start(block[0]) if block else None
        if first is not None and first <= targets[0] and _before_next(body[at], block, targets[-1]):
            yield from _around(block, targets, declared | names)


def _before_next(stmt: Stmt, block: tuple[Stmt, ...], target: int) -> bool:
    """Whether the target lies before the blocks of ``stmt`` that follow ``block``."""
    later = [s for other, _ in _blocks(stmt) if other and (s := start(other[0])) is not None]
    mine = start(block[0])
    return all(target < s for s in later if mine is not None and s > mine)


def _index(body: tuple[Stmt, ...], target: int) -> int | None:
    """The statement that the target lies in: the last one that starts before it."""
    starts = [start(s) for s in body]
    return max((i for i, at in enumerate(starts) if at is not None and at <= target), default=None)


def _run(func: Func, body: tuple[Stmt, ...], targets: Sequence[int], source: bytes, declared: frozenset[str]) -> Region | None:
    i, j = _index(body, targets[0]), _index(body, targets[-1])
    if i is None or j is None:
        return None
    at, last = _written(body[i], source), _written(body[j], source)
    if at is None or last is None:
        return None
    end = statement_end(source, last)
    before = source[source.rfind(b"\n", 0, at) + 1 : at]
    after = source[end : _line_end(source, end)].strip()
    if before.strip() or (after and not after.startswith(b"//")):
        return None
    newlines = list(func.scope.file.newlines)
    names = declared.union(*(_declares(s) for s in body[:i]))
    return Region(body[i : j + 1], at, end, line_of(newlines, at), line_of(newlines, max(at, end - 1)), names)


def _line_end(source: bytes, at: int) -> int:
    found = source.find(b"\n", at)
    return found if found >= 0 else len(source)


# ---------------------------------------------------------------- what statements do


def leaves(statements: Sequence[Stmt]) -> bool:
    """Whether control can leave the statements before their end, which would skip an unlock there."""
    return any(_leaves(s, False, False) for s in statements)


def _leaves(s: Stmt, loop: bool, breaks: bool) -> bool:
    match s:
        case Return():
            return True
        case Branch(kind=kind, label=label):
            inside = breaks if kind == "break" else loop if kind == "continue" else kind == "fallthrough"
            return bool(label) or not inside
        case For() | Range():
            loop = breaks = True
        case Switch():
            breaks = True
        case Labeled(stmt=stmt):
            return _leaves(stmt, loop, breaks)
    return any(_leaves(x, loop, breaks) for block, _ in _blocks(s) for x in block)


def blocks_others(statements: Sequence[Stmt]) -> bool:
    """Whether they may wait for another goroutine, or never end: no lock should be held meanwhile."""
    return any(_waits(s) for s in statements)


def _waits(s: Stmt) -> bool:
    if isinstance(s, Send) or (isinstance(s, Switch) and s.kind == "select") or (isinstance(s, For) and s.cond is None):
        return True
    if any(_receives(x) for e in _expressions(s) for x in _inside(e)):
        return True
    return any(_waits(x) for block, _ in _blocks(s) for x in block) or any(_waits(x) for x in _headers(s))


def _receives(x: Expr) -> bool:
    return (isinstance(x, Unary) and x.op == "<-") or (isinstance(x, Call) and isinstance(x.fn, Sel) and x.fn.name in _WAITS)


def _inside(x: Expr) -> Iterator[Expr]:
    yield x
    parts: tuple[Expr | None, ...] = ()
    match x:
        case Sel(x=inner) | Unary(x=inner) | Assert(x=inner):
            parts = (inner,)
        case Index(x=inner, index=index):
            parts = (inner, *index)
        case SliceOf(x=inner, bounds=bounds):
            parts = (inner, *bounds)
        case Call(fn=fn, args=args):
            parts = (fn, *args)
        case Binary(x=left, y=right):
            parts = (left, right)
        case Composite(elems=elems):
            parts = tuple(part for pair in elems for part in pair)
    for part in parts:
        if part is not None:
            yield from _inside(part)


def _expressions(s: Stmt) -> tuple[Expr, ...]:
    match s:
        case ExprStmt(x=x):
            return (x,)
        case Assign(lhs=lhs, rhs=rhs):
            return (*lhs, *rhs)
        case VarStmt(values=values) | Return(values=values):
            return values
        case If(cond=cond):
            return (cond,)
        case For(cond=cond) if cond is not None:
            return (cond,)
        case Range(x=x):
            return (x,)
        case GoStmt(call=call) | DeferStmt(call=call):
            return call.args
        case Switch(x=x, cases=cases):
            return (*((x,) if x is not None else ()), *(e for c in cases for e in c.exprs))
    return ()


def _headers(s: Stmt) -> tuple[Stmt, ...]:
    found: tuple[Stmt | None, ...] = ()
    match s:
        case If(init=init) | Switch(init=init):
            found = (init,)
        case For(init=init, post=post):
            found = (init, post)
    return tuple(x for x in found if x is not None)


def _blocks(s: Stmt) -> list[tuple[tuple[Stmt, ...], frozenset[str]]]:
    """The blocks of a statement, each with the names that its header declares."""
    header = frozenset().union(*(_declares(x) for x in _headers(s)))
    match s:
        case If(then=then, other=other):
            return [(then, header), (other, header)]
        case For(body=body):
            return [(body, header)]
        case Range(key=key, value=value, define=define, body=body):
            names = frozenset(x.name for x in (key, value) if isinstance(x, Name)) if define else frozenset()
            return [(body, names)]
        case Switch(bind=bind, cases=cases):
            return [(c.body, header | _bound(bind, c)) for c in cases]
        case Block(body=body):
            return [(body, frozenset())]
        case Labeled(stmt=stmt):
            return _blocks(stmt)
    return []


def _bound(bind: str, case: Case) -> frozenset[str]:
    received = _declares(case.comm) if case.comm is not None else frozenset()
    return received | ({bind} if bind else frozenset())


def _declares(s: Stmt) -> frozenset[str]:
    match s:
        case Assign(lhs=lhs, op=":="):
            return frozenset(x.name for x in lhs if isinstance(x, Name))
        case VarStmt(names=names):
            return frozenset(names)
    return frozenset()


# ---------------------------------------------------------------- where statements start and end


def start(s: Stmt) -> int | None:
    """The first byte; None where facts do not say it."""
    match s:
        case ExprStmt(x=x):
            return _begin(x)
        case Block() | Branch() | Labeled():
            return None
        case _:
            return s.at


def _written(s: Stmt, source: bytes) -> int | None:
    """The start in the source; facts place a range loop at its clause."""
    at = start(s)
    if at is None or not isinstance(s, Range):
        return at
    found = source.rfind(b"for", source.rfind(b"\n", 0, at) + 1, at)
    return found if found >= 0 else None


def _begin(x: Expr) -> int | None:
    return x.at if isinstance(x, Name | Sel | Index | Call | Composite | Unary) else None


def statement_end(source: bytes, at: int) -> int:
    """The byte after the statement that starts at ``at``: the first line end outside brackets where Go's lexer inserts a semicolon."""
    depth = 0
    last = ""
    while at < len(source):
        ch = chr(source[at])
        two = source[at : at + 2]
        if two == b"//":
            at = _line_end(source, at)
            continue
        if two == b"/*":
            closed = source.find(b"*/", at + 2)
            at = closed + 2 if closed >= 0 else len(source)
            continue
        if ch in "\"'`":
            at = _literal_end(source, at)
            last = ch
            continue
        if ch in "([{":
            depth += 1
        elif ch in ")]}":
            depth -= 1
            if depth < 0:
                break
        elif ch == "\n" and depth == 0 and (last.isalnum() or last.endswith(_ENDS_LINE) or last in ("++", "--")):
            break
        if not ch.isspace():
            last = two.decode("latin-1") if two in (b"++", b"--") else ch
            at += len(last) - 1 if len(last) == 2 else 0
        at += 1
    return len(source[:at].rstrip())


def _literal_end(source: bytes, at: int) -> int:
    quote = source[at]
    at += 1
    while at < len(source) and source[at] != quote:
        at += 2 if source[at] == ord("\\") and quote != ord("`") else 1
    return at + 1
