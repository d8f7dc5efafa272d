"""Plans to the files that they change: the edits of all plans together, with the imports that the new text needs."""

from collections.abc import Callable, Iterable

import msgspec

from mapguard.fix.edit import Edit, EditError, apply
from mapguard.fix.imports import Import, change_imports
from mapguard.fix.shape import GoFile


class Needed(msgspec.Struct, frozen=True, order=True):
    """A package that the new text of ``path`` uses, or, with ``gone``, one that it uses no longer. What another plan needs stays."""

    path: str
    imported: Import
    gone: bool = False


class Plan(msgspec.Struct, frozen=True):
    """What one remedy changes, in any number of files.

    ``reason`` is a sentence that says why this remedy; ``others`` name those that would also do. Imports are told apart from edits, because
    several plans may need the same one.
    """

    remedy: str
    reason: str
    edits: tuple[Edit, ...]
    imports: tuple[Needed, ...] = ()
    others: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True):
    """A file before and after; ``old`` is None where there was none."""

    path: str
    old: bytes | None
    new: bytes


def changes(plans: Iterable[Plan], read: Callable[[str], bytes]) -> tuple[Change, ...]:
    """The files that the plans change together, by path. ``read`` gives the bytes of a file, with its byte order mark if it has one.

    An ``EditError`` says which of them contradict each other.
    """
    edits: dict[str, list[Edit]] = {}
    needed: dict[str, list[Needed]] = {}
    for plan in plans:
        for edit in plan.edits:
            edits.setdefault(edit.path, []).append(edit)
        for need in plan.imports:
            needed.setdefault(need.path, []).append(need)
    found = []
    for path in sorted(edits.keys() | needed.keys()):
        old = read(path)
        if not old:
            raise EditError(f"{path}: the file is empty, or cannot be read")
        imports = needed.get(path, [])
        wanted = {need.imported for need in imports if not need.gone}
        dropped = {need.imported for need in imports if need.gone} - wanted
        more = change_imports(GoFile(path, old), wanted, dropped) if imports else ()
        new = apply(old, (*edits.get(path, ()), *more))
        if new != old:
            found.append(Change(path, old, new))
    return tuple(found)
