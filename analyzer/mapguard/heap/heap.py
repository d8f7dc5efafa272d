"""The heap of a program: its questions and their answers, as far as they are asked."""

from collections.abc import Hashable

from mapguard.heap.callgraph import callers, has_type, targets
from mapguard.heap.contents import contents
from mapguard.heap.index import Index
from mapguard.heap.objects import ANY, Context, Obj, Objects
from mapguard.heap.points import follow, points
from mapguard.heap.questions import Callers, Contents, Knowledge, Points, Targets
from mapguard.heap.tabling import Bits, Table, members
from mapguard.ir.model import Bound, Closure, Reg
from mapguard.models.load import Models


class Heap:
    """Andersen's analysis on demand, field-sensitive, with call-site contexts (Sridharan and Bodík, PLDI 2006)."""

    def __init__(self, index: Index, models: Models) -> None:
        self.index = index
        self.objects = Objects()
        self._table = Table(self._rule)
        self._knowledge = Knowledge(index, models, self.objects, self._table.ask, self._table.empty)

    def points(self, func: int, reg: Reg, context: Context = ANY) -> Bits:
        """The objects that a register may refer to when its function runs under a context."""
        return self._table.ask(Points(func, reg, context))

    def holds(self, func: int, reg: Reg, type_: tuple[str, str]) -> bool:
        """Whether a register may refer to an object of a named type, as far as the tree's objects are known."""
        return has_type(self._knowledge, self.points(func, reg), type_)

    def targets(self, site: int, context: Context = ANY) -> Bits:
        """The functions of the tree that a site may call."""
        return self._table.ask(Targets(site, context))

    def callers(self, func: int) -> Bits:
        """The sites that may call a function, library calls that are given it among them."""
        return self._table.ask(Callers(func))

    def handed(self, site: int, func: int) -> Reg | None:
        """The register of the object whose method ``func`` a library calls because of a site; None where that is not clear."""
        receiver = self.index.funcs[func]
        if receiver is None or receiver.recv is None:
            return None
        caller = self.index.sites[site].func
        found = [r for r in self._knowledge.handed.at.get(site, ()) if has_type(self._knowledge, self.points(caller, r), receiver.recv.key)]
        return found[0] if len(found) == 1 else None

    def of_global(self, name: str) -> Bits:
        """The storage of a package variable."""
        return 1 << self.objects.number(Obj("global", self.index.global_type(name), name=name))

    def is_cell(self, name: str) -> bool:
        """Whether a package variable is no struct or array, so that its storage holds its value as a ``CELL``."""
        return not self.index.types.is_storage(self.index.global_type(name))

    def follow(self, objects: Bits, field: str) -> Bits:
        """What a field of any of the objects is or holds: its storage, where it is a struct or an array, else what is in it."""
        return follow(self._knowledge, objects, field)

    def captured(self, values: Bits, number: int) -> Bits:
        """What function values captured first, second …; of method values, their receivers."""
        found = 0
        for value in members(values):
            o = self.objects.all[value]
            made = self.index.maker(o) if o.kind in ("closure", "bound") else None
            if isinstance(made, Closure) and number < len(made.captures):
                found |= self.points(o.func, made.captures[number], o.context)
            elif isinstance(made, Bound):
                found |= self.points(o.func, made.recv, o.context)
        return found

    @property
    def evaluations(self) -> int:
        return self._table.evaluations

    def _rule(self, question: Hashable) -> Bits:
        match question:
            case Points():
                return points(self._knowledge, question)
            case Contents():
                return contents(self._knowledge, question)
            case Targets():
                return targets(self._knowledge, question)
            case Callers():
                return callers(self._knowledge, question)
        raise AssertionError(question)
