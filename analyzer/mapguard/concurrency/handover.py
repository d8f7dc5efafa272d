"""Variables that are given to a goroutine and hold another object right after: ``go flush(batch); batch = nil``."""

from mapguard.facts.syntax import Assign, Call, Composite, Expr, ExprStmt, GoStmt, Name, Stmt, VarStmt
from mapguard.facts.walk import nodes

_FRESH_CALLS = ("make", "new")
_PLAIN = (Assign, VarStmt, ExprStmt)  # statements that are done when the next one starts, and start nothing themselves


def given_away(start: GoStmt, rest: tuple[Stmt, ...]) -> list[str]:
    """The variables among the arguments of a go statement that ``rest`` of its block binds anew before it uses them."""
    return [x.name for x in start.call.args if isinstance(x, Name) and _bound_first(x.name, rest)]


def _bound_first(name: str, rest: tuple[Stmt, ...]) -> bool:
    for statement in rest:
        if not isinstance(statement, _PLAIN):
            return False
        if isinstance(statement, Assign) and statement.op == "=" and len(statement.lhs) == len(statement.rhs):
            for target, value in zip(statement.lhs, statement.rhs, strict=True):
                if isinstance(target, Name) and target.name == name:
                    return _fresh(value) and not _mentions(statement.rhs, name)
        if _mentions(statement, name):
            return False
    return False


def _fresh(x: Expr) -> bool:
    if isinstance(x, Call):
        return isinstance(x.fn, Name) and x.fn.name in _FRESH_CALLS
    return isinstance(x, Composite) or (isinstance(x, Name) and x.name == "nil")


def _mentions(node: object, name: str) -> bool:
    return any(isinstance(n, Name) and n.name == name for n in nodes(node))
