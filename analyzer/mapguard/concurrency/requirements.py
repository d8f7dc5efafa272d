"""Conditions of branches to what a call must be given for its body to get somewhere; and what callers give: is there a way at all?

A value is known as text: ``nil``, ``made`` (an object, not nil), ``zero`` (what a field of a new object is), ``true``, ``false``,
``#5``, a string with its quotes, or the name of a constant. After path conditions over constants (Wegman and Zadeck, TOPLAS 1991), for
the values of parameters only.
"""

from functools import reduce
from typing import TYPE_CHECKING

from mapguard.concurrency.domain import (
    ALLOC,
    MADE,
    NIL,
    NO_NEEDS,
    PARAM,
    RECEIVER,
    ZERO,
    Edge,
    Intact,
    Need,
    Needs,
    Path,
    Value,
    merge_values,
)
from mapguard.concurrency.evaluate import name_value, operand, select
from mapguard.concurrency.summary import Summary
from mapguard.facts.syntax import Assign, Binary, Branch, Expr, FuncLit, Lit, Name, Range, Sel, Switch, Unary
from mapguard.facts.walk import nodes
from mapguard.program.model import Func

if TYPE_CHECKING:
    from mapguard.concurrency.body import Body
    from mapguard.concurrency.solve import Analysis

_NEGATED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_TURNED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_EMPTY = (NIL, "#0", "false", '""')
_CHOICES = 8  # returns that a summary tells apart


# ---------------------------------------------------------------- in the callee


def conditions(b: "Body", cond: Expr, truth: bool) -> Needs:
    """What the parameters must be for ``cond`` to be ``truth``."""
    match cond:
        case Unary(op="!", x=x):
            return conditions(b, x, not truth)
        case Binary(op="&&" | "||", x=x, y=y):
            if (cond.op == "&&") != truth:
                return NO_NEEDS
            return conditions(b, x, truth) | conditions(b, y, truth)
        case Binary(op=op, x=x, y=y) if op in _NEGATED:
            return _comparison(b, x, op if truth else _NEGATED[op], y) or _comparison(b, y, _TURNED[op if truth else _NEGATED[op]], x)
        case Name() | Sel():
            of = _asked(b, cond)
            return frozenset([Need(of, "==" if truth else "!=", ("true",))]) if of is not None else NO_NEEDS
    return NO_NEEDS


def _comparison(b: "Body", x: Expr, op: str, y: Expr) -> Needs:
    of = _asked(b, x)
    value = _constant(b, y) if of is not None else ""
    return frozenset([Need(of, op, (value,))]) if of is not None and value else NO_NEEDS


def _constant(b: "Body", x: Expr) -> str:
    """What a constant expression is, "" for all others."""
    return operand(b, x).known if isinstance(x, Name | Lit) or (isinstance(x, Sel) and isinstance(x.x, Name)) else ""


def _asked(b: "Body", x: Expr) -> Path | None:
    """The parameter that ``x`` is, or the field of what it points to, if that is as it was when the body started."""
    name = x.x if isinstance(x, Sel) else x
    if not isinstance(name, Name) or b.state is None:
        return None
    paths = b.state.env[name.name].paths if name.name in b.state.env else ()
    if len(paths) != 1 or paths[0].fields or paths[0].base[0] != PARAM:
        return None
    base = paths[0].base
    owner = b.analysis.program.by_id.get(base[1])
    if owner is None or _parameter(owner, base[2]) != name.name or name.name in assigned(b.analysis, owner):
        return None
    if not isinstance(x, Sel):
        return paths[0]
    fields = select(b, name_value(b, name.name), x.name, place=True).paths if base in b.state.intact else ()
    if len(fields) != 1 or len(fields[0].fields) != 1 or fields[0].fields[0] in b.state.intact[base]:
        return None
    return fields[0]


def _parameter(func: Func, index: int) -> str:
    """The name of a parameter."""
    if index == RECEIVER:
        return func.facts.recv.name if func.facts.recv is not None else ""
    return func.facts.params[index].name if index < len(func.facts.params) else ""


def assigned(analysis: "Analysis", func: Func) -> frozenset[str]:
    """The variables that ``func`` assigns again somewhere, also in its literals, or takes the address of."""
    known = analysis.assigned.get(func.id)
    if known is None:
        found: set[str] = set()
        _find_assigned(analysis, func, func.facts.body, found)
        known = analysis.assigned[func.id] = frozenset(found)
    return known


def _find_assigned(analysis: "Analysis", func: Func, body: object, found: set[str]) -> None:
    for node in nodes(body):
        if isinstance(node, FuncLit):
            literal = analysis.program.at_index.get((func.path, node.index))
            _find_assigned(analysis, func, literal.facts.body if literal is not None else None, found)
        elif isinstance(node, Assign):
            found.update(x.name for x in node.lhs if isinstance(x, Name))
        elif isinstance(node, Range):
            found.update(x.name for x in (node.key, node.value) if isinstance(x, Name))
        elif isinstance(node, Unary) and node.op == "&" and isinstance(node.x, Name):
            found.add(node.x.name)


