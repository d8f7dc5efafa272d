"""A program to the judge of its races: its events, the heap over them, and the questions that the layers above ask."""

from mapguard.base.stack import deep_stack
from mapguard.heap.heap import Heap
from mapguard.heap.index import Index
from mapguard.ir.lower import Failed, Lowerer
from mapguard.models.load import Models
from mapguard.program.model import Program
from mapguard.program.types import Types
from mapguard.races.judge import Judge


def heap_of(program: Program, models: Models, failed: list[Failed] | None = None) -> Heap:
    """The heap of all bodies of a program. Ask it, and what is built on it, on a deep stack: answers rest on answers.

    ``failed`` gets the functions that could not be lowered; without it the error is raised.
    """
    types = Types(program)
    lowerer = Lowerer(types)
    with deep_stack():
        return Heap(Index(list(lowerer.everything(failed=failed)), types, lowerer.global_type), models)


def judge_of(program: Program, models: Models, failed: list[Failed] | None = None) -> Judge:
    """The judge of a program's races. Ask it on a deep stack. ``failed`` as for the heap."""
    with deep_stack():
        return Judge(heap_of(program, models, failed), models)
