"""A field, variable or parameter to edits: another one declared beside it, a pointer made of its value."""

from collections.abc import Iterator

from mapguard.fix.edit import Edit
from mapguard.fix.shape import GoFile, Item

Edits = tuple[Edit, ...]


def add_field(file: GoFile, at: int, declaration: str, after: bool = False) -> Edits:
    """``mu sync.Mutex // guards views`` on a line of its own before the field at ``at``, or after it."""
    item = file.item(at)
    if file.opens(item.around) != b"struct":
        raise file.refuse(at, "this is no field of a struct")
    return add_line(file, item, [declaration], after)


def add_variable(file: GoFile, at: int, declaration: str) -> Edits:
    """``viewsMu sync.Mutex // guards views`` before the variable that is declared at ``at``: of the package, of a group, of a function.

    What has to stand before it (``var``) is added.
    """
    item = file.item(at)
    word = file.tokens[item.first].text
    if file.opens(item.around) == b"var":
        return add_line(file, item, [declaration])
    if word in (b"case", b"default") or (item.around < 0 and word != b"var"):
        raise file.refuse(at, "no variable can be declared before this one")
    documented = item.around < 0 and file.above(item.first) < file.text.line_start(file.tokens[item.first].start)
    return add_line(file, item, [f"var {declaration}", *([""] if documented else [])])


def add_line(file: GoFile, item: Item, lines: list[str], after: bool = False) -> Edits:
    """Lines before or after an item; what stands on one line with others is unfolded for them."""
    text = [line.encode("utf-8", "surrogateescape") for line in lines]
    if file.own_lines(item.first, item.last):
        indent = _inner_indent(file, item)
        written = [indent + line if line else b"" for line in text]
        if after:
            return (file.insert(file.below(item.last), b"".join(b"\n" + line for line in written)),)
        return (file.insert(file.above(item.first), b"".join(line + b"\n" for line in written)),)
    if item.around < 0:
        raise file.refuse(file.tokens[item.first].start, "what stands here shares its line with something else")
    edits, indent = file.unfolded(item)
    if after:
        return (*edits, file.insert(file.tokens[item.last].end, b"".join(b"\n" + indent + line for line in text)))
    return (*edits, file.insert(file.tokens[item.first].start, b"".join(line + b"\n" + indent for line in text)))


def _inner_indent(file: GoFile, item: Item) -> bytes:
    """The indentation of an item; where it starts with a label, that of the statement below the label."""
    first = item.first
    while (colon := file.text.after(first)) < item.last and file.tokens[colon].text == b":" and file.tokens[first].name:
        first = file.text.after(colon)
    return file.indent(first)


def declared_names(file: GoFile, item: Item) -> list[str]:
    """The fields or variables that an item declares: ``a, b map[string]int``."""
    found = [file.tokens[item.first]]
    at = item.first
    while at + 2 <= item.last and file.tokens[at + 1].text == b"," and file.tokens[at + 2].name:
        at += 2
        found.append(file.tokens[at])
    return [token.text.decode("utf-8", "replace") for token in found if token.name]


def pointer_field(file: GoFile, at: int) -> Edits:
    """The field at ``at`` holds a pointer to what it held; one that is embedded is embedded as a pointer."""
    item = file.item(at)
    if file.opens(item.around) != b"struct":
        raise file.refuse(at, "this is no field of a struct")
    following = item.first + 1
    if following <= item.last and file.tokens[following].text == b",":
        raise file.refuse(at, "several fields share one type")
    named = following <= item.last and file.tokens[following].text not in (b".", b"[") and not _is_tag(file, following)
    if following <= item.last and file.tokens[following].text == b"[":
        named = file.tokens[following].start > file.tokens[item.first].end
    kind = following if named else item.first
    if b"*" in (file.tokens[item.first].text, file.tokens[kind].text):
        raise file.refuse(at, "the field holds a pointer already")
    start = file.tokens[kind].start
    return (*file.grown(start, 1), file.insert(start, b"*"))


def _is_tag(file: GoFile, index: int) -> bool:
    return file.tokens[index].text[:1] in (b"`", b'"')


def pointer_parameter(file: GoFile, function: int, name: str) -> Edits:
    """The receiver or parameter ``name`` of the function at ``function`` is a pointer. Others that share its type keep it."""
    tokens = file.tokens
    for elements in _lists(file, file.text.index(function)):
        at = next((i for i, (first, _) in enumerate(elements) if tokens[first].name and tokens[first].text == name.encode()), None)
        typed = next((x for x in elements[at:] if x[0] != x[1]), None) if at is not None else None
        if at is None or typed is None or not tokens[typed[0]].name or tokens[typed[0] + 1].text in (b".", b"..."):
            continue
        first, last = elements[at]
        start, end = tokens[typed[0] + 1].start, tokens[typed[1]].end
        kind = file.text.source[start:end]
        edits = [file.insert(start, b"*") if last > first else file.insert(tokens[first].end, b" *" + kind)]
        if at > 0 and elements[at - 1][0] == elements[at - 1][1]:
            edits.append(file.insert(tokens[elements[at - 1][0]].end, b" " + kind))
        return tuple(edits)
    raise file.refuse(function, f"no parameter {name} with a type of its own is declared here")


def _lists(file: GoFile, function: int) -> Iterator[list[tuple[int, int]]]:
    """Receiver, parameters and results of a function: the first and last token of each element of each list."""
    around = file.tokens[function].around
    at = file.text.after(function)
    while at < len(file.tokens) and (file.tokens[at].name or file.tokens[at].text in (b"(", b"[")):
        closes = file.text.partner.get(at, at)
        if file.tokens[at].text == b"(" and closes > at:
            yield _elements(file, at, closes)
        at = file.text.after(closes)
        if at < len(file.tokens) and file.tokens[at].around != around:
            return


def _elements(file: GoFile, opens: int, closes: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    first = last = file.text.after(opens)
    while last < closes:
        following = file.text.after(file.text.partner[last] if file.text.partner.get(last, last) > last else last)
        if following >= closes or file.tokens[following].text == b",":
            found.append((first, file.text.before(following)))
            following = first = file.text.after(following)
        last = following
    return found
