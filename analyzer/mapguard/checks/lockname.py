"""A lock to its name: as the function that is shown would write it, or ``Type.field`` where no name is in scope."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mapguard.bodies.effects import library_name
from mapguard.bodies.paths import CAPTURED, Path, is_element
from mapguard.checks.functions import Functions
from mapguard.checks.location import Location, last, location, named_fields, owner
from mapguard.checks.semaphores import Semaphores
from mapguard.checks.sources import Sources
from mapguard.checks.variables import Variables
from mapguard.evidence.location import type_of
from mapguard.facts.syntax import TChan, TName, Type
from mapguard.ir.model import CELL, Call
from mapguard.models.load import Models
from mapguard.program.model import Func
from mapguard.program.names import show_type
from mapguard.program.types import UNKNOWN
from mapguard.races.contexts import Anchored
from mapguard.races.judge import Judge

_SELECTORS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")
MUTEXES = ("mutex", "rwmutex")
_NO_LOCKS = ("once", "atomic", "concurrent-map")  # what the analysis treats as a lock and no reader would call one
NAMELESS = "a lock of its own"  # one that no reader of the place has a name for
_PLAIN = ("bool", "int", "int32", "uint32", "int64", "uint64")


class Seen(NamedTuple):
    """A lock that is held at a place in a finding. ``local`` is its path in the function at that place, or in one around it, if it has
    one there."""

    lock: Anchored
    mode: str
    viewer: int
    local: Anchored | None


class Site(NamedTuple):
    """Where a function takes a lock: the bytes of what it writes for it."""

    func: int
    path: Path
    at: int
    end: int


class LockNames:
    def __init__(self, judge: Judge, functions: Functions, variables: Variables, models: Models, sources: Sources) -> None:
        self.judge = judge
        self.index = judge.index
        self.functions = functions
        self.variables = variables
        self._models = models
        self._sources = sources
        self._sites: dict[int, list[Site]] = {}
        self._semaphores = Semaphores(judge)
        self._is_lock: dict[Anchored, bool] = {}
        self._takers: dict[Location, set[int]] | None = None

    def kind(self, lock: Anchored) -> Location:
        """The identity of a lock, equal for all its names."""
        return location(self.index, lock)

    def is_lock(self, lock: Anchored) -> bool:
        """Whether readers of the code would call it a lock, unlike the once, flag, key or signal that the analysis treats as one."""
        known = self._is_lock.get(lock)
        if known is None:
            known = self._is_lock[lock] = self._named_so(lock)
        return known

    def _named_so(self, lock: Anchored) -> bool:
        kind = self.type(lock)
        if self.model(lock) in _NO_LOCKS:
            return False
        under = self.index.types.underlying(kind)
        if isinstance(under, TChan):
            return self._semaphores.has(self.kind(lock))
        return not (isinstance(under, TName) and under.pkg == "" and under.name in _PLAIN)

    def takers(self, kind: Location) -> set[int]:
        """The functions that take a lock themselves."""
        if self._takers is None:
            self._takers = {}
            for place in self.index.sites:
                assert isinstance(place.event, Call)
                model = self._models.function(library_name(place.event.callee))
                if model is not None and model.acquires and place.event.args:
                    path = self.judge.bodies.normal(place.func, self.judge.bodies.paths(place.func).of(place.event.args[0]))
                    self._takers.setdefault(self.kind(Anchored(place.func, path)), set()).add(place.func)
        return self._takers.get(kind, set())

    def model(self, lock: Anchored) -> str:
        """``mutex``, ``rwmutex`` or another kind of the models; "" where the lock's type is not known."""
        return self._models.type(show_type(self.index.types.deref(self.type(lock)))) or ""

    def model_of(self, kind: Location) -> str:
        """The same for a lock that is known by its identity only."""
        return self._models.type(show_type(self.index.types.deref(type_of(self.index, kind)))) or ""

    def type(self, lock: Anchored) -> Type:
        """The type of a lock, by the declarations along its path."""
        func, path = lock
        types = self.index.types
        at = self.index.global_type(path.root) if isinstance(path.root, str) else self.index.bodies[func].types[path.root]
        for f in path.fields:
            if f == CELL:
                at = types.deref(at)
            elif f.startswith(CAPTURED):
                at = UNKNOWN
            elif is_element(f):
                at = types.element(at)
            else:
                package, _, name = owner(f).rpartition(".")
                for holder in (at, TName(package, name)):
                    selected = types.select(holder, last(f))
                    if selected is not None and selected.steps and selected.method is None:
                        break
                at = selected.steps[-1].type if selected is not None and selected.steps else UNKNOWN
        return at

    # ------------------------------------------------------------ names

    def sites(self, func: int) -> list[Site]:
        """Where a function itself takes locks."""
        known = self._sites.get(func)
        if known is None:
            known = self._sites[func] = list(self._taken(func))
        return known

    def _taken(self, func: int) -> Iterator[Site]:
        paths = self.judge.bodies.paths(func)
        source = None
        for block in self.index.bodies[func].blocks:
            for event in block.events:
                model = self._models.function(library_name(event.callee)) if isinstance(event, Call) else None
                if not isinstance(event, Call) or model is None or not model.acquires or not event.args:
                    continue
                source = source or self._sources.source(self.functions.of(func).path)
                text = source[event.at : event.end]
                end = event.at + text.rfind(b".", 0, text.rfind(b"("))
                if end > event.at:
                    yield Site(func, self.judge.bodies.normal(func, paths.of(event.args[0])), event.at, end)

    def written(self, lock: Anchored, viewer: int) -> str | None:
        """The lock as code in ``viewer`` would write it, ``lock`` being in the terms of that function or of one around it; None where no
        name is in scope."""
        site = self._site(lock, viewer)
        if site is not None:
            return site
        func = self.functions.of(viewer)
        if any(is_element(f) or f.startswith(CAPTURED) for f in lock.path.fields):
            return None
        start = self._start(lock, func)
        fields = named_fields(lock.path)
        if start is None or not all(_selectable(f, func) for f in fields):
            return None
        return ".".join([start, *(last(f) for f in fields)])

    def _site(self, lock: Anchored, viewer: int) -> str | None:
        """The name under which the function takes the lock, or a function around it does."""
        for site in self.sites(viewer):
            if lock == (viewer, site.path):
                return self._text(site, lock.path)
        here = self.kind(lock)
        outer = self.functions.of(viewer).outer
        while outer is not None:
            number = self.index.number.get(outer.id)
            for site in self.sites(number) if number is not None else ():
                if self.kind(Anchored(site.func, site.path)) == here:
                    return self._text(site, lock.path)
            outer = outer.outer
        return None

    def _text(self, site: Site, lock: Path) -> str | None:
        text = self._sources.text(self.functions.of(site.func).path, site.at, site.end)
        if not _SELECTORS.match(text):
            return None
        fields = named_fields(lock)
        name = last(fields[-1]) if fields else ""
        return f"{text}.{name}" if name and text.rpartition(".")[2] != name else text

    def _start(self, lock: Anchored, viewer: Func) -> str | None:
        root = lock.path.root
        if isinstance(root, str):
            package, _, name = root.rpartition(".")
            if lock.path.fields and not all(owner(f).startswith("struct@") for f in named_fields(lock.path)):
                return None  # the code most likely has a shorter name for it
            return name if package == viewer.scope.package.path else f"{self._package(package)}.{name}"
        name = self.variables.of(lock.func, root).name
        return name if name not in ("", "_") else None

    def canonical(self, lock: Anchored) -> str:
        """``Type.field``, ``package.variable`` or the name of a local variable, which can be understood anywhere."""
        func, path = lock
        fields = named_fields(path)
        if fields and not owner(fields[-1]).startswith("struct@"):
            return ".".join(filter(None, [last(owner(fields[-1])).strip("?"), last(fields[-1])]))
        names = [last(f) for f in fields]
        if isinstance(path.root, str):
            package, _, name = path.root.rpartition(".")
            return ".".join([self._package(package), name, *names])
        start = self.variables.of(func, path.root).name
        return ".".join(filter(None, [start if start != "_" else "", *names])) or NAMELESS

    def of_kind(self, kind: Location) -> str:
        """The same for a lock that is known by its identity only."""
        if kind.kind == "field":
            return self.canonical(Anchored(0, Path("", (kind.name,))))
        if kind.kind == "global":
            return self.canonical(Anchored(0, Path(kind.name)))
        return self.canonical(Anchored(self.index.number[kind.name], Path(kind.at)))

    def _package(self, path: str) -> str:
        package = self.index.types.program.packages.get(path)
        return package.name if package is not None else path.rpartition("/")[2]

    def choose(self, seen: list[Seen]) -> dict[Location, str]:
        """One name for each lock: the one that is written at all places, if it is the same everywhere, else ``canonical``."""
        written: dict[Location, dict[str | None, Anchored]] = {}
        for s in seen:
            name = self.written(s.local, s.viewer) if s.local is not None else None
            written.setdefault(self.kind(s.lock), {}).setdefault(name, s.lock)
        chosen: dict[Location, str] = {}
        for kind, names in written.items():
            only = next(iter(names)) if len(names) == 1 else None
            hidden = None in names and kind.kind in ("local", "param")
            chosen[kind] = only or (NAMELESS if hidden else self.canonical(next(iter(names.values()))))
        return chosen


def _selectable(field: str, viewer: Func) -> bool:
    """Whether code of the viewer's package can write the field."""
    return last(field)[:1].isupper() or owner(owner(field)) in ("", viewer.scope.package.path)
