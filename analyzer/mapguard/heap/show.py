"""The heap as text that a person can check: objects with the places that make them, contexts as call sites, callers."""

from collections.abc import Iterator

from mapguard.base.span import line_of
from mapguard.facts.model import FileFacts
from mapguard.heap.fields import is_plain
from mapguard.heap.heap import Heap
from mapguard.heap.index import Index
from mapguard.heap.objects import Obj
from mapguard.heap.tabling import members
from mapguard.ir.flow import events
from mapguard.ir.model import CELL, ELEM, Call, External, MapOp, Reg
from mapguard.program.names import show_type

_LIBRARY = "init$<model>/"  # in the ids of bodies: what models declare for libraries


def objects(heap: Heap, name: str) -> Iterator[str]:
    """What the variables, and the maps that are accessed, of the functions whose id contains ``name`` may refer to."""
    for func in _named(heap.index, name):
        body = heap.index.bodies[func]
        yield body.func
        for reg in _asked(heap.index, func):
            shown = f"  {body.names[reg] or '%'}.{reg} {show_type(body.types[reg])}"
            found = sorted(show_object(heap, o) for o in members(heap.points(func, reg)))
            yield shown + (":" if found else ": nothing")
            yield from (f"    {line}" for line in found)


def callers(heap: Heap, name: str) -> Iterator[str]:
    """The call sites of the functions whose id contains ``name``: which function calls there, and how."""
    for func in _named(heap.index, name):
        yield heap.index.bodies[func].func
        for site in members(heap.callers(func)):
            place = heap.index.sites[site]
            call = place.event
            assert isinstance(call, Call)
            how = f"given to {call.callee.name}" if isinstance(call.callee, External) else call.how
            yield f"  {_site(heap.index, site)} {heap.index.bodies[place.func].func}: {how}"


def show_object(heap: Heap, number: int) -> str:
    """An object: its kind, where it is made, and after each "under" the call that the making function runs under."""
    o = heap.objects.all[number]
    if o.kind == "part":
        return f"{show_object(heap, o.parent)} {_field(o.name)}"
    if o.kind == "outside":
        return f"{show_type(o.type)} from outside"
    if o.kind in ("global", "library"):
        return f"{'variable' if o.kind == 'global' else 'function'} {o.name}"
    under = "".join(f" under {_site(heap.index, site)}" for site in reversed(o.context))
    return f"{_made(heap.index, o)} {_position(heap.index, o.func, _at(heap.index, o))}{under}"


def _named(index: Index, name: str) -> Iterator[int]:
    for func, body in enumerate(index.bodies):
        if name in body.func and _LIBRARY not in body.func:
            yield func


def _asked(index: Index, func: int) -> list[Reg]:
    """The registers that have a name, or are accessed as a map, and can refer to something."""
    body = index.bodies[func]
    maps = {event.map for _, _, event in events(body) if isinstance(event, MapOp)}
    return [r for r, name in enumerate(body.names) if (name or r in maps) and not is_plain(index.types, body.types[r])]


def _field(name: str) -> str:
    return "[]" if name == ELEM else "*" if name == CELL else f".{name.rpartition('.')[2]}"


def _made(index: Index, o: Obj) -> str:
    return {"closure": "function", "bound": "method value", "result": "result of the call"}.get(o.kind, show_type(o.type))


def _at(index: Index, o: Obj) -> int:
    at: int = getattr(index.maker(o), "at", 0)
    return at


def _site(index: Index, site: int) -> str:
    place = index.sites[site]
    assert isinstance(place.event, Call)
    return _position(index, place.func, place.event.at)


def _position(index: Index, func: int, at: int) -> str:
    """``path:line``; the function where the text has no place for it."""
    file = _file(index, func)
    if file is None or not at:
        return index.bodies[func].func
    return f"{file.path}:{line_of(file.newlines, at)}"


def _file(index: Index, func: int) -> FileFacts | None:
    known = index.funcs[func]
    name = index.bodies[func].func
    program = index.types.program
    while known is None and "$" in name:  # what a loop or a deferred call runs has the id of the function around it and a number
        scope = program.scopes.get(name.partition(".init$")[2])
        if scope is not None:
            return scope.file
        name = name.rpartition("$")[0]
        known = program.by_id.get(name)
    return known.scope.file if known is not None else None
