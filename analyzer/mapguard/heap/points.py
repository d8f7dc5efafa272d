"""Which objects a register may refer to: one case for each event that defines one."""

from mapguard.facts.syntax import TChan, TFunc, TInterface, TMap, TName, TPtr, TSlice, TStruct, Type
from mapguard.heap.index import Index, Place
from mapguard.heap.objects import ANY, Context, Obj, extended
from mapguard.heap.questions import Callers, Contents, Knowledge, Points, Targets, is_container
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import (
    CELL,
    ELEM,
    NONE,
    Alloc,
    Bound,
    Call,
    Cast,
    Clone,
    Closure,
    Copy,
    Dynamic,
    External,
    Field,
    Global,
    Invoke,
    Load,
    MapOp,
    Op,
    Phi,
    Recv,
    Reg,
    Static,
)
from mapguard.program.types import UNKNOWN, Types

_SAME = frozenset(["append", "result1", "min", "max"])
LIBRARY = "library"  # the field of what a library's container holds
HELD = "held"  # and of what a value was made with, as models say
UNKNOWN_OBJECT = Obj("outside", UNKNOWN)


def points(k: Knowledge, q: Points) -> Bits:
    """The objects that a register may refer to."""
    body = k.index.bodies[q.func]
    if is_plain(k.index.types, body.types[q.reg]):
        return 0
    if q.reg < body.params:
        return _parameter(k, q)
    if q.reg < body.params + body.captures:
        return _captured(k, q)
    place = k.index.place(q.func, q.reg)
    return _event(k, q, place) if place is not None else 0


def is_plain(types: Types, t: Type) -> bool:
    """Whether values of this type refer to nothing: numbers, strings, booleans."""
    under = types.underlying(t)
    return isinstance(under, TName) and under.pkg == "" and under.name not in ("any", "error", "nil")


def _event(k: Knowledge, q: Points, place: Place) -> Bits:
    match place.event:
        case Alloc(type=t):
            return _one(k, _here("alloc", place, q, t))
        case Clone(dst=dst):
            return _one(k, _here("alloc", place, q, k.index.bodies[q.func].types[dst]))
        case Closure(dst=dst, func=func):
            if func not in k.index.number:
                return _one(k, Obj("library", k.index.bodies[q.func].types[dst], name=func))
            return _one(k, _here("closure", place, q, UNKNOWN))
        case Bound():
            return _one(k, _here("bound", place, q, UNKNOWN))
        case Global(name=name):
            return _one(k, Obj("global", k.index.global_type(name), name=name))
        case Copy(src=src):
            return k.ask(Points(q.func, src, q.context))
        case Cast(src=src, type=t, asserted=asserted):
            found = k.ask(Points(q.func, src, q.context))
            return _of_type(k, found, t) if asserted else found
        case Phi(args=args):
            return _all(k, q, args)
        case Op(op=op, args=args):
            return _all(k, q, args) if op in _SAME else 0
        case Field(base=base, field=field, dst=dst):
            return _parts(k, k.ask(Points(q.func, base, q.context)), field, k.index.bodies[q.func].types[dst])
        case Load(base=base, field=field):
            return _loaded(k, q, base, field) | _before_replaced(k, q, place, base, field)
        case MapOp(map=map_):
            return _loaded(k, q, map_, ELEM)
        case Recv(channel=channel):
            return _loaded(k, q, channel, ELEM)
        case Call():
            return _result(k, q, place, place.event)
    return 0


def outside(index: Index, type_: Type, place: str) -> Obj:
    """What comes from outside the tree in a variable of this type. All objects of a struct type are one; maps and other containers, which
    the tree itself did not put there, are told apart by the place where they were found."""
    kind = index.struct(type_)
    return Obj("outside", kind, name=place if isinstance(index.types.underlying(kind), TMap | TSlice | TChan) else "")


def _given(k: Knowledge, q: Points) -> Bits:
    """What a caller outside the tree passes. All receivers of a type are one object, which may be one that the tree has made and let out;
    any other container is that of the parameter."""
    func = k.index.funcs[q.func]
    receiver = func is not None and func.recv is not None and q.reg == 0
    body = k.index.bodies[q.func]
    found = _one(k, outside(k.index, body.types[q.reg], "" if receiver else f"{body.func}:{q.reg}"))
    kind = k.index.struct(body.types[q.reg])
    for place in k.index.allocated.get(kind, ()) if receiver else ():
        found |= _one(k, Obj("alloc", kind, place.func, place.block, place.number))
    return found


def _one(k: Knowledge, obj: Obj) -> Bits:
    return 1 << k.objects.number(obj)


def _here(kind: str, place: Place, q: Points, type_: Type) -> Obj:
    return Obj(kind, type_, place.func, place.block, place.number, q.context)  # type: ignore[arg-type]


def _all(k: Knowledge, q: Points, regs: tuple[Reg, ...]) -> Bits:
    found = 0
    for reg in regs:
        found |= k.ask(Points(q.func, reg, q.context))
    return found


