"""Expression nodes to ``facts.syntax`` expressions. Calls that the grammar parses as conversions become calls here and nowhere else."""

from collections.abc import Callable

from tree_sitter import Node

from mapguard.facts.formats import verbs_of
from mapguard.facts.model import FuncFacts
from mapguard.facts.syntax import (
    Assert,
    Binary,
    Call,
    Composite,
    Expr,
    FuncLit,
    Index,
    Lit,
    Name,
    Opaque,
    Sel,
    SliceOf,
    TypeExpr,
    Unary,
)
from mapguard.frontend import grammar as g
from mapguard.frontend.lower_types import DEPTH_LIMIT, TYPE_KINDS, UNKNOWN, Lowering, lower_type, parameters, results

OPAQUE = Opaque()


def lower_expr(c: Lowering, node: Node | None) -> Expr:
    if node is None:
        return OPAQUE
    kind = node.kind_id
    if kind == g.IDENTIFIER:
        return Name(c.text(node), node.start_byte + c.offset)
    lowering = _EXPRS.get(kind)
    if lowering is None:
        return TypeExpr(lower_type(c, node)) if kind in TYPE_KINDS else OPAQUE
    c.depth += 1
    try:
        if c.depth > DEPTH_LIMIT:
            c.deep(node)
            return OPAQUE
        return lowering(c, node)
    finally:
        c.depth -= 1


def expr_list(c: Lowering, node: Node | None) -> tuple[Expr, ...]:
    """The expressions of an ``expression_list``, or the one expression that stands in its place."""
    if node is None:
        return ()
    if node.kind_id == EXPRESSION_LIST:
        return tuple([lower_expr(c, n) for n in node.named_children if n.kind_id != g.COMMENT])
    return (lower_expr(c, node),)


def _selector(c: Lowering, node: Node) -> Expr:
    name = node.child_by_field_id(g.F_FIELD)
    x = lower_expr(c, node.child_by_field_id(g.F_OPERAND))
    return Sel(x, c.text(name) if name is not None else "", c.at(node), c.end(node))


def _index(c: Lowering, node: Node) -> Expr:
    x = lower_expr(c, node.child_by_field_id(g.F_OPERAND))
    return Index(x, (lower_expr(c, node.child_by_field_id(g.F_INDEX)),), c.at(node), c.end(node))


def _instantiation(c: Lowering, node: Node) -> Expr:
    parts = node.named_children
    return Index(lower_expr(c, parts[0]), tuple(TypeExpr(lower_type(c, p)) for p in parts[1:]), c.at(node), c.end(node))


def _call(c: Lowering, node: Node) -> Call:
    fn = lower_expr(c, node.child_by_field_id(g.F_FUNCTION))
    types = node.child_by_field_id(g.F_TYPE_ARGUMENTS)
    if types is not None:
        fn = Index(fn, tuple(TypeExpr(lower_type(c, t)) for t in types.named_children), c.at(node), c.end(types))
    arguments = node.child_by_field_id(g.F_ARGUMENTS)
    args: list[Expr] = []
    spread = False
    for child in arguments.named_children if arguments is not None else ():
        if child.kind_id == _VARIADIC_ARGUMENT:
            spread = True
            child = child.named_children[0]
        if child.kind_id != g.COMMENT:
            args.append(lower_expr(c, child))
            if len(args) == 1 and isinstance(fn, Name) and fn.name == "new" and child.kind_id in _AMBIGUOUS:
                args = [TypeExpr(lower_type(c, child), _type_as_expr(c, child))]
    return Call(fn, tuple(args), c.at(node), c.end(node), spread)


def _conversion(c: Lowering, node: Node) -> Call:
    """``f[T](x)``, ``fs[i](x)`` and ``[]byte(x)`` all parse as conversions: the function is the type read as an expression."""
    target = node.child_by_field_id(g.F_TYPE)
    operand = lower_expr(c, node.child_by_field_id(g.F_OPERAND))
    fn = _type_as_expr(c, target) if target is not None and target.kind_id == _GENERIC else TypeExpr(lower_type(c, target))
    return Call(fn, (operand,), c.at(node), c.end(node))