def cases_need(b: "Body", s: Switch) -> tuple[Needs, ...]:
    """What the parameters must be for each case of a switch, and last for none of them."""
    found: list[Needs] = []
    others: Needs = NO_NEEDS  # what must be where the cases so far do not apply
    of = _asked(b, s.x) if s.x is not None else None
    entered, default = False, -1
    for case in s.cases:
        mine, rest = NO_NEEDS, NO_NEEDS
        if s.x is None and len(case.exprs) == 1:
            mine, rest = conditions(b, case.exprs[0], True), conditions(b, case.exprs[0], False)
        elif of is not None and case.exprs:
            values = tuple(_constant(b, x) for x in case.exprs)
            mine = frozenset([Need(of, "==", values)]) if all(values) else NO_NEEDS
            rest = frozenset(Need(of, "!=", (v,)) for v in values if v)
        found.append(NO_NEEDS if entered else mine)
        others |= rest
        default = len(found) - 1 if case.default and not entered else default
        entered = bool(case.body) and isinstance(case.body[-1], Branch) and case.body[-1].kind == "fallthrough"
    if default >= 0:
        found[default] = others
    return (*found, others)


def choices(body: "Body") -> tuple[tuple[Needs, tuple[Value, ...]], ...]:
    """The results of a body's returns with the conditions on its own parameters; nothing where those tell nothing apart."""
    found = [
        (frozenset(n for n in needs if n.of.base[1] == body.func.id and not n.of.fields), values) for needs, values in body.returned_when
    ]
    found = list(dict.fromkeys(found))  # a loop's passes repeat them
    return tuple(found) if 1 < len(found) <= _CHOICES and any(needs for needs, _ in found) else ()


def untouched(func: Func) -> Intact:
    """The parameters of ``func`` at its start."""
    indices = [*range(len(func.facts.params)), *([RECEIVER] if func.facts.recv is not None else [])]
    return {(PARAM, func.id, i): frozenset() for i in indices}


# ---------------------------------------------------------------- at the call


def chosen(summary: Summary, func: Func, known: dict[int, str]) -> tuple[Value, ...]:
    """The results of a call with constants among its arguments."""
    if not summary.choices or not known:
        return summary.returns
    left = [
        values for needs, values in summary.choices if not any(n.of.base[2] in known and refutes(known[n.of.base[2]], n) for n in needs)
    ]
    if not left or len(left) == len(summary.choices):
        return summary.returns
    return reduce(lambda a, b: tuple(merge_values(x, y) for x, y in zip(a, b, strict=False)), left)


def passed_up(needs: Needs, edge: Edge, analysis: "Analysis") -> Needs | None:
    """What must hold for the caller of ``edge`` when the call satisfies ``needs``; None when it does not, or is never made then."""
    found: set[Need] = set(edge.needs)
    for need in needs:
        owner = need.of.base[1]
        if owner != edge.callee.id:
            if _encloses(owner, edge.caller):
                found.add(need)  # of the function that a literal is written in
            continue
        given = _given(need.of, edge, analysis)
        if isinstance(given, str):
            if refutes(given, need):
                return None
        elif given is not None:
            found.add(need._replace(of=given))
    if len(found) > 1 and any(_exclude(a, b) for a in found for b in found if a.of == b.of and not a.of.fields):
        return None  # fields may change between two tests of them
    return frozenset(found)


def _encloses(owner: str, func: Func | None) -> bool:
    while func is not None and func.id != owner:
        func = func.outer
    return func is not None


def _given(of: Path, edge: Edge, analysis: "Analysis") -> Path | str | None:
    """What the call passes for ``of``: something known, or a parameter of the caller, or a field of what that points to."""
    index = of.base[2]
    if not of.fields and index in edge.known:
        return edge.known[index]
    targets = edge.args.get(index, ())
    if len(targets) != 1 or targets[0].fields:
        return None
    base = targets[0].base
    if of.fields:
        if base not in edge.intact or of.fields[0] in edge.intact[base]:
            return None
        return ZERO if base[0] == ALLOC else Path(base, of.fields)
    owner = analysis.program.by_id.get(base[1])
    if base[0] != PARAM or owner is None or _parameter(owner, base[2]) in assigned(analysis, owner):
        return None
    return targets[0]


# ---------------------------------------------------------------- values


def refutes(known: str, need: Need) -> bool:
    """Whether a value does not satisfy ``need``."""
    if need.op == "==":
        return all(differ(known, v) for v in need.values)
    if need.op == "!=":
        return any(same(known, v) for v in need.values)
    left, right = _number(known), _number(need.values[0])
    if left is None or right is None:
        return False
    return not {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[need.op]


def same(a: str, b: str) -> bool:
    return (a == b and a not in (MADE, ZERO)) or (a == ZERO and b in _EMPTY)


def differ(a: str, b: str) -> bool:
    """Whether two values are known not to be equal: both are written out, or differently counted, or other names of one library."""
    if a == b:
        return False
    if a == ZERO:
        return b not in _EMPTY and b[0] in 'm#t"'
    if a[0] != b[0]:
        return {a, b} in ({NIL, MADE}, {"true", "false"})
    if a[0] in '#"':
        return True
    if a.startswith("iota "):
        return a.rpartition("@")[0] == b.rpartition("@")[0] and "/" not in a and ">>" not in a and "%" not in a and "&" not in a
    return a.startswith("library ") and a.rpartition(".")[0] == b.rpartition(".")[0]


def _number(known: str) -> int | None:
    return 0 if known == ZERO else int(known[1:]) if known[:1] == "#" else None


def _exclude(a: Need, b: Need) -> bool:
    """Whether both conditions on one thing cannot hold."""
    return a.op == "==" and all(refutes(v, b) for v in a.values)
