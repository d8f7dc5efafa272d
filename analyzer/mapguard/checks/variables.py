"""Registers to the local variables that they are: name and place of the declaration."""

from collections.abc import Iterator
from typing import NamedTuple

from mapguard.checks.functions import Functions
from mapguard.facts.syntax import Assign, Name, Range, VarStmt
from mapguard.facts.walk import nodes
from mapguard.ir.flow import events
from mapguard.ir.model import CELL, NONE, Reg, Store
from mapguard.program.model import Func


class Variable(NamedTuple):
    """``at`` is the byte of the declaration's statement or name, -1 where it is not known; ``func`` the function that declares it."""

    name: str
    func: Func
    at: int


class Variables:
    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self.index = functions.index
        self._declared: dict[str, dict[str, list[int]]] = {}

    def of(self, func: int, reg: Reg) -> Variable:
        """The variable that a register holds, under the name of one that it is copied to where it has none itself."""
        name = self._name(func, reg) if reg != NONE else ""
        here = self.functions.of(func)
        place = self.index.place(func, reg)
        before: int = getattr(place.event, "at", 0) if place is not None else 0
        at: Func | None = here
        while at is not None and name:
            found = self._of(at).get(name)
            if found is not None:
                earlier = [x for x in found if x <= before]
                return Variable(name, at, max(earlier) if earlier else min(found))
            at = at.outer
        return Variable(name, here, -1)

    def _name(self, func: int, reg: Reg) -> str:
        """The name of a register, or of the variable that shares its value with literals and is set to it."""
        body = self.index.bodies[func]
        if not body.names[reg]:
            for _, _, event in events(body):
                if isinstance(event, Store) and event.field == CELL and event.src == reg and body.names[event.base]:
                    return body.names[event.base]
        return body.names[reg]

    def _of(self, func: Func) -> dict[str, list[int]]:
        known = self._declared.get(func.id)
        if known is None:
            known = self._declared[func.id] = {}
            for name, at in _declarations(func):
                known.setdefault(name, []).append(at)
        return known


def _declarations(func: Func) -> Iterator[tuple[str, int]]:
    for node in nodes(func.facts.body or ()):
        match node:
            case Assign(lhs=lhs, op=":="):
                yield from ((x.name, x.at) for x in lhs if isinstance(x, Name))
            case VarStmt(names=names, at=at):
                yield from ((name, at) for name in names)
            case Range(key=key, value=value, define=True):
                yield from ((x.name, x.at) for x in (key, value) if isinstance(x, Name))
