"""Results of calls to the objects that functions of the tree return and that libraries give."""

from mapguard.facts.syntax import Type
from mapguard.heap.fields import HELD, LIBRARY, UNKNOWN_OBJECT, one
from mapguard.heap.index import Place
from mapguard.heap.objects import ANY, Obj, extended
from mapguard.heap.questions import Contents, Knowledge, Points, Targets, is_container
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import NONE, Call, External, Invoke


def result(k: Knowledge, q: Points, place: Place, event: Call) -> Bits:
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
        found |= one(k, here("result", place, q, k.index.bodies[q.func].types[q.reg]))
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
    return one(k, Obj("result", k.index.bodies[q.func].types[q.reg], place.func, place.block, place.number, context))


def _held(k: Knowledge, q: Points, place: Place, event: Call) -> Bits:
    """What the receiver was made to hold; where others may have put something into it, also an object of the caller's own."""
    found = 0
    for obj in members(k.ask(Points(q.func, event.args[0], q.context))) if event.args else ():
        found |= k.ask(Contents(obj, (HELD, None)))
    unknown = one(k, UNKNOWN_OBJECT)
    if found & unknown:
        found = found & ~unknown | one(k, here("result", place, q, k.index.bodies[q.func].types[q.reg]))
    return found


def here(kind: str, place: Place, q: Points, type_: Type) -> Obj:
    return Obj(kind, type_, place.func, place.block, place.number, q.context)  # type: ignore[arg-type]
