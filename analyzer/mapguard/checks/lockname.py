"""A lock to its name: as the function that is shown would write it, or ``Type.field`` where no name is in scope."""

import re
from typing import NamedTuple

from mapguard.checks.sources import Sources
from mapguard.concurrency.domain import ALLOC, COPY, GLOBAL, PARAM, RECEIVER, Location, Path, is_elem, location, named_fields
from mapguard.concurrency.guards import is_claim, is_flight, is_once
from mapguard.concurrency.solve import Analysis
from mapguard.facts.syntax import Type
from mapguard.program.model import Func
from mapguard.program.names import show_type

_SELECTORS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")
MUTEXES = ("mutex", "rwmutex")


class Seen(NamedTuple):
    """A lock that is held at a place in a finding. ``local`` is its path in the function at that place, if it has one there."""

    lock: Path
    mode: str
    viewer: Func
    local: Path | None

    @property
    def kind(self) -> Location | None:
        """The identity of the lock, equal for all its names."""
        return lock_kind(self.lock)


def lock_kind(lock: Path) -> Location | None:
    found = location(lock)
    return found[0] if found is not None else None


class LockNames:
    def __init__(self, analysis: Analysis, sources: Sources) -> None:
        self._analysis = analysis
        self._sources = sources

    def is_lock(self, lock: Path) -> bool:
        """Whether readers of the code would call it a lock, unlike the once, flight or key that the analysis treats as one."""
        if is_once(lock) or is_flight(lock) or is_claim(lock) or lock.base[:2] == (GLOBAL, "sync.Once"):
            return False
        return self.model(lock) != "once"

    def model(self, lock: Path) -> str:
        """``mutex``, ``rwmutex`` or another kind of the models; "" where the lock's type is not known."""
        kind = self._type(lock)
        return (self._analysis.models.type(show_type(self._analysis.types.deref(kind))) or "") if kind is not None else ""

    def _type(self, lock: Path) -> Type | None:
        fields = named_fields(lock)
        if fields:
            return self._analysis.field_type(fields[-1])
        kind, owner, index = lock.base
        if kind == GLOBAL:
            variable = self._analysis.program.variable(owner)
            return self._analysis.global_type(variable) if variable is not None else None
        if kind == PARAM:
            func = self._analysis.program.by_id.get(owner)
            return func.params[index] if func is not None and 0 <= index < len(func.params) else None
        return self._analysis.alloc_types.get(lock.base)

    # ------------------------------------------------------------ names

    def written(self, lock: Path, viewer: Func) -> str | None:
        """The lock as code in ``viewer`` would write it, ``lock`` being in that function's terms; None where no name is in scope."""
        site = self._site(lock, viewer)
        if site is not None:
            return site
        if any(is_elem(f) or f.startswith(COPY) for f in lock.fields):
            return None
        start = self._start(lock, viewer)
        names = [_last(f) for f in named_fields(lock)]
        if start is None or not all(self._selectable(f, viewer) for f in named_fields(lock)):
            return None
        return ".".join([start, *names])

    def _site(self, lock: Path, viewer: Func) -> str | None:
        """The name under which the function, or a function around it, takes the lock."""
        at: Func | None = viewer
        while at is not None:
            found = self._analysis.lock_sites.get((at.id, lock.plain()))
            if found is not None:
                text = self._sources.text(at.path, *found)
                if _SELECTORS.match(text):
                    last = _last(named_fields(lock)[-1]) if named_fields(lock) else ""
                    return f"{text}.{last}" if last and text.rpartition(".")[2] != last else text
            at = at.outer
        return None

    def _start(self, lock: Path, viewer: Func) -> str | None:
        kind, owner, index = lock.base
        if kind == GLOBAL:
            package, _, name = owner.rpartition(".")
            if lock.fields and not self._anonymous(lock):
                return None  # the code most likely has a shorter name for it
            return name if package == viewer.scope.package.path else f"{_package_name(self._analysis, package)}.{name}"
        at: Func | None = viewer
        while at is not None:
            if at.id == owner and kind == PARAM:
                return _parameter(at, index)
            if at.id == owner and kind == ALLOC:
                return self._analysis.alloc_names.get(lock.base, ("", 0))[0] or None
            at = at.outer
        return None

    def _anonymous(self, lock: Path) -> bool:
        """Whether the fields after a package variable are those of a struct type without a name."""
        return all(_owner(f).startswith("struct@") for f in named_fields(lock))

    def _selectable(self, field: str, viewer: Func) -> bool:
        """Whether code of the viewer's package can write the field."""
        return _last(field)[:1].isupper() or _package(field) in ("", viewer.scope.package.path)

    def canonical(self, lock: Path) -> str:
        """``Type.field``, ``package.variable`` or the name of a local variable, which can be understood anywhere."""
        fields = named_fields(lock)
        kind, owner, _ = lock.base
        if fields and not _owner(fields[-1]).startswith("struct@"):
            return ".".join(filter(None, [_owner(fields[-1]).rpartition(".")[2].strip("?"), _last(fields[-1])]))
        names = [_last(f) for f in fields]
        if kind == GLOBAL:
            package, _, name = owner.rpartition(".")
            return ".".join([_package_name(self._analysis, package), name, *names])
        if kind == ALLOC:
            start = self._analysis.alloc_names.get(lock.base, ("", 0))[0]
        else:
            func = self._analysis.program.by_id.get(owner)
            start = (_parameter(func, lock.base[2]) or "") if func is not None and kind == PARAM else ""
        return ".".join(filter(None, [start, *names])) or "a lock of its own"

    def choose(self, seen: list[Seen]) -> dict[Location, str]:
        """One name for each lock: the one that is written at all places, if it is the same everywhere, else ``canonical``."""
        written: dict[Location, dict[str | None, Path]] = {}
        for s in seen:
            if s.kind is not None:
                name = self.written(s.local, s.viewer) if s.local is not None else None
                written.setdefault(s.kind, {}).setdefault(name, s.lock)
        chosen: dict[Location, str] = {}
        for kind, names in written.items():
            only = next(iter(names)) if len(names) == 1 else None
            chosen[kind] = only or self.canonical(next(iter(names.values())))
        return chosen


def _last(field: str) -> str:
    return field.rpartition(".")[2]


def _owner(field: str) -> str:
    return field.rpartition(".")[0]


def _package(field: str) -> str:
    return _owner(field).rpartition(".")[0]


def _package_name(analysis: Analysis, path: str) -> str:
    package = analysis.program.packages.get(path)
    return package.name if package is not None else path.rpartition("/")[2]


def _parameter(func: Func, index: int) -> str | None:
    if index == RECEIVER:
        name = func.facts.recv.name if func.facts.recv is not None else ""
    else:
        name = func.facts.params[index].name if index < len(func.facts.params) else ""
    return name if name not in ("", "_") else None
