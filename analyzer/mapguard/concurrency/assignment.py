"""Assignments and declarations to what variables, fields and elements hold from then on."""

from mapguard.concurrency.atomicsteps import shape
from mapguard.concurrency.body import Body
from mapguard.concurrency.branchlocks import is_place, note_won
from mapguard.concurrency.claims import enter
from mapguard.concurrency.copies import own_copy, own_part
from mapguard.concurrency.domain import (
    ALLOC,
    ELEM,
    GLOBAL,
    MADE,
    NIL,
    NOTHING,
    UNKNOWN_TYPE,
    Path,
    Value,
    is_elem,
    is_new,
    merge_values,
    named_fields,
)
from mapguard.concurrency.evaluate import evaluate, file_type, note_map, operand, private_slot, qualifier, remember_home, select
from mapguard.facts.syntax import Assign, Call, Composite, Expr, Index, Name, Sel, TChan, TName, TSlice, TStruct, Unary, VarStmt


def assign(b: Body, s: Assign) -> None:
    values = several(b, s.rhs[0], len(s.lhs)) if len(s.rhs) == 1 and len(s.lhs) > 1 else [renamed(b, r) for r in s.rhs]
    if b.state is None:
        return
    taken = b.won if len(s.rhs) == 1 and isinstance(s.rhs[0], Call) else ()
    update = s.op not in ("=", ":=")
    found = b.asked if len(s.rhs) == 1 and isinstance(s.rhs[0], Call | Index) else frozenset()
    for position, target in enumerate(s.lhs):
        value = values[position] if position < len(values) else NOTHING
        if value.known != NIL and s.op != ":=":
            set_global(b, target)
        kept = b.copied(value, s.at, len(s.rhs) == len(s.lhs) and isinstance(s.rhs[position], Name))
        if isinstance(target, Sel):
            kept = kept._replace(known=value.known)
        assign_to(b, target, kept, s.op == ":=", update, s.at)
        if b.state is None:
            return
        if isinstance(target, Index) and isinstance(s.rhs[0], Composite | Name) and is_place(target.x):
            enter(b, target, operand(b, target.x), value.known)
        if isinstance(target, Name) and found:
            b.hits[target.name] = found
        from_map = s.rhs[position] if len(s.rhs) == len(s.lhs) else s.rhs[0] if position == 0 else None
        if isinstance(target, Name) and isinstance(from_map, Index) and len(from_map.index) == 1:
            note_found(b, target.name, value, shape(from_map.index[0]))
    if taken and isinstance(s.lhs[-1], Name):
        note_won(b, s.lhs[-1].name, values[-1].type, taken)


def note_found(b: Body, name: str, value: Value, key: object) -> None:
    """The variable ``name`` holds the element of a map under ``key``."""
    if all(p.fields and is_elem(p.fields[-1]) for p in value.paths):
        b.found[name] = tuple(Path(p.base, p.fields[:-1]) for p in value.paths), key


def set_global(b: Body, target: Expr) -> None:
    """A package variable gets another value than nil."""
    if (isinstance(target, Name) and target.name not in b.now.env) or (isinstance(target, Sel) and qualifier(b, target.x) is not None):
        b.analysis.set_globals.update(p.base[1] for p in operand(b, target).paths if p.base[0] == GLOBAL and not p.fields)


def renamed(b: Body, x: Expr) -> Value:
    """The value of an expression that gets a name, or leaves the function."""
    value = evaluate(b, x)
    if b.state is None:
        return value
    named = b.state.env.get(x.name) if isinstance(x, Name) else None
    return value if named is not None and not is_new(named) else b.taken(value)


def several(b: Body, x: Expr, count: int) -> list[Value]:
    """The values of ``a, b = x``: the results of a call, or a comma-ok form."""
    b.results = ()
    first = evaluate(b, x)
    if isinstance(x, Call) and len(b.results) == count:
        return list(b.results)
    if isinstance(x, Call):
        return [Value(UNKNOWN_TYPE, first.paths)] + [NOTHING] * (count - 1)
    if isinstance(x, Index) and first.type == UNKNOWN_TYPE:
        b.record("read", evaluate(b, x.x), x.at, x.end, weak=True)
    return [first] + [Value(TName("", "bool"))] * (count - 1)


