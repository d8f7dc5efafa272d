"""The questions of the heap, as keys of its table, and what answering them needs."""

from collections.abc import Callable
from typing import NamedTuple

from mapguard.heap.handed import Handed
from mapguard.heap.index import FieldKey, Index
from mapguard.heap.objects import ANY, Context, Objects
from mapguard.heap.tabling import Bits
from mapguard.ir.model import Reg
from mapguard.models.load import Models


class Points(NamedTuple):
    """Which objects a register of a function may refer to, when the function runs under a context."""

    func: int
    reg: Reg
    context: Context = ANY


class Contents(NamedTuple):
    """Which objects a field of an object may hold."""

    obj: int
    key: FieldKey


class Targets(NamedTuple):
    """Which functions of the tree a call site may call, as a set of functions."""

    site: int
    context: Context = ANY


class Callers(NamedTuple):
    """Which sites may call a function, as a set of sites; library calls that are given it are among them."""

    func: int


Question = Points | Contents | Targets | Callers


class Knowledge:
    """What rules work with: the program's events, the models of libraries, the objects met so far, and the table to ask."""

    __slots__ = ("ask", "empty", "handed", "index", "models", "objects")

    def __init__(
        self, index: Index, models: Models, objects: Objects, ask: Callable[[Question], Bits], empty: Callable[[Question], bool]
    ) -> None:
        self.index = index
        self.models = models
        self.handed = Handed(index, models)
        self.objects = objects
        self.ask = ask
        self.empty = empty
