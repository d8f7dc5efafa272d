"""Conditions of branches to the locks that are held after them: a lock may hang on what a branch asks for."""

from mapguard.concurrency.body import Body
from mapguard.concurrency.domain import ALLOC, PARAM, READ, WRITE, Locks, Path, below
from mapguard.concurrency.evaluate import BOOL, operand
from mapguard.concurrency.state import State
from mapguard.facts.syntax import Binary, Call, Expr, Index, Name, Sel, TName, Type, Unary
from mapguard.program.model import Func

_ERROR = TName("", "error")


def of_present(b: Body, cond: Expr, then: State) -> dict[Path, str]:
    """``if x != nil { x.mu.Lock() }``: whoever gets at anything through ``x`` later has found it present, and holds its lock.

    So it is with ``if o.mu != nil { o.mu.Lock() }``: an object without a lock is meant for one goroutine.
    """
    asked, op = _asked_for_nil(cond)
    if asked is None or op != "!=" or not is_place(asked) or b.state is None:
        return {}
    present = operand(b, asked).paths
    return {p: m for p, m in then.locks.items() if any(below(p, x) for x in present)}


def note_optional(cond: Expr, then: State, other: State) -> None:
    """``if x != nil { x.mu.Lock() } else { … }`` with a parameter ``x``: its lock is held where it is used later, whatever guards what
    comes in its place."""
    asked, op = _asked_for_nil(cond)
    if not isinstance(asked, Name):
        return
    locked, free = (then, other) if op == "!=" else (other, then)
    x = locked.env.get(asked.name)
    if x is not None and len(x.paths) == 1 and x == free.env.get(asked.name) and x.paths[0].base[0] == PARAM and not x.paths[0].fields:
        (top,) = x.paths  # what was found elsewhere may be there by now where it was not
        held = {(top, p, m) for p, m in locked.locks.items() if m in (READ, WRITE) and p not in free.locks and below(p, top)}
        then.optional |= held
        other.optional |= held


def locked_or_new(locked: State, fresh: State, gone: set[str]) -> dict[Path, str]:
    """``if x != nil { e = x; e.mu.Lock() } else { e = &entry{} }``: the locks of what ``e`` is, unless that is new.

    The variables ``gone`` hold nothing where it is new; no other one may hold what is not locked there.
    """
    held = [(p, m) for p, m in locked.locks.items() if p.fields and p not in fresh.locks and m in (READ, WRITE)]
    found: dict[Path, str] = {}
    for name in sorted(locked.env.keys() & fresh.env.keys()) if held else ():
        made = fresh.env[name].paths
        if not made or any(p.base[0] != ALLOC or p.fields or p.base in fresh.escaped for p in made):
            continue
        for old in locked.env[name].paths:
            if old not in made and not any(below(p, old) for n, v in fresh.env.items() if n not in gone for p in v.paths):
                found.update((p, m) for p, m in held if below(p, old))
    return found


def found_by(cond: Expr, truth: bool) -> set[str]:
    """The variable that is nil where ``cond`` is not ``truth``."""
    asked, op = _asked_for_nil(cond)
    return {asked.name} if isinstance(asked, Name) and op == ("!=" if truth else "==") else set()


def _asked_for_nil(cond: Expr) -> tuple[Expr | None, str]:
    """What a condition compares with nil, and whether by == or !=; None when it asks for something else."""
    nil = isinstance(cond, Binary) and cond.op in ("==", "!=") and isinstance(cond.y, Name) and cond.y.name == "nil"
    return (cond.x, cond.op) if nil and isinstance(cond, Binary) else (None, "")


def is_place(x: Expr) -> bool:
    """A variable, or a field of one."""
    return isinstance(x, Name) or (isinstance(x, Sel) and is_place(x.x))


def variable(cond: Expr) -> tuple[str, bool]:
    """The variable that a condition asks for, "" when it asks for more; and whether it is negated."""
    negated = isinstance(cond, Unary) and cond.op == "!"
    inner = cond.x if isinstance(cond, Unary) and negated else cond
    return (inner.name if isinstance(inner, Name) else ""), negated


def decider(cond: Expr) -> tuple[str, bool]:
    """The variable whose being true, or not nil, a condition asks for; and whether for the contrary."""
    asked, op = _asked_for_nil(cond)
    return (asked.name, op == "==") if isinstance(asked, Name) else variable(cond)


def note_absent(b: Body, cond: Expr, then: State, other: State) -> None:
    """``if v, ok := m.Load(k); ok``, ``if v == nil``: the look-up has found nothing in one of the branches."""
    name, negated = decider(cond)
    inner = cond.x if isinstance(cond, Unary) else cond
    if isinstance(inner, Index):
        (then if isinstance(cond, Unary) else other).absent |= b.asked
    (then if negated else other).absent |= b.hits.get(name, frozenset())


def tells_success(b: Body, result: Expr) -> bool:
    """Whether the last result of a return says that the function has done what it is for: a nil error, or true."""
    if not isinstance(result, Name) or not b.func.results:
        return False
    return (result.name, b.func.results[-1]) in (("nil", _ERROR), ("true", BOOL))


def won(b: Body, cond: Expr, then: State, other: State) -> None:
    """``if s.enter() {``, ``if s.enter() != nil {``: what the call has taken is held where it succeeded."""
    asked, op = _asked_for_nil(cond)
    negated = isinstance(cond, Unary) and cond.op == "!"
    inner = cond.x if isinstance(cond, Unary) and negated else asked or cond
    if isinstance(inner, Call):
        (other if negated or op == "!=" else then).locks.update(b.won)


def note_won(b: Body, name: str, kind: Type, taken: Locks) -> None:
    """``err := s.enter()``: the variable ``name`` tells whether the call has taken these locks."""
    held = b.now.locks
    more = {**held, **dict(taken)}
    b.now.cases[name] = (dict(held), more, dict(held)) if kind == BOOL else (dict(held), dict(held), more)


def asks_for_lock(b: Body, cond: Expr) -> bool:
    """``if needLock { mu.Lock() }`` with a parameter, also of an enclosing function: who passes false holds the lock already."""
    name, _ = variable(cond)
    if "lock" not in name.lower():
        return False
    func: Func | None = b.func
    while func is not None:
        if any(p.name == name for p in func.facts.params):
            return True
        func = func.outer
    return False


def try_lock(cond: Expr, then: State, other: State, before: dict[Path, str]) -> None:
    """``if mu.TryLock()``: held in the branch where it returned true only."""
    negated = isinstance(cond, Unary) and cond.op == "!"
    inner = cond.x if isinstance(cond, Unary) and negated else cond
    if isinstance(inner, Call) and isinstance(inner.fn, Sel) and inner.fn.name in ("TryLock", "TryRLock", "TryAcquire"):
        (then if negated else other).locks = before
