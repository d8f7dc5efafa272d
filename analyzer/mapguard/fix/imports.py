"""Packages that changed text needs, or needs no longer, to edits of the file's import declarations."""

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from mapguard.fix.edit import Edit
from mapguard.fix.shape import GoFile, Item

Edits = tuple[Edit, ...]
_VERSION = re.compile(r"v\d+")


class Import(NamedTuple):
    """A package and the name that the file gives it, "" for its own."""

    path: str
    alias: str = ""

    def written(self) -> bytes:
        return f'{self.alias} "{self.path}"'.strip().encode()


class _Spec(NamedTuple):
    item: Item
    path: str
    alias: str


class _Declaration(NamedTuple):
    """``import`` and what it imports; ``opens`` is its bracket, -1 without one."""

    item: Item
    opens: int
    specs: list[_Spec]


def name_for(file: GoFile, path: str, taken: Collection[str]) -> tuple[str, Import | None]:
    """What the file calls a package, and the import that it lacks for that. ``taken`` are the names that mean something else there."""
    specs = [s for d in _declarations(file) for s in d.specs]
    for spec in specs:
        if spec.path == path and spec.alias not in ("_", "."):
            return spec.alias or own_name(path), None
    used = {*taken, *(s.alias or own_name(s.path) for s in specs)}
    own = own_name(path)
    if own not in used:
        return own, Import(path)
    prefix = "std" if _standard(path) else re.sub(r"\W", "", path.split("/")[-2]).lower()
    names = [f"{prefix}{own}", *(f"{prefix}{own}{n}" for n in range(2, len(used) + 3))]
    alias = next(name for name in names if name not in used)
    return alias, Import(path, alias)


def imported(file: GoFile) -> list[Import]:
    """What the file imports, in order."""
    return [Import(s.path, s.alias) for d in _declarations(file) for s in d.specs]


def own_name(path: str) -> str:
    """The name of a package by its path, as far as a path tells."""
    parts = path.split("/")
    last = parts[-2] if len(parts) > 1 and _VERSION.fullmatch(parts[-1]) else parts[-1]
    return re.sub(r"\W", "", re.sub(r"^go-|\.v\d+$|-go$", "", last))


def change_imports(file: GoFile, add: Iterable[Import] = (), drop: Iterable[Import] = ()) -> Edits:
    """Each import of ``add`` in the group that it belongs to, each of ``drop`` gone. What is there already, or is not, stays as it is."""
    found = _declarations(file)
    present = {(s.path, s.alias) for d in found for s in d.specs}
    wanted = sorted({i for i in add if (i.path, i.alias) not in present})
    gone = {(i.path, i.alias) for i in drop} - {(i.path, i.alias) for i in add}
    edits: list[Edit] = []
    target = _target(found) if wanted else None
    for declaration in found:
        left = [s for s in declaration.specs if (s.path, s.alias) not in gone]
        new = wanted if declaration is target else []
        if not left and not new:
            edits += [_without(file, declaration.item)] if declaration.specs else []
        elif not left:
            edits.append(_only(file, declaration, new))
        elif declaration.opens >= 0:
            edits += _in_block(file, declaration, left, new)
        elif new:
            edits += _made_block(file, declaration, new)
    if wanted and target is None:
        edits.append(_first_import(file, found, wanted))
    return tuple(edits)


def _declarations(file: GoFile) -> list[_Declaration]:
    found: list[_Declaration] = []
    at = file.text.after(-1)
    while at < len(file.tokens) and file.tokens[at].text in (b"package", b"import", b";"):
        if file.tokens[at].text == b";":
            at = file.text.after(at)
            continue
        item = Item(at, file.text.item_end(at), -1)
        if file.tokens[at].text == b"import":
            opens = file.text.after(at)
            grouped = opens < len(file.tokens) and file.tokens[opens].text == b"("
            found.append(_Declaration(item, opens if grouped else -1, _specs(file, item, opens if grouped else -1)))
        at = file.text.after(item.last)
    return found


