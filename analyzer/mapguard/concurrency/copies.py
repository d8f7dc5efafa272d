"""What the fields of objects hold, and of copies of structs: one that a variable holds is an object of its own once it changes."""

from mapguard.concurrency.body import Body
from mapguard.concurrency.domain import ALLOC, COPY, NOTHING, Path, Value, is_elem
from mapguard.facts.syntax import Expr, Name, TStruct
from mapguard.program.types import Selected


def walk(b: Body, base: Value, selected: Selected, place: bool = False) -> Value:
    """The paths after the fields of a selection, with what the frame knows to be stored there."""
    paths = base.paths
    kind = base.type
    last = len(selected.steps) - 1
    for position, (field, kind) in enumerate(selected.steps):
        if place and position == last:
            return Value(kind, tuple(p.plus(field) for p in paths))
        reference = b.types.is_reference(kind)
        out: list[Path] = []
        for p in paths:
            target = p.plus(field)
            stored = (b.store.get(target.plain()) or _in_elements(b, p, field)) if b.store else None
            if stored is None and p.base[0] == ALLOC and len(p.fields) == 1 and p.fields[0].startswith(COPY):
                kept = b.store.get(Path(p.base, (field,)))  # the copy has what the variable held
                out.extend(s for s in (kept.paths if kept is not None else ()) if s not in out and s.base != p.base)
            if stored is not None and stored.paths:
                out.extend(s for s in stored.paths if s not in out and s.base != target.base)
            if p.fields and p.fields[-1].startswith(COPY):
                marker = p.fields[-1]
                target = p.uncopied().plus(field) if reference else p.uncopied().plus(field, marker)
                if stored is not None and reference:
                    continue  # the copy's own field was replaced: it is no longer the original's
            if target not in out:
                out.append(target)
                b.looked_up(target)
        paths = tuple(out[:4])
    return Value(kind, paths)


def _in_elements(b: Body, slot: Path, field: str) -> Value | None:
    """What the fields of objects made here hold of others' memory, for the slot of the container that the objects are kept in."""
    if not slot.fields or not is_elem(slot.fields[-1]):
        return None
    kept = b.store.get(slot.plain())
    for p in kept.paths if kept is not None else ():
        held = b.store.get(p.plus(field).plain()) if p.base[0] == ALLOC and not p.fields else None
        if held is not None:
            return held._replace(paths=tuple(q.plain() for q in held.paths if not b.owned(q)))
    return None


def own_object(b: Body, x: Expr, value: Value) -> Value:
    """A variable whose address is taken. One that holds the copy of a struct becomes an object of its own, with what the copy holds."""
    under = b.types.underlying(value.type)
    copied = any(_copied_at(b, p) is not None for p in value.paths)
    if not isinstance(x, Name) or not isinstance(under, TStruct) or not copied:
        return value
    made = b.alloc(x.at, value.type)
    home = made.paths[0]
    b.analysis.note_alloc(home.base, value.type, b.loops)
    _fill(b, home, value, under)
    b.now.env[x.name] = made
    return made


def _fill(b: Body, home: Path, copied: Value, under: TStruct) -> None:
    """The fields of ``home`` hold what those of the struct hold that it is a copy of: objects that have their names from there."""
    variables = {p.base for p in copied.paths if p.base in b.copies and not p.fields}
    for target, held in list(b.store.items()) if variables else ():
        if target.base in variables:
            hold(b, home.plus(*target.fields), held)
    for field in under.fields:
        selected = b.types.select(copied.type, field.name)
        held = walk(b, copied, selected) if selected is not None and len(selected.steps) == 1 else NOTHING
        shared = tuple(p for p in held.paths if p.base not in variables)
        if selected is not None and (shared or held.funcs):
            hold(b, home.plus(selected.steps[0].field), held._replace(paths=shared))


def hold(b: Body, target: Path, value: Value) -> None:
    """The field may hold ``value`` too."""
    known = b.store.get(target.plain())
    b.assign_path(target, value)
    if known is not None and known.paths != value.paths:
        b.store[target.plain()] = Value(value.type, (known.paths + tuple(p for p in value.paths if p not in known.paths))[:4], value.funcs)


def own_copy(b: Body, x: Name, value: Value) -> Value:
    """``own_object`` for a variable of this body that holds a copy, made in the same round of the loops around, which changes from here on.

    What another branch has made of the copy, or makes of it, is another object: the variable may hold either where they meet.
    """
    copied = [_copied_at(b, p) for p in value.paths]
    if x.name not in b.own_names or not copied or None in copied:
        return value
    at = min(c for c in copied if c is not None)
    if len(value.paths) == 1 and b.copies.get(value.paths[0].base, (0, None))[1] == b.around[:-1] and not value.paths[0].fields:
        return value
    if any(at <= loop for loop in b.loops):
        return value
    made = own_object(b, x, value)
    if made is not value:
        b.copies[made.paths[0].base] = at, b.around[:-1]
    return made


def keep_object(b: Body, value: Value) -> None:
    """There are pointers to the variable: it is this one object from here on."""
    for p in value.paths:
        b.copies.pop(p.base, None)


def _copied_at(b: Body, path: Path) -> int | None:
    """Where the copy was made that a variable holds, None if it is none. A parameter's is there from the start."""
    if not path.fields:
        known = b.copies.get(path.base)
        return known[0] if known is not None else None
    last = path.fields[-1]
    return int(last[len(COPY) :] or -1) if last.startswith(COPY) else None


def own_part(b: Body, place: Path) -> None:
    """A field of an object's own struct is set: the structs around it hold what they are copies of field by field from here on."""
    for length in range(1, len(place.fields)):
        around = Path(place.base, place.fields[:length])
        held = b.store.get(around.plain())
        under = b.types.underlying(held.type) if held is not None else None
        if held is not None and isinstance(under, TStruct) and all(p.fields and p.fields[-1].startswith(COPY) for p in held.paths):
            del b.store[around.plain()]
            _fill(b, around, held, under)