def assign_to(b: Body, target: Expr, value: Value, define: bool, update: bool, at: int) -> None:
    match target:
        case Name(name="_"):
            return
        case Name(name=name):
            known = b.now.env.get(name)
            b.keys.pop(name, None)
            b.found = {held: known for held, known in b.found.items() if name not in (held, known[1])}
            b.hits.pop(name, None)
            b.now.cases.pop(name, None)
            if define or (known is not None):
                if update:
                    return
                if known is not None and not define and known.type != UNKNOWN_TYPE:
                    value = value._replace(type=known.type if _is_interface(b, known) and not value.paths else value.type)
                    if value.type == UNKNOWN_TYPE:
                        value = value._replace(type=known.type)
                    if name not in b.own_names:
                        merged = merge_values(known, value)
                        b.now.env[name] = merged
                        return
                b.now.env[name] = value
                if define:
                    b.own_names.add(name)
                    note_name(b, name, value, at)
                return
            replace(b, evaluate(b, target), value, at, target)
        case Index(x=container_x, index=keys, at=start, end=end):
            container = evaluate(b, container_x)
            changed(b, container)
            at_keys = [evaluate(b, key) for key in keys]
            under = b.types.underlying(b.types.deref(container.type))
            if note_map(b, container, start, at_keys):
                if update:
                    b.record("read", container, start, end, alias=isinstance(container_x, Name | Call))
                b.record("write", container, start, end, alias=isinstance(container_x, Name | Call))
            elif container.type == UNKNOWN_TYPE and not isinstance(under, TSlice):
                b.record("write", container, start, end, weak=True)
            if (value.paths or value.funcs) and private_slot(b, target, container, at_keys) is None:
                for p in container.paths:
                    slot = p.uncopied().plus(ELEM)
                    mine = b.store.get(slot.plain())
                    b.assign_path(slot, merge_values(mine, value) if mine is not None else value)
                    remember_home(b, slot, value)
        case Sel(x=inner, name=name):
            place = evaluate_place(b, target)
            if not update and b.types.is_reference(place.type):
                place = own_place(b, target, place)
            changed(b, place)
            for p in place.paths:
                b.set_field(p)
            if update:
                return
            if value.funcs:
                _library_field(b, inner, name, value, at)
            replace(b, place, value, at, target)
        case Unary(op="*", x=inner):
            place = evaluate(b, inner)
            replace(b, Value(b.types.deref(place.type), place.paths), value, at, target)
        case _:
            evaluate(b, target)


def _library_field(b: Body, x: Expr, name: str, value: Value, at: int) -> None:
    """``cmd.Run = f`` is the same as ``Command{Run: f}``; all fields of one object are one literal's."""
    holder = operand(b, x)
    made = next((p.base[2] for p in holder.paths if p.base[0] == ALLOC and p.base[1] == b.func.id), at)
    b.analysis.field_model(b, holder.type, Name(name, at), value, int(made) if b.series_at is None else b.series_at)


def changed(b: Body, place: Value) -> None:
    """A field is changed of an object that others may have, or what it holds."""
    for p in place.paths:
        if not b.owned(p):
            b.analysis.changed_fields.update(named_fields(p)[-1:])


def evaluate_place(b: Body, target: Sel) -> Value:
    """The paths of a field itself, whatever the frame knows to be stored in it."""
    path = qualifier(b, target.x)
    if path is not None:
        return evaluate(b, target)
    base = operand(b, target.x)
    return select(b, base, target.name, place=True) if b.state is not None else NOTHING


def own_place(b: Body, target: Sel, place: Value) -> Value:
    """The place of a field that is set, where it is part of a copy that a variable of this body holds: the copy is an object of its own."""
    root: Expr = target
    while isinstance(root, Sel):
        root = root.x
    value = b.now.env.get(root.name) if isinstance(root, Name) else None
    if not isinstance(root, Name) or value is None or not isinstance(b.types.underlying(value.type), TStruct):
        return _kept_place(b, target, place)
    own = own_copy(b, root, value)
    if own is value and not any(p.base in b.copies for p in value.paths):
        return place
    for p in evaluate_place(b, target).paths:
        if p.base == own.paths[0].base:
            own_part(b, p)
    return evaluate_place(b, target)