def _type_as_expr(c: Lowering, node: Node | None) -> Expr:
    """A type whose text could also be an expression, as that expression; any other type unchanged."""
    if node is None:
        return OPAQUE
    if node.kind_id in (_TYPE_IDENTIFIER, g.IDENTIFIER):
        return Name(c.text(node), c.at(node))
    if node.kind_id == _QUALIFIED:
        parts = node.named_children
        return Sel(Name(c.text(parts[0]), c.at(node)), c.text(parts[-1]), c.at(node), c.end(node))
    if node.kind_id == _GENERIC:
        base = _type_as_expr(c, node.child_by_field_id(g.F_TYPE))
        arguments = node.child_by_field_id(g.F_TYPE_ARGUMENTS)
        index = [_type_as_expr(c, n) for n in arguments.named_children] if arguments is not None else []
        return Index(base, tuple(index), c.at(node), c.end(node))
    if node.kind_id == _POINTER and c.depth < DEPTH_LIMIT:
        c.depth += 1
        inner = _type_as_expr(c, node.named_children[-1])
        c.depth -= 1
        return Unary("*", inner, c.at(node), c.end(node))
    if node.kind_id in (_TYPE_ELEM, _PARENTHESIZED) and node.named_child_count == 1:
        return _type_as_expr(c, node.named_children[0])
    return TypeExpr(lower_type(c, node)) if node.kind_id in TYPE_KINDS else lower_expr(c, node)


def _unary(c: Lowering, node: Node) -> Expr:
    operator = node.child_by_field_id(g.F_OPERATOR)
    op = c.text(operator) if operator is not None else ""
    return Unary(op, lower_expr(c, node.child_by_field_id(g.F_OPERAND)), c.at(node), c.end(node))


def _binary(c: Lowering, node: Node) -> Expr:
    # A long chain of + nests to the left: this walks it in a loop instead of recursing.
    rights: list[tuple[str, Node | None]] = []
    left: Node | None = node
    while left is not None and left.kind_id == _BINARY:
        operator = left.child_by_field_id(g.F_OPERATOR)
        rights.append((c.text(operator) if operator is not None else "", left.child_by_field_id(g.F_RIGHT)))
        left = left.child_by_field_id(g.F_LEFT)
    out = lower_expr(c, left)
    operands = [(op, lower_expr(c, right)) for op, right in reversed(rights)]
    if len(operands) > DEPTH_LIMIT:
        # a long concatenation: literals say nothing, and nothing later may recurse deeper than the limit
        operands = [(op, x) for op, x in operands if not isinstance(x, Lit)]
    if len(operands) > DEPTH_LIMIT:
        c.deep(node)
    for op, x in operands[:DEPTH_LIMIT]:
        out = Binary(op, out, x)
    return out


def _paren(c: Lowering, node: Node) -> Expr:
    for child in node.named_children:
        if child.kind_id != g.COMMENT:
            return lower_expr(c, child)
    return OPAQUE


def _assertion(c: Lowering, node: Node) -> Expr:
    return Assert(lower_expr(c, node.child_by_field_id(g.F_OPERAND)), lower_type(c, node.child_by_field_id(g.F_TYPE)))


def _slice(c: Lowering, node: Node) -> Expr:
    parts = [n for n in node.named_children if n.kind_id != g.COMMENT]
    return SliceOf(lower_expr(c, parts[0]), tuple(lower_expr(c, p) for p in parts[1:]))


def _composite(c: Lowering, node: Node) -> Expr:
    kind = lower_type(c, node.child_by_field_id(g.F_TYPE))
    body = node.child_by_field_id(g.F_BODY)
    return Composite(kind, _elements(c, body), c.at(node), c.end(node))


def _elided(c: Lowering, node: Node) -> Expr:
    return Composite(UNKNOWN, _elements(c, node), c.at(node), c.end(node))


def _elements(c: Lowering, body: Node | None) -> tuple[tuple[Expr | None, Expr], ...]:
    found: list[tuple[Expr | None, Expr]] = []
    for child in body.named_children if body is not None else ():
        if child.kind_id == _KEYED:
            found.append((_element(c, child.child_by_field_id(g.F_KEY)), _element(c, child.child_by_field_id(g.F_VALUE))))
        elif child.kind_id == _ELEMENT:
            found.append((None, _element(c, child)))
    return tuple(found)


