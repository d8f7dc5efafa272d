"""A file to the functions in it, each with the names that its text mentions and the variables that it sets: read once for all questions."""

from functools import cached_property

from mapguard.facts.model import FileFacts, FuncFacts
from mapguard.facts.syntax import Assign, Name, Sel, TName, VarStmt
from mapguard.facts.walk import nodes


class FunctionText:
    """A function with ``inside``, itself and the literals in it. ``names`` are the names and selectors in their text, ``types`` the types
    that it names; ``set`` are the declarations of variables and the assignments, in the order of the source."""

    def __init__(self, func: FuncFacts, inside: list[FuncFacts]) -> None:
        self.func = func
        self.inside = inside
        self.names: list[Name | Sel] = []
        self.set: list[Assign | VarStmt] = []
        self.types: list[str] = []
        for node in nodes([f.body for f in inside]):
            if isinstance(node, Name | Sel):
                self.names.append(node)
            elif isinstance(node, Assign | VarStmt):
                self.set.append(node)
            elif isinstance(node, TName):
                self.types.append(node.name)
        self.set.sort(key=lambda node: node.at)


class FileText:
    def __init__(self, file: FileFacts) -> None:
        self.file = file

    @cached_property
    def functions(self) -> list[FunctionText]:
        """The functions of the file that are no literals in others."""
        found: dict[int, tuple[FuncFacts, list[FuncFacts]]] = {}
        outermost: dict[int, int] = {}
        for func in sorted(self.file.funcs, key=lambda f: f.index):
            outermost[func.index] = outermost.get(func.parent, func.index)
            found.setdefault(outermost[func.index], (func, []))[1].append(func)
        return [FunctionText(func, inside) for func, inside in found.values()]

    @cached_property
    def naming(self) -> dict[str, list[FunctionText]]:
        """The functions whose text has a name in it."""
        found: dict[str, list[FunctionText]] = {}
        for function in self.functions:
            for name in {*(node.name for node in function.names), *function.types}:
                found.setdefault(name, []).append(function)
        return found
