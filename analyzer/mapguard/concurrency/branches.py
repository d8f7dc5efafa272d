"""Go statements of a function to whether one round of the loop around them can reach both: arms of an if or switch exclude each other."""

from mapguard.facts.syntax import Block, For, GoStmt, If, Labeled, Range, Stmt, Switch

Arm = tuple[int, int]  # where the statement begins that has arms, and the number of the arm


def exclusive(body: tuple[Stmt, ...], x: int, y: int) -> bool:
    """Whether the go statements at ``x`` and ``y`` lie in different arms of one if, switch or select."""
    mine, theirs = arms_around(body, x), arms_around(body, y)
    if mine is None or theirs is None:
        return False
    return any(a[0] == b[0] and a[1] != b[1] for a, b in zip(mine, theirs, strict=False))


def arms_around(body: tuple[Stmt, ...], at: int) -> tuple[Arm, ...] | None:
    """The arms in which the go statement at ``at`` lies, outermost first; None when it is not there."""
    for statement in body:
        if isinstance(statement, GoStmt) and statement.at == at:
            return ()
        for number, inner in enumerate(_parts(statement)):
            found = arms_around(inner, at)
            if found is not None:
                return ((statement.at, number), *found) if isinstance(statement, If | Switch) else found
    return None


def _parts(statement: Stmt) -> tuple[tuple[Stmt, ...], ...]:
    match statement:
        case If(then=then, other=other):
            return (then, other)
        case Switch(cases=cases):
            return tuple(c.body for c in cases)
        case For(body=body) | Range(body=body) | Block(body=body):
            return (body,)
        case Labeled(stmt=inner):
            return ((inner,),)
    return ()