def _element(c: Lowering, node: Node | None) -> Expr:
    if node is not None and node.kind_id == _ELEMENT:
        for child in node.named_children:
            if child.kind_id != g.COMMENT:
                return lower_expr(c, child)
        return OPAQUE
    return lower_expr(c, node)


def _func(c: Lowering, node: Node) -> Expr:
    index = len(c.funcs)
    c.funcs.append(None)
    parent, outer = c.enclosing[-1] if c.enclosing else (-1, "init")
    number = c.literals[parent] = c.literals.get(parent, 0) + 1
    name = f"{outer}.func{number}"
    taken, variadic = parameters(c, node.child_by_field_id(g.F_PARAMETERS))
    given = results(c, node.child_by_field_id(g.F_RESULT))
    body = None
    if c.bodies:
        c.enclosing.append((index, name))
        body = c.lower_body(c, node.child_by_field_id(g.F_BODY))
        c.enclosing.pop()
    c.funcs[index] = FuncFacts(index, name, None, (), taken, given, variadic, body, c.at(node), c.end(node), parent)
    return FuncLit(index, c.at(node))


_SHORT = 34  # bytes of a string literal that may be a key


def _literal(kind: str) -> Callable[[Lowering, Node], Expr]:
    literal = Lit(kind)
    return lambda c, node: literal


def _string(c: Lowering, node: Node) -> Expr:
    raw = c.source[node.start_byte : node.end_byte]
    text = c.text(node) if len(raw) <= _SHORT and raw[:1] != b"`" else ""
    return Lit("string", text, verbs_of(raw[1:-1].decode("utf-8", "replace")) if b"%" in raw else "")


def _int(c: Lowering, node: Node) -> Expr:
    return Lit("int", c.text(node)) if node.end_byte - node.start_byte <= 2 else Lit("int")


def _rune(c: Lowering, node: Node) -> Expr:
    return Lit("rune", c.text(node))


def _name(c: Lowering, node: Node) -> Expr:
    return Name(c.text(node), c.at(node))


EXPRESSION_LIST = g.kind("expression_list")
_VARIADIC_ARGUMENT = g.kind("variadic_argument")
_GENERIC = g.kind("generic_type")
_QUALIFIED = g.kind("qualified_type")
_TYPE_IDENTIFIER = g.kind("type_identifier")
_TYPE_ELEM = g.kind("type_elem")
_POINTER = g.kind("pointer_type")
_PARENTHESIZED = g.kind("parenthesized_type")
_AMBIGUOUS = frozenset((_TYPE_IDENTIFIER, _QUALIFIED, _GENERIC, _POINTER, _PARENTHESIZED))
_BINARY = g.kind("binary_expression")
_KEYED = g.kind("keyed_element")
_ELEMENT = g.kind("literal_element")

_EXPRS: dict[int, Callable[[Lowering, Node], Expr]] = {
    g.kind("selector_expression"): _selector,
    g.kind("index_expression"): _index,
    g.kind("call_expression"): _call,
    g.kind("type_conversion_expression"): _conversion,
    g.kind("type_instantiation_expression"): _instantiation,
    g.kind("unary_expression"): _unary,
    g.kind("binary_expression"): _binary,
    g.kind("parenthesized_expression"): _paren,
    g.kind("type_assertion_expression"): _assertion,
    g.kind("slice_expression"): _slice,
    g.kind("composite_literal"): _composite,
    g.kind("literal_value"): _elided,
    g.kind("func_literal"): _func,
    g.kind("int_literal"): _int,
    g.kind("imaginary_literal"): _literal("float"),
    g.kind("float_literal"): _literal("float"),
    g.kind("rune_literal"): _rune,
    g.kind("interpreted_string_literal"): _string,
    g.kind("raw_string_literal"): _string,
    g.kind("nil"): _name,
    g.kind("true"): _name,
    g.kind("false"): _name,
    g.kind("iota"): _literal("int"),
}
