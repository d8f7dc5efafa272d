"""Type nodes to ``facts.syntax`` types, parameter lists to parameters; also the state of lowering one file."""

import re
from collections.abc import Callable

from tree_sitter import Node

from mapguard.base.gap import Gap, Reason
from mapguard.facts.model import FuncFacts, Param, TypeDecl
from mapguard.facts.syntax import (
    Field,
    Stmt,
    TChan,
    TFunc,
    TInterface,
    TMap,
    TName,
    TPtr,
    TSlice,
    TStruct,
    TUnknown,
    Type,
)
from mapguard.frontend import grammar as g

DEPTH_LIMIT = 250
_TYPE_LIMIT = 100  # later passes over types recurse several calls deep for each level
_COMMENT_LIMIT = 600  # characters
UNKNOWN = TUnknown()
SPEAKS_OF_LOCKS = re.compile(rb"(?i)guard|protect|lock|mutex|concurren|goroutine|thread|synchroni|\bmu\b|race|\binit|start-?up")


Body = Callable[["Lowering", Node | None], tuple[Stmt, ...]]


class Lowering:
    """One file on its way to facts: the bytes of the piece at hand, the functions found so far, the current depth.

    ``lower_body`` turns a block into statements; it stands here because expressions hold bodies and bodies hold expressions.
    """

    __slots__ = (
        "bodies",
        "depth",
        "enclosing",
        "funcs",
        "gaps",
        "line",
        "literals",
        "lower_body",
        "names",
        "offset",
        "path",
        "scope_types",
        "source",
        "too_deep",
        "type_depth",
    )

    def __init__(self, path: str, bodies: bool, lower_body: Body) -> None:
        self.source = b""
        self.offset = 0
        self.line = 1  # of the file, where the piece at hand starts
        self.path = path
        self.bodies = bodies
        self.lower_body = lower_body
        self.names: dict[bytes, str] = {}
        self.funcs: list[FuncFacts | None] = []
        self.scope_types: list[TypeDecl] = []
        self.enclosing: list[tuple[int, str]] = []  # index and name of the functions around the node at hand
        self.literals: dict[int, int] = {}  # how many function literals each function has had so far
        self.gaps: list[Gap] = []
        self.depth = 0
        self.type_depth = 0
        self.too_deep = False

    def text(self, node: Node) -> str:
        raw = self.source[node.start_byte : node.end_byte]
        name = self.names.get(raw)
        if name is None:
            name = self.names[raw] = raw.decode("utf-8", "replace")
        return name

    def at(self, node: Node) -> int:
        return node.start_byte + self.offset

    def end(self, node: Node) -> int:
        return node.end_byte + self.offset

    def deep(self, node: Node, limit: int = DEPTH_LIMIT) -> None:
        """Records, at most once for each file, that something was nested too deep to be read."""
        if not self.too_deep:
            self.too_deep = True
            self.gaps.append(Gap(Reason.TOO_DEEP, self.path, self.line + node.start_point[0], f"nested deeper than {limit} levels"))


def lower_type(c: Lowering, node: Node | None) -> Type:
    if node is None:
        return UNKNOWN
    lowering = _TYPES.get(node.kind_id)
    if lowering is None:
        return UNKNOWN
    c.type_depth += 1
    try:
        if c.type_depth > _TYPE_LIMIT:
            c.deep(node, _TYPE_LIMIT)
            return UNKNOWN
        return lowering(c, node)
    finally:
        c.type_depth -= 1


def parameters(c: Lowering, node: Node | None) -> tuple[tuple[Param, ...], bool]:
    """The parameters of a list, one for each name, and whether the last is variadic (its type is then a slice)."""
    if node is None:
        return (), False
    found: list[Param] = []
    variadic = False
    for child in node.named_children:
        if child.kind_id == _PARAMETER:
            kind = lower_type(c, child.child_by_field_id(g.F_TYPE))
            names = child.children_by_field_id(g.F_NAME)
            found.extend(Param(c.text(n), kind) for n in names) if names else found.append(Param("", kind))
        elif child.kind_id == _VARIADIC:
            variadic = True
            name = child.child_by_field_id(g.F_NAME)
            found.append(Param(c.text(name) if name else "", TSlice(lower_type(c, child.child_by_field_id(g.F_TYPE)))))
    return tuple(found), variadic


def results(c: Lowering, node: Node | None) -> tuple[Param, ...]:
    if node is None:
        return ()
    if node.kind_id == _PARAMETER_LIST:
        return parameters(c, node)[0]
    return (Param("", lower_type(c, node)),)


def type_parameters(c: Lowering, node: Node | None) -> tuple[tuple[str, ...], tuple[Type, ...]]:
    """The names of the type parameters and the type in the constraint of each."""
    names: list[str] = []
    constraints: list[Type] = []
    for child in node.named_children if node is not None else ():
        if child.kind_id != g.COMMENT:
            constraint = lower_type(c, child.child_by_field_id(g.F_TYPE))
            for name in child.children_by_field_id(g.F_NAME):
                names.append(c.text(name))
                constraints.append(constraint)
    return tuple(names), tuple(constraints)


def signature(c: Lowering, node: Node) -> TFunc:
    taken, variadic = parameters(c, node.child_by_field_id(g.F_PARAMETERS))
    given = results(c, node.child_by_field_id(g.F_RESULT))
    return TFunc(tuple(p.type for p in taken), tuple(p.type for p in given), variadic)


