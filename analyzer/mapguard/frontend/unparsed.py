"""An error node to words: the construct that did not parse, where it has a name, and the text at its place."""

import re

from tree_sitter import Node

_SHOWN = 60  # characters of the text
# Syntax that gofmt accepts and the grammar does not; most of it is no valid program.
_CONSTRUCTS = (
    (re.compile(r"\b(?:interface|struct)\s*\{[^{}]*\}\s*\)?\s*\.\s*\w"), "a method expression of a type that is written out"),
    (re.compile(r"\}\s*\)\s*\.\s*\w"), "a method expression of a type that is written out"),
    (re.compile(r"\[\s*\.\.\.[^\]]*\]"), "[...] that is not the type of a literal"),
    (re.compile(r"\.\s*\(\s*type\s*\)"), ".(type) outside a type switch"),
    (re.compile(r"^\s*(?!default\b)(?:\w+\s*:\s*)+$"), "a label with no statement"),
    (re.compile(r"^\s*case\b"), "a case"),
    (re.compile(r"\bimport\s+[^\s\"`(._a-zA-Z]"), "an import without a path"),
    (re.compile(r"\[\]\w+\([^()]*,"), "a conversion of several values"),
    (re.compile(r"\b(?:new|make)\b.*\("), "an argument of new or make"),
    (re.compile(r"\bconst\b[^=]*$"), "a constant without a value"),
    (re.compile(r"(?:[=(,]|\breturn)\s*(?:func\s*\([^{]*$|(?:interface|struct)\s*\{)"), "a type where a value must stand"),
)


def first_error(root: Node) -> Node:
    """The first node that is in error or missing, the root if there is none. Walks without recursion."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            return node
        if node.has_error:
            pending.extend(reversed(node.children))
    return root


def told(source: bytes, error: Node) -> str:
    """The words for what did not parse; ``source`` is what the tree was parsed from."""
    line = _line(source, error.start_byte)
    construct = next((words for pattern, words in _CONSTRUCTS if pattern.search(line)), "")
    shown = " ".join(line.split())
    shown = "".join(c if c.isprintable() else "�" for c in shown)
    shown = f"{shown[:_SHOWN]}…" if len(shown) > _SHOWN else shown
    if not shown:
        return "did not parse"
    return f"did not parse: {construct}, at «{shown}»" if construct else f"did not parse: at «{shown}»"


def _line(source: bytes, at: int) -> str:
    """The line of a place, shortened where it is long."""
    start = max(source.rfind(b"\n", 0, at) + 1, at - 400)
    stop = source.find(b"\n", at)
    return source[start : min(stop if stop >= 0 else len(source), at + 400)].decode("utf-8", "replace")
