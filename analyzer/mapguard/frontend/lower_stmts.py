"""Statement nodes to ``facts.syntax`` statements."""

from collections.abc import Callable

from tree_sitter import Node

from mapguard.facts.model import TypeDecl
from mapguard.facts.syntax import (
    Assign,
    Block,
    Branch,
    Call,
    Case,
    DeferStmt,
    Expr,
    ExprStmt,
    For,
    GoStmt,
    If,
    Labeled,
    Lit,
    Range,
    Return,
    Send,
    Stmt,
    Switch,
    VarStmt,
)
from mapguard.frontend import grammar as g
from mapguard.frontend.lower_exprs import OPAQUE, expr_list, lower_expr
from mapguard.frontend.lower_types import DEPTH_LIMIT, Lowering, lower_type, type_parameters

_ONE = Lit("int", "1")


def lower_block(c: Lowering, node: Node | None) -> tuple[Stmt, ...]:
    """The statements of a block, a statement list or a case, without the nodes that are no statements."""
    if node is None:
        return ()
    found: list[Stmt] = []
    pending = list(reversed(node.named_children))
    while pending:
        child = pending.pop()
        kind = child.kind_id
        if kind in (_STATEMENT_LIST, _ERROR):
            pending.extend(reversed(child.named_children))
            continue
        if kind == _VAR:
            found.extend(_vars(c, child))
            continue
        lowering = _STMTS.get(kind)
        if lowering is not None:
            c.depth += 1
            if c.depth > DEPTH_LIMIT:
                c.deep(child)
            else:
                statement = lowering(c, child)
                if statement is not None:
                    found.append(statement)
            c.depth -= 1
    return tuple(found)


def _one(c: Lowering, node: Node | None) -> Stmt | None:
    if node is None:
        return None
    lowering = _STMTS.get(node.kind_id)
    return lowering(c, node) if lowering is not None else None


def _expression(c: Lowering, node: Node) -> Stmt | None:
    return ExprStmt(lower_expr(c, node.named_children[0])) if node.named_child_count else None


def _assign(c: Lowering, node: Node) -> Stmt:
    operator = node.child_by_field_id(g.F_OPERATOR)
    return Assign(
        expr_list(c, node.child_by_field_id(g.F_LEFT)),
        c.text(operator) if operator is not None else "=",
        expr_list(c, node.child_by_field_id(g.F_RIGHT)),
        c.at(node),
    )


def _define(c: Lowering, node: Node) -> Stmt:
    return Assign(expr_list(c, node.child_by_field_id(g.F_LEFT)), ":=", expr_list(c, node.child_by_field_id(g.F_RIGHT)), c.at(node))


def _step(op: str) -> Callable[[Lowering, Node], Stmt | None]:
    return lambda c, node: Assign((lower_expr(c, node.named_children[0]),), op, (_ONE,), c.at(node))


def _vars(c: Lowering, node: Node) -> list[Stmt]:
    specs: list[Stmt] = []
    pending = list(reversed(node.named_children))
    while pending:
        child = pending.pop()
        if child.kind_id == _VAR_SPEC:
            kind = child.child_by_field_id(g.F_TYPE)
            names = tuple(c.text(n) for n in child.children_by_field_id(g.F_NAME) if n.is_named)
            values = expr_list(c, child.child_by_field_id(g.F_VALUE))
            specs.append(VarStmt(names, lower_type(c, kind) if kind is not None else None, values, c.at(child)))
        elif child.kind_id in (_VAR_SPEC_LIST, _ERROR):
            pending.extend(reversed(child.named_children))
    return specs


def _type(c: Lowering, node: Node) -> Stmt | None:
    scope = c.enclosing[-1][1] if c.enclosing else ""
    for spec in node.named_children:
        name = spec.child_by_field_id(g.F_NAME)
        if name is not None:
            params, constraints = type_parameters(c, spec.child_by_field_id(g.F_TYPE_PARAMETERS))
            kind = lower_type(c, spec.child_by_field_id(g.F_TYPE))
            c.scope_types.append(TypeDecl(c.text(name), params, kind, spec.kind_id == _TYPE_ALIAS, c.at(name), "", scope, constraints))
    return None


