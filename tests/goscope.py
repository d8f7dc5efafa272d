"""A Go file to the names in scope at a line and the statements there: read by the parser alone, apart from what the analysis believes."""

import functools
from pathlib import Path

import tree_sitter
from tree_sitter import Node

from mapguard.frontend.grammar import GO

_FUNCTIONS = ("function_declaration", "method_declaration", "func_literal")
_STATEMENTS = (
    "expression_statement",
    "short_var_declaration",
    "assignment_statement",
    "inc_statement",
    "dec_statement",
    "send_statement",
    "go_statement",
    "defer_statement",
    "return_statement",
    "if_statement",
    "for_statement",
    "expression_switch_statement",
    "type_switch_statement",
    "select_statement",
    "var_declaration",
    "var_spec",
    "call_expression",
    "keyed_element",
)


@functools.cache
def _tree(path: Path) -> Node:
    return tree_sitter.Parser(GO).parse(path.read_bytes()).root_node


@functools.cache
def lines(path: Path) -> tuple[str, ...]:
    return tuple(path.read_bytes().decode("utf-8", "replace").split("\n"))


def _walk(node: Node) -> list[Node]:
    found, pending = [], [node]
    while pending:
        at = pending.pop()
        found.append(at)
        pending.extend(at.children)
    return found


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


@functools.cache
def functions(path: Path) -> tuple[Node, ...]:
    return tuple(n for n in _walk(_tree(path)) if n.type in _FUNCTIONS)


def around(path: Path, line: int) -> list[Node]:
    """The functions around the 1-based line, the outermost first."""
    found = [n for n in functions(path) if n.start_point[0] < line <= n.end_point[0] + 1]
    return sorted(found, key=lambda n: n.start_byte)


@functools.cache
def _statement_lines(path: Path) -> frozenset[int]:
    return frozenset(n.start_point[0] + 1 for n in _walk(_tree(path)) if n.type in _STATEMENTS)


def has_statement(path: Path, line: int) -> bool:
    """Whether a statement, a call, or the value of a field or variable starts on the line."""
    return line in _statement_lines(path)


def in_scope(path: Path, line: int) -> set[str]:
    """Names of the package, of the imports, of the functions around the line, and of what is declared in blocks around it before."""
    names = set(package_names(path.parent)) | _imports(path)
    for func in around(path, line):
        for child in func.children:
            if child.type == "parameter_list":
                names |= {_text(n) for n in _walk(child) if n.type == "identifier"}
        names |= _local(func, line)
    return names


def _local(func: Node, line: int) -> set[str]:
    names: set[str] = set()
    for node in _walk(func):
        declares = node.type in ("short_var_declaration", "range_clause", "var_spec", "type_switch_statement", "receive_statement")
        if not declares or node.start_point[0] + 1 > line:
            continue
        block = node.parent
        while block is not None and block.type not in ("block", "expression_case", "communication_case", "type_case", "default_case"):
            if block.type in ("if_statement", "for_statement", "expression_switch_statement"):
                break  # a header declares for its own statement
            block = block.parent
        if block is None or not block.start_point[0] < line <= block.end_point[0] + 1:
            continue
        if block.type in ("if_statement", "for_statement") and line == node.start_point[0] + 1:
            continue  # not before the statement itself
        left = node.child_by_field_name("left") or node.child_by_field_name("alias") or node
        names |= {_text(n) for n in _walk(left) if n.type == "identifier"}
    return names


@functools.cache
def package_names(folder: Path) -> frozenset[str]:
    names: set[str] = set()
    for path in sorted(folder.glob("*.go")):
        for node in _tree(path).children:
            if node.type in ("var_declaration", "const_declaration"):
                names |= {
                    _text(n) for n in _walk(node) if n.type == "identifier" and n.parent is not None and n.parent.type.endswith("_spec")
                }
            name = node.child_by_field_name("name")
            if node.type == "function_declaration" and name is not None:
                names.add(_text(name))
    return frozenset(names)


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in _walk(_tree(path)):
        if node.type == "import_spec":
            name, where = node.child_by_field_name("name"), node.child_by_field_name("path")
            found.add(_text(name) if name is not None else _text(where).strip('"`').rpartition("/")[2] if where is not None else "")
    return found


@functools.cache
def fields(root: Path) -> dict[str, tuple[tuple[str, str], ...]]:
    """Every field of a struct below the root: by name the types that have one, with the type of the field."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(root.rglob("*.go")):
        for node in _walk(_tree(path)):
            if node.type != "field_declaration":
                continue
            owner: Node | None = node
            while owner is not None and owner.type not in ("type_spec", "var_spec"):
                owner = owner.parent
            name = owner.child_by_field_name("name") if owner is not None and owner.type == "type_spec" else None
            kind = node.child_by_field_name("type")
            shown = _text(kind) if kind is not None else ""
            declared = [_text(n) for n in node.children_by_field_name("name")] or [shown.lstrip("*").rpartition(".")[2].partition("[")[0]]
            for each in declared:
                found.setdefault(each, []).append((_text(name) if name is not None else "", shown))
    return {name: tuple(sorted(set(owners))) for name, owners in found.items()}