def _kept_place(b: Body, target: Sel, place: Value) -> Value:
    """``own_place`` for a struct inside another object, that was made a copy as a whole before, in this very block."""
    kept = [p for p in place.paths if not p.is_copy and any(_holds_copy(b, around) for around in _structs_around(p))]
    for p in kept:
        own_part(b, p)
    return evaluate_place(b, target) if kept else place


def _structs_around(field: Path) -> list[Path]:
    return [Path(field.base, field.fields[:length]).plain() for length in range(1, len(field.fields))]


def _holds_copy(b: Body, struct: Path) -> bool:
    return b.parts.get(struct) == b.around[:-1]


def _is_interface(b: Body, value: Value) -> bool:
    return not isinstance(b.types.underlying(value.type), TStruct) and b.types.map_of(value.type) is None


def replace(b: Body, place: Value, value: Value, at: int, target: Expr) -> None:
    """``x.f = value``: the variable that holds a map changes; who had the old map under this name keeps it for himself.

    So it is with a slice of maps, where nothing or an empty one comes into its place.
    """
    if b.state is None:
        return
    is_map = b.types.map_of(place.type) is not None
    if is_map:
        own = tuple(p for p in place.paths if not p.is_copy)  # a copy's field is nobody else's
        b.record("replace", Value(place.type, own), at, getattr(target, "end", at + len(getattr(target, "name", "x"))))
        fresh = all(p.base[0] == ALLOC for p in value.paths)
        if fresh:
            b.swapped.update(own)
            b.detach(own, at)
        b.renewed.difference_update(own)
        if fresh and value.paths and len(own) == len(b.around) == 1 and is_new(value):
            b.renewed.update(own)
    elif value.known in (NIL, MADE) and _holds_maps(b, place):
        b.detach(tuple(p for p in place.paths if not p.is_copy), at)
    value = value._replace(known="")
    for p in place.paths:
        if p.fields and value.paths and all(q.is_copy for q in value.paths):
            b.parts[p.plain()] = b.around[:-1]
        if value.paths or value.funcs:
            b.assign_path(p, value)
            remember_home(b, p, value)
        else:
            b.store.pop(p.plain(), None)


def _holds_maps(b: Body, place: Value) -> bool:
    """Whether it is a slice of maps: who takes it out and leaves an empty one has its maps to itself, as with a map of maps."""
    under = b.types.underlying(place.type)
    return isinstance(under, TSlice) and not under.array and b.types.map_of(under.elem) is not None


def note_name(b: Body, name: str, value: Value, at: int) -> None:
    for p in value.paths:
        if p.base[0] == ALLOC and not p.fields:
            b.analysis.name_alloc(p.base, name, at)


def declare(b: Body, s: VarStmt) -> None:
    values: list[Value] = []
    if s.values:
        values = several(b, s.values[0], len(s.names)) if len(s.values) == 1 and len(s.names) > 1 else [renamed(b, v) for v in s.values]
    if b.state is None:
        return
    kind = file_type(b, s.type) if s.type is not None else None
    for position, name in enumerate(s.names):
        value = values[position] if position < len(values) else NOTHING
        if kind is not None:
            value = value._replace(type=kind)
        if not value.paths and kind is not None and _has_memory(b, kind):
            # a variable of struct or array type is memory of its own; so is a nil map that is filled later
            value = Value(kind, (Path((ALLOC, b.func.id, s.at + position)),), value.funcs)
            b.analysis.note_alloc(value.paths[0].base, kind, b.loops)
        value = b.copied(value, s.at)
        b.now.env[name] = value
        b.own_names.add(name)
        note_name(b, name, value, s.at)


def _has_memory(b: Body, kind: object) -> bool:
    under = b.types.underlying(kind)  # type: ignore[arg-type]
    if isinstance(under, TStruct | TSlice | TChan):
        return True
    return isinstance(under, TName) and under.pkg != ""