def _call_of(c: Lowering, node: Node) -> Call:
    for child in node.named_children:
        if child.kind_id != g.COMMENT:
            x = lower_expr(c, child)
            return x if isinstance(x, Call) else Call(x, (), c.at(child), c.end(child))
    return Call(OPAQUE, (), c.at(node), c.end(node))


def _go(c: Lowering, node: Node) -> Stmt:
    return GoStmt(_call_of(c, node), c.at(node), c.end(node))


def _defer(c: Lowering, node: Node) -> Stmt:
    return DeferStmt(_call_of(c, node), c.at(node))


def _return(c: Lowering, node: Node) -> Stmt:
    values = next((n for n in node.named_children if n.kind_id != g.COMMENT), None)
    return Return(expr_list(c, values), c.at(node))


def _send(c: Lowering, node: Node) -> Stmt:
    return Send(lower_expr(c, node.child_by_field_id(g.F_CHANNEL)), lower_expr(c, node.child_by_field_id(g.F_VALUE)), c.at(node))


def _if(c: Lowering, node: Node) -> Stmt:
    init = _one(c, node.child_by_field_id(g.F_INITIALIZER))
    cond = lower_expr(c, node.child_by_field_id(g.F_CONDITION))
    then = lower_block(c, node.child_by_field_id(g.F_CONSEQUENCE))
    alternative = node.child_by_field_id(g.F_ALTERNATIVE)
    other: tuple[Stmt, ...] = ()
    if alternative is not None:
        if alternative.kind_id == _IF:
            if c.depth >= DEPTH_LIMIT:
                c.deep(alternative)
            else:
                c.depth += 1
                other = (_if(c, alternative),)
                c.depth -= 1
        else:
            other = lower_block(c, alternative)
    return If(init, cond, then, other, c.at(node))


def _for(c: Lowering, node: Node) -> Stmt:
    init: Stmt | None = None
    cond: Expr | None = None
    post: Stmt | None = None
    body_node = node.child_by_field_id(g.F_BODY)
    for child in node.named_children:
        if child.kind_id == _RANGE_CLAUSE:
            left = expr_list(c, child.child_by_field_id(g.F_LEFT))
            define = any(not n.is_named and n.type == ":=" for n in child.children)
            x = lower_expr(c, child.child_by_field_id(g.F_RIGHT))
            body = lower_block(c, body_node)
            key = left[0] if left else None
            return Range(key, left[1] if len(left) > 1 else None, define, x, body, c.at(child), c.end(child))
        if child.kind_id == _FOR_CLAUSE:
            init = _one(c, child.child_by_field_id(g.F_INITIALIZER))
            condition = child.child_by_field_id(g.F_CONDITION)
            cond = lower_expr(c, condition) if condition is not None else None
            post = _one(c, child.child_by_field_id(g.F_UPDATE))
        elif child.kind_id != g.COMMENT and child != body_node and cond is None:
            cond = lower_expr(c, child)
    return For(init, cond, post, lower_block(c, body_node), c.at(node))


def _case_body(c: Lowering, node: Node) -> tuple[Stmt, ...]:
    return lower_block(c, next((n for n in node.named_children if n.kind_id == _STATEMENT_LIST), None))


def _expr_switch(c: Lowering, node: Node) -> Stmt:
    init = _one(c, node.child_by_field_id(g.F_INITIALIZER))
    tag = node.child_by_field_id(g.F_VALUE)
    x = lower_expr(c, tag) if tag is not None else None
    cases = tuple(
        Case(expr_list(c, n.child_by_field_id(g.F_VALUE)), (), None, _case_body(c, n), n.kind_id == _DEFAULT_CASE)
        for n in node.named_children
        if n.kind_id in (_EXPRESSION_CASE, _DEFAULT_CASE)
    )
    return Switch("expr", init, x, "", cases, c.at(node))