def spoken(c: Lowering, comments: list[Node]) -> str:
    """The text of comments that mention locks or concurrency, else ""."""
    raw = b" ".join(c.source[n.start_byte : n.end_byte] for n in comments)
    if not raw or not SPEAKS_OF_LOCKS.search(raw):
        return ""
    return " ".join(raw.decode("utf-8", "replace").replace("//", " ").split())[:_COMMENT_LIMIT]


def joined(comment: str, more: str) -> str:
    """Two comments on one declaration as one."""
    return f"{comment} {more}".strip()[:_COMMENT_LIMIT]


def _name(c: Lowering, node: Node) -> Type:
    return TName("", c.text(node))


def _qualified(c: Lowering, node: Node) -> Type:
    parts = node.named_children
    return TName(c.text(parts[0]), c.text(parts[-1])) if len(parts) >= 2 else UNKNOWN


def _generic(c: Lowering, node: Node) -> Type:
    base = lower_type(c, node.child_by_field_id(g.F_TYPE))
    arguments = node.child_by_field_id(g.F_TYPE_ARGUMENTS)
    if isinstance(base, TName) and arguments is not None:
        return TName(base.pkg, base.name, tuple(lower_type(c, a) for a in arguments.named_children))
    return base


def _element(c: Lowering, node: Node) -> Type:
    return lower_type(c, node.named_children[0]) if node.named_child_count == 1 else UNKNOWN


def _terms(c: Lowering, node: Node) -> Type:
    """The one term of a constraint, or a union as an interface that embeds its terms."""
    terms = [lower_type(c, n) for n in node.named_children if n.kind_id != g.COMMENT]
    return terms[0] if len(terms) == 1 else TInterface((), tuple(terms))


def _pointer(c: Lowering, node: Node) -> Type:
    return TPtr(lower_type(c, node.named_children[-1]))


def _slice(c: Lowering, node: Node) -> Type:
    return TSlice(lower_type(c, node.child_by_field_id(g.F_ELEMENT)))


def _array(c: Lowering, node: Node) -> Type:
    return TSlice(lower_type(c, node.child_by_field_id(g.F_ELEMENT)), array=True)


def _map(c: Lowering, node: Node) -> Type:
    return TMap(lower_type(c, node.child_by_field_id(g.F_KEY)), lower_type(c, node.child_by_field_id(g.F_VALUE)))


def _channel(c: Lowering, node: Node) -> Type:
    return TChan(lower_type(c, node.child_by_field_id(g.F_VALUE)))


def _struct(c: Lowering, node: Node) -> Type:
    fields: list[Field] = []
    pending: list[Node] = []  # comments above the next field
    last_row = -1
    for child in node.named_children[0].named_children if node.named_child_count else ():
        if child.kind_id == g.COMMENT:
            if child.start_point[0] == last_row and fields:
                # beside a field: it belongs to every name of that line
                beside = spoken(c, [child])
                if beside:
                    last = fields[-1]
                    fields[-1] = Field(last.name, last.type, last.embedded, last.at, joined(last.comment, beside))
            else:
                pending.append(child)
            continue
        if child.kind_id != _FIELD:
            continue
        comment = spoken(c, [n for n in pending if n.end_point[0] >= child.start_point[0] - len(pending)])
        pending = []
        last_row = child.end_point[0]
        kind = lower_type(c, child.child_by_field_id(g.F_TYPE))
        names = child.children_by_field_id(g.F_NAME)
        if names:
            fields.extend(Field(c.text(n), kind, False, c.at(n), comment) for n in names)
            continue
        pointer = any(not n.is_named and n.type == "*" for n in child.children)
        base = kind.elem if isinstance(kind, TPtr) else kind
        name = base.name if isinstance(base, TName) else ""
        fields.append(Field(name, TPtr(kind) if pointer and not isinstance(kind, TPtr) else kind, True, c.at(child), comment))
    return TStruct(tuple(fields))


def _interface(c: Lowering, node: Node) -> Type:
    methods: list[tuple[str, TFunc]] = []
    embeds: list[Type] = []
    for child in node.named_children:
        if child.kind_id == _METHOD_ELEM:
            name = child.child_by_field_id(g.F_NAME)
            if name is not None:
                methods.append((c.text(name), signature(c, child)))
        elif child.kind_id == _TYPE_ELEM:
            embeds.append(lower_type(c, child))
    return TInterface(tuple(methods), tuple(embeds))


_PARAMETER = g.kind("parameter_declaration")
_VARIADIC = g.kind("variadic_parameter_declaration")
_PARAMETER_LIST = g.kind("parameter_list")
_FIELD = g.kind("field_declaration")
_METHOD_ELEM = g.kind("method_elem")
_TYPE_ELEM = g.kind("type_elem")

_TYPES: dict[int, Callable[[Lowering, Node], Type]] = {
    g.IDENTIFIER: _name,
    g.kind("type_identifier"): _name,
    g.kind("qualified_type"): _qualified,
    g.kind("generic_type"): _generic,
    g.kind("pointer_type"): _pointer,
    g.kind("slice_type"): _slice,
    g.kind("array_type"): _array,
    g.kind("implicit_length_array_type"): _array,
    g.kind("map_type"): _map,
    g.kind("channel_type"): _channel,
    g.kind("function_type"): signature,
    g.kind("struct_type"): _struct,
    g.kind("interface_type"): _interface,
    g.kind("parenthesized_type"): _element,
    g.kind("negated_type"): _element,
    _TYPE_ELEM: _terms,
    g.kind("type_constraint"): _terms,
}
TYPE_KINDS = frozenset(_TYPES) - {g.IDENTIFIER}
