"""Registers to access paths: the register that a value was reached from, and the fields that lead from there to it.

A struct and its address have one path, as they have one register. A pointer to a field that holds a reference (a map, a slice, a pointer)
has a path of its own: ``x.&f``, and what it points to is ``x.f``.

Within one activation two registers of one path are one object, as long as no field on the way is set in between: the usual assumption of
lockset analyses. Elements are told apart by the register or constant that is their index.
"""

from collections.abc import Callable
from typing import NamedTuple

from mapguard.facts.syntax import TPtr, Type
from mapguard.heap.overwritten import Old
from mapguard.ir.flow import defined, events
from mapguard.ir.model import (
    CELL,
    ELEM,
    NONE,
    Alloc,
    Body,
    Bound,
    Call,
    Cast,
    Closure,
    Const,
    Copy,
    Event,
    Field,
    Global,
    Load,
    MapOp,
    Reg,
)


class Path(NamedTuple):
    """``root`` is a register, or the name of a package variable."""

    root: Reg | str
    fields: tuple[str, ...] = ()

    def plus(self, *fields: str) -> "Path":
        if fields and fields[0] == CELL and self.fields and self.fields[-1].startswith(ADDRESS):
            return Path(self.root, (*self.fields[:-1], self.fields[-1].removeprefix(ADDRESS), *fields[1:]))
        return Path(self.root, self.fields + fields) if fields else self


ADDRESS = "&"  # before a field: a pointer to it


def named(field: str) -> str:
    """The heap's name for a field of a path, also for one whose address it is."""
    field = field.removeprefix(ADDRESS)
    return ELEM if is_element(field) else field


def is_element(field: str) -> bool:
    """Whether a field of a path stands for an element."""
    return field.startswith("[")


def index_of(field: str) -> tuple[str, Reg] | None:
    """The function and the register that is the index of an element, None where the field is no element or has another index."""
    func, _, number = field[1:-1].rpartition(":")
    return (func, int(number)) if is_element(field) and func and number.isdecimal() else None


CAPTURED = "^"  # the field of a function value that holds what it captured first, then "^1" …; of a method value, its receiver


EMBEDDED = "~"  # before the name of a type: the struct of this type that a value is, or has embedded


def embedded(type_: tuple[str, str]) -> str:
    """The field that leads from a value of one of several types to the struct that they embed."""
    return f"{EMBEDDED}{type_[0]}.{type_[1]}"


def captured(number: int) -> str:
    """The field of a function value for the value that it captured as number ``number``."""
    return f"{CAPTURED}{number}" if number else CAPTURED


class Paths:
    """The paths of one body's registers. ``is_reference`` tells the types whose variables refer to something, ``old`` the loads from a
    copy, by block and place, that still get what a field of the original has."""

    def __init__(self, body: Body, is_reference: Callable[[Type], bool], old: Callable[[int, int], Old | None]) -> None:
        self.body = body
        self._old: dict[Reg, Old] = {}
        self._is_reference = is_reference
        self.definitions: dict[Reg, Event] = {}
        self.constants: dict[Reg, str] = {}  # booleans, nil, and what is not nil
        self._found: dict[Reg, Path] = {}
        self.numbers: dict[Reg, str] = {}  # constants that can be an index or a key
        for block, place, event in events(body):
            if isinstance(event, Load) and (before := old(block, place)) is not None:
                self._old[event.dst] = before
            match event:
                case Copy() | Cast() | Field() | Load() | Global() | Closure() | Bound() | Alloc() | Call():
                    for reg in defined(event):
                        self.definitions[reg] = event
                    if self._never_nil(event):
                        self.constants[defined(event)[0]] = "!nil"
                case Const(dst=dst, kind="bool", text=text):
                    self.constants[dst] = text
                case Const(dst=dst, kind="nil" | "zero"):
                    self.constants[dst] = "nil"
                case Const(dst=dst, kind="int" | "string", text=text) if text:
                    self.numbers[dst] = text
                case Const(dst=dst, kind="const", text=text) if text.startswith("iota iota@"):
                    self.numbers[dst] = text.removeprefix("iota iota@")
                case MapOp(op="read", value=value) if value != NONE:
                    self.definitions[value] = event

    def _never_nil(self, event: Event) -> bool:
        if isinstance(event, Copy | Cast):
            return self.constants.get(event.src) == "!nil"
        return isinstance(event, Alloc | Closure | Bound)

    def of(self, reg: Reg) -> Path:
        """The path of a register."""
        known = self._found.get(reg)
        if known is None:
            self._found[reg] = Path(reg)  # a phi may lead back here
            known = self._found[reg] = self._path(reg)
        return known

    def _path(self, reg: Reg) -> Path:
        if reg in self._old:
            return self.member(*self._old[reg])
        match self.definitions.get(reg):
            case Copy(src=src) | Cast(src=src):
                return self.of(src)
            case Global(name=name):
                return Path(name)
            case Field(base=base, field=field, index=index) if self._is_address(reg):
                path = self.member(base, field, index)
                return Path(path.root, (*path.fields[:-1], ADDRESS + path.fields[-1]))
            case Field(base=base, field=field, index=index) | Load(base=base, field=field, index=index):
                return self.member(base, field, index)
            case MapOp(map=map_, key=key):
                return self.member(map_, ELEM, key)
        return Path(reg)

    def _is_address(self, reg: Reg) -> bool:
        """Whether a register that is the address of a field is a pointer to a variable that refers to something."""
        pointer = self.body.types[reg]
        return isinstance(pointer, TPtr) and self._is_reference(pointer.elem)

    def member(self, base: Reg, field: str, index: Reg = NONE) -> Path:
        """The path of a field or element of what a register refers to. The same index of the same container is the same element; what a
        package variable holds has the path of the variable."""
        path = self.of(base)
        if field == ELEM:
            return path.plus(self.element(index))
        return path if field == CELL and isinstance(path.root, str) and not path.fields else path.plus(field)

    def element(self, index: Reg) -> str:
        """The field that stands for an index: a constant, or the register, with its function so that no other one is taken for it."""
        if index == NONE:
            return f"[{self.body.func}:]"
        constant = self.numbers.get(index)
        return f"[#{constant}]" if constant is not None else f"[{self.body.func}:{self.of(index).root}]"

    def definition(self, reg: Reg) -> Event | None:
        """The event that a value comes from, conversions aside."""
        root = self.of(reg).root
        return self.definitions.get(root) if isinstance(root, int) else None

    def normal(self, path: Path) -> Path:
        """The path of the same object that does not lead through a function value that this body makes."""
        while path.fields and path.fields[0].startswith(CAPTURED) and isinstance(path.root, int):
            number = int(path.fields[0][1:] or 0)
            match self.definitions.get(path.root):
                case Closure(captures=captures) if number < len(captures):
                    path = self.of(captures[number]).plus(*path.fields[1:])
                case Bound(recv=recv) if number == 0:
                    path = self.of(recv).plus(*path.fields[1:])
                case _:
                    break
        return path
