"""A proof to the places where its map needs a lock and has none: in the function of an access, or where that is called."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from mapguard.bodies.paths import Path
from mapguard.bodies.state import READ
from mapguard.checks import Explainer
from mapguard.checks.held import STARTS
from mapguard.checks.location import Location, last, owner
from mapguard.evidence.proof import Proof
from mapguard.facts.syntax import TPtr
from mapguard.fix.edit import EditError
from mapguard.fix.runs import Target
from mapguard.program.model import Func
from mapguard.races.accesses import Access
from mapguard.races.contexts import Anchored, Context
from mapguard.races.maps import Map

_PAIRS = 4000  # of one map that are looked at; where there are more, all accesses count as racing


class Level(NamedTuple):
    """A function on the way to an access: where in it the access is, or the call that leads there, and the map as it knows it."""

    number: int
    at: int
    end: int
    path: Path


class Spot(NamedTuple):
    """Where a function needs the lock that it writes as ``lock``."""

    func: Func
    number: int
    lock: str
    target: Target


Writing = Callable[[Level], str | None]  # a lock as the function of a level writes it


class Wanting:
    """Answers for one proof, whose accesses are as the text shows them in ``plain``."""

    def __init__(self, explainer: Explainer, proof: Proof, maps: Mapping[int, Map]) -> None:
        self.x = explainer
        self.proof = proof
        self.maps = maps
        self.plain = explainer.plain.proof(proof)
        self.racing = self._racing()

    # ------------------------------------------------------------ which accesses

    def _racing(self) -> set[tuple[int, int]]:
        """The places of the accesses that are in a race: of the others each is private or ordered with all that could meet it."""
        judge = self.x.judge
        told = {x for obj in self.proof.objects for x in self.maps[obj].accesses}
        found = {_place(use.access) for use in self.proof.uses if use.contexts and use.access not in told}  # of the name, not of the object
        for obj in self.proof.objects:
            map_ = self.maps[obj]
            known = set(map_.accesses)
            contexts = [c for use in self.proof.uses if use.access in known for c in use.contexts]
            if len(contexts) ** 2 > _PAIRS:
                found |= {_place(c.access) for c in contexts}
                continue
            for number, a in enumerate(contexts):
                for b in contexts[number:]:
                    new = not {_place(a.access), _place(b.access)} <= found
                    if new and (a.access.writes or b.access.writes) and judge.decide(map_, a, b) is None:
                        found |= {_place(a.access), _place(b.access)}
        return found

    def lone(self) -> list[Access]:
        """Accesses on no way that is known: nobody in the tree gets there, but somebody may."""
        return [use.access for use in self.plain.uses if not use.contexts and not use.private]

    # ------------------------------------------------------------ a lock that is there

    def lacking(self, kind: Location) -> Iterator[Spot]:
        """Where the lock ``kind`` is missing, or held for reading only at a write; never where some caller holds it already."""
        ways = {use.access: use.contexts for use in self.plain.uses}
        for access, contexts in ways.items():
            for c in contexts if _place(access) in self.racing else ():
                if not self.x.held.holds(c, kind):
                    yield self._missing(c, contexts, kind)

    def only_reading(self, kind: Location) -> Iterator[Context]:
        """The ways to racing writes that hold the lock, but for reading."""
        for c in self.ways():
            modes = {s.mode for s in self.x.held.at_access(c) if self.x.locks.kind(s.lock) == kind}
            if c.access.writes and READ in modes:
                yield c

    def ways(self) -> Iterator[Context]:
        """The ways to the racing accesses."""
        for use in self.plain.uses:
            if _place(use.access) in self.racing:
                yield from use.contexts

    def _missing(self, c: Context, contexts: Sequence[Context], kind: Location) -> Spot:
        place = self.x.held.missing(c, contexts, kind)
        if place.at_start:
            func = self.x.functions.of(c.access.func)
            raise EditError(f"other callers of '{func.display}' hold the lock already, and this one is not in the tree or starts a thread")

        return self.spot(c, lambda level: self._written(kind, level), place.edge)

    def _written(self, kind: Location, level: Level) -> str | None:
        beside = kind.kind == "field" and owner(kind.name) == owner(self.proof.where.name)
        text = as_text(self.x, level, self.proof.where.name, last(kind.name)) if beside else None
        if text is None:
            ways = {use.access: use.contexts for use in self.plain.uses}
            lock = self.x.adviser.guard_at(kind, level.path, level.number, ways)
            text = self.x.locks.written(lock, level.number) if lock is not None else None
        if text is None and kind.kind in ("local", "param"):
            variable = self.x.variables.of(self.x.index.number[kind.name], kind.at)
            inside = variable.at >= 0 and within(self.x.functions.of(level.number), variable.func)
            text = variable.name if inside and variable.name else None
        return text

    def spot(self, c: Context, written: Writing, edge: object = None) -> Spot:
        """The innermost function on a way that can write the lock, from the call ``edge`` outwards."""
        reached = edge is None
        for level, leads in self._levels(c):
            reached = reached or leads is edge
            text = self._first(level, written) if reached else None
            if text is not None:
                func = self.x.functions.of(level.number)
                return Spot(func, level.number, text, Target(level.at, level.end, c.access.writes))
        func = self.x.functions.of(c.access.func)
        raise EditError(f"the lock has no name in '{func.display}' or in what calls it")

    def _first(self, level: Level, written: Writing) -> str | None:
        """The lock by the first of the map's paths that tells how it is written."""
        texts = (written(level._replace(path=path)) for path in forms(self.x, level.number, level.path))
        return next((t for t in texts if t is not None), None)

    def spot_at(self, level: Level, writes: bool, written: Writing) -> Spot | None:
        """The spot of one access by itself."""
        text = self._first(level, written)
        func = self.x.functions.of(level.number)
        return Spot(func, level.number, text, Target(level.at, level.end, writes)) if text is not None else None

    def _levels(self, c: Context) -> Iterator[tuple[Level, object]]:
        path: Path | None = self.x.held.map_at(c)
        assert path is not None
        yield Level(c.access.func, c.access.at, c.access.end, path), None
        for edge in reversed(c.chain):
            path = self.x.judge.bodies.given(edge.site, edge.func, path)
            if edge.kind in STARTS or path is None:
                return
            where = self.x.index.sites[edge.site][:3]
            at, end = self.x.functions.at(where)
            yield Level(where[0], at, end, path), edge


