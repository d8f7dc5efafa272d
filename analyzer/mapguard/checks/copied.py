"""All bodies to the functions that copy a struct by value: a lock among its fields would be copied too, as go vet's copylocks says."""

from collections.abc import Callable, Iterable

from mapguard.base.stack import deep_stack
from mapguard.facts.syntax import TName, TSlice, TStruct, Type
from mapguard.ir.flow import defined
from mapguard.ir.model import Alloc, Body, Call, Clone, CopyInto, Event, Reg
from mapguard.program.types import Types


class Copies:
    """``bodies`` gives every body of the program; it is asked once, when the first answer is needed."""

    def __init__(self, types: Types, bodies: Callable[[], Iterable[Body]]) -> None:
        self._types = types
        self._bodies = bodies
        self._copied: dict[Type, str] | None = None

    def copier(self, package: str, name: str) -> str:
        """The name of a function that copies a value of the struct type, by itself or in what contains it; "" when there is none."""
        if self._copied is None:
            self._copied = {}
            with deep_stack():
                for body in sorted(self._bodies(), key=lambda b: b.func):
                    for kind in self._of(body):
                        self._copied.setdefault(kind, body.func)
        asked = TName(package, name)
        found = [func for kind, func in self._copied.items() if self._holds(kind, asked, set())]
        func = self._types.program.by_id.get(min(found)) if found else None
        return func.display if func is not None else min(found, default="")

    def _of(self, body: Body) -> Iterable[Type]:
        """The types that a function takes by value or copies. What a literal or a call has just made is no copy."""
        program = self._types.program
        func = program.by_id.get(body.func)
        if func is not None:
            yield from func.params
            if func.recv_type is not None and not func.pointer:
                yield func.recv_type
        events = [event for block in body.blocks for event in block.events]
        made: dict[Reg, Event] = {reg: event for event in events for reg in defined(event)}
        for event in events:
            if isinstance(event, Clone | CopyInto):
                source = made.get(event.src)
                written = isinstance(source, Alloc) and source.how == "lit" and not body.names[event.src]
                if not written and not isinstance(source, Call):
                    yield self._types.deref(body.types[event.src])

    def _holds(self, kind: Type, asked: TName, seen: set[Type]) -> bool:
        """Whether a value of a type is, or contains, one of the type asked for."""
        if kind == asked:
            return True
        if kind in seen:
            return False
        seen.add(kind)
        under = self._types.underlying(kind)
        if isinstance(under, TStruct):
            return any(self._holds(f.type, asked, seen) for f in under.fields)
        return isinstance(under, TSlice) and under.array and self._holds(under.elem, asked, seen)
