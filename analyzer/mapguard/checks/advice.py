"""A race and the accesses of its map to the remedy that fits how the map is used, with the reason in one sentence."""

from collections import Counter
from collections.abc import Sequence

from mapguard.bodies.paths import Path
from mapguard.bodies.state import READ
from mapguard.checks.classify import Case, shared_read_lock
from mapguard.checks.copied import Copies
from mapguard.checks.functions import Functions
from mapguard.checks.held import Held, Missing, Ways, field_beside
from mapguard.checks.location import Location
from mapguard.checks.lockname import MUTEXES
from mapguard.checks.sketch import Cover, Sketcher
from mapguard.checks.sources import Sources
from mapguard.checks.starters import Starters
from mapguard.checks.usage import Usage
from mapguard.checks.ways import Way
from mapguard.checks.wording import counted
from mapguard.facts.syntax import TStruct, Type
from mapguard.findings.model import Advice, Guard, MapInfo
from mapguard.models.load import Models
from mapguard.program.model import Func
from mapguard.program.names import show_type
from mapguard.races.accesses import Access as RawAccess
from mapguard.races.contexts import Anchored, Context
from mapguard.races.judge import Judge

_WRITES = ("write", "delete", "replace")
_UNCOPIED = "use a pointer there, or put the lock into the struct around it"