def _specs(file: GoFile, item: Item, opens: int) -> list[_Spec]:
    found: list[_Spec] = []
    at = file.text.after(opens if opens >= 0 else item.first)
    closes = file.text.partner.get(opens, item.last) if opens >= 0 else item.last + 1
    while at < closes:
        last = file.text.item_end(at)
        alias = file.tokens[at].text.decode("utf-8", "replace") if last > at else ""
        path = file.tokens[last].text[1:-1].decode("utf-8", "replace")
        found.append(_Spec(Item(at, last, opens), path, alias))
        at = file.text.after(last)
        if at < closes and file.tokens[at].text == b";":
            at = file.text.after(at)
    return found


def _target(found: list[_Declaration]) -> _Declaration | None:
    """The declaration that takes another import: a block, else the only one. That of cgo stays alone with its comment."""
    usual = [d for d in found if any(s.path != "C" for s in d.specs) or (d.opens >= 0 and not d.specs)]
    blocks = [d for d in usual if d.opens >= 0]
    return blocks[0] if blocks else usual[0] if len(usual) == 1 else None


def _standard(path: str) -> bool:
    return "." not in path.partition("/")[0]


def _in_block(file: GoFile, declaration: _Declaration, left: list[_Spec], new: list[Import]) -> list[Edit]:
    edits = [_without(file, item) for item in _gone(file, declaration, left)]
    if not new:
        return edits
    closes = file.text.partner[declaration.opens]
    if not all(file.own_lines(s.item.first, s.item.last) for s in declaration.specs):
        raise file.refuse(file.tokens[declaration.opens].start, "the imports do not stand on lines of their own")
    for imported in new:
        edits.append(_placed(file, declaration, closes, left, imported))
    return edits


def _gone(file: GoFile, declaration: _Declaration, left: list[_Spec]) -> list[Item]:
    """What is not left, neighbours as one: the empty lines around them depend on what stays."""
    found: list[Item] = []
    for spec, before in zip(declaration.specs, [None, *declaration.specs], strict=False):
        item = spec.item
        if spec in left:
            continue
        if found and before not in left and not file.text.source[file.below(found[-1].last) : file.above(item.first)].strip():
            item = Item(found.pop().first, item.last, item.around)
        found.append(item)
    return found


def _placed(file: GoFile, declaration: _Declaration, closes: int, left: list[_Spec], imported: Import) -> Edit:
    """One more line, in the group of its kind and in the order of the paths; a group of its own where there is none of its kind."""
    groups = [[s for s in g if s in left] for g in _groups(file, declaration.specs)]
    groups = [g for g in groups if any(s.path != "C" for s in g)]
    kind = [g for g in groups if all(_standard(s.path) == _standard(imported.path) for s in g)]
    kind = kind or [g for g in groups if any(_standard(s.path) == _standard(imported.path) for s in g)]
    indent = file.indent(left[0].item.first) if left else b"\t"
    line = indent + imported.written()
    if kind:
        group = max(kind, key=lambda g: (_shared(g, imported.path), -left.index(g[0])))
        following = next((s for s in group if s.path > imported.path), None)
        if following is None:
            return file.insert(file.below(group[-1].item.last), b"\n" + line)
        return file.insert(file.above(following.item.first), line + b"\n")
    if _standard(imported.path) and groups:
        return file.insert(file.above(groups[0][0].item.first), line + b"\n\n")
    if left:
        return file.insert(file.below(left[-1].item.last), b"\n\n" + line)
    return file.insert(file.text.line_start(file.tokens[closes].start), line + b"\n")


def _groups(file: GoFile, specs: list[_Spec]) -> list[list[_Spec]]:
    """The specs, parted at blank lines."""
    found: list[list[_Spec]] = []
    for spec in specs:
        start = file.above(spec.item.first)
        if not found or file.text.source[file.below(found[-1][-1].item.last) : start].count(b"\n") > 1:
            found.append([])
        found[-1].append(spec)
    return found


