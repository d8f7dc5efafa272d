"""Exported functions that nobody in the tree calls to whether somebody outside may: the tree can be a library, or all of a program."""

from mapguard.evidence.caches import for_each_request
from mapguard.evidence.words import Words
from mapguard.order.programs import Programs
from mapguard.order.threads import Thread
from mapguard.program.model import Func
from mapguard.races.judge import Judge


class Callers:
    """Answers for one program."""

    def __init__(self, judge: Judge, words: Words) -> None:
        self.index = judge.index
        self.programs: Programs = judge.programs
        self.words = words

    def unlikely(self, thread: Thread) -> str:
        """Why hardly anybody outside calls the function, as a sentence without an end; "" where somebody may."""
        func = self.index.funcs[thread.func]
        if func is None or for_each_request(func) or self.words.safe(func.facts.doc):
            return ""
        if self.programs.has(thread.func, self.words.beside) and not self._of_library(func):
            return f"nobody in this tree calls '{func.display}', though the program that it belongs to is here"
        if self.words.begins(func.facts.name, of_object=func.recv is not None):
            return f"its name says that '{func.display}' is called once{' for each object' if func.recv is not None else ''}"
        return ""

    def _of_library(self, func: Func) -> bool:
        """Whether the package at the root of its module has types for others; where no module is known, the outermost one above it."""
        program = self.index.types.program
        path = func.scope.package.path
        parts = path.split("/")
        module = program.module_of(path)
        above = (module,) if module else ("/".join(parts[:n]) for n in range(1, len(parts) + 1))
        root = next((p for prefix in above if (p := program.packages.get(prefix)) is not None), None)
        return root is not None and root.name != "main" and any(t.methods for name, t in root.types.items() if name[:1].isupper())
