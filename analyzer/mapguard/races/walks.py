"""Values to the maps in them: those that a struct holds itself, and those that a library gets to from what it is given."""

from collections.abc import Iterator
from typing import Literal

from mapguard.facts.syntax import TInterface, TMap, TName, TPtr, TSlice, TStruct, Type
from mapguard.heap.heap import Heap
from mapguard.heap.tabling import members
from mapguard.ir.model import CELL, ELEM, Alloc, Call, Cast, External, Reg, Store
from mapguard.models.entries import FunctionModel
from mapguard.models.load import Models

_DEPTH = 4  # fields and elements that a library is followed through

Fields = tuple[str, ...]


class Walks:
    def __init__(self, heap: Heap, models: Models) -> None:
        self.heap = heap
        self.index = heap.index
        self.types = heap.index.types
        self.models = models
        self._slots: dict[Type, tuple[tuple[Fields, str], ...]] = {}

    # ------------------------------------------------------------ what a copy of a struct reads or sets

    def slots(self, type_: Type) -> tuple[tuple[Fields, str], ...]:
        """The fields of map type that a struct has, also in structs that it holds by value: the fields that lead to their holder, and
        the field itself."""
        kind = self.index.struct(type_)
        found = self._slots.get(kind)
        if found is None:
            self._slots[kind] = ()
            found = self._slots[kind] = tuple(self._held(kind, 0))
        return found

    def _held(self, kind: Type, depth: int) -> Iterator[tuple[Fields, str]]:
        for field, type_ in self._fields(kind):
            if self.types.map_of(type_) is not None:
                yield (), field
            elif depth < _DEPTH and isinstance(self.types.underlying(type_), TStruct):
                for inner, slot in self._held(type_, depth + 1):
                    yield (field, *inner), slot

    def _fields(self, kind: Type) -> Iterator[tuple[str, Type]]:
        under = self.types.underlying(kind)
        for field in under.fields if isinstance(under, TStruct) else ():
            selected = self.types.select(kind, field.name)
            if selected is not None and selected.steps and selected.method is None:
                yield selected.steps[-1]

    # ------------------------------------------------------------ what a library does

    def given(self, func: int, call: Call, model: FunctionModel) -> Iterator[tuple[Literal["read", "write", "range"], Reg, Fields]]:
        """What a library's function does with maps in its arguments: a register, and the fields that lead from it to the map."""
        for names, op in ((model.reads, "read"), (model.writes, "write"), (model.iterates, "range")):
            depth = _DEPTH if model.deep and op == "range" else 1
            for argument in self._named(call, names):
                for reg, kind in self._values(func, argument):
                    for inner in dict.fromkeys(self._reached(kind, depth, frozenset())):
                        yield op, reg, inner  # type: ignore[misc]

    def _named(self, call: Call, names: tuple[str, ...]) -> list[Reg]:
        """The registers of the arguments that a model names."""
        assert isinstance(call.callee, External)
        method = call.callee.name.startswith("(")
        if "args" in names:
            return list(call.args[method:])
        numbers = [0 if name == "recv" else int(name[3:]) + method for name in names]
        return [call.args[n] for n in numbers if n < len(call.args)]

    def _values(self, func: int, reg: Reg) -> Iterator[tuple[Reg, Type]]:
        """A value as what it is before it becomes an interface, with its type; variadic arguments one by one. Of an interface that
        somebody else has filled, the types that are known to be in it."""
        place = self.index.place(func, reg)
        event = place.event if place is not None else None
        if isinstance(event, Cast) and not event.asserted:
            yield from self._values(func, event.src)
        elif place is not None and isinstance(event, Alloc) and event.how == "pack":
            for other in self.index.bodies[func].blocks[place.block].events[place.number :]:
                if isinstance(other, Store) and other.base == reg:
                    yield from self._values(func, other.src)
        else:
            type_ = self.index.bodies[func].types[reg]
            if isinstance(self.types.underlying(type_), TInterface) or type_ == TName("", "any"):
                held = {self.index.struct(self.heap.objects.all[o].type) for o in members(self.heap.points(func, reg))}
                yield from ((reg, kind) for kind in sorted(held, key=repr))
            else:
                yield reg, type_

    def _reached(self, type_: Type, depth: int, above: frozenset[Type]) -> Iterator[Fields]:
        """The fields that lead from a value to the maps that an encoder walks: through pointers, elements and exported fields."""
        kind = self.types.deref(type_)
        if kind in above:
            return
        pointed = isinstance(type_, TPtr) and not self.types.is_storage(kind)
        for inner in self._inside(kind, depth, above | {kind}):
            yield (CELL, *inner) if pointed else inner

    def _inside(self, kind: Type, depth: int, above: frozenset[Type]) -> Iterator[Fields]:
        under = self.types.map_of(kind) or self.types.underlying(kind)
        if isinstance(under, TMap):
            yield ()
        if depth <= 0:
            return
        if isinstance(under, TMap | TSlice):
            if depth > 1:
                for inner in self._reached(under.elem, depth - 1, above):
                    yield (ELEM, *inner)
        elif isinstance(under, TStruct):
            for field, type_ in self._fields(kind):
                if field.rpartition(".")[2][:1].isupper():
                    for inner in self._reached(type_, depth - 1, above):
                        yield (field, *inner)
