"""A parsed file to ``FileFacts``: one pass over its top-level declarations."""

import re
from collections.abc import Iterable

import msgspec
from tree_sitter import Node

from mapguard.base.gap import Gap
from mapguard.base.span import line_of, newline_offsets
from mapguard.facts.model import FileFacts, FuncFacts, GlobalVar, Import, Param, TypeDecl
from mapguard.facts.syntax import TName, Type
from mapguard.frontend import grammar as g
from mapguard.frontend.lower_exprs import expr_list
from mapguard.frontend.lower_stmts import lower_block
from mapguard.frontend.lower_types import Lowering, joined, lower_type, parameters, results, spoken, type_parameters
from mapguard.frontend.parse import Parsed, parse

_LITERAL_TYPES = {
    "int_literal": TName("", "int"),
    "iota": TName("", "int"),
    "float_literal": TName("", "float64"),
    "rune_literal": TName("", "rune"),
    "interpreted_string_literal": TName("", "string"),
    "raw_string_literal": TName("", "string"),
}


def lower(parsed: Parsed, path: str, package_path: str, source: bytes, generated: bool, active: bool, bodies: bool) -> FileFacts:
    """The facts of one file; with ``bodies`` false only its declarations and signatures."""
    c = Lowering(path, bodies, lower_block)
    out = _Declarations()
    newlines = newline_offsets(source)
    for piece in parsed.pieces:
        c.source, c.offset, c.line = piece.source, piece.offset, line_of(newlines, piece.offset)
        _declarations(c, piece.root, out)
    gaps: tuple[Gap, ...] = (*parsed.gaps, *c.gaps)
    return FileFacts(
        path,
        package_path,
        out.package,
        tuple(out.imports),
        (*out.types, *c.scope_types),
        tuple(out.vars),
        tuple(out.consts),
        tuple(f for f in c.funcs if f is not None),
        tuple(newlines),
        generated,
        active,
        path.endswith("_test.go"),
        gaps,
    )


class _Declarations:
    def __init__(self) -> None:
        self.package = ""
        self.imports: list[Import] = []
        self.types: list[TypeDecl] = []
        self.vars: list[GlobalVar] = []
        self.consts: list[tuple[str, Type | None, str]] = []


def _declarations(c: Lowering, root: Node, out: _Declarations) -> None:
    comments: list[Node] = []  # the comment lines right above the next declaration
    last_kind, last_row = 0, -1
    for node in root.named_children:
        kind = node.kind_id
        if kind == g.COMMENT:
            if node.start_point[0] == last_row:
                if last_kind == _VAR:
                    _beside(c, node, out)
                continue
            if comments and comments[-1].end_point[0] + 1 != node.start_point[0]:
                comments = []
            comments.append(node)
            continue
        if comments and comments[-1].end_point[0] + 1 != node.start_point[0]:
            comments = []
        if kind in (_FUNCTION, _METHOD):
            _function(c, node, spoken(c, comments))
        elif kind == _TYPE:
            _types(c, node, comments, out)
        elif kind == _VAR:
            _vars(c, node, comments, out)
        elif kind == _CONST:
            _consts(c, node, out)
        elif kind == _IMPORT:
            out.imports.extend(_imports(c, node))
        elif kind == _PACKAGE and node.named_child_count:
            out.package = c.text(node.named_children[0])
        elif kind == _ERROR:
            _declarations(c, node, out)
        comments = []
        last_kind, last_row = kind, node.end_point[0]


def _function(c: Lowering, node: Node, doc: str) -> None:
    name_node = node.child_by_field_id(g.F_NAME)
    if name_node is None:
        return
    name = c.text(name_node)
    recv: Param | None = None
    receiver = node.child_by_field_id(g.F_RECEIVER)
    if receiver is not None:
        found, _ = parameters(c, receiver)
        recv = found[0] if found else None
    index = len(c.funcs)
    c.funcs.append(None)
    taken, variadic = parameters(c, node.child_by_field_id(g.F_PARAMETERS))
    given = results(c, node.child_by_field_id(g.F_RESULT))
    listed = node.child_by_field_id(g.F_TYPE_PARAMETERS)
    params, constraints = type_parameters(c, listed) if receiver is None else _method_parameters(c, node, name_node)
    body = None
    body_node = node.child_by_field_id(g.F_BODY)
    if c.bodies and body_node is not None:
        c.enclosing.append((index, name))
        body = lower_block(c, body_node)
        c.enclosing.pop()
    c.funcs[index] = FuncFacts(index, name, recv, params, taken, given, variadic, body, c.at(node), c.end(node), -1, doc, constraints)


