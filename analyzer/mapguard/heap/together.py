"""Functions to whether one program can have both, as far as the tree shows: some package imports the packages of both, or is one of them.

What the tree makes gets to code of another package in such a program only. Callers outside the tree could bring any two packages together;
nothing shows that they do.
"""

from mapguard.heap.index import Index
from mapguard.heap.tabling import Bits
from mapguard.heap.written import written

_ANY = -1  # all bits: a library's package, which every program can have


class Together:
    """The packages that no other one imports are numbered; a set of them is the bits of an int."""

    def __init__(self, index: Index) -> None:
        program = index.types.program
        own = {scope.package.path for scope in program.scopes.values() if not scope.file.path.startswith("<model>/")}
        imports = {path: imported & own - {path} for path, imported in program.imports().items() if path in own}
        inside: dict[str, Bits] = dict.fromkeys(imports, 0)
        for number, top in enumerate(sorted(imports.keys() - frozenset[str]().union(*imports.values()))):
            pending = [top]
            while pending:
                path = pending.pop()
                if not inside[path] >> number & 1:
                    inside[path] |= 1 << number
                    pending.extend(imports[path])
        scopes = (program.scopes.get(written(index, func)[0]) for func in range(len(index.bodies)))
        self._programs = [(inside.get(scope.package.path, _ANY) or _ANY) if scope is not None else _ANY for scope in scopes]

    def can_meet(self, func: int, other: int) -> bool:
        """Whether one program can have both functions."""
        return bool(self._programs[func] & self._programs[other])
