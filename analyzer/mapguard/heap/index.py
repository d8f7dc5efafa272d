"""All bodies to what is looked up in them: definitions of registers, call sites, stores by field, where function values are made."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from mapguard.facts.syntax import TChan, TMap, TName, TPtr, TSlice, TStruct, Type
from mapguard.heap.channels import given_back
from mapguard.heap.objects import Obj
from mapguard.heap.plain import known, plain
from mapguard.ir.flow import defined
from mapguard.ir.model import (
    CELL,
    ELEM,
    NONE,
    Alloc,
    Body,
    Bound,
    Call,
    Cast,
    Clone,
    Closure,
    CopyInto,
    Dynamic,
    Event,
    External,
    Field,
    Invoke,
    Load,
    MapOp,
    Recv,
    Reg,
    Return,
    Send,
    Static,
    Store,
)
from mapguard.program.model import Func, Global
from mapguard.program.types import UNKNOWN, Types

FieldKey = tuple[str, Type | None]  # a field's name and, for elements and cells, the type of what it holds; None: any


class Place(NamedTuple):
    """An event's place: function, block, number in the block."""

    func: int
    block: int
    number: int
    event: Event


class Kept(NamedTuple):
    """``base.field = src`` in a function: a store, a write into a map, a send."""

    func: int
    base: Reg
    src: Reg


class Stores:
    """Stores of one field: those into what the storing function itself has made, by where it did, and all others."""

    __slots__ = ("local", "number", "others")

    def __init__(self, number: int) -> None:
        self.number = number  # in ``Index.all_stores``
        self.local: dict[tuple[int, int, int], list[Kept]] = {}
        self.others: list[Kept] = []

    def all(self) -> Iterator[Kept]:
        yield from self.others
        for kept in self.local.values():
            yield from kept


