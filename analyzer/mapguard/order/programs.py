"""Functions to the programs of the tree that contain them: by the packages that each main package imports."""

from collections.abc import Iterable

from mapguard.heap.index import Index
from mapguard.heap.tabling import Bits

ANY_PROGRAM = -1  # all bits: it belongs to no program of the tree, so that nothing is known


class Programs:
    """Programs are numbered; a set of them is the bits of an int."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._by_package: dict[str, Bits] = {}
        for number, main in enumerate(self._mains()):
            for path in self._imported(main):
                self._by_package[path] = self._by_package.get(path, 0) | 1 << number
        self._by_function = [self._by_package.get(f.scope.package.path, ANY_PROGRAM) if f is not None else ANY_PROGRAM for f in index.funcs]

    def of(self, funcs: Iterable[int]) -> Bits:
        """The programs that have all of the functions in them, as far as each is in one."""
        found = ANY_PROGRAM
        for func in funcs:
            found &= self._by_function[func]
        return found

    def has(self, func: int, outside: frozenset[str]) -> bool:
        """Whether a program that is no part of the folders ``outside`` contains the function."""
        mains = [n for n, main in enumerate(self._mains()) if not outside & set(main.split("/"))]
        found = self._by_function[func]
        return found != ANY_PROGRAM and any(found >> n & 1 for n in mains)

    def _mains(self) -> list[str]:
        named = (f for f in self.index.funcs if f is not None and f.facts.name == "main" and f.recv is None and f.outer is None)
        return sorted({f.scope.package.path for f in named if f.scope.package.name == "main"})

    def _imported(self, main: str) -> set[str]:
        imports = self.index.types.program.imports()
        found: set[str] = set()
        pending = [main]
        while pending:
            path = pending.pop()
            if path not in found:
                found.add(path)
                pending.extend(imports.get(path, ()))
        return found
