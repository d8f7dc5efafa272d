"""Who calls whom: the functions behind a call site by the objects that get there, and the sites that may call a function."""

from mapguard.facts.syntax import TFunc, TInterface, TMap, TName, TSlice, TStruct, Type
from mapguard.heap.objects import ANY, OUTSIDE, Obj
from mapguard.heap.questions import Callers, Knowledge, Points, Targets
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import Bound, Call, Closure, Dynamic, Invoke, Static
from mapguard.program.model import Func


def targets(k: Knowledge, q: Targets) -> Bits:
    """The functions of the tree that a site may call."""
    place = k.index.sites[q.site]
    event = place.event
    assert isinstance(event, Call)
    match event.callee:
        case Static(func=func):
            return _bit(k, func)
        case Dynamic(reg=reg):
            found = 0
            for obj in members(k.ask(Points(place.func, reg, q.context))):
                found |= _function(k, k.objects.all[obj])
            return _in_one_program(k, place.func, found)
        case Invoke(name=name, type=type_) if event.args:
            return _in_one_program(k, place.func, _methods(k, Points(place.func, event.args[0], q.context), type_, name))
    return 0


def _in_one_program(k: Knowledge, caller: int, functions: Bits) -> Bits:
    """The functions that a program can have together with their caller."""
    return sum(1 << func for func in members(functions) if k.together.can_meet(caller, func))


def _bit(k: Knowledge, func: str) -> Bits:
    number = k.index.number.get(func)
    return 1 << number if number is not None else 0


def _function(k: Knowledge, o: Obj) -> Bits:
    """The function that a function value runs."""
    known = k.index.runs(o)
    if known:
        return _bit(k, known)
    made = k.index.maker(o) if o.kind == "bound" else None
    if isinstance(made, Bound) and isinstance(made.target, Invoke):
        return _methods(k, Points(o.func, made.recv, o.context), made.target.type, made.target.name)
    return 0


def _methods(k: Knowledge, receiver: Points, interface: Type, name: str) -> Bits:
    """The methods ``name`` of what a register may refer to; of an object whose type is not known, those of every type of the tree that
    implements the interface."""
    types = k.index.types
    found = 0
    open_ = k.empty(receiver)
    for obj in members(k.ask(receiver)):
        o = k.objects.all[obj]
        kind = k.index.struct(o.type)
        if isinstance(kind, TName) and isinstance(types.underlying(kind), TStruct):
            method = _method(k, kind, name)
            if method is not None:
                found |= _bit(k, method.id)
                continue
            if types.program.named(kind.pkg, kind.name) is not None:
                continue  # not of this interface: it got here under another one
        if o.kind in OUTSIDE:
            open_ = True
        else:
            found |= _of_shape(k, o, interface, name)
    if open_:
        for named in types.implementers(interface):
            method = _method(k, TName(named.pkg, named.name), name)
            if method is not None:
                found |= _bit(k, method.id)
    return found


def _method(k: Knowledge, kind: Type, name: str) -> Func | None:
    selected = k.index.types.select(kind, name)
    return selected.method if selected is not None else None


def _of_shape(k: Knowledge, o: Obj, interface: Type, name: str) -> Bits:
    """The methods of the named types that a map, slice or function has been converted to where it is made, else of all that it can have
    been."""
    types = k.index.types
    under = types.underlying(o.type) if o.kind not in ("closure", "bound") else TFunc((), ())
    found = 0
    for known in (o.type, *k.index.converted.get((o.func, o.block, o.place), ())):
        method = _method(k, known, name) if isinstance(known, TName) and not isinstance(types.underlying(known), TInterface) else None
        if method is not None:
            found |= _bit(k, method.id)
    if found:
        return found
    for named in types.implementers(interface):
        shape = types.underlying(TName(named.pkg, named.name))
        if isinstance(shape, TStruct) or (isinstance(under, TMap | TSlice | TFunc) and type(shape) is not type(under)):
            continue
        method = _method(k, TName(named.pkg, named.name), name)
        if method is not None:
            found |= _bit(k, method.id)
    return found


def callers(k: Knowledge, q: Callers) -> Bits:
    """The sites that may call a function: by name, as a value, through an interface, or as a library that was given it."""
    found = 0
    for site in k.index.static.get(q.func, ()):
        found |= 1 << site
    func = k.index.funcs[q.func]
    mine = 1 << q.func
    count = k.index.bodies[q.func].params
    for place in k.index.made.get(q.func, ()):
        event = place.event
        assert isinstance(event, Closure | Bound)
        for site in k.index.given.get((place.func, event.dst), ()):
            found |= 1 << site
    if q.func in k.index.made:
        for site in k.fitting.sites(q.func):
            if k.ask(Targets(site, ANY)) & mine:
                found |= 1 << site
    if func is not None and func.recv is not None:
        for site, reg in k.handed.of(func.facts.name, func.exported):
            if has_type(k, k.ask(Points(k.index.sites[site].func, reg)), func.recv.key):
                found |= 1 << site
        for site in k.index.invokes.get(func.facts.name, ()):
            call = k.index.sites[site].event
            assert isinstance(call, Call)
            if len(call.args) == count and k.ask(Targets(site, ANY)) & mine:
                found |= 1 << site
    return found


def has_type(k: Knowledge, objects: Bits, type_: tuple[str, str]) -> bool:
    """Whether one of the objects is of a named type."""
    kinds = (k.index.struct(k.objects.all[o].type) for o in members(objects))
    return any(isinstance(t, TName) and (t.pkg, t.name) == type_ for t in kinds)
