"""Go syntax that the grammar does not know to syntax of the same length and meaning that it does know.

Nobody sees the other spelling: the tree is made of it, and names are read from the file's own bytes, at the same offsets.
"""

import re
from collections.abc import Callable

Accepts = Callable[[bytes], bool]

_TOKEN = re.compile(
    # an unclosed token extends to the end of the line or file: searching again from its middle would take quadratic time
    rb"""//[^\n]*|/\*(?:.*?\*/|.*)|"(?:[^"\\\n]|\\.)*"?|`[^`]*`?|'(?:[^'\\\n]|\\.)*'?|[()\[\]{}]""",
    re.DOTALL,
)
_CLOSES = {b"(": b")", b"[": b"]", b"{": b"}"}
_GENERIC_METHOD = re.compile(rb"^func[ \t]*\([^()\n]*\)[ \t]*\w+[ \t]*(\[)", re.MULTILINE)
_ALLOCATION = re.compile(rb"\b(?:new|make)(?:[ \t]|/\*[^*\n]*\*/)*(\()")
_PLAIN_TYPE = re.compile(rb"\s*\*?[A-Za-z_]\w*(?:\.\w+)?\s*[,)]")
_EMPTY_INIT = re.compile(rb"\b(?:if|switch)\b[ \t]*(;)")
_UNENDED = re.compile(rb"[^\s;(][ \t]+$")
_GROUP = re.compile(rb"\b(?:const|var)\b[ \t]*(\()")
_SLACK = 1 << 18  # bytes that may be tried even in a small file


def respelled(source: bytes, accepts: Accepts) -> bytes:
    """``source`` with unknown syntax respelled. ``accepts`` tells whether the grammar can parse a declaration."""
    partners = _partners(source)
    out = bytearray(source)
    _generic_methods(out, source, partners)
    _groups(out, source, partners)
    for found in _EMPTY_INIT.finditer(source):
        out[found.start(1)] = b" "[0]
    _allocations(out, source, partners, accepts)
    return bytes(out)


def open_comment(source: bytes) -> int | None:
    """The start of an unclosed comment, after which there is no code."""
    if source.rfind(b"/*") <= source.rfind(b"*/"):
        return None
    last = next((m for m in _TOKEN.finditer(source) if m.end() == len(source)), None)
    return last.start() if last is not None and last[0].startswith(b"/*") else None


def _partners(source: bytes) -> dict[int, int]:
    """The position of each opening bracket outside strings and comments to that of its closing bracket."""
    opened: list[int] = []
    found: dict[int, int] = {}
    for token in _TOKEN.finditer(source):
        text = token[0]
        if text in _CLOSES:
            opened.append(token.start())
        elif len(text) == 1 and opened and _CLOSES[source[opened[-1] : opened[-1] + 1]] == text:
            found[opened.pop()] = token.start()
    return found


def _generic_methods(out: bytearray, source: bytes, partners: dict[int, int]) -> None:
    """Replaces the type parameters of methods (Go 1.27) by blanks; ``lower`` reads them from the original bytes."""
    for found in _GENERIC_METHOD.finditer(source):
        opens = found.start(1)
        closes = partners.get(opens)
        if closes is not None and source[closes + 1 : closes + 2] == b"(":
            out[opens : closes + 1] = re.sub(rb"[^\n]", b" ", source[opens : closes + 1])


def _groups(out: bytearray, source: bytes, partners: dict[int, int]) -> None:
    """``const ( A = 1 )``: the grammar wants the last line of a group ended."""
    for found in _GROUP.finditer(source):
        closes = partners.get(found.start(1))
        if closes is not None and _UNENDED.search(source, max(closes - 80, 0), closes):
            out[closes - 1] = b";"[0]


def _allocations(out: bytearray, source: bytes, partners: dict[int, int], accepts: Accepts) -> None:
    """Go 1.26's ``new(expression)``, and functions of the file's own that are named new or make: calls of any other name.

    The inner ones come first, so that an outer one is judged by its own argument. The work is bounded by the size of the file.
    """
    left = 8 * len(source) + _SLACK
    for found in reversed(list(_ALLOCATION.finditer(source))):
        at, opens = found.start(), found.start(1)
        closes = partners.get(opens)
        if closes is None or _PLAIN_TYPE.match(source, opens + 1):
            continue
        left -= closes - at
        if left < 0:
            return
        call = bytes(out[at : closes + 1])
        other = call[:1].upper() + call[1:]
        if not accepts(b"var _ = %b\n" % call) and accepts(b"var _ = %b\n" % other):
            out[at] = other[0]
