"""The heap of a program: its questions and their answers, as far as they are asked."""

from collections.abc import Hashable

from mapguard.heap.callgraph import callers, targets
from mapguard.heap.contents import contents
from mapguard.heap.index import Index
from mapguard.heap.objects import ANY, Context, Objects
from mapguard.heap.points import points
from mapguard.heap.questions import Callers, Contents, Knowledge, Points, Targets
from mapguard.heap.tabling import Bits, Table
from mapguard.ir.model import Reg
from mapguard.models.load import Models


class Heap:
    """Andersen's analysis on demand, field-sensitive, with call-site contexts (Sridharan and Bodík, PLDI 2006)."""

    def __init__(self, index: Index, models: Models) -> None:
        self.index = index
        self.objects = Objects()
        self._table = Table(self._rule)
        self._knowledge = Knowledge(index, models, self.objects, self._table.ask)

    def points(self, func: int, reg: Reg, context: Context = ANY) -> Bits:
        """The objects that a register may refer to when its function runs under a context."""
        return self._table.ask(Points(func, reg, context))

    def targets(self, site: int, context: Context = ANY) -> Bits:
        """The functions of the tree that a site may call."""
        return self._table.ask(Targets(site, context))

    def callers(self, func: int) -> Bits:
        """The sites that may call a function, library calls that are given it among them."""
        return self._table.ask(Callers(func))

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
