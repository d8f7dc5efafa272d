"""Bodies to accesses of maps: operations on their content, what libraries do with them, and loads and stores of what holds a map."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from mapguard.bodies.paths import Path, Paths
from mapguard.bodies.summaries import Bodies
from mapguard.ir.model import NONE, Body, Call, Clone, CopyInto, External, Load, MapOp, Reg, Store
from mapguard.races.walks import Fields, Walks

Operation = Literal["read", "write", "delete", "range", "len", "replace", "load"]


class Access(NamedTuple):
    """An operation on the content of the map ``path``, in terms of the function: what the fields ``inner`` of the register ``reg`` lead to.
    Of a ``replace`` or a ``load`` these lead to the object that holds a map in its ``slot``: what is read or written is that variable."""

    func: int
    block: int
    place: int
    op: Operation
    path: Path
    reg: Reg
    at: int
    end: int
    inner: Fields = ()
    slot: str = ""

    @property
    def writes(self) -> bool:
        return self.op in ("write", "delete", "replace")

    @property
    def where(self) -> tuple[int, int, int]:
        return (self.func, self.block, self.place)


class _Found(NamedTuple):
    """What an event does: the operation, the register, the fields from there to the map or its holder, and the holder's field."""

    op: Operation
    reg: Reg
    inner: Fields = ()
    slot: str = ""


def accesses(bodies: Bodies, walks: Walks) -> Iterator[Access]:
    """Every access of the program, in the order of functions and events. ``walks`` tells what libraries get to."""
    for func, body in enumerate(bodies.index.bodies):
        for b, block in enumerate(body.blocks):
            for place, event in enumerate(block.events):
                at: int = getattr(event, "at", 0)
                if at:
                    paths: Paths | None = None
                    for op, reg, inner, slot in _of_event(walks, bodies, func, body, event):
                        paths = paths or bodies.paths(func)
                        path = paths.of(reg).plus(*inner)
                        yield Access(func, b, place, op, path, reg, at, getattr(event, "end", 0) or at, inner, slot)


def _of_event(walks: Walks, bodies: Bodies, func: int, body: Body, event: object) -> Iterator[_Found]:
    types = bodies.index.types
    match event:
        case MapOp(op=op, map=reg):
            yield _Found("delete" if op == "clear" else op, reg)
        case Store(base=base, field=field, src=src) if types.map_of(body.types[src]) is not None:
            yield _Found("replace", base, (), field)
        case Load(dst=dst, base=base, field=field) if types.map_of(body.types[dst]) is not None:
            yield _Found("load", base, (), field)
        case CopyInto(base=base):
            for inner, slot in walks.slots(body.types[base]):
                yield _Found("replace", base, inner, slot)
        case Clone(src=src):
            for inner, slot in walks.slots(body.types[src]):
                yield _Found("load", src, inner, slot)
        case Call(callee=External(name=name)):
            model = bodies.models.function(name)
            if model is not None and (model.reads or model.writes or model.iterates):
                for op_, reg, inner in walks.given(func, event, model):
                    if reg != NONE:
                        yield _Found(op_, reg, inner)
