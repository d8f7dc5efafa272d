"""Which objects a field may hold: what is stored there, what was copied there, and, of objects from outside, what was there before."""

from mapguard.facts.syntax import TChan, TFunc, TMap, TSlice, TStruct, Type
from mapguard.heap.fields import HELD, LIBRARY, UNKNOWN_OBJECT, address, is_plain, of_type, outside, shallow
from mapguard.heap.handed import argument_name
from mapguard.heap.index import FieldKey
from mapguard.heap.objects import ANY, OUTSIDE, Obj
from mapguard.heap.questions import Contents, Knowledge, Points
from mapguard.heap.stored import stored
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import CELL, ELEM, Call, Clone, External
from mapguard.program.types import UNKNOWN


def contents(k: Knowledge, q: Contents) -> Bits:
    """The objects that ``q.obj`` may hold in a field."""
    o = k.objects.all[q.obj]
    if q.key[0] == LIBRARY:
        return stored(k, k.given_to_containers, q.obj)
    if q.key[0] == HELD:
        return _held(k, o)
    if q.key in ((ELEM, None), (CELL, None)):
        exact = k.index.cell(o.type) if q.key[0] == CELL else k.index.key(ELEM, o.type)
        if exact != q.key:  # the object's own type says more than that of the register in a generic function
            return k.ask(Contents(q.obj, exact))
    found = 0
    for stores in k.index.kept(q.key):
        found |= stored(k, stores, q.obj)
    found |= _through_pointers(k, q, o)
    found |= _copied(k, q, o)
    if o.kind == "part" and q.key[0] == CELL:
        found |= k.ask(Contents(o.parent, k.index.key(o.name, k.objects.all[o.parent].type)))
    if k.objects.all[k.objects.origin(q.obj)].kind in OUTSIDE:
        source = original(k, o)
        found |= _initial(k, q, o) if source is None else _of_all(k, k.ask(source), q.key)
    return found


def _through_pointers(k: Knowledge, q: Contents, o: Obj) -> Bits:
    """What is stored through a pointer to the field."""
    field = q.key[0]
    if field not in k.index.addressed or field in (CELL,) or o.kind in ("closure", "bound"):
        return 0
    found = 0
    for part in members(address(k, 1 << q.obj, field)):
        for stores in k.index.kept(k.index.cell(k.objects.all[part].type)):
            found |= stored(k, stores, part)
    return found


def _copied(k: Knowledge, q: Contents, o: Obj) -> Bits:
    """What came with the copy of a whole struct."""
    found = 0
    trail: list[tuple[str, Type]] = []
    at, obj = o, q.obj
    while True:
        field = trail[-1][0] if trail else q.key[0]
        for source in members(_of_struct(k, _sources(k, obj, at, field), at.type)):
            found |= k.ask(Contents(_descend(k, source, trail), q.key))
        if at.kind != "part":
            return found
        trail.append((at.name, at.type))
        obj = at.parent
        at = k.objects.all[obj]


def _of_all(k: Knowledge, objects: Bits, key: FieldKey) -> Bits:
    found = 0
    for obj in members(objects):
        found |= k.ask(Contents(obj, key))
    return found


def _sources(k: Knowledge, obj: int, o: Obj, field: str) -> Bits:
    """The objects that this one has a field of, as the copy of a whole struct."""
    found = 0
    if o.kind == "alloc":
        event = k.index.maker(o)
        if isinstance(event, Clone) and field not in k.overwritten.renewed(o.func, o.block, o.place):
            found |= k.ask(Points(o.func, event.src, o.context))
    if o.kind == "part" and o.name == ELEM:  # what was put into a slice as a whole
        found |= k.ask(Contents(o.parent, k.index.key(ELEM, k.objects.all[o.parent].type)))
    copies = k.index.copies.get(k.index.struct(o.type))
    if copies is not None:
        found |= stored(k, copies, obj, lambda kept: not k.overwritten.renews(k.index.copied[kept], field))
    return found & ~(1 << obj)


def _of_struct(k: Knowledge, sources: Bits, type_: Type) -> Bits:
    """Those that can be copied to a variable of a type as a whole: a struct comes from one of its own type only."""
    kind = k.index.struct(type_)
    return of_type(k, sources, kind) if isinstance(k.index.types.underlying(kind), TStruct) else sources


def _descend(k: Knowledge, obj: int, trail: list[tuple[str, Type]]) -> int:
    for name, type_ in reversed(trail):
        obj = k.objects.number(Obj("part", type_, name=name, parent=shallow(k, obj, name)))
    return obj


def _initial(k: Knowledge, q: Contents, o: Obj) -> Bits:
    """What an object from outside held before the tree's code ran: something from outside."""
    type_ = _type_of(k, q.key, o)
    if type_ != UNKNOWN and is_plain(k.index.types, type_):
        return 0
    if _has_functions(k, type_):
        return _functions(k, q) | 1 << k.objects.number(outside(k.index, type_, _place(q.key[0], o)))
    return 1 << k.objects.number(outside(k.index, type_, _place(q.key[0], o)))


def original(k: Knowledge, o: Obj) -> Points | None:
    """The argument that a library made a shallow copy of."""
    event = k.index.maker(o) if o.kind == "result" else None
    if not isinstance(event, Call) or not isinstance(event.callee, External):
        return None
    name = event.callee.name
    model = k.models.function(name)
    copied = model.copies if model is not None else ""
    return next((Points(o.func, r, o.context) for n, r in enumerate(event.args) if argument_name(name, n) == copied), None)


def _has_functions(k: Knowledge, type_: Type) -> bool:
    under = k.index.types.underlying(type_)
    while isinstance(under, TMap | TSlice | TChan):
        under = k.index.types.underlying(under.elem)
    return isinstance(under, TFunc)


def _functions(k: Knowledge, q: Contents) -> Bits:
    """The functions that the tree stores in such a field of any object: an object from outside may be one that the tree has let out."""
    found = 0
    if q.key[1] is None:
        for stores in k.index.kept(q.key):
            for kept in stores.all():
                found |= k.ask(Points(kept.func, kept.src, ANY))
    return found


def _place(field: str, o: Obj) -> str:
    """What tells the contents of one place from those of others of the type: the field, or that of the container around it."""
    if field == CELL:
        return o.name
    return f"{o.name.removesuffix(ELEM)}{ELEM}" if field == ELEM else field


def _type_of(k: Knowledge, key: FieldKey, o: Obj) -> Type:
    field, held = key
    if held is not None:
        return held
    if field in (ELEM, CELL):
        return UNKNOWN
    return k.index.field_type(o.type, field)


def _held(k: Knowledge, o: Obj) -> Bits:
    """What a library's function made a value to hold, and what the value that it was derived from does; unknown, where no model says so."""
    event = k.index.maker(o) if o.kind == "result" else None
    name = event.callee.name if isinstance(event, Call) and isinstance(event.callee, External) else ""
    model = k.models.function(name) if name else None
    if model is None or not isinstance(event, Call) or not (model.holds or model.derives or model.returns == "fresh"):
        return 1 << k.objects.number(UNKNOWN_OBJECT)
    found = 0
    for number, argument in enumerate(event.args):
        if argument_name(name, number) in model.holds:
            found |= k.ask(Points(o.func, argument, o.context))
        if argument_name(name, number) == model.derives:
            for origin in members(k.ask(Points(o.func, argument, o.context))):
                found |= k.ask(Contents(origin, (HELD, None)))
    return found


__all__ = ["contents"]