def forms(x: Explainer, number: int, path: Path) -> list[Path]:
    """The paths that a map may have in a function: also that of each value which a variable may have, and where a new one is put."""
    bodies = x.judge.bodies
    found = [path]
    for value in x.judge.values.alternatives.of(number, path):
        for one in value:
            found += bodies.translator.forms(number, bodies.normal(number, one))
    return list(dict.fromkeys(found))


def as_text(x: Explainer, level: Level, field: str, lock: str) -> str | None:
    """The lock beside a field as the access itself writes the object: ``s.shards[i].mu``; the object must be behind a pointer."""
    text = x.sources.text(x.functions.of(level.number).path, level.at, level.end)
    found = re.search(rf"(?<![\w.)\]])((?:[A-Za-z_]\w*(?:\[\w+\])?\.)+){re.escape(last(field))}\b", text)
    fields = level.path.fields
    at = next((i for i in range(len(fields) - 1, -1, -1) if fields[i] == field), -1)
    if found is None or at < 0:
        return None
    holder = x.locks.type(Anchored(level.number, Path(level.path.root, fields[:at])))
    return f"{found[1]}{lock}" if isinstance(holder, TPtr) or "[" not in found[1] else None


def within(func: Func, outer: Func) -> bool:
    """Whether a function is another one, or a literal in it."""
    at: Func | None = func
    while at is not None and at.id != outer.id:
        at = at.outer
    return at is not None


def _place(access: Access) -> tuple[int, int]:
    return access.func, access.at
