"""Functions that are stored in fields of a library's structs to the threads that the library runs them on: handlers, hooks, commands."""

from typing import NamedTuple

from mapguard.heap.index import Index
from mapguard.ir.model import Cast, Clone, Copy, Field, Reg, Store
from mapguard.models.entries import FieldModel
from mapguard.models.load import Models
from mapguard.order.edges import Edges

_DEPTH = 6  # structs in structs that belong to one registration


class Stored(NamedTuple):
    """``turn`` numbers the goroutine that runs it in turn with others, -1 where it has one of its own."""

    model: FieldModel
    turn: int


class StoredFunctions:
    """``main`` is the turn of the main goroutine, which runs the functions of kind main."""

    main = 0

    def __init__(self, edges: Edges, models: Models) -> None:
        self.edges = edges
        self.index: Index = edges.index
        self.models = models
        self._turns: dict[tuple[int, Reg], int] = {}
        self._of: dict[int, list[Stored]] | None = None

    def of(self, func: int) -> list[Stored]:
        """The fields that a function is stored in."""
        if self._of is None:
            self._of = {}
            for number, body in enumerate(self.index.bodies):
                for block in body.blocks:
                    for event in block.events:
                        if isinstance(event, Store):
                            self._store(number, event)
        return self._of.get(func, [])

    def _store(self, func: int, event: Store) -> None:
        kind, _, name = event.field.rpartition(".")
        model = self.models.field(kind, name) if "." in kind else None
        if model is None:
            return
        assert self._of is not None
        for target in self.edges.heap.functions(func, event.src):
            found = Stored(model, self._turn(func, event.base, model))
            if found not in self._of.setdefault(target, []):
                self._of[target].append(found)

    def _turn(self, func: int, base: Reg, model: FieldModel) -> int:
        if not model.serial:
            return -1
        if model.kind == "main":
            return self.main
        return self._turns.setdefault((func, self._registration(func, base)), len(self._turns) + 1)

    def _registration(self, func: int, base: Reg) -> Reg:
        """The outermost struct of a library that the one in ``base`` is put into: both are registered together."""
        stores = [e for b in self.index.bodies[func].blocks for e in b.events if isinstance(e, Store)]
        found = self._made(func, base)
        for _ in range(_DEPTH):
            holder = next((s.base for s in stores if self._made(func, s.src) == found and self._of_library(s.field)), None)
            if holder is None or self._made(func, holder) == found:
                break
            found = self._made(func, holder)
        return found

    def _made(self, func: int, reg: Reg) -> Reg:
        """The register that a struct comes from: without conversions and copies, and of a part the whole."""
        for _ in range(len(self.index.bodies[func].types)):
            place = self.index.place(func, reg)
            match place.event if place is not None else None:
                case Copy(src=src) | Cast(src=src) | Clone(src=src):
                    reg = src
                case Field(base=base):
                    reg = base
                case _:
                    break
        return reg

    def _of_library(self, field: str) -> bool:
        owner = field.rpartition(".")[0]
        pkg, _, name = owner.rpartition(".")
        named = self.index.types.program.named(pkg, name)
        return bool(pkg) and (named is None or named.scope.file.path.startswith("<model>/"))
