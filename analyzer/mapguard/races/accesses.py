"""Bodies to accesses of maps: operations on their content, what libraries do with them, and fields and variables that hold them."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from mapguard.bodies.paths import Path
from mapguard.bodies.summaries import Bodies
from mapguard.ir.model import NONE, Call, External, MapOp, Reg, Store

Operation = Literal["read", "write", "delete", "range", "len", "replace"]


class Access(NamedTuple):
    """``path`` is the map (for a replacement: the place that held it) in terms of its function; ``reg`` the register, ``field`` the field
    of it that is replaced."""

    func: int
    block: int
    place: int
    op: Operation
    path: Path
    reg: Reg
    at: int
    end: int
    field: str = ""

    @property
    def writes(self) -> bool:
        return self.op in ("write", "delete", "replace")

    @property
    def where(self) -> tuple[int, int, int]:
        return (self.func, self.block, self.place)


def accesses(bodies: Bodies) -> Iterator[Access]:
    """Every access of the program, in the order of functions and events."""
    index = bodies.index
    for func, body in enumerate(index.bodies):
        paths = None
        for b, block in enumerate(body.blocks):
            for place, event in enumerate(block.events):
                match event:
                    case MapOp(op=op, map=reg, at=at, end=end):
                        paths = paths or bodies.paths(func)
                        kind: Operation = "delete" if op == "clear" else op
                        yield Access(func, b, place, kind, paths.of(reg), reg, at, end)
                    case Store(base=base, field=field, src=src, at=at, end=end) if at and index.types.map_of(body.types[src]) is not None:
                        paths = paths or bodies.paths(func)
                        yield Access(func, b, place, "replace", paths.of(base).plus(field), base, at, end, field)
                    case Call(callee=External(name=name), args=args, at=at, end=end):
                        model = bodies.models.function(name)
                        if model is None:
                            continue
                        paths = paths or bodies.paths(func)
                        effects: tuple[tuple[Operation, tuple[str, ...]], ...] = (
                            ("read", model.reads),
                            ("write", model.writes),
                            ("range", model.iterates),
                        )
                        for op_, names in effects:
                            for reg in _named(name, names, args):
                                if reg != NONE and index.types.map_of(index.types.deref(body.types[reg])) is not None:
                                    yield Access(func, b, place, op_, paths.of(reg), reg, at, end)


def _named(function: str, names: tuple[str, ...], args: tuple[Reg, ...]) -> list[Reg]:
    """The registers of the arguments that a model names."""
    method = function.startswith("(")
    if "args" in names:
        return list(args[method:])
    found = []
    for name in names:
        number = 0 if name == "recv" else int(name[3:]) + method
        if number < len(args):
            found.append(args[number])
    return found
