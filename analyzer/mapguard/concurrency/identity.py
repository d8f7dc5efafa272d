"""Branches that ask which of two objects a third name stands for to the locks that are held after them by that name."""

from mapguard.concurrency.body import Body
from mapguard.concurrency.domain import PARAM, WRITE, Path, below
from mapguard.concurrency.evaluate import operand
from mapguard.concurrency.state import State
from mapguard.facts.syntax import Binary, Expr, Name, TPtr


def of_either(b: Body, cond: Expr, then: State, other: State) -> dict[Path, str]:
    """``if x == a { a.mu.Lock(); defer … } else { b.mu.Lock(); defer … }`` with three parameters: ``x`` is one of the two, and locked.

    Who is passed three chooses the lock by the one that is worked on; whatever else that were, nothing would guard it. Only locks that
    are kept until the function ends: nothing gives them up by the third name.
    """
    pair = _compared(b, cond, then, other)
    if pair is None or not isinstance(cond, Binary):
        return {}
    one, two = (then, other) if cond.op == "==" else (other, then)
    others = _parameters(b, pair)
    held: dict[Path, str] = {}
    for x, y in (pair, pair[::-1]):
        for lock in [p for p, mode in one.locks.items() if mode == WRITE and below(p, y) and p in one.deferred]:
            mine = _moved(lock, y, x)
            instead = [_moved(lock, y, z) for z in others]
            if mine in one.locks or mine in two.locks or two.locks.get(lock) == WRITE:
                continue
            if any(two.locks.get(p) == WRITE and p in two.deferred and one.locks.get(p) != WRITE for p in instead):
                held[mine] = WRITE
    return held


def _compared(b: Body, cond: Expr, then: State, other: State) -> tuple[Path, Path] | None:
    """The two objects that a condition compares; None when it is not known which these are, also after the branches."""
    if not isinstance(cond, Binary) or cond.op not in ("==", "!=") or not isinstance(cond.x, Name) or not isinstance(cond.y, Name):
        return None
    if any(then.env.get(n.name) != other.env.get(n.name) for n in (cond.x, cond.y)):
        return None
    x, y = operand(b, cond.x), operand(b, cond.y)
    if len(x.paths) != 1 or len(y.paths) != 1 or x.paths == y.paths or not isinstance(b.types.alias(x.type), TPtr):
        return None
    return x.paths[0], y.paths[0]


def _parameters(b: Body, pair: tuple[Path, Path]) -> list[Path]:
    """The other parameters of the function, where the two are parameters of it and of one type."""
    kinds = dict(enumerate(b.func.params))
    indices = [p.base[2] for p in pair if p.base[:2] == (PARAM, b.func.id) and not p.fields]
    if len(indices) != len(pair) or len({kinds.get(i) for i in indices}) != 1:
        return []
    return [Path((PARAM, b.func.id, i)) for i, kind in kinds.items() if i not in indices and kind == kinds[indices[0]]]


def _moved(lock: Path, old: Path, new: Path) -> Path:
    return Path(new.base, (*new.fields, *lock.fields[len(old.fields) :]))
