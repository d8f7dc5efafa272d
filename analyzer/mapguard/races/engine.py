"""A program to the judge of its races: its events, the heap over them, and the questions that the layers above ask."""

from mapguard.base.budget import Budget
from mapguard.base.defects import Defects
from mapguard.base.stack import deep_stack
from mapguard.heap.heap import Heap
from mapguard.heap.index import Index
from mapguard.ir.lower import Lowerer
from mapguard.models.load import Models
from mapguard.program.model import Program
from mapguard.program.types import Types
from mapguard.races.judge import Judge


def heap_of(program: Program, models: Models, budget: Budget | None = None, defects: Defects | None = None) -> Heap:
    """The heap of all bodies of a program. Ask it, and what is built on it, on a deep stack: answers rest on answers.

    Over the budget what is asked raises ``BudgetError``. ``defects`` gets what an error hides; without it errors are raised.
    """
    types = Types(program)
    lowerer = Lowerer(types)
    with deep_stack():
        bodies = []
        for body in lowerer.everything(defects=defects):
            bodies.append(body)
            if budget is not None:
                budget.step()
        return Heap(Index(bodies, types, lowerer.global_type), models, budget, defects)


def judge_of(program: Program, models: Models, budget: Budget | None = None, defects: Defects | None = None) -> Judge:
    """The judge of a program's races. Ask it on a deep stack. ``budget`` and ``defects`` as for the heap; once it is made, what it says of
    all maps ends early instead."""
    with deep_stack():
        return Judge(heap_of(program, models, budget, defects), models)
