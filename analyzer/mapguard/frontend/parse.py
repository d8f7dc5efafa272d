"""Source bytes to syntax trees. Damage is tolerated: where a brace is missing, the intact declarations around it are parsed on their own.

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
from mapguard.frontend.respell import open_comment, respelled
from mapguard.frontend.unparsed import first_error, told

NESTING_LIMIT = 1000
_GAP_LIMIT = 100  # of one file: more do not help to repair it
_DECLARATION = re.compile(rb"^(?:func|type|var|const|import)\b", re.MULTILINE)
_BRACKETS = bytes(c for c in range(256) if c not in b"([{}])")


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A tree and the bytes that it was parsed from; ``offset`` is where they start in the file."""

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
    if not source.endswith(b"\n"):
        source += b"\n"  # the grammar wants the last line ended
    comment = open_comment(source)
    if comment is not None:
        # searching for its end again at every /* inside it would take quadratic time
        line = source.count(b"\n", 0, comment) + 1
        gap = Gap(Reason.SYNTAX, path, line, "did not parse: a comment without an end")
        parsed = parse(source[:comment], path)
        return Parsed(parsed.pieces, (gap, *parsed.gaps))
    root = _tree(source)
    if not root.has_error:
        return Parsed((Piece(root, source, 0),))
    spelled = respelled(source, _accepted)
    if spelled != source:
        root = _tree(spelled)
    return _resynchronised(source, spelled, path, root) if root.has_error else Parsed((Piece(root, source, 0),))


def _tree(source: bytes) -> Node:
    return _parser().parse(source).root_node


def _accepted(declaration: bytes) -> bool:
    return not _tree(declaration).has_error


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


def _resynchronised(source: bytes, spelled: bytes, path: str, whole: Node) -> Parsed:
    starts = [m.start() for m in _DECLARATION.finditer(spelled)]
    bounds = [0, *starts, len(spelled)] if not starts or starts[0] != 0 else [*starts, len(spelled)]
    pieces: list[Piece] = []
    gaps: list[Gap] = []
    line = 1
    for start, stop in pairwise(bounds):
        text = spelled[start:stop]
        root = _tree(text)
        pieces.append(Piece(root, source[start:stop], start))
        if root.has_error and len(gaps) < _GAP_LIMIT:
            gaps.append(_gap(root, source[start:stop], path, line))
        line += text.count(b"\n")
    if not gaps:
        # the file was only cut in the wrong places (a raw string with a keyword in its first column): the tree of the whole file is right
        gaps.append(_gap(whole, source, path, 1))
        if len(pieces) > 1 and not _lost_declarations(whole, len(starts)):
            return Parsed((Piece(whole, source, 0),), tuple(gaps))
    return Parsed(tuple(pieces), tuple(gaps))


def _gap(root: Node, source: bytes, path: str, line: int) -> Gap:
    """The first error of a tree; ``line`` is that of the file where ``source`` starts."""
    error = first_error(root)
    return Gap(Reason.SYNTAX, path, line + error.start_point[0], told(source, error))


def _lost_declarations(whole: Node, expected: int) -> bool:
    return sum(1 for n in whole.named_children if n.type.endswith("_declaration")) < expected
