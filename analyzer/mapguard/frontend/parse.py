"""Source bytes to syntax trees, tolerantly: where a brace is missing the intact declarations around the damage are parsed on their own.

tree-sitter recovers from most errors inside one expression. What it cannot recover from is a missing closing brace: that swallows the
functions after it. So a file with errors is cut at the keywords in the first column that start declarations, and each piece is parsed.
"""

import functools
import re
from itertools import pairwise

import msgspec
import tree_sitter
from tree_sitter import Node, Parser

from mapguard.base.gap import Gap, Reason
from mapguard.frontend.grammar import GO

NESTING_LIMIT = 1000
_GAP_LIMIT = 100  # of one file: who has to repair it needs no more
_DECLARATION = re.compile(rb"^(?:func|type|var|const|import)\b", re.MULTILINE)
_BRACKETS = bytes(c for c in range(256) if c not in b"([{}])")
# Go 1.27's generic methods are no syntax for the grammar: blank the type parameters, keep every offset.
_GENERIC_METHOD = re.compile(rb"^(func\s*\([^()\n]*\)\s*\w+)(\[[^\]\n]*\])(?=\()", re.MULTILINE)


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A tree and the bytes that it is a tree of; ``offset`` is where they start in the file."""

    root: Node
    source: bytes
    offset: int


class Parsed(msgspec.Struct, frozen=True, gc=False):
    pieces: tuple[Piece, ...]
    gaps: tuple[Gap, ...] = ()


@functools.cache
def _parser() -> Parser:
    version = getattr(tree_sitter, "__version__", "")
    if version == "0.26.0":
        raise RuntimeError("tree-sitter 0.26.0 frees memory that is still in use; install 0.26.1 or 0.25.2")
    return Parser(GO)


def parse(source: bytes, path: str) -> Parsed:
    """Never raises: damage and limits become gaps."""
    depth = nesting(source)
    if depth > NESTING_LIMIT:
        return Parsed((), (Gap(Reason.TOO_DEEP, path, 0, f"brackets nested {depth} deep, the limit is {NESTING_LIMIT}"),))
    if b"]" in source:
        source = _GENERIC_METHOD.sub(lambda m: m[1] + b" " * len(m[2]), source)
    tree = _parser().parse(source)
    if not tree.root_node.has_error:
        return Parsed((Piece(tree.root_node, source, 0),))
    return _resynchronised(source, path, tree.root_node)


def nesting(source: bytes) -> int:
    """The deepest bracket nesting, counting brackets in strings too: an upper bound that costs one pass."""
    deepest = depth = 0
    for c in source.translate(None, _BRACKETS):
        if c in b"([{":
            depth += 1
            if depth > deepest:
                deepest = depth
        elif depth:
            depth -= 1
    return deepest


def _resynchronised(source: bytes, path: str, whole: Node) -> Parsed:
    starts = [m.start() for m in _DECLARATION.finditer(source)]
    bounds = [0, *starts, len(source)] if not starts or starts[0] != 0 else [*starts, len(source)]
    pieces: list[Piece] = []
    gaps: list[Gap] = []
    line = 1
    for start, stop in pairwise(bounds):
        text = source[start:stop]
        root = _parser().parse(text).root_node
        pieces.append(Piece(root, text, start))
        if root.has_error and len(gaps) < _GAP_LIMIT:
            gaps.append(Gap(Reason.SYNTAX, path, line + _first_error(root), "part of this declaration did not parse"))
        line += text.count(b"\n")
    if not gaps:
        # only the seams were at fault (a raw string with a keyword in its first column): the whole tree is the better reading
        if len(pieces) > 1 and not _lost_declarations(whole, len(starts)):
            return Parsed(
                (Piece(whole, source, 0),), (Gap(Reason.SYNTAX, path, _first_error(whole) + 1, "part of this file did not parse"),)
            )
        gaps.append(Gap(Reason.SYNTAX, path, _first_error(whole) + 1, "part of this file did not parse"))
    return Parsed(tuple(pieces), tuple(gaps))


def _lost_declarations(whole: Node, expected: int) -> bool:
    return sum(1 for n in whole.named_children if n.type.endswith("_declaration")) < expected


def _first_error(root: Node) -> int:
    """The 0-based row of the first error, walking iteratively."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            return node.start_point[0]
        if node.has_error:
            pending.extend(reversed(node.children))
    return root.start_point[0]