def _type_switch(c: Lowering, node: Node) -> Stmt:
    init = _one(c, node.child_by_field_id(g.F_INITIALIZER))
    alias = node.child_by_field_id(g.F_ALIAS)
    bind = c.text(alias.named_children[0]) if alias is not None and alias.named_child_count else ""
    x = lower_expr(c, node.child_by_field_id(g.F_VALUE))
    cases = tuple(
        Case(
            (),
            tuple(lower_type(c, t) for t in n.children_by_field_id(g.F_TYPE) if t.is_named),
            None,
            _case_body(c, n),
            n.kind_id == _DEFAULT_CASE,
        )
        for n in node.named_children
        if n.kind_id in (_TYPE_CASE, _DEFAULT_CASE)
    )
    return Switch("type", init, x, bind, cases, c.at(node))


def _select(c: Lowering, node: Node) -> Stmt:
    cases = tuple(
        Case((), (), _one(c, n.child_by_field_id(g.F_COMMUNICATION)), _case_body(c, n), n.kind_id == _DEFAULT_CASE)
        for n in node.named_children
        if n.kind_id in (_COMMUNICATION_CASE, _DEFAULT_CASE)
    )
    return Switch("select", None, None, "", cases, c.at(node))


def _receive(c: Lowering, node: Node) -> Stmt:
    left = expr_list(c, node.child_by_field_id(g.F_LEFT))
    right = expr_list(c, node.child_by_field_id(g.F_RIGHT))
    if not left:
        return ExprStmt(right[0] if right else OPAQUE)
    define = any(not n.is_named and n.type == ":=" for n in node.children)
    return Assign(left, ":=" if define else "=", right, c.at(node))


def _block(c: Lowering, node: Node) -> Stmt:
    return Block(lower_block(c, node))


def _branch(kind: str) -> Callable[[Lowering, Node], Stmt | None]:
    return lambda c, node: Branch(kind, c.text(node.named_children[0]) if node.named_child_count else "")


def _labeled(c: Lowering, node: Node) -> Stmt | None:
    label = node.child_by_field_id(g.F_LABEL)
    inner = next(iter(lower_block(c, node)), None)
    return Labeled(c.text(label) if label is not None else "", inner if inner is not None else Block(()))


_STATEMENT_LIST = g.kind("statement_list")
_ERROR = 65535
_VAR = g.kind("var_declaration")
_VAR_SPEC = g.kind("var_spec")
_VAR_SPEC_LIST = g.kind("var_spec_list")
_TYPE_ALIAS = g.kind("type_alias")
_IF = g.kind("if_statement")
_RANGE_CLAUSE = g.kind("range_clause")
_FOR_CLAUSE = g.kind("for_clause")
_EXPRESSION_CASE = g.kind("expression_case")
_TYPE_CASE = g.kind("type_case")
_COMMUNICATION_CASE = g.kind("communication_case")
_DEFAULT_CASE = g.kind("default_case")

_STMTS: dict[int, Callable[[Lowering, Node], Stmt | None]] = {
    g.kind("expression_statement"): _expression,
    g.kind("assignment_statement"): _assign,
    g.kind("short_var_declaration"): _define,
    g.kind("inc_statement"): _step("+="),
    g.kind("dec_statement"): _step("-="),
    g.kind("type_declaration"): _type,
    g.kind("go_statement"): _go,
    g.kind("defer_statement"): _defer,
    g.kind("return_statement"): _return,
    g.kind("send_statement"): _send,
    _IF: _if,
    g.kind("for_statement"): _for,
    g.kind("expression_switch_statement"): _expr_switch,
    g.kind("type_switch_statement"): _type_switch,
    g.kind("select_statement"): _select,
    g.kind("receive_statement"): _receive,
    g.kind("block"): _block,
    g.kind("break_statement"): _branch("break"),
    g.kind("continue_statement"): _branch("continue"),
    g.kind("goto_statement"): _branch("goto"),
    g.kind("fallthrough_statement"): _branch("fallthrough"),
    g.kind("labeled_statement"): _labeled,
}
