"""Objects to what their fields and embedded structs are or hold, and to which of them can have a type."""

from mapguard.facts.syntax import TChan, TFunc, TInterface, TMap, TName, TPtr, TSlice, TStruct, Type
from mapguard.heap.index import Index, declared_by
from mapguard.heap.objects import OUTSIDE, Obj
from mapguard.heap.questions import Contents, Knowledge
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import CELL, ELEM
from mapguard.program.types import UNKNOWN, Types

LIBRARY = "library"  # the field of what a library's container holds
HELD = "held"  # and of what a value was made with, as models say
UNKNOWN_OBJECT = Obj("outside", UNKNOWN)


def is_plain(types: Types, t: Type) -> bool:
    """Whether values of this type refer to nothing: numbers, strings, booleans."""
    under = types.underlying(t)
    return isinstance(under, TName) and under.pkg == "" and under.name not in ("any", "error", "nil")


def outside(index: Index, type_: Type, place: str) -> Obj:
    """What comes from outside the tree in a variable of this type. All objects of a struct type are one; maps and other containers, which
    the tree itself did not put there, are told apart by the place where they were found."""
    kind = index.struct(type_)
    return Obj("outside", kind, name=place if isinstance(index.types.underlying(kind), TMap | TSlice | TChan) else "")


def from_outside(k: Knowledge, type_: Type) -> Bits:
    """An object of a struct type that somebody outside the tree passes: all of these are one, which may be one that the tree has made and
    let out."""
    found = one(k, outside(k.index, type_, ""))
    kind = k.index.struct(type_)
    for place in k.index.allocated.get(kind, ()):
        found |= one(k, Obj("alloc", kind, place.func, place.block, place.number))
    return found


def one(k: Knowledge, obj: Obj) -> Bits:
    return 1 << k.objects.number(obj)


def follow(k: Knowledge, objects: Bits, field: str) -> Bits:
    """What a field of any of the objects is or holds: its storage, where it is a struct or an array, else what is in it."""
    found = 0
    for number in members(with_field(k, objects, field)):
        type_ = k.objects.all[number].type
        inside = held(k.index, type_, field)
        if field != CELL and k.index.types.is_storage(inside):
            found |= one(k, Obj("part", inside, name=field, parent=number))
        else:
            found |= k.ask(Contents(number, k.index.cell(type_) if field == CELL else k.index.key(field, type_)))
    return found


def with_field(k: Knowledge, objects: Bits, field: str) -> Bits:
    """The objects that a field is looked for in: those from outside whose type is not known have the type that declares the field."""
    found = objects
    for number in members(objects):
        o = k.objects.all[number]
        if o.kind in OUTSIDE and _of_any_type(k, o):
            owner = declared_by(field)
            if isinstance(k.index.types.underlying(owner), TStruct):
                found = found & ~(1 << number) | from_outside(k, owner)
    return found


def _of_any_type(k: Knowledge, o: Obj) -> bool:
    """Whether only an interface of an object is known, or nothing."""
    return o.type == UNKNOWN or isinstance(k.index.types.underlying(o.type), TInterface)


def held(index: Index, type_: Type, field: str) -> Type:
    """The type of a field or of the elements of a type."""
    if field == CELL:
        return UNKNOWN
    return index.types.element(index.types.deref(type_)) if field == ELEM else index.field_type(type_, field)


def embedded(k: Knowledge, objects: Bits, type_: str) -> Bits:
    """The structs of a type, ``import/path.Name``, that the objects are or have embedded."""
    found = 0
    seen = 0
    while objects & ~seen:
        obj = members(objects & ~seen)[0]
        seen |= 1 << obj
        kind = k.index.struct(k.objects.all[obj].type)
        name = f"{kind.pkg}.{kind.name}" if isinstance(kind, TName) else ""
        under = k.index.types.underlying(kind)
        if name == type_:
            found |= 1 << obj
        elif isinstance(under, TStruct):
            for field in under.fields:
                if field.embedded:
                    objects |= follow(k, 1 << obj, f"{name}.{field.name}")
    return found


def parts(k: Knowledge, bases: Bits, field: str, type_: Type) -> Bits:
    """The storage of a field of each of ``bases``."""
    found = 0
    kind = type_.elem if isinstance(type_, TPtr) else type_
    for base in members(with_field(k, bases, field)):
        if k.objects.all[base].kind in ("closure", "bound"):
            continue
        found |= one(k, Obj("part", kind, name=field, parent=shallow(k, base, field)))
    return found


def address(k: Knowledge, objects: Bits, field: str) -> Bits:
    """The storage of a field of each of the objects, which a pointer to the field leads to."""
    found = 0
    for number in members(objects):
        found |= parts(k, 1 << number, field, TPtr(held(k.index, k.objects.all[number].type, field)))
    return found


def shallow(k: Knowledge, base: int, field: str) -> int:
    """``base``, or the object on the way to it whose own field of this name it already is: objects of recursive types stay finite."""
    at = base
    while k.objects.all[at].kind == "part":
        if k.objects.all[at].name == field:
            return k.objects.all[at].parent
        at = k.objects.all[at].parent
    return base


def receivers(k: Knowledge, func: int, objects: Bits) -> Bits:
    """What the method ``func`` gets as its receiver when it is called on these objects: they themselves, or what they embed."""
    method = k.index.funcs[func]
    if method is None or method.recv_type is None:
        return 0
    found = of_type(k, objects, method.recv_type, called=True)
    for obj in members(objects & ~found):
        kind = k.index.struct(k.objects.all[obj].type)
        selected = k.index.types.select(kind, method.facts.name) if isinstance(kind, TName) else None
        if selected is not None and selected.method is not None and selected.method.id == method.id:
            inside = 1 << obj
            for step in selected.steps:
                inside = follow(k, inside, step.field)
            found |= inside
    return found


def of_type(k: Knowledge, found: Bits, asked: Type, called: bool = False) -> Bits:
    """The objects that can have the type asked for; those from outside whose type is not known have it then. ``called``: because a call of
    an interface's method may run that of the type, which tells less of the object than an assertion does."""
    types = k.index.types
    target = k.index.struct(asked)
    if isinstance(types.underlying(target), TInterface | TFunc) or not isinstance(target, TName) or target.name == "any":
        return found
    kept = 0
    for obj in members(found):
        o = k.objects.all[obj]
        kind = k.index.struct(o.type)
        if isinstance(kind, TName) and isinstance(types.underlying(kind), TStruct):
            if (kind.pkg, kind.name) != (target.pkg, target.name):
                continue
        elif o.kind in ("closure", "bound"):
            continue
        elif o.kind in OUTSIDE and _of_any_type(k, o) and isinstance(types.underlying(target), TStruct):
            kept |= one(k, o._replace(type=target)) if o.kind == "result" and not called else from_outside(k, target)
            continue
        kept |= 1 << obj
    return kept