def _parts(k: Knowledge, bases: Bits, field: str, type_: Type) -> Bits:
    """The storage of a field of each of ``bases``."""
    found = 0
    kind = type_.elem if isinstance(type_, TPtr) else type_
    for base in members(bases):
        if k.objects.all[base].kind in ("closure", "bound"):
            continue
        found |= _one(k, Obj("part", kind, name=field, parent=_shallow(k, base, field)))
    return found


def _shallow(k: Knowledge, base: int, field: str) -> int:
    """``base``, or the object on the way to it whose own field of this name it already is: objects of recursive types stay finite."""
    at = base
    while k.objects.all[at].kind == "part":
        if k.objects.all[at].name == field:
            return k.objects.all[at].parent
        at = k.objects.all[at].parent
    return base


def _loaded(k: Knowledge, q: Points, base: Reg, field: str) -> Bits:
    key = k.index.key(field, k.index.bodies[q.func].types[base])
    found = 0
    for obj in members(k.ask(Points(q.func, base, q.context))):
        found |= k.ask(Contents(obj, key))
    return found


def _before_replaced(k: Knowledge, q: Points, place: Place, base: Reg, field: str) -> Bits:
    """What a field of a copy has from the original, where it is read before it is set anew."""
    copy = k.index.place(q.func, base)
    if copy is None or not isinstance(copy.event, Clone) or copy.block != place.block:
        return 0
    replaced = k.index.replaced(*copy[:3]).get(field)
    return _loaded(k, q, copy.event.src, field) if replaced is not None and place.number < replaced else 0


# ---------------------------------------------------------------- across calls


def _parameter(k: Knowledge, q: Points) -> Bits:
    """What the callers pass: the one that the context names, else all."""
    if q.context:
        return _argument(k, q, q.context[-1], q.context[:-1])
    found = 0
    sites = k.ask(Callers(q.func))
    for site in members(sites):
        found |= _argument(k, q, site, ANY)
    if k.empty(Callers(q.func)):
        found |= _given(k, q)
    return found


def _argument(k: Knowledge, q: Points, site: int, context: Context) -> Bits:
    """What the call at ``site`` passes as the parameter ``q.reg``."""
    place = k.index.sites[site]
    event = place.event
    assert isinstance(event, Call)
    match event.callee:
        case External():
            if q.reg == 0:
                given = _bound_receiver(k, q.func, place.func, event, context) | _handed(k, q.func, site, place.func, context)
                if given:
                    return given
            return _given(k, q)
        case Static():
            return k.ask(Points(place.func, event.args[q.reg], context)) if q.reg < len(event.args) else 0
    found = 0
    for first, bound in _receivers(k, q.func, place.func, event, context):
        if bound is not None and q.reg == 0:
            found |= bound
        else:
            number = q.reg - 1 if bound is not None and not first else q.reg
            if number < len(event.args):
                passed = k.ask(Points(place.func, event.args[number], context))
                found |= passed
    return found


def _bound_receiver(k: Knowledge, func: int, caller: int, event: Call, context: Context) -> Bits:
    """The receivers of the method values of ``func`` that a library is given."""
    found = 0
    for reg in event.args:
        for obj in members(k.ask(Points(caller, reg, context))) if k.fitting.may_hold(caller, reg) else ():
            o = k.objects.all[obj]
            if o.kind == "bound":
                made = k.index.maker(o)
                assert isinstance(made, Bound)
                if isinstance(made.target, Static) and made.target.func == k.index.bodies[func].func:
                    found |= k.ask(Points(o.func, made.recv, o.context))
    return found


def _handed(k: Knowledge, func: int, site: int, caller: int, context: Context) -> Bits:
    """The objects whose method ``func`` a library calls because it is given them at a site."""
    found = 0
    for reg in k.handed.at.get(site, ()):
        found |= receivers(k, func, k.ask(Points(caller, reg, context)))
    return found


def _receivers(k: Knowledge, func: int, caller: int, event: Call, context: Context) -> list[tuple[bool, Bits | None]]:
    """How a call that is resolved by objects passes the receiver to ``func``: as its first argument, of which only some can be meant
    (``first``), bound to a method value, or not at all (None)."""
    target = k.index.bodies[func]
    if isinstance(event.callee, Invoke):
        passed = k.ask(Points(caller, event.args[0], context)) if event.args else 0
        return [(True, receivers(k, func, passed))]
    found: list[tuple[bool, Bits | None]] = []
    for obj in members(k.ask(Points(caller, event.callee.reg, context))):  # type: ignore[union-attr]
        o = k.objects.all[obj]
        if o.kind == "bound":
            made = k.index.maker(o)
            assert isinstance(made, Bound)
            if isinstance(made.target, Static) and made.target.func == target.func:
                found.append((False, k.ask(Points(o.func, made.recv, o.context))))
        elif o.kind == "closure":
            made = k.index.maker(o)
            assert isinstance(made, Closure)
            if made.func == target.func and (False, None) not in found:
                found.append((False, None))
    return found


