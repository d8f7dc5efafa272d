"""Objects of a struct that are written as a list of values to ones with the names of the fields, so that a field can be added."""

from collections.abc import Iterator, Sequence

from mapguard.fix.edit import Edit
from mapguard.fix.shape import GoFile


def keyed(file: GoFile, qualifier: str | None, name: str, fields: Sequence[str]) -> Iterator[Edit]:
    """The edits of one file. ``qualifier`` is what it calls the struct's package, "" where it is of that package itself.

    A list that does not fit the fields, or whose type stands only around it, is an ``EditError``.
    """
    for index, token in enumerate(file.tokens):
        if token.name and token.text == name.encode() and _qualified(file, index) == qualifier:
            opener = _opener(file, index)
            if opener >= 0:
                yield from _named(file, opener, name, fields)


def _qualified(file: GoFile, index: int) -> str:
    before = file.text.before(index)
    if before < 0 or file.tokens[before].text != b".":
        return ""
    package = file.text.before(before)
    return file.tokens[package].text.decode("utf-8", "replace") if package >= 0 else "."


def _opener(file: GoFile, index: int) -> int:
    """The brace of the object that starts with a type's name; -1 where none does. Of ``[]T{{1, 2}}`` it is refused."""
    at = file.text.after(index)
    if at < len(file.tokens) and file.tokens[at].text == b"[":
        at = file.text.after(file.text.partner.get(at, at))
    opens = at < len(file.tokens) and file.tokens[at].text == b"{" and not file.is_block(at)
    if not opens or file.tokens[file.text.before(index)].text == b"type":
        return -1
    start = index if _qualified(file, index) == "" else file.text.before(file.text.before(index))
    before = file.text.before(start)
    if before >= 0 and file.tokens[before].text in (b"]", b"*"):
        inner = file.text.after(at)
        if file.tokens[inner].text == b"{":
            raise file.refuse(file.tokens[index].start, "objects are written as lists of values in a list of them")
        return -1
    return at


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
