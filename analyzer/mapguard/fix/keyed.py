"""Objects of a struct that are written as a list of values to ones with the names of the fields, so that a field can be added."""

from collections.abc import Iterator, Sequence

from mapguard.fix.edit import Edit
from mapguard.fix.shape import GoFile


def keyed(file: GoFile, qualifier: str, name: str, fields: Sequence[str]) -> Iterator[Edit]:
    """The edits of one file. ``qualifier`` is what it calls the struct's package, "" where it is of that package itself.

    A list that does not fit the fields is an ``EditError``.
    """
    for index, token in enumerate(file.tokens):
        if token.name and token.text == name.encode() and _qualified(file, index) == qualifier:
            for opener in _objects(file, index):
                yield from _named(file, opener, name, fields)


def _qualified(file: GoFile, index: int) -> str:
    before = file.text.before(index)
    if before < 0 or file.tokens[before].text != b".":
        return ""
    package = file.text.before(before)
    return file.tokens[package].text.decode("utf-8", "replace") if package >= 0 else "."


def _objects(file: GoFile, index: int) -> Iterator[int]:
    """The braces of the objects that a type's name starts: its own, or those in a list or map of them, as ``[]T{{1, 2}}``."""
    at = file.text.after(index)
    if at < len(file.tokens) and file.tokens[at].text == b"[":
        at = file.text.after(file.text.partner.get(at, at))
    if at >= len(file.tokens) or file.tokens[at].text != b"{" or file.is_block(at):
        return
    start = index if _qualified(file, index) == "" else file.text.before(file.text.before(index))
    before = file.text.before(start)
    if before >= 0 and file.tokens[before].text == b"type":
        return
    if before < 0 or file.tokens[before].text not in (b"]", b"*"):
        yield at
        return
    for element in _elements(file, at):
        value = element
        while file.tokens[value].text not in (b",", b"{") and value < file.text.partner.get(at, at):
            inner = file.text.partner.get(value, value)
            value = file.text.after(max(value, inner))
        before = file.text.before(value)
        if file.tokens[value].text == b"{" and (value == element or file.tokens[before].text == b":"):
            yield value


def _named(file: GoFile, opener: int, name: str, fields: Sequence[str]) -> Iterator[Edit]:
    starts = list(_elements(file, opener))
    if not starts or any(_has_key(file, at) for at in starts):
        return
    if len(starts) != len(fields) or "_" in fields:
        raise file.refuse(file.tokens[opener].start, f"this list of values does not fit the fields of '{name}'")
    for at, field in zip(starts, fields, strict=True):
        yield file.insert(file.tokens[at].start, f"{field}: ".encode())


def _elements(file: GoFile, opener: int) -> Iterator[int]:
    closes = file.text.partner.get(opener, opener)
    at = file.text.after(opener)
    first = True
    while at < closes:
        if first:
            yield at
        first = file.tokens[at].text == b","
        inner = file.text.partner.get(at, at)
        at = file.text.after(max(at, inner))


def _has_key(file: GoFile, at: int) -> bool:
    following = file.text.after(at)
    return file.tokens[following].text == b":" and file.tokens[at].name
