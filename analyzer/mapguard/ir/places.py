"""What can be assigned to or has an address, and composite literals, to storage and what is put there."""

from typing import NamedTuple

from mapguard.facts.syntax import Composite, Expr, Index, Lit, Name, Sel, TMap, TName, TPtr, TSlice, TStruct, Type, Unary
from mapguard.ir.frame import INT, Local, Value
from mapguard.ir.model import CELL, ELEM, NONE, Alloc, CopyInto, Field, MapOp, Reg, Store
from mapguard.ir.selectors import Selectors
from mapguard.program.types import UNKNOWN, Step

_TABLE = 64  # elements


class Place(NamedTuple):
    """Where an assignment puts its value: a variable, a field or element of ``base``, an entry of a map, or nowhere."""

    type: Type
    local: Local | None = None
    base: Reg = NONE
    field: str = ""
    key: Reg = NONE
    map: Reg = NONE
    at: int = 0
    end: int = 0


class Places(Selectors):
    # ------------------------------------------------------------ places

    def address(self, x: Expr) -> Value | None:
        """The address of what can be assigned to, as a pointer; None of anything else."""
        match x:
            case Name(name=name):
                local = self.lookup(name)
                if local is not None:
                    return Value(self.where(local), TPtr(local.type), True) if local.kind in ("cell", "storage") else None
                for path in (self.func.scope.package.path, *self.func.scope.dots):
                    found = self.global_address(path, name)
                    if found is not None:
                        return Value(found.reg, TPtr(found.type), True)
                return None
            case Sel(x=inner, name=name):
                imported = self.qualifier(inner)
                if imported is not None:
                    found = self.global_address(imported, name)
                    return Value(found.reg, TPtr(found.type), True) if found is not None else None
                base = self.value(inner)
                selected = self.select(base.type, name) if base.type != UNKNOWN else None
                if selected is None or selected.method or selected.external or not selected.steps:
                    dst = self.new(TPtr(UNKNOWN))
                    self.add(Field(dst, base.reg, f"?.{name}", NONE, x.at, x.end))
                    return Value(dst, TPtr(UNKNOWN), True)
                holder = self.walk(base, selected.steps[:-1], x.at, x.end)
                step = self.walked(holder, selected.steps[-1])
                dst = self.new(TPtr(step.type))
                self.add(Field(dst, holder.reg, step.field, NONE, x.at, x.end))
                return Value(dst, TPtr(step.type), True)
            case Index(x=inner, index=index):
                container = self.value(inner)
                key = self.value(index[0], INT)
                elem = self.types.element(self.types.deref(container.type))
                dst = self.new(TPtr(elem))
                self.add(Field(dst, container.reg, ELEM, key.reg, x.at, x.end))
                return Value(dst, TPtr(elem), True)
            case Unary(op="*", x=inner):
                pointer = self.value(inner)
                return Value(pointer.reg, pointer.type, True)
        return None

    def place(self, x: Expr) -> Place:
        """Where ``x = …`` puts its value."""
        match x:
            case Name(name="_"):
                return Place(UNKNOWN)
            case Name(name=name):
                local = self.lookup(name)
                if local is not None:
                    return Place(local.type, local, at=x.at, end=x.at + len(name))
            case Index(x=inner, index=index):
                container = self.value(inner)
                map_type = self.types.map_of(container.type)
                if map_type is not None:
                    key = self.value(index[0], map_type.key)
                    return Place(map_type.elem, key=self.own(key, x.at), map=container.reg, at=x.at, end=x.end)
                key = self.value(index[0], INT)
                elem = self.types.element(self.types.deref(container.type))
                return Place(elem, base=container.reg, field=ELEM, key=key.reg, at=x.at, end=x.end)
            case Sel(x=inner, name=name) if self.qualifier(inner) is None:
                base = self.value(inner)
                selected = self.select(base.type, name) if base.type != UNKNOWN else None
                if selected is None or not selected.steps or selected.method is not None:
                    return Place(UNKNOWN, base=base.reg, field=f"?.{name}", at=x.at, end=x.end)
                holder = self.walk(base, selected.steps[:-1], x.at, x.end)
                step = self.walked(holder, selected.steps[-1])
                return Place(step.type, base=holder.reg, field=step.field, at=x.at, end=x.end)
        address = self.address(x)
        if address is None:
            self.value(x)
            return Place(UNKNOWN)
        at, end = getattr(x, "at", 0), getattr(x, "end", 0)
        if isinstance(x, Name):
            end = at + len(x.name)
        return Place(self.types.deref(address.type), base=address.reg, field=CELL, at=at, end=end)

    def put(self, place: Place, value: Value) -> None:
        """Assigns ``value``, which nobody else may share, to a place."""
        value = self.fit(value, place.type)
        if place.local is not None:
            self.assign(place.local, value, place.at, place.end)
        elif place.map != NONE:
            self.add(MapOp("write", place.map, place.key, self.own(value, place.at), place.at, place.end))
        elif place.base != NONE:
            if self.storage(place.type):
                base = place.base
                if place.field != CELL:
                    base = self.new(place.type)
                    self.add(Field(base, place.base, place.field, place.key, place.at, place.end))
                self.add(CopyInto(base, value.reg, place.at, place.end))
            else:
                self.add(Store(place.base, place.field, self.own(value, place.at), place.key, place.at, place.end))

    def get(self, place: Place) -> Value:
        """What is in a place, for ``x op= y``."""
        if place.local is not None:
            return self.read(place.local, place.at, place.end)
        if place.map != NONE:
            value = self.new(place.type)
            self.add(MapOp("read", place.map, place.key, value, place.at, place.end))
            return Value(value, place.type)
        if place.base != NONE:
            return self.load(place.base, place.field, place.type, place.key, place.at, place.end)
        return self.const("unknown")

    # ------------------------------------------------------------ literals

    def composite(self, x: Composite, want: Type, asked: bool = False) -> Value:
        """A literal; with ``asked`` it is of type ``want``, whatever type it names: the pointer that & makes of it."""
        type_ = want if asked or x.type == UNKNOWN else self.written(x.type)
        pointer = isinstance(type_, TPtr)
        target = type_.elem if isinstance(type_, TPtr) else type_
        dst = self.new(TPtr(target) if pointer else target)
        self.add(Alloc(dst, target, "lit", x.at))
        self._fill(dst, target, x)
        return Value(dst, type_, True)

    def _fill(self, base: Reg, type_: Type, x: Composite) -> None:
        under = self.types.underlying(type_)
        if isinstance(under, TStruct):
            owner = type_
            for number, (key, element) in enumerate(x.elems):
                field = self._field_of(owner, under, key, number)
                self._put(base, field.field if field is not None else "?", field.type if field is not None else UNKNOWN, element, x)
            return
        keys = under.key if isinstance(under, TMap) else INT
        elem = under.elem if isinstance(under, TMap | TSlice) else UNKNOWN
        table = len(x.elems) > _TABLE and isinstance(self.types.underlying(elem), TName)
        for key, element in x.elems:
            if table and isinstance(element, Lit) and (key is None or isinstance(key, Lit)):
                continue  # numbers or texts of a large table, which say nothing
            index = NONE
            if key is not None and isinstance(under, TMap | TSlice):
                index = self.own(self.value(key, keys), x.at)
            self._put(base, ELEM, elem, element, x, index)

    def _field_of(self, owner: Type, struct: TStruct, key: Expr | None, number: int) -> Step | None:
        name = key.name if isinstance(key, Name) else ""
        if key is None and number < len(struct.fields):
            name = struct.fields[number].name
        selected = self.select(owner, name) if name else None
        if selected is None or len(selected.steps) != 1:
            return None
        step = selected.steps[0]
        # the fields of a generic struct have the types of this instance
        return Step(step.field, next((f.type for f in struct.fields if f.name == name), step.type))

    def _put(self, base: Reg, field: str, type_: Type, x: Expr, place: Composite, index: Reg = NONE) -> None:
        """An element of a literal, written where it belongs: a struct in a struct is no object of its own."""
        if self.storage(type_) and field != ELEM:
            dst = self.new(type_)
            self.add(Field(dst, base, field))
            if isinstance(x, Composite):
                self._fill(dst, type_, x)
            else:
                self.add(CopyInto(dst, self.value(x, type_).reg, place.at))
            return
        value = self.fit(self.value(x, type_), type_)
        self.add(Store(base, field, self.own(value, place.at), index))
