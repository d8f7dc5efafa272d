"""Values to the maps in them: those that a struct holds itself, and those that a library gets to from what it is given."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from mapguard.facts.formats import unread_by
from mapguard.facts.syntax import TInterface, TMap, TName, TPtr, TSlice, TStruct, Type
from mapguard.heap.heap import Heap
from mapguard.heap.tabling import members
from mapguard.ir.model import CELL, ELEM, Alloc, Call, Cast, Const, External, Op, Reg, Store
from mapguard.models.entries import FunctionModel
from mapguard.models.load import Models

DEPTH = 4  # fields and elements that a library is followed through

Fields = tuple[str, ...]


class _Walk(NamedTuple):
    """How far a library goes: so many fields and elements deep, through pointers, in fields that are not exported; a value that has one of
    these methods is left to it."""

    depth: int
    pointers: bool = True
    unexported: bool = False
    asks: tuple[str, ...] = ()


class Walks:
    """``cut`` has the calls, by function and byte, whose arguments have maps deeper than libraries are followed."""

    def __init__(self, heap: Heap, models: Models) -> None:
        self.heap = heap
        self.index = heap.index
        self.types = heap.index.types
        self.models = models
        self.cut: set[tuple[int, int]] = set()
        self._too_deep = False  # whether there are maps below where a walk has ended
        self._having: dict[Type, bool] = {}
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
            elif depth < DEPTH and isinstance(self.types.underlying(type_), TStruct):
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
        unread = self._unread(func, call)
        self._too_deep = False
        for names, op in ((model.reads, "read"), (model.writes, "write"), (model.iterates, "range")):
            walk = _Walk(DEPTH, True, op != "write" and model.unexported, model.asks) if model.deep and op != "write" else _Walk(1)
            if model.prints and op == "range":
                walk = _Walk(DEPTH, False, True, model.asks)
            for argument in self._named(call, names):
                for reg, kind in self._values(func, argument):
                    if reg not in unread:
                        for inner in dict.fromkeys(self._reached(kind, walk, frozenset(), True)):
                            yield op, reg, inner  # type: ignore[misc]
        if self._too_deep:
            self.cut.add((func, call.at))

    def _unread(self, func: int, call: Call) -> frozenset[Reg]:
        """The arguments of a function that is named as one that formats (``Printf``) whose verbs do not look into them."""
        assert isinstance(call.callee, External)
        if not call.callee.name.endswith("f"):
            return frozenset()
        given = [reg for argument in call.args for reg, _ in self._values(func, argument)]
        for at, reg in enumerate(given):
            verbs = self._verbs(func, reg)
            if verbs is not None:
                return frozenset(given[at + 1 + n] for n in unread_by(verbs) if at + 1 + n < len(given))
        return frozenset()

    def _verbs(self, func: int, reg: Reg) -> str | None:
        """The directives of a text, None where it is no literal, or several of them joined."""
        place = self.index.place(func, reg)
        match place.event if place is not None else None:
            case Const(kind="string", verbs=verbs):
                return verbs
            case Op(op="+", args=(left, right)):
                parts = (self._verbs(func, left), self._verbs(func, right))
                return None if None in parts else "".join(p for p in parts if p is not None)
        return None

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

    def _reached(self, type_: Type, walk: "_Walk", above: frozenset[Type], outermost: bool = False) -> Iterator[Fields]:
        """The fields that lead from a value to the maps that a library gets to."""
        kind = self.types.deref(type_)
        pointer = isinstance(self.types.underlying(type_), TPtr)
        if kind in above or (pointer and not walk.pointers and not outermost) or self._asked(type_, walk):
            return
        pointed = pointer and not self.types.is_storage(kind)
        for inner in self._inside(kind, walk, above | {kind}):
            yield (CELL, *inner) if pointed else inner

    def _asked(self, type_: Type, walk: "_Walk") -> bool:
        """Whether a value of a type of the tree is asked by one of its own methods instead."""
        found = (self.types.select(type_, name) for name in walk.asks)
        return any(s is not None and s.method is not None for s in found)

    def _inside(self, kind: Type, walk: "_Walk", above: frozenset[Type]) -> Iterator[Fields]:
        under = self.types.map_of(kind) or self.types.underlying(kind)
        if isinstance(under, TMap):
            yield ()
        if walk.depth <= 0:
            self._too_deep = self._too_deep or any(self._has_map(t, set()) for t in self._next(kind))
            return
        further = walk._replace(depth=walk.depth - 1)
        if isinstance(under, TMap | TSlice):
            if walk.depth > 1:
                for inner in self._reached(under.elem, further, above):
                    yield (ELEM, *inner)
            else:
                self._too_deep = self._too_deep or self._has_map(under.elem, set())
        elif isinstance(under, TStruct):
            for field, type_ in self._fields(kind):
                if walk.unexported or field.rpartition(".")[2][:1].isupper():
                    for inner in self._reached(type_, further, above):
                        yield (field, *inner)

    def _has_map(self, type_: Type, seen: set[Type]) -> bool:
        """Whether a value of a type can lead to a map."""
        kind = self.types.deref(type_)
        known = self._having.get(kind)
        if known is None and kind not in seen:
            seen.add(kind)
            under = self.types.map_of(kind) or self.types.underlying(kind)
            known = isinstance(under, TMap) or any(self._has_map(t, seen) for t in self._next(kind))
            if known:
                self._having[kind] = True
        return bool(known)

    def _next(self, kind: Type) -> list[Type]:
        """The types of what a value has in it."""
        under = self.types.map_of(kind) or self.types.underlying(kind)
        if isinstance(under, TMap | TSlice):
            return [under.elem]
        return [type_ for _, type_ in self._fields(kind)]