def _captured(k: Knowledge, q: Points) -> Bits:
    """What a literal captured where it was made: by the function value that the context's call runs, else by all."""
    body = k.index.bodies[q.func]
    number = q.reg - body.params
    found = 0
    if q.context:
        place = k.index.sites[q.context[-1]]
        event = place.event
        assert isinstance(event, Call)
        if isinstance(event.callee, Dynamic):
            for obj in members(k.ask(Points(place.func, event.callee.reg, q.context[:-1]))):
                o = k.objects.all[obj]
                if o.kind == "closure":
                    made = k.index.maker(o)
                    assert isinstance(made, Closure)
                    if made.func == body.func:
                        found |= k.ask(Points(o.func, made.captures[number], o.context))
            return found
    for place in k.index.made.get(q.func, ()):
        if isinstance(place.event, Closure):
            found |= k.ask(Points(place.func, place.event.captures[number], ANY))
    return found


def _result(k: Knowledge, q: Points, place: Place, event: Call) -> Bits:
    """What the functions that a call may run return."""
    number = event.dsts.index(q.reg)
    site = k.index.site_at[place[:3]]
    if isinstance(event.callee, External):
        return _of_library(k, q, place, event, event.callee.name, number)
    found = 0
    targets = k.ask(Targets(site, q.context))
    inside = extended(q.context, site)
    for target in members(targets):
        for returned in k.index.returns[target]:
            if number < len(returned.values) and returned.values[number] != NONE:
                found |= k.ask(Points(target, returned.values[number], inside))
    if k.empty(Targets(site, q.context)):
        if isinstance(event.callee, Invoke):
            return found | _of_library(k, q, place, event, event.callee.external, number)
        found |= _one(k, _here("result", place, q, k.index.bodies[q.func].types[q.reg]))
    return found


def _of_library(k: Knowledge, q: Points, place: Place, event: Call, name: str, number: int) -> Bits:
    """The result of a library's function: as its model says, else an object of the library's."""
    model = k.models.function(name)
    says = model.returns if model is not None and number == 0 else ""
    method = name.startswith("(")
    if says in ("recv", "recv-read"):
        return k.ask(Points(q.func, event.args[0], q.context)) if event.args else 0
    if says.startswith("arg"):
        at = int(says[3:]) + method
        return k.ask(Points(q.func, event.args[at], q.context)) if at < len(event.args) else 0
    if says == "held":
        return _held(k, q, place, event)
    if method and is_container(k.models, name) and event.args:
        found = 0
        for obj in members(k.ask(Points(q.func, event.args[0], q.context))):
            found |= k.ask(Contents(obj, (LIBRARY, None)))
        return found
    context = q.context if isinstance(event.callee, Invoke) or says in ("fresh", "own") else ANY
    return _one(k, Obj("result", k.index.bodies[q.func].types[q.reg], place.func, place.block, place.number, context))


def _held(k: Knowledge, q: Points, place: Place, event: Call) -> Bits:
    """What the receiver was made to hold; where others may have put something into it, also an object of the caller's own."""
    found = 0
    for obj in members(k.ask(Points(q.func, event.args[0], q.context))) if event.args else ():
        found |= k.ask(Contents(obj, (HELD, None)))
    unknown = _one(k, UNKNOWN_OBJECT)
    if found & unknown:
        found = found & ~unknown | _one(k, _here("result", place, q, k.index.bodies[q.func].types[q.reg]))
    return found


# ---------------------------------------------------------------- types


def receivers(k: Knowledge, func: int, objects: Bits) -> Bits:
    """What the method ``func`` gets as its receiver when it is called on these objects: they themselves, or what they embed."""
    method = k.index.funcs[func]
    if method is None or method.recv_type is None:
        return 0
    found = _of_type(k, objects, method.recv_type)
    for obj in members(objects & ~found):
        kind = k.index.struct(k.objects.all[obj].type)
        selected = k.index.types.select(kind, method.facts.name) if isinstance(kind, TName) else None
        if selected is not None and selected.method is not None and selected.method.id == method.id:
            inside = 1 << obj
            for step in selected.steps:
                inside = follow(k, inside, step.field)
            found |= inside
    return found


def follow(k: Knowledge, objects: Bits, field: str) -> Bits:
    """What a field of any of the objects is or holds: its storage, where it is a struct or an array, else what is in it."""
    found = 0
    for number in members(objects):
        type_ = k.objects.all[number].type
        held = (
            UNKNOWN
            if field == CELL
            else k.index.types.element(k.index.types.deref(type_))
            if field == ELEM
            else k.index.field_type(type_, field)
        )
        if field != CELL and k.index.types.is_storage(held):
            found |= _one(k, Obj("part", held, name=field, parent=number))
        else:
            found |= k.ask(Contents(number, k.index.cell(type_) if field == CELL else k.index.key(field, type_)))
    return found


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


def _of_type(k: Knowledge, found: Bits, asked: Type) -> Bits:
    """The objects that can have the type asked for; those of unknown type can."""
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
        kept |= 1 << obj
    return kept


__all__ = ["HELD", "LIBRARY", "UNKNOWN_OBJECT", "embedded", "follow", "is_plain", "outside", "points"]
