"""Parameters and captured values to the objects that callers pass and that literals captured."""

from collections.abc import Iterator

from mapguard.heap.fields import from_outside, one, outside, receivers
from mapguard.heap.objects import ANY, Context, Obj
from mapguard.heap.questions import Callers, Knowledge, Points
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import Bound, Call, Closure, Dynamic, External, Invoke, Static


def parameter(k: Knowledge, q: Points) -> Bits:
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


def _given(k: Knowledge, q: Points) -> Bits:
    """What a caller outside the tree passes: as a receiver an object of the type, any other container is that of the parameter."""
    func = k.index.funcs[q.func]
    receiver = func is not None and func.recv is not None and q.reg == 0
    body = k.index.bodies[q.func]
    type_ = body.types[q.reg]
    return from_outside(k, type_) if receiver else one(k, outside(k.index, type_, f"{body.func}:{q.reg}"))


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
        for o, made in _values(k, func, k.ask(Points(caller, reg, context))) if k.fitting.may_hold(caller, reg) else ():
            if isinstance(made, Bound):
                found |= k.ask(Points(o.func, made.recv, o.context))
    return found


def _values(k: Knowledge, func: int, objects: Bits) -> Iterator[tuple[Obj, Bound | Closure]]:
    """The function values among objects that run ``func``, each with the event that makes it."""
    for number in members(objects):
        o = k.objects.all[number]
        if k.index.runs(o) == k.index.bodies[func].func:
            made = k.index.maker(o)
            assert isinstance(made, Bound | Closure)
            yield o, made


def _handed(k: Knowledge, func: int, site: int, caller: int, context: Context) -> Bits:
    """The objects whose method ``func`` a library calls because it is given them at a site."""
    found = 0
    for reg in k.handed.at.get(site, ()):
        found |= receivers(k, func, k.ask(Points(caller, reg, context)))
    return found


def _receivers(k: Knowledge, func: int, caller: int, event: Call, context: Context) -> list[tuple[bool, Bits | None]]:
    """How a call that is resolved by objects passes the receiver to ``func``: as its first argument, of which only some can be meant
    (``first``), bound to a method value, or not at all (None)."""
    if isinstance(event.callee, Invoke):
        passed = k.ask(Points(caller, event.args[0], context)) if event.args else 0
        return [(True, receivers(k, func, passed))]
    found: list[tuple[bool, Bits | None]] = []
    for o, made in _values(k, func, k.ask(Points(caller, event.callee.reg, context))):  # type: ignore[union-attr]
        if isinstance(made, Bound):
            found.append((False, k.ask(Points(o.func, made.recv, o.context))))
        elif (False, None) not in found:
            found.append((False, None))
    return found


def captured(k: Knowledge, q: Points) -> Bits:
    """What a literal captured where it was made: by the function value that the context's call runs, else by all."""
    body = k.index.bodies[q.func]
    number = q.reg - body.params
    found = 0
    if q.context:
        place = k.index.sites[q.context[-1]]
        event = place.event
        assert isinstance(event, Call)
        if isinstance(event.callee, Dynamic):
            for o, made in _values(k, q.func, k.ask(Points(place.func, event.callee.reg, q.context[:-1]))):
                if isinstance(made, Closure):
                    found |= k.ask(Points(o.func, made.captures[number], o.context))
            return found
    for place in k.index.made.get(q.func, ()):
        if isinstance(place.event, Closure):
            found |= k.ask(Points(place.func, place.event.captures[number], ANY))
    return found
