"""A program to what would block for ever in it: a mutex that is taken while the same thread holds it, or two in either order."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mapguard.bodies.effects import library_name, outermost
from mapguard.bodies.paths import Path
from mapguard.checks import Explainer
from mapguard.checks.held import STARTS
from mapguard.checks.location import Location
from mapguard.ir.model import Call
from mapguard.races.contexts import Anchored

_DEPTH = 12  # calls that a lock is followed through
_MUTEXES = ("mutex", "rwmutex")


class Relock(NamedTuple):
    """``lock`` is taken in ``function``, or by what that calls, while it is held; or, with ``before``, while that is held, which is taken
    under ``lock`` elsewhere."""

    path: str
    function: str
    lock: str
    before: str = ""
    waits: bool = False  # it waits, while it holds the lock, for goroutines that take it

    def sentence(self) -> str:
        if self.waits:
            return f"'{self.function}' would wait for goroutines that take {self.lock} while it holds it"
        if self.before:
            return f"'{self.function}' would take {self.lock} while it holds {self.before}, and other code takes them the other way round"
        return f"'{self.function}' would take {self.lock} while it holds it already"


class Relocks:
    """Answers for one program, about the mutexes that are taken in some of its files."""

    def __init__(self, explainer: Explainer) -> None:
        self.x = explainer
        self.index = explainer.index
        self.bodies = explainer.judge.bodies
        self._taken: dict[int, dict[Path, None]] = {}
        self._sites: dict[int, dict[tuple[int, int, int], Path]] = {}

    def of(self, paths: Iterable[str]) -> set[Relock]:
        """``paths`` are the files."""
        wanted = set(paths)
        kinds = {
            self.x.locks.kind(Anchored(number, site.path))
            for number in range(len(self.index.bodies))
            if self.x.functions.of(number).path in wanted
            for site in self.x.locks.sites(number)
        }
        takers = {f for kind in kinds for f in self.x.locks.takers(kind)}
        found: set[Relock] = set()
        pairs: dict[tuple[Location, Location], tuple[str, str]] = {}
        for number in sorted(self._leading_to(takers)):
            found |= set(self._again(number, kinds, pairs))
        for (first, second), (path, function) in pairs.items():
            if (second, first) in pairs and first != second:
                found.add(Relock(path, function, self.x.locks.of_kind(second), self.x.locks.of_kind(first)))
        return found

    def _leading_to(self, takers: set[int]) -> set[int]:
        found = set(takers)
        pending = sorted(takers)
        while pending:
            for edge in self.x.judge.edges.into(pending.pop()):
                caller = self.index.sites[edge.site].func
                if edge.kind not in STARTS and caller not in found:
                    found.add(caller)
                    pending.append(caller)
        return found

    def _again(self, number: int, kinds: set[Location], pairs: dict[tuple[Location, Location], tuple[str, str]]) -> Iterator[Relock]:
        func = self.x.functions.of(number)
        for b, place, event in self._calls(number):
            if library_name(event.callee).endswith(").Wait"):
                for kind in sorted(self._kinds_held(number, b, place) & kinds & self._started(number)):
                    yield Relock(func.path, func.display, self.x.locks.of_kind(kind), waits=True)
            for lock in self._taken_by(number, b, place, event):
                kind = self.x.locks.kind(Anchored(number, lock))
                for at in self.bodies.held(number, b, place):
                    for held, _ in at.held:
                        other = self.x.locks.kind(Anchored(number, held))
                        if held == lock and kind in kinds:
                            yield Relock(func.path, func.display, self.x.locks.of_kind(kind))
                        elif other != kind and (kind in kinds or other in kinds) and self.x.locks.is_lock(Anchored(number, held)):
                            pairs.setdefault((other, kind), (func.path, func.display))

    def _kinds_held(self, number: int, b: int, place: int) -> set[Location]:
        return {self.x.locks.kind(Anchored(number, path)) for at in self.bodies.held(number, b, place) for path, _ in at.held}

    def _started(self, number: int) -> set[Location]:
        """The mutexes that the goroutines take which a function starts."""
        found: set[Location] = set()
        for b, place, _ in self._calls(number):
            for edge in self.x.judge.edges.out(self.index.site_at[number, b, place]):
                if edge.kind in STARTS:
                    found |= self._kinds_taken(edge.func, set())
        return found

    def _kinds_taken(self, number: int, seen: set[int]) -> set[Location]:
        """The mutexes that a function or what it calls takes, of whatever object."""
        seen.add(number)
        found = {self.x.locks.kind(Anchored(number, path)) for path in self._direct(number).values()}
        for b, place, _ in self._calls(number):
            for edge in self.x.judge.edges.out(self.index.site_at[number, b, place]):
                if edge.kind not in STARTS and edge.func not in seen:
                    found |= self._kinds_taken(edge.func, seen)
        return found

    def _calls(self, number: int) -> Iterator[tuple[int, int, Call]]:
        for b, block in enumerate(self.index.bodies[number].blocks):
            for place, event in enumerate(block.events):
                if isinstance(event, Call):
                    yield b, place, event

    def _taken_by(self, number: int, b: int, place: int, event: Call, depth: int = 0) -> Iterator[Path]:
        """The mutexes that a call takes, in terms of its function."""
        if event.how == "go":
            return
        if (number, b, place) in self._direct(number):
            yield self._direct(number)[number, b, place]
            return
        site = self.index.site_at[number, b, place]
        for edge in self.x.judge.edges.out(site):
            if edge.kind in STARTS or depth > _DEPTH:
                continue
            for path in self._acquired(edge.func, depth + 1):
                given = self.bodies.given(site, edge.func, path)
                if given is not None:
                    yield given

    def _acquired(self, number: int, depth: int) -> list[Path]:
        """The mutexes that a function or what it calls takes, of those that its caller can know."""
        known = self._taken.get(number)
        if known is None:
            known = self._taken[number] = {}
            body = self.index.bodies[number]
            for b, place, event in self._calls(number):
                for path in self._taken_by(number, b, place, event, depth):
                    if outermost(path, body.params + body.captures):
                        known[path] = None
        return list(known)

    def _direct(self, number: int) -> dict[tuple[int, int, int], Path]:
        found = self._sites.get(number)
        if found is None:
            found = self._sites[number] = dict(self._acquiring(number))
        return found

    def _acquiring(self, number: int) -> Iterator[tuple[tuple[int, int, int], Path]]:
        for b, place, event in self._calls(number):
            model = self.x.models.function(library_name(event.callee))
            if model is not None and model.acquires and event.args:
                path = self.bodies.normal(number, self.bodies.paths(number).of(event.args[0]))
                if self.x.locks.model(Anchored(number, path)) in _MUTEXES:
                    yield (number, b, place), path
