"""A proof to how both threads come to have one map: where it is made, how it gets to each of them, and what keeps nothing between them."""

from collections.abc import Iterator, Sequence
from itertools import islice

from mapguard.bodies.paths import Path, is_element
from mapguard.bodies.state import READ
from mapguard.checks.functions import Functions
from mapguard.checks.held import STARTS, Held
from mapguard.checks.location import is_named, last
from mapguard.checks.names import Names
from mapguard.checks.sources import Sources
from mapguard.evidence.proof import Proof
from mapguard.findings.model import Sharing, Step
from mapguard.findings.words import start
from mapguard.heap.index import Place
from mapguard.heap.objects import OUTSIDE
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import events
from mapguard.ir.model import ELEM, Call, MapOp, Recv, Reg, Send, Store
from mapguard.order.after import Where
from mapguard.order.edges import Edge
from mapguard.order.threads import NO_SITE
from mapguard.program.names import show_type
from mapguard.races.contexts import Anchored, Context

_PLACES = 3  # where objects of one sort are made, or put into one field


class Provenance:
    """Answers for one program."""

    def __init__(self, held: Held, functions: Functions, names: Names, sources: Sources) -> None:
        self.held = held
        self.locks = held.names
        self.judge = held.names.judge
        self.index = held.index
        self.functions = functions
        self.names = names
        self.sources = sources
        self._by_field: dict[str, list[tuple[Place, Reg]]] | None = None

    def of(self, proof: Proof) -> Sharing:
        made = tuple(self._made(proof))
        reached = tuple(tuple(dict.fromkeys(self._reached(c, made))) for c in (proof.a, proof.b))
        return Sharing(made, reached, self._apart(proof.a, proof.b))

    # ------------------------------------------------------------ where it is made

    def _made(self, proof: Proof) -> Iterator[Step]:
        """The places that make the map, and those that make the objects that hold it in a field."""
        holders = {(step.path, step.line): step for step in self._holders(proof)}
        for number in proof.objects[:_PLACES]:
            o = self.judge.heap.objects.all[number]
            if o.kind not in ("alloc", "result"):
                continue
            step = self._step((o.func, o.block, o.place), "makes the map" if o.kind == "alloc" else "gets the map from a library")
            together = holders.pop((step.path, step.line), None)
            yield together if together is not None else step
        yield from holders.values()

    def _holders(self, proof: Proof) -> Iterator[Step]:
        found: dict[int, None] = {}
        for c in (proof.a, proof.b):
            holder = _holder(c.map)
            for number in members(self.judge.resolver.objects(holder)) if holder is not None else ():
                found[self.judge.heap.objects.origin(number)] = None
        made = [self.judge.heap.objects.all[o] for o in found]
        for o in [o for o in made if o.kind == "alloc"][:_PLACES]:
            kind = show_type(self.index.types.deref(o.type)).rpartition("/")[2].rpartition(".")[2]
            yield self._step((o.func, o.block, o.place), f"makes the {kind} that holds the map")

    # ------------------------------------------------------------ how a thread gets it

    def _reached(self, c: Context, made: Sequence[Step]) -> Iterator[Step]:
        paths = self._paths(c)
        first = next(number for number, path in enumerate(paths) if path is not None)
        first = max(first, *(number for number, path in enumerate(paths) if path is not None and isinstance(path.root, str)), 0)
        yield from self._kept(c, made)
        for hop in c.hops:
            yield self._step(hop.made, "makes a function value that has the map")
        yield from self._begin(c, first, paths)
        for number in range(first, len(c.chain)):
            outer, inner = paths[number], paths[number + 1]
            if outer is not None and inner is not None:
                yield self._passed(c.chain[number], outer, inner)
        root = c.access.path.root  # not as one of what a getter returns
        place = self.index.place(c.access.func, root) if isinstance(root, int) else None
        if place is not None and isinstance(place.event, Call):
            yield self._step(place[:3], "gets it from a call")

    def _paths(self, c: Context) -> list[Path | None]:
        """The map in each function on the way, outermost first, as far up as it can be followed."""
        path: Path | None = self.held.map_at(c)
        found = [path]
        for edge in reversed(c.chain):
            path = self.judge.bodies.given(edge.site, edge.func, path) if path is not None else None
            found.append(path)
        return found[::-1]

    def _begin(self, c: Context, number: int, paths: Sequence[Path | None]) -> Iterator[Step]:
        """Where the known way of the map begins: at a package variable, at what a call or a channel gives, or outside the tree."""
        path = paths[number]
        assert path is not None
        if isinstance(path.root, str):
            where = self._onward(c, number)
            yield self._step(where, f"finds it in the package variable {self._written(where[0], Path(path.root))}")
            return
        func = self.index.sites[c.chain[number].site].func if number < len(c.chain) else c.access.func
        place = self.index.place(func, path.root)
        if place is None:
            if path.root < self.index.bodies[func].params:
                outside = self.functions.of(func)
                text = f"{outside.display} is entered with {self._written(func, Path(path.root))}"
                yield self._at(outside.path, outside.facts.at, outside.facts.at + 1, outside.display, text)
        elif isinstance(place.event, Call):
            yield self._step(place[:3], "gets it from a call")
        elif isinstance(place.event, Recv):
            yield self._step(place[:3], "receives it")

    def _onward(self, c: Context, number: int) -> Where:
        """The event on the way that comes first in the function at a level of it."""
        return self.judge.timing.place(c.chain[number].site) if number < len(c.chain) else c.access.where

    def _passed(self, edge: Edge, outer: Path, inner: Path) -> Step:
        """One call or start that the map goes through."""
        caller = self.index.sites[edge.site].func
        callee = self.functions.of(edge.func)
        body = self.index.bodies[edge.func]
        given = self._written(caller, Path(outer.root, outer.fields[: len(outer.fields) - len(inner.fields)]))
        if edge.kind in STARTS:
            what = f"{start(edge.root if edge.kind == 'root' else 'goroutine').set_up} that has {given}"
        elif isinstance(inner.root, int) and inner.root >= body.params:
            what = f"runs a function literal that has {given}"
        else:
            what = f"passes {given} on to {callee.display}"
        return self._step(self.judge.timing.place(edge.site), what)

    def _kept(self, c: Context, made: Sequence[Step]) -> Iterator[Step]:
        """Where the map, or what holds it, is put into a field or a container that the way leads through."""
        shown = {(step.path, step.line) for step in made}
        path = c.map.path
        for length in range(len(path.fields), 0, -1):
            field = path.fields[length - 1]
            if not is_named(field) and not is_element(field):
                continue
            held = self.judge.resolver.objects(Anchored(c.map.func, Path(path.root, path.fields[:length])))
            for place in islice(self._stores(ELEM if is_element(field) else field, held), _PLACES):
                name = "a container" if is_element(field) else _display(field)
                step = self._step(place[:3], f"puts {'it' if length == len(path.fields) else 'what holds it'} into {name}")
                if (step.path, step.line) not in shown:
                    shown.add((step.path, step.line))
                    yield step

    def _stores(self, field: str, objects: Bits) -> Iterator[Place]:
        """The events that put one of some objects into a field."""
        if all(self.judge.heap.objects.all[o].kind in OUTSIDE for o in members(objects)):
            return
        for place, src in self._puts().get(field, ()):
            if self.judge.heap.points(place.func, src) & objects:
                yield place

    def _puts(self) -> dict[str, list[tuple[Place, Reg]]]:
        """The events that put something into a field, by the field, each with what it puts there: read once for all findings."""
        if self._by_field is None:
            self._by_field = {}
            for func, body in enumerate(self.index.bodies):
                for b, number, event in events(body):
                    match event:
                        case Store(field=field, src=src, at=at) if at:
                            pass
                        case MapOp(op="write", value=src) | Send(value=src):
                            field = ELEM
                        case _:
                            continue
                    self._by_field.setdefault(field, []).append((Place(func, b, number, event), src))
        return self._by_field

    # ------------------------------------------------------------ what keeps nothing between them

    def _apart(self, a: Context, b: Context) -> str:
        return f"{self._locks(a, b)}; {self._order(a, b)}"

    def _locks(self, a: Context, b: Context) -> str:
        mine, theirs = ([(lock, mode) for lock, mode in c.locks if self.locks.is_lock(lock)] for c in (a, b))
        if not mine and not theirs:
            return "no lock is held at the access" if (a.access, a.thread) == (b.access, b.thread) else "no lock is held on either side"
        if not mine or not theirs:
            return "a lock is held on one side only"
        both = {self.locks.kind(lock) for lock, _ in mine} & {self.locks.kind(lock) for lock, _ in theirs}
        if both and all(mode == READ for lock, mode in (*mine, *theirs) if self.locks.kind(lock) in both):
            return "the lock is held for reading only, which lets others in"
        return "the locks that are held are not one" if not both else "each side holds the lock of another object"

    def _order(self, a: Context, b: Context) -> str:
        if a.thread == b.thread:
            return "several threads run this code at a time"
        for parent, child in ((a, b), (b, a)):
            starts = self.judge.timing.ancestry.links(child.thread).get(parent.thread)
            if starts and child.thread.site != NO_SITE:
                step = self._step(self.judge.timing.place(child.thread.site), "")
                return f"nothing waits for the thread that {step.path}:{step.line} starts before the other access"
        return "nothing orders the two threads"

    # ------------------------------------------------------------ as text

    def _written(self, func: int, path: Path) -> str:
        """A path as its function would write it."""
        text = self.names.path(Anchored(func, path))
        return text.partition(".")[2] if isinstance(path.root, str) and self._beside(func, path.root) else text

    def _beside(self, func: int, variable: str) -> bool:
        """Whether a package variable is one of the function's own package."""
        return variable.rpartition(".")[0] == self.functions.of(func).scope.package.path

    def _step(self, where: Where, what: str) -> Step:
        at, end = self.functions.at(where)
        func = self.functions.of(where[0])
        return self._at(func.path, at, end, func.display, f"{what}: {self.sources.line(func.path, at)}")

    def _at(self, path: str, at: int, end: int, function: str, text: str) -> Step:
        place = self.sources.place(path, at, end)
        return Step(place.path, place.line, place.column, function, text, place.end_column)


def _holder(map_: Anchored) -> Anchored | None:
    """What holds a map in its last field; None for a map in a variable."""
    fields = map_.path.fields
    at = next((n for n in range(len(fields) - 1, -1, -1) if is_named(fields[n])), None)
    return Anchored(map_.func, Path(map_.path.root, fields[:at])) if at is not None else None


def _display(field: str) -> str:
    """``Type.field``."""
    kind = last(field.rpartition(".")[0])
    return f"{kind}.{last(field)}" if not kind.startswith("struct@") else last(field)