def _method_parameters(c: Lowering, node: Node, name: Node) -> tuple[tuple[str, ...], tuple[Type, ...]]:
    """The type parameters of a method (Go 1.27), read from the source between name and parameters: the grammar has no node for them."""
    taken = node.child_by_field_id(g.F_PARAMETERS)
    text = c.source[name.end_byte : taken.start_byte].strip() if taken is not None else b""
    if not text.startswith(b"["):
        return (), ()
    own, c.source = c.source, b"package p\nfunc f%b() {}\n" % text
    try:
        declared = next((n for n in parse(c.source, c.path).pieces[0].root.named_children if n.kind_id == _FUNCTION), None)
        return type_parameters(c, declared.child_by_field_id(g.F_TYPE_PARAMETERS) if declared is not None else None)
    finally:
        c.source = own


def _types(c: Lowering, node: Node, above: list[Node], out: _Declarations) -> None:
    comments = list(above)
    for spec in node.named_children:
        name = spec.child_by_field_id(g.F_NAME)
        if spec.kind_id == g.COMMENT:
            comments.append(spec)
            continue
        if name is None:
            continue
        params, constraints = type_parameters(c, spec.child_by_field_id(g.F_TYPE_PARAMETERS))
        kind = lower_type(c, spec.child_by_field_id(g.F_TYPE))
        out.types.append(
            TypeDecl(c.text(name), params, kind, spec.kind_id == _ALIAS, c.at(name), spoken(c, comments), constraints=constraints)
        )
        comments = []


def _consts(c: Lowering, node: Node, out: _Declarations) -> None:
    kind: Type | None = None
    values: list[Node] = []
    count = 0
    for spec in node.named_children:
        names = [c.text(n) for n in spec.children_by_field_id(g.F_NAME) if n.is_named]
        declared = spec.child_by_field_id(g.F_TYPE)
        value = spec.child_by_field_id(g.F_VALUE)
        if declared is not None:
            kind = lower_type(c, declared)
        elif value is not None:
            first = value.named_children[0] if value.named_children else value
            kind = _LITERAL_TYPES.get(first.type)
        if value is not None:
            values = value.named_children
        # a name without a value repeats the expression above it, and its type
        for position, name in enumerate(names):
            out.consts.append((name, kind, _const_value(c, values[position], count) if position < len(values) else ""))
        count += bool(names)


def _const_value(c: Lowering, node: Node, iota: int) -> str:
    """The value of a constant as text; equal texts are equal values. With ``iota`` it is the expression and the position in the group."""
    text = c.text(node) if node.end_byte - node.start_byte <= _CONST_LIMIT else ""
    if node.type == "int_literal":
        return f"#{int(text)}" if text.isdecimal() and text.isascii() and (text == "0" or text[0] != "0") else ""
    if node.type == "interpreted_string_literal" or text in ("true", "false"):
        return text
    return f"iota {text}@{iota}" if _IOTA.search(text) else ""


def _vars(c: Lowering, node: Node, above: list[Node], out: _Declarations) -> None:
    comments = list(above)
    pending = list(reversed(node.named_children))
    last_row = -1
    while pending:
        spec = pending.pop()
        if spec.kind_id == g.COMMENT:
            if spec.start_point[0] == last_row:
                _beside(c, spec, out)
            else:
                comments.append(spec)
            continue
        if spec.kind_id != _VAR_SPEC:
            pending.extend(reversed(spec.named_children))
            continue
        names = [n for n in spec.children_by_field_id(g.F_NAME) if n.is_named]
        kind = spec.child_by_field_id(g.F_TYPE)
        out.vars.append(
            GlobalVar(
                tuple(c.text(n) for n in names),
                tuple(c.at(n) for n in names),
                lower_type(c, kind) if kind is not None else None,
                expr_list(c, spec.child_by_field_id(g.F_VALUE)),
                c.at(spec),
                spoken(c, comments),
            )
        )
        comments = []
        last_row = spec.end_point[0]


def _beside(c: Lowering, comment: Node, out: _Declarations) -> None:
    """Adds a comment at the end of a variable's last line to that variable."""
    said = spoken(c, [comment])
    if said and out.vars:
        out.vars[-1] = msgspec.structs.replace(out.vars[-1], comment=joined(out.vars[-1].comment, said))


def _imports(c: Lowering, node: Node) -> Iterable[Import]:
    pending = list(reversed(node.named_children))
    while pending:
        spec = pending.pop()
        if spec.kind_id != _IMPORT_SPEC:
            pending.extend(reversed(spec.named_children))
            continue
        path = spec.child_by_field_id(g.F_PATH)
        name = spec.child_by_field_id(g.F_NAME)
        if path is not None:
            yield Import(c.text(name) if name is not None else "", c.text(path)[1:-1])


_FUNCTION = g.kind("function_declaration")
_METHOD = g.kind("method_declaration")
_TYPE = g.kind("type_declaration")
_VAR = g.kind("var_declaration")
_CONST = g.kind("const_declaration")
_CONST_LIMIT = 40
_IOTA = re.compile(r"\biota\b")
_IMPORT = g.kind("import_declaration")
_IMPORT_SPEC = g.kind("import_spec")
_PACKAGE = g.kind("package_clause")
_ALIAS = g.kind("type_alias")
_VAR_SPEC = g.kind("var_spec")
_ERROR = 65535
