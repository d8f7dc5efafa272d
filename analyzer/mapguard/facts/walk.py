"""Walks over the syntax of a body, for questions about its text that need no interpretation."""

from collections.abc import Iterator

import msgspec

from mapguard.facts.syntax import Expr, ExprStmt, Stmt


def nodes(node: object) -> Iterator[object]:
    """``node`` and all statements, expressions and types in it, in no particular order."""
    pending = [node]
    while pending:
        at = pending.pop()
        if isinstance(at, tuple | list):
            pending.extend(at)
        elif isinstance(at, msgspec.Struct):
            yield at
            pending.extend(getattr(at, field) for field in at.__struct_fields__)


def start_of(statement: Stmt, unknown: int = 0) -> int:
    """The offset of a statement, or of a place in it; ``unknown`` for those that have none."""
    at: Stmt | Expr = statement.x if isinstance(statement, ExprStmt) else statement
    return int(getattr(at, "at", unknown))
