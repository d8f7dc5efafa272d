"""What every plan starts from: a finding, its proof, and the text that it speaks of."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mapguard.checks import Explainer
from mapguard.checks.location import Location
from mapguard.evidence.proof import Proof
from mapguard.findings.model import Finding
from mapguard.fix.edit import Edit, EditError
from mapguard.fix.plan import Needed
from mapguard.fix.runs import Target
from mapguard.fix.shape import GoFile
from mapguard.program.model import Func
from mapguard.races.maps import Map
from mapguard.repair.hold import Holder, Taken
from mapguard.repair.lock import Lock
from mapguard.repair.running import Running
from mapguard.repair.wanting import Spot, Wanting


class Given:
    """What plans ask of one program. ``read`` gives the bytes of a file, ``tests`` the test files of a folder; ``names`` are those of
    new mutexes, by what they belong to."""

    def __init__(self, explainer: Explainer, read: Callable[[str], bytes], tests: Callable[[str], Iterable[str]]) -> None:
        self.x = explainer
        self.running = Running(explainer.judge, explainer.functions)
        self.maps: dict[int, Map] = {m.obj: m for m in explainer.judge.maps()}
        self.names: dict[str, set[str]] = {}
        self._read = read
        self.tests = tests
        self._files: dict[str, GoFile] = {}

    def file(self, path: str) -> GoFile:
        known = self._files.get(path)
        if known is None:
            source = self._read(path)
            if not source:
                raise EditError(f"{path}: the file is empty, or cannot be read")
            known = self._files[path] = GoFile(path, source)
        return known

    def editable(self, func: Func) -> GoFile:
        """The file of a function that may be changed by hand."""
        path = func.path
        if func.scope.file.generated:
            raise EditError(f"{path} is generated, and would be again: change what it is generated from")
        if "vendor" in path.split("/") or path.startswith("<"):
            raise EditError(f"{path} is a copy of somebody else's code")
        return self.file(path)


class Subject(NamedTuple):
    """A finding that somebody wants repaired."""

    finding: Finding
    proof: Proof
    wanting: Wanting
    given: Given

    @classmethod
    def of(cls, finding: Finding, proof: Proof, given: Given) -> "Subject":
        return cls(finding, proof, Wanting(given.x, proof, given.maps), given)

    @property
    def where(self) -> Location:
        return self.proof.where


class Holding(NamedTuple):
    """``parted`` are the functions that give the lock up between two accesses."""

    edits: tuple[Edit, ...]
    imports: tuple[Needed, ...]
    parted: tuple[str, ...]


def held_at(given: Given, spots: Iterable[Spot], shared: bool, takers: set[str], optional: Iterable[Spot] = ()) -> Holding:
    """Edits that hold the lock at all spots, function by function; at the optional ones where that can be. ``takers`` take it already."""
    wanted: dict[tuple[str, str], tuple[list[Target], list[Target]]] = {}
    funcs: dict[str, Func] = {}
    for kind, found in enumerate((spots, optional)):
        for spot in found:
            wanted.setdefault((spot.func.id, spot.lock), ([], []))[kind].append(spot.target)
            funcs[spot.func.id] = spot.func
    leading = given.running.leading_to(takers | funcs.keys())
    edits: list[Edit] = []
    imports: list[Needed] = []
    parted = []
    for (ident, lock), (must, may) in sorted(wanted.items()):
        func = funcs[ident]
        taken = _held(Holder(given.running, given.editable(func), func, Lock(lock, shared), leading), must, may)
        edits += taken.edits
        imports += taken.imports
        if taken.parted:
            parted.append(func.display)
    return Holding(tuple(edits), tuple(imports), tuple(parted))


def _held(holder: Holder, must: list[Target], may: list[Target]) -> Taken:
    try:
        return holder.hold([*must, *may])
    except EditError:
        if not may:
            raise
    return holder.hold(must) if must else Taken(())
