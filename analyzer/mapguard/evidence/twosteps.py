"""Look-ups and stores of concurrent maps in one function to proofs: two steps, between which another thread can come."""

from collections.abc import Iterator

from mapguard.bodies.paths import Paths
from mapguard.evidence.grades import Confidence
from mapguard.evidence.location import Location, location
from mapguard.evidence.proof import Proof, Use
from mapguard.evidence.provenance import UNKNOWN
from mapguard.facts.syntax import TFunc, TMap, TName, TPtr, TSlice, TStruct, Type
from mapguard.heap.tabling import members
from mapguard.ir.flow import reaches, used
from mapguard.ir.model import Call, Const, Event, External, Reg, Static
from mapguard.models.load import Models
from mapguard.races.accesses import Access
from mapguard.races.contexts import Context
from mapguard.races.judge import Judge

_REASON = "Load and Store are two steps: another thread can come between"
_DEPTH = 3  # types in types that are looked into for what can change


class TwoSteps:
    """Answers for one program. Ask it on a deep stack."""

    def __init__(self, judge: Judge, models: Models) -> None:
        self.judge = judge
        self.index = judge.index
        self.models = models
        self._equal: dict[tuple[int, Reg, Reg], bool] = {}

    def all(self) -> list[Proof]:
        """One for each concurrent map, in the order of names."""
        found: dict[Location, list[tuple[Context, bool]]] = {}
        for access, looked_up, value in self._stores():
            with self.judge.kept(access):
                c = self._between(access)
                if c is not None:
                    again = self._same_again(access.func, looked_up, value)
                    found.setdefault(location(self.index, c.map), []).append((c, again))
        return [self._proof(where, stores) for where, stores in sorted(found.items())]

    def _between(self, access: Access) -> Context | None:
        """A way to a store on which other threads of its kind can come between the two steps."""
        for c in self.judge.contexts(access):
            if c.thread.kind not in UNKNOWN and not c.locks and self.judge.meeting.meet(c, c):
                return c
        return None

    def _proof(self, where: Location, stores: list[tuple[Context, bool]]) -> Proof:
        c, again = min(stores, key=lambda store: store[1])
        confidence: Confidence = "low" if again else "medium"
        uses = tuple(Use(x.access, (x,)) for x, _ in stores)
        return Proof(where, c, c, confidence, (), (_REASON,), uses, None, ())

    # ------------------------------------------------------------ two steps

    def _stores(self) -> Iterator[tuple[Access, Event, Reg]]:
        """The stores that follow a look-up of the same key without a lock, each with the look-up and the value that is stored."""
        checks: dict[int, list[int]] = {}
        for site, place in enumerate(self.index.sites):
            if self._is(place.event, "checks"):
                checks.setdefault(place.func, []).append(site)
        for place in self.index.sites:
            event = place.event
            if not isinstance(event, Call) or not self._is(event, "acts"):
                continue
            for other in checks.get(place.func, ()):
                start = self.index.sites[other]
                looked = start.event
                if looked is event or not isinstance(looked, Call):
                    continue
                paths = self.judge.bodies.paths(place.func)
                one_map = paths.of(looked.args[0]) == paths.of(event.args[0])
                blocks = self.index.bodies[place.func].blocks
                before = reaches(blocks, (start.block, start.number), (place.block, place.number), ())
                if one_map and before and self._same(paths, looked.args[1], event.args[1]):
                    access = Access(
                        place.func,
                        place.block,
                        place.number,
                        "write",
                        paths.of(event.args[0]),
                        event.args[0],
                        event.at,
                        event.end,
                    )
                    yield access, looked, event.args[2] if len(event.args) > 2 else event.args[1]
                    break

    def _is(self, event: Event, kind: str) -> bool:
        """Whether an event is a call with a key that looks something up or stores it, as models say."""
        if not isinstance(event, Call) or not isinstance(event.callee, External) or len(event.args) < 2:
            return False
        model = self.models.function(event.callee.name)
        return model is not None and bool(getattr(model, kind))

    def _same(self, paths: Paths, a: Reg, b: Reg) -> bool:
        """Whether two registers hold the same key: one value, equal constants, or results of equal calls."""
        func = self.index.number[paths.body.func]
        known = self._equal.get((func, a, b))
        if known is None:
            known = self._equal[func, a, b] = paths.of(a) == paths.of(b) or self._computed_alike(paths, func, a, b)
        return known

    def _computed_alike(self, paths: Paths, func: int, a: Reg, b: Reg) -> bool:
        x, y = (self.index.place(func, paths.of(r).root) if isinstance(paths.of(r).root, int) else None for r in (a, b))  # type: ignore[arg-type]
        if x is None or y is None:
            return False
        match x.event, y.event:
            case Const(kind=kind, text=text), Const(kind=other, text=same):
                return (kind, text) == (other, same) and bool(text)
            case Call(callee=(Static() | External()) as f, args=args), Call(callee=g, args=more):
                equal = len(args) == len(more) and all(self._same(paths, p, q) for p, q in zip(args, more, strict=True))
                return f == g and equal
        return False

    # ------------------------------------------------------------ what is lost

    def _same_again(self, func: int, looked_up: Event, value: Reg) -> bool:
        """Whether who comes second stores the same once more: the value is computed from the key only, and nobody changes it. A constant is
        a mark: both find that it was not set."""
        assert isinstance(looked_up, Call)
        path = self.judge.bodies.paths(func).of(value)
        place = self.index.place(func, path.root) if isinstance(path.root, int) else None
        if (place is not None and isinstance(place.event, Const)) or self._depends(func, value, frozenset(looked_up.dsts)):
            return False
        return all(self._never_changes(self.judge.heap.objects.all[o].type) for o in members(self.judge.heap.points(func, value)))

    def _depends(self, func: int, value: Reg, on: frozenset[Reg]) -> bool:
        """Whether a value is computed from one of some registers."""
        seen, pending = {value}, [value]
        while pending:
            reg = pending.pop()
            if reg in on:
                return True
            place = self.index.place(func, reg)
            for other in used(place.event) if place is not None else ():
                if other not in seen:
                    seen.add(other)
                    pending.append(other)
        return False

    def _never_changes(self, kind: Type, depth: int = _DEPTH) -> bool:
        """Whether values of a type are mere data that nobody changes once it is made: another one with the same contents is as good."""
        types = self.index.types
        pointer = depth == _DEPTH or isinstance(types.alias(kind), TPtr)  # objects are what pointers lead to
        base = types.alias(types.deref(types.alias(kind)))
        under = types.underlying(base)
        if isinstance(base, TName) and base.pkg and types.of_library(base):
            return False  # its fields are not known
        match under:
            case TStruct(fields=fields) if depth and isinstance(base, TName):
                owner = f"{base.pkg}.{base.name}"
                return all(not self._changes(f"{owner}.{f.name}") and self._never_changes(f.type, depth - 1) for f in fields)
            case TName(pkg=""):
                return not pointer and under.name != "any"
            case TSlice(elem=elem) | TMap(elem=elem):
                return depth > 0 and not isinstance(elem, TPtr) and self._never_changes(elem, depth - 1)
        return isinstance(under, TFunc)

    def _changes(self, field: str) -> bool:
        """Whether a field is set, or its address taken, when others may have the object."""
        return field in self.index.addressed or any(stores.others for stores in self.index.kept((field, None)))
