"""A place to the comment that speaks for it: beside a declaration, or above a line."""

import re

from mapguard.fix.edit import Edit
from mapguard.fix.fields import add_line
from mapguard.fix.shape import GoFile
from mapguard.fix.tokens import Kind

Edits = tuple[Edit, ...]
_DIRECTIVE = re.compile(rb"//(?:[a-z0-9]+:[a-z0-9]|(?:line|extern|export) )")


def beside(file: GoFile, at: int, text: str) -> Edits:
    """``text`` as a comment beside the field, variable or statement at ``at``; above it where that takes several lines.

    A comment that stands there goes on after a semicolon; what speaks to a tool is left as it is.
    """
    item = file.item(at)
    if not file.own_lines(item.first, item.last) or file.tokens[item.first].text in (b"case", b"default"):
        raise file.refuse(at, "what stands here shares its line with something else")
    comment = file.tokens[item.last + 1] if item.last + 1 < len(file.tokens) else None
    written = comment is not None and comment.comment and b"\n" not in file.text.source[file.tokens[item.last].end : comment.start]
    several = file.text.line(file.tokens[item.first].start) != file.text.line(file.tokens[item.last].end - 1)
    if several or (written and comment is not None and (comment.kind is Kind.BLOCK or _DIRECTIVE.match(comment.text))):
        return add_line(file, item, [f"// {text}"])
    encoded = text.encode("utf-8", "surrogateescape")
    if written and comment is not None:
        end = comment.start + len(comment.text.rstrip())
        return (file.edit(end, comment.end, b"; " + encoded),)
    return (file.insert(file.tokens[item.last].end, b" // " + encoded),)


def directive(file: GoFile, line: int, text: str) -> Edits:
    """``//mapguard:ignore …`` that speaks for the 1-based ``line``: above it, or beside it where a comment above would belong elsewhere."""
    start = file.text.starts[line - 1] if 0 < line <= len(file.text.starts) else -1
    first = file.text.index(start) if start >= 0 else len(file.tokens)
    if first >= len(file.tokens) or file.text.line(file.tokens[first].start) != line - 1 or file.tokens[first].comment:
        raise file.refuse(max(start, 0), "no code starts on this line")
    written = text.encode("utf-8", "surrogateescape")
    item = file.item(file.tokens[first].start)
    closes = file.text.partner.get(first, first) < first
    if item.first == first and not closes:
        return (file.insert(start, file.text.indent(start) + _parted(file, first) + written + b"\n"),)
    end = file.text.line_end(start)
    following = file.text.index(end)
    last = following - 1
    goes_on = following < len(file.tokens) and file.tokens[following].start < end
    if goes_on or file.tokens[last].comment:
        raise file.refuse(start, "a comment for this line has no place: one stands beside it")
    return (file.insert(file.tokens[last].end, b" " + written),)


def _parted(file: GoFile, first: int) -> bytes:
    """What gofmt wants above a directive that documents a declaration of the package: an empty line, or ``//`` after its doc comment."""
    above = file.tokens[first - 1] if first > 0 else None
    adjacent = above is not None and file.text.source[above.end : file.tokens[first].start].count(b"\n") == 1
    if above is None or not adjacent or file.tokens[first].around >= 0:
        return b""
    if not above.comment or file.text.line_start(above.start) != above.start:
        return b"\n"
    return b"//\n" if above.kind is Kind.LINE and not _DIRECTIVE.match(above.text) else b""