def _shared(group: list[_Spec], path: str) -> int:
    """How many folders a path has in common with the nearest of a group."""

    def common(other: str) -> int:
        pairs = zip(path.split("/"), other.split("/"), strict=False)
        return next((n for n, (a, b) in enumerate(pairs) if a != b), min(path.count("/"), other.count("/")) + 1)

    return max(common(spec.path) for spec in group)


def _without(file: GoFile, item: Item) -> Edit:
    """The item and its comments gone, and one of the blank lines around it where it stood between two, or at an end of its block."""
    if not file.own_lines(item.first, item.last):
        raise file.refuse(file.tokens[item.first].start, "the import does not stand on a line of its own")
    source = file.text.source
    start, end = file.above(item.first), file.text.next_line(file.below(item.last))
    blank_above = source[:start].endswith((b"\n\n", b"\n\r\n"))
    first = source[:start].rstrip().endswith(b"(")
    blank_below = re.match(rb"\r?\n", source[end:])
    if blank_below and (blank_above or first):
        end += blank_below.end()
    elif blank_above and (end == len(source) or source[end:].lstrip(b" \t").startswith(b")")):
        start -= 2 if source[:start].endswith(b"\r\n") else 1
    return file.edit(start, end, b"")


def _only(file: GoFile, declaration: _Declaration, new: list[Import]) -> Edit:
    """Other imports in place of all that a declaration has, or in an empty one."""
    start, end = file.tokens[file.text.after(declaration.item.first)].start, file.tokens[declaration.item.last].end
    return file.edit(start, end, new[0].written() if len(new) == 1 else _block(new))


def _block(new: Iterable[Import]) -> bytes:
    """A block of imports, those of the standard library first."""
    ordered = sorted(new, key=lambda i: (not _standard(i.path), i.path))
    groups = [[i for i in ordered if _standard(i.path) == standard] for standard in (True, False)]
    return b"(\n" + b"\n\n".join(b"\n".join(b"\t" + i.written() for i in g) for g in groups if g) + b"\n)"


def _made_block(file: GoFile, declaration: _Declaration, new: list[Import]) -> list[Edit]:
    """``import "a"`` as a block with more in it."""
    (spec,) = declaration.specs
    if not file.own_lines(declaration.item.first, declaration.item.last):
        raise file.refuse(file.tokens[declaration.item.first].start, "the import does not stand on a line of its own")
    alike = [i for i in new if _standard(i.path) == _standard(spec.path)]
    others = [i for i in new if i not in alike]
    before = [i for i in alike if i.path < spec.path]
    after = [i for i in alike if i.path > spec.path]
    first, last = (others, []) if _standard(others[0].path if others else "") else ([], others)
    start, end = file.tokens[spec.item.first].start, file.below(spec.item.last)
    head = b"".join(b"\t" + i.written() + b"\n" for i in first) + (b"\n" if first else b"")
    head += b"".join(b"\t" + i.written() + b"\n" for i in before)
    tail = b"".join(b"\n\t" + i.written() for i in after) + (b"\n" if last else b"")
    tail += b"".join(b"\n\t" + i.written() for i in last)
    return [file.insert(start, b"(\n" + head + b"\t"), file.insert(end, tail + b"\n)")]


def _first_import(file: GoFile, found: list[_Declaration], new: list[Import]) -> Edit:
    """A declaration after the last import, or after the package clause."""
    package = file.text.after(-1)
    if package >= len(file.tokens) or file.tokens[package].text != b"package":
        raise file.refuse(0, "the file has no package clause")
    last = found[-1].item.last if found else file.text.item_end(package)
    if not file.text.ends_line(last):
        raise file.refuse(file.tokens[package].start, "the package clause does not stand on a line of its own")
    single = found and all(d.opens < 0 and any(s.path != "C" for s in d.specs) for d in found)
    text = new[0].written() if len(new) == 1 else _block(new)
    return file.insert(file.below(last), (b"\n" if single and len(new) == 1 else b"\n\n") + b"import " + text)