class Adviser:
    """Gives advice on the races of one program."""

    def __init__(self, judge: Judge, models: Models, held: Held, functions: Functions, sources: Sources) -> None:
        self._index = judge.index
        self._types = judge.index.types
        self._program = judge.index.types.program
        self._models = models
        self._bodies = judge.bodies
        self._held = held
        self._functions = functions
        self._sources = sources
        self._sketcher = Sketcher(held, functions, sources)
        self._starters = Starters(held, functions)
        self._usage = Usage(judge.index, functions)
        self._copies = Copies(self._types, lambda: judge.index.bodies)

    def advise(self, rule: str, case: Case, info: MapInfo, guard: Guard | None, ways: Ways, shown: Sequence[Way]) -> Advice:
        """``ways`` maps each access of the map to the ways that lead to it; ``shown`` are those of the two sides from their beginnings."""
        a, b = case.sides
        kind = case.proof.guard.lock if case.proof.guard is not None else None
        other = kind is not None and self._held.holds(a, kind) and not self._held.holds(b, kind)
        return self._remedy(rule, case, info, guard, ways, b if other else a, shown[1 if other else 0])

    def copier(self, package: str, name: str) -> str:
        """The name of a function that copies a value of the struct type; "" when there is none."""
        return self._copies.copier(package, name)

    def _remedy(self, rule: str, case: Case, info: MapInfo, guard: Guard | None, ways: Ways, c: Context, way: Way) -> Advice:
        if rule == "sync-map-check-then-act":
            return Advice("atomic-step", "Use LoadOrStore, Swap or CompareAndSwap, which do both steps atomically.")
        if rule == "map-write-under-rlock":
            return self._write_mode(case)
        if rule == "map-guard-copied":
            return Advice(
                "pointer",
                "Keep map and lock together: use a pointer receiver (or pass a pointer), and give a new object that gets the map a pointer "
                "to its lock too; go vet's copylocks shows the copies.",
            )
        if rule == "map-escapes-guard" and guard is not None:
            return _escaped(guard, c.access.op)
        kind = case.proof.guard.lock if case.proof.guard is not None else None
        if guard is not None and kind is not None:
            starter = self._starters.waiting(way, kind)
            if starter:
                return _not_while_waiting(starter, guard.lock)
            if rule == "map-guard-mismatch" and all(self._held.holds(x, kind) for x in case.sides):
                return Advice(
                    "one-lock",
                    f"Each side holds the {guard.lock} of an object of its own, and both objects lead to this map. Give each object "
                    "its own map, or put one lock where both find it, beside the map, and hold that at every access.",
                )
            return self._hold(case, guard, ways, c)
        if rule == "map-guard-mismatch":
            return Advice(
                "one-lock", "Choose one lock for this map, write it down beside the field ('// guarded by mu'), and hold it on both sides."
            )
        return self._new(case, info, ways, c, way)

    # ------------------------------------------------------------ a lock that is there

    def _write_mode(self, case: Case) -> Advice:
        lock = shared_read_lock(case)
        func, own = self._taker(case.proof.a, self._held.names.kind(lock)) if lock is not None else (None, None)
        where = f" in '{func.display}'" if func is not None else ""
        text = f"Take the write lock{where}: RLock lets any number of holders in at once, so it protects reads only."
        return Advice("lock-mode", text, sketch=self._sketcher.write_mode(own, func) if own is not None and func is not None else "")

    def _taker(self, c: Context, kind: Location) -> tuple[Func | None, Anchored | None]:
        """The function on the way that takes the lock for reading, and the lock's path in that function."""
        steps = [*(self._held.caller(e) for e in c.chain[c.inside :]), c.access.func]
        for func, at in reversed(list(zip(steps, c.held[c.inside :], strict=True))):
            for site in self._held.names.sites(func):
                if (site.path, READ) in at.held and self._held.kind_at(c, func, site.path) == kind:
                    return self._functions.of(func), Anchored(func, site.path)
        return None, None

    def guard_at(self, kind: Location, map_: Path, func: int, ways: Ways) -> Anchored | None:
        """The guard as a path of a function that knows the map as ``map_``, as far as the accesses that hold it show how it is reached."""
        return self._held.guard_at(kind, map_, func, [c for found in ways.values() for c in found])

    def _hold(self, case: Case, guard: Guard, ways: Ways, c: Context) -> Advice:
        assert case.proof.guard is not None
        kind = case.proof.guard.lock
        place = self._held.missing(c, ways.get(c.access, [c]), kind)
        elsewhere = self._at_caller(guard.lock, c, place)
        path = self._map_at(c, place)
        viewer = self._held.caller(place.edge) if place.edge is not None else c.access.func
        lock = self.guard_at(kind, path, viewer, ways) if path is not None else None
        if elsewhere is not None and place.at_start:
            return elsewhere
        if lock is None and not case.proof.guard.declared:
            return Advice(
                "own-lock",
                f"{guard.lock} is held at {guard.held} of {guard.held + guard.missed} accesses, but cannot be reached from here: give the "
                "map a lock of its own that every access holds, or work on a copy made under that lock.",
            )
        if elsewhere is not None:
            return self._with_call(elsewhere, lock, place)
        text = f"Hold {guard.lock} {_as_others(guard)}."
        bare = [x for x in ways if x.func == c.access.func and any(not self._held.holds(w, kind) for w in ways[x])]
        return self._held_around(text, lock, c.access, bare)

    def _at_caller(self, name: str, c: Context, place: Missing) -> Advice | None:
        """Advice for the caller that lacks a lock which other callers hold; None where the function of the access should take the lock."""
        function = self._functions.of(c.access.func).display
        if place.edge is None:
            text = f"Hold {name} before '{function}' is entered, as its other callers do; taken in it, they would lock it twice."
            return Advice("hold-lock", text) if place.at_start else None
        caller = self._functions.of(self._held.caller(place.edge)).display
        called = self._functions.of(place.edge.func).display
        if place.at_start:
            text = (
                f"Take {name} on the goroutine that '{caller}' starts, before it gets to '{function}': others call that with the lock held."
            )
            return Advice("hold-lock", text)
        return Advice("hold-lock", f"Hold {name} in '{caller}' around the call of '{called}', as other callers of that do.")

    def _with_call(self, found: Advice, lock: Anchored | None, place: Missing) -> Advice:
        """The advice with a sketch that puts the call under ``lock``, a path of the caller."""
        if lock is None or place.edge is None:
            return found
        site = self._index.sites[place.edge.site]
        cover = Cover(self._functions.of(site.func), (self._functions.at(site[:3])[0],), True)
        return Advice(found.kind, found.text, sketch=self._sketcher.hold(lock, cover))

    def _map_at(self, c: Context, place: Missing) -> Path | None:
        """The map's path in the function that should take the lock."""
        path: Path | None = self._held.map_at(c)
        for edge in reversed(c.chain) if place.edge is not None else ():
            path = self._bodies.given(edge.site, edge.func, path) if path is not None else None
            if edge is place.edge:
                break
        return path

    def _held_around(self, text: str, lock: Anchored | None, access: RawAccess, more: Sequence[RawAccess]) -> Advice:
        """Advice to hold a lock, with a sketch of it, or with a warning where the code waits between the accesses."""
        sketch = self._around(lock, access, more) if lock is not None else ""
        if not sketch and self._sketcher.waits(self._cover(access, more)):
            text += f" '{self._functions.of(access.func).display}' waits for other goroutines in between: give the lock up before that."
        return Advice("hold-lock", text, sketch=sketch)

    def _around(self, lock: Anchored, access: RawAccess, more: Sequence[RawAccess]) -> str:
        """A sketch of the lock around accesses of one function; "" where they belong to several objects, each with its own lock."""
        roots = {x.path.root for x in (access, *more)}
        return self._sketcher.hold(lock, self._cover(access, more)) if len(roots) == 1 or isinstance(lock.path.root, str) else ""

    def _cover(self, access: RawAccess, more: Sequence[RawAccess]) -> Cover:
        found = [access, *more]
        return Cover(self._functions.of(access.func), tuple(sorted({x.at for x in found})), any(x.writes for x in found))

    # ------------------------------------------------------------ another way to share the map

    def _new(self, case: Case, info: MapInfo, ways: Ways, c: Context, way: Way) -> Advice:
        shared = [x for x in ways if ways[x]] or [x.access for x in case.sides]
        by_place = {(x.func, x.at): x.op for x in sorted(shared, key=lambda x: (x.writes, x.op))}  # of m[k]++ the write
        ops: Counter[str] = Counter(by_place.values())
        writes, walks = sum(ops[op] for op in _WRITES), ops["range"]
        reads = ops["read"] + ops["len"]
        told = f"{counted(ops)} of it {'was' if ops.total() == 1 else 'were'} found"
        if writes and ops["replace"] == writes:
            return Advice(
                "copy-on-write",
                f"'{info.name}' is only ever replaced as a whole ({told}): keep it in an atomic.Pointer and never change a map "
                "that was stored there.",
            )
        foreign = self._foreign(info, self._functions.of(c.access.func))
        if foreign:
            return Advice("outer-lock", f"'{info.name}' {foreign}: hold one lock of the code that shares it at every access ({told}).")
        beside = self.lock_beside(info)
        if beside is not None:
            name = f"{info.owner}.{beside.rpartition('.')[2]}"
            starter = self._starters.waiting(way, Location("field", beside))
            if starter:
                return _not_while_waiting(starter, name)
            return self._hold_beside(info, ways, c, beside, f"{name}, the lock beside '{info.name}',", told)
        owner = self._usage.owner(case, ways, shared)
        if owner:
            return Advice(
                "channel",
                f"Most of the work on '{info.name}' is done by the one goroutine of {owner}: let it own the map and send it the rest "
                f"over a channel, or put a sync.Mutex beside '{info.name}' ({told}).",
            )
        kind, text = "mutex", f"Put a sync.Mutex beside '{info.name}' and hold it at every access: {told}."
        if reads + walks >= 3 * writes:
            kind = "rwmutex"
            text = f"Put a sync.RWMutex beside '{info.name}': {told}, so readers should not wait for each other."
        elif info.type.startswith("map[") and not walks and ops["write"] and reads >= writes and self._usage.written_once(shared, ways):
            text = f"{text.removesuffix('.')}. A sync.Map fits too, where keys are stored once and read often."
        copier = self._copies.copier(info.package, info.owner) if info.kind == "field" and info.owner else ""
        if copier:
            return Advice(kind, f"{text} '{copier}' copies '{info.owner}', and would copy the lock: {_UNCOPIED}.")
        return Advice(kind, text, sketch=self._beside(case, info, ways, c, kind == "rwmutex"))

    def _hold_beside(self, info: MapInfo, ways: Ways, c: Context, field: str, name: str, told: str) -> Advice:
        place = self._held.missing(c, ways.get(c.access, [c]), Location("field", field))
        path = self._map_at(c, place)
        viewer = self._held.caller(place.edge) if place.edge is not None else c.access.func
        beside = field_beside(path, field) if path is not None else None
        lock = Anchored(viewer, beside) if beside is not None else None
        elsewhere = self._at_caller(name, c, place)
        if elsewhere is not None:
            return elsewhere if place.at_start else self._with_call(elsewhere, lock, place)
        mine = [x for x in ways if x.func == c.access.func and ways[x]]
        text = f"Hold {name} at every access, or give the map one of its own: {told}."
        return self._held_around(text, lock, c.access, mine)

    def lock_beside(self, info: MapInfo) -> str | None:
        """The mutex among the fields of the map's struct; None unless there is exactly one."""
        named = self._program.named(info.package, info.owner) if info.kind == "field" else None
        under = self._types.declared(named) if named is not None else None
        fields = under.fields if isinstance(under, TStruct) else ()
        locks = [f"{info.package}.{info.owner}.{f.name}" for f in fields if self._is_mutex(f.type)]
        return locks[0] if len(locks) == 1 else None

    def _is_mutex(self, kind: Type) -> bool:
        return self._models.type(show_type(self._types.deref(kind))) in MUTEXES

    def _beside(self, case: Case, info: MapInfo, ways: Ways, c: Context, reading: bool) -> str:
        func = self._functions.of(c.access.func)
        where = case.proof.where
        if where.kind == "param":
            return ""
        if where.kind == "local" and self._functions.of(self._index.number[where.name]).frame is not func.frame:
            return ""
        mine = [x for x in ways if x.func == c.access.func and ways[x]]
        texts = [self._sources.text(func.path, x.at, x.end) for x in (c.access, *mine)]
        users = {self._functions.of(x.func).id for x in ways if ways[x]}
        return self._sketcher.beside(info, self._cover(c.access, mine), texts, users | {func.id}, reading)

    def _foreign(self, info: MapInfo, func: Func) -> str:
        """Why no lock can be declared beside the map; "" where one can."""
        place = info.declared
        if info.kind == "param":
            return "is passed in"
        facts = self._program.files.get(place.path) if place is not None else None
        if place is None or facts is None or "vendor" in place.path.split("/"):
            return "is declared outside of this tree" if info.kind == "field" else ""
        if facts.generated:
            return "is declared in generated code"
        return "" if self._sketcher.own_module(info.package, func) else "is declared in another module"


def _not_while_waiting(starter: str, lock: str) -> Advice:
    return Advice(
        "own-lock",
        f"{lock} is held where '{starter}' starts this goroutine, and '{starter}' waits for others: if the lock is still held then, "
        "taking it here never ends. Give the map a lock of its own that every access holds, or make this access in "
        f"'{starter}', once the goroutine has ended.",
    )


def _as_others(guard: Guard) -> str:
    """Why the lock is the one to hold, and where."""
    if guard.held == 0:
        return "at every access, as the declaration says"
    if guard.held > guard.missed:
        return f"here too: {guard.held} of {guard.held + guard.missed} accesses do"
    return f"at every access: so far {guard.held} of {guard.held + guard.missed} {'does' if guard.held == 1 else 'do'}"


def _escaped(guard: Guard, op: str) -> Advice:
    if op in _WRITES:
        return Advice("hold-lock", f"Do this work while {guard.lock} is held: it changes the map that the lock guards.")
    return Advice("copy", f"Work on a copy made under {guard.lock} (maps.Clone), or do this work while it is held.")