class Index:
    """``funcs`` goes by the number of a body; its id is that of the body."""

    def __init__(self, bodies: Sequence[Body], types: Types, global_type: Callable[[Global], Type]) -> None:
        self.types = types
        self._global_type = global_type
        self.bodies = sorted(bodies, key=lambda b: b.func)
        self.number = {body.func: n for n, body in enumerate(self.bodies)}
        self.funcs: list[Func | None] = [types.program.by_id.get(b.func) for b in self.bodies]
        self.definitions: list[dict[Reg, Place]] = []
        self.returns: list[list[Return]] = []
        self.sites: list[Place] = []  # of calls
        self.site_at: dict[tuple[int, int, int], int] = {}
        self.static: dict[int, list[int]] = {}  # the sites that call a function
        self.dynamic: dict[int, list[int]] = {}  # the sites that call function values, by how many arguments they pass
        self.invokes: dict[str, list[int]] = {}  # the sites that call an interface's method, by its name
        self.methods_of_libraries: list[int] = []  # the calls of those that take arguments
        self.allocated: dict[Type, list[Place]] = {}  # where structs are made, by their type
        self.made: dict[int, list[Place]] = {}  # where a function becomes a value
        self.all_stores: list[Stores] = []
        self.stores: dict[FieldKey, Stores] = {}
        self.given_back: dict[FieldKey, list[Kept]] = {}  # sends of what has come from the same channel: they store nothing new
        self.converted: dict[tuple[int, int, int], list[TName]] = {}  # by where a value is made, the named types that it is converted to
        self.copies: dict[Type, Stores] = {}  # of whole structs and arrays, by their type
        self.recast: set[Type] = set()  # structs that are converted to or from another type
        self.copied: dict[Kept, list[Place]] = {}  # the events that those are
        self.addressed: set[str] = set()  # fields, not of struct type, whose address is taken
        self._elements: dict[Type, Type | None] = {}
        self._structs: dict[Type, Type] = {}
        self._origins: dict[tuple[int, Reg], tuple[Reg, Reg]] = {}
        for n, body in enumerate(self.bodies):
            self._read(n, body)

    def global_type(self, name: str) -> Type:
        """The type of the package variable ``import/path.name``."""
        variable = self.types.program.variable(name)
        return self._global_type(variable) if variable is not None else UNKNOWN

    def place(self, func: int, reg: Reg) -> Place | None:
        """Where a register is defined; None for parameters and captured values."""
        return self.definitions[func].get(reg)

    def kept(self, key: FieldKey) -> list["Stores"]:
        """What is stored under a field, and what is stored where the type of the base is not known."""
        keys = (key,) if key[1] is None else (key, (key[0], None))
        return [self.stores[k] for k in keys if k in self.stores]

    def key(self, field: str, base: Type) -> FieldKey:
        """What stores of ``field`` of a base of this static type are looked up with."""
        if field == ELEM:
            return (field, self.element(base))
        if field == CELL:
            return self.cell(self.types.deref(base))
        return (field, None)

    def cell(self, held: Type) -> FieldKey:
        """What stores into a variable of this type, through a pointer, are looked up with."""
        return (CELL, plain(held) if known(held) else None)

    def struct(self, t: Type) -> Type:
        """The struct type that a value or a pointer of type ``t`` is about, aliases aside."""
        found = self._structs.get(t)
        if found is None:
            found = self._structs[t] = plain(self.types.alias(self.types.deref(self.types.alias(t))))
        return found

    def origin(self, func: int, reg: Reg) -> tuple[Reg, Reg]:
        """The register that a chain of fields held by value starts from, and the parameter that a chain of fields and loads starts
        from, NONE where it starts elsewhere."""
        known = self._origins.get((func, reg))
        if known is None:
            known = self._origins[func, reg] = (self._base(func, reg), self._root(func, reg))
        return known

    def _base(self, func: int, reg: Reg) -> Reg:
        while True:
            place = self.place(func, reg)
            if place is None or not isinstance(place.event, Field):
                return reg
            reg = place.event.base

    def _root(self, func: int, reg: Reg) -> Reg:
        body = self.bodies[func]
        for _ in range(len(body.types)):
            if reg < body.params:
                return reg
            place = self.place(func, reg)
            if place is None or not isinstance(place.event, Field | Load):
                break
            reg = place.event.base
        return NONE

    def received(self, place: Place) -> Recv | None:
        """The receive that what a call runs came from; None where it came another way."""
        callee = place.event.callee if isinstance(place.event, Call) else None
        value = self.place(place.func, callee.reg) if isinstance(callee, Dynamic) else None
        return value.event if value is not None and isinstance(value.event, Recv) else None

    def maker(self, o: Obj) -> Event:
        """The event that makes an object of the tree's own."""
        return self.bodies[o.func].blocks[o.block].events[o.place]

    def runs(self, o: Obj) -> str:
        """The id of the function that a function value runs; "" for other objects, and where the receiver decides."""
        made = self.maker(o) if o.kind in ("closure", "bound") else None
        if isinstance(made, Closure):
            return made.func
        return made.target.func if isinstance(made, Bound) and isinstance(made.target, Static) else ""

    def element(self, container: Type) -> Type | None:
        """The type of a container's elements, aliases and names of it aside; None where it is not known."""
        if container not in self._elements:
            found: Type = UNKNOWN
            under = self.types.underlying(self.types.deref(container))
            if isinstance(under, TMap | TSlice | TChan):
                found = self.types.alias(under.elem)
            self._elements[container] = plain(found) if known(found) else None
        return self._elements[container]

    def field_type(self, owner: Type, field: str) -> Type:
        """The type of a field, UNKNOWN where neither the object's type nor the field's own name tells it."""
        name = field.rpartition(".")[2]
        for holder in (owner, declared_by(field)):
            selected = self.types.select(holder, name)
            if selected is not None and selected.steps and selected.method is None:
                return selected.steps[-1].type
        return UNKNOWN

    # ------------------------------------------------------------ reading

    def _read(self, n: int, body: Body) -> None:
        definitions: dict[Reg, Place] = {}
        returns: list[Return] = []
        stored: list[tuple[FieldKey, Kept]] = []
        sent: list[tuple[FieldKey, Kept]] = []
        casts: list[tuple[Reg, TName]] = []
        copied: list[tuple[Type, Kept]] = []
        for b, block in enumerate(body.blocks):
            for number, event in enumerate(block.events):
                place = Place(n, b, number, event)
                for reg in defined(event):
                    definitions[reg] = place
                match event:
                    case Alloc(type=type_, how="lit" | "var") if isinstance(self.types.underlying(type_), TStruct):
                        self.allocated.setdefault(self.struct(type_), []).append(place)
                    case Call():
                        self._call(place, event)
                    case Return():
                        returns.append(event)
                    case Store(base=base, field=field, src=src):
                        stored.append((self.key(field, body.types[base]), Kept(n, base, src)))
                    case MapOp(op="write", map=map_, value=value):
                        stored.append((self.key(ELEM, body.types[map_]), Kept(n, map_, value)))
                    case Send(channel=channel, value=value):
                        sent.append((self.key(ELEM, body.types[channel]), Kept(n, channel, value)))
                    case CopyInto(base=base, src=src):
                        kept = Kept(n, base, src)
                        copied.append((self.struct(body.types[base]), kept))
                        self.copied.setdefault(kept, []).append(place)
                    case Cast(src=src, type=type_, asserted=False):
                        if isinstance(type_, TName):
                            casts.append((src, type_))
                        self._cast(self.struct(body.types[src]), self.struct(type_))
                    case Closure(func=func):
                        self._function(place, func)
                    case Bound(target=Static(func=func)):
                        self._function(place, func)
                    case Field(dst=dst, field=field):
                        pointer = body.types[dst]
                        if isinstance(pointer, TPtr) and not isinstance(self.types.underlying(pointer.elem), TStruct):
                            self.addressed.add(field)
        self.definitions.append(definitions)
        self.returns.append(returns)
        for src, type_ in casts:
            made = definitions.get(src)
            if made is not None and isinstance(made.event, Closure | Bound | Alloc) and self.types.program.named(type_.pkg, type_.name):
                self.converted.setdefault(made[:3], []).append(type_)
        made_by = {reg: place.event for reg, place in definitions.items()} if sent else {}
        for key, kept in sent:
            if given_back(made_by, kept.base, kept.src):
                self.given_back.setdefault(key, []).append(kept)
            else:
                stored.append((key, kept))
        for key, kept in stored:
            stores = self.stores.get(key)
            if stores is None:
                stores = self.stores[key] = self.new_stores()
            self._sort(stores, kept)
        for type_, kept in copied:
            stores = self.copies.get(type_)
            if stores is None:
                stores = self.copies[type_] = self.new_stores()
            self._sort(stores, kept)

    def _cast(self, a: Type, b: Type) -> None:
        """Notes a conversion of a struct to another type of struct, or of pointers to them."""
        if a != b and all(isinstance(self.types.underlying(t), TStruct) for t in (a, b)):
            self.recast.update((a, b))

    def new_stores(self) -> Stores:
        """Stores of a field of its own."""
        self.all_stores.append(Stores(len(self.all_stores)))
        return self.all_stores[-1]

    def _sort(self, stores: Stores, kept: Kept) -> None:
        base, _ = self.origin(kept.func, kept.base)
        place = self.place(kept.func, base)
        if place is not None and isinstance(place.event, Alloc | Clone):
            stores.local.setdefault(place[:3], []).append(kept)
        else:
            stores.others.append(kept)

    def _function(self, place: Place, func: str) -> None:
        target = self.number.get(func)
        if target is not None:
            self.made.setdefault(target, []).append(place)

    def _call(self, place: Place, event: Call) -> None:
        site = len(self.sites)
        self.sites.append(place)
        self.site_at[place[:3]] = site
        match event.callee:
            case Static(func=func):
                target = self.number.get(func)
                if target is not None:
                    self.static.setdefault(target, []).append(site)
            case Dynamic():
                self.dynamic.setdefault(len(event.args), []).append(site)
            case Invoke(name=name):
                self.invokes.setdefault(name, []).append(site)
            case External(name=name):
                if name.startswith("(") and len(event.args) > 1:
                    self.methods_of_libraries.append(site)


def declared_by(field: str) -> Type:
    """The struct type in the name of a field, ``import/path.Type.field``."""
    package, _, name = field.rpartition(".")[0].rpartition(".")
    return TName(package, name) if package and name else UNKNOWN
