"""A race and the accesses of its map to the remedy that fits how the map is used, with the reason in one sentence."""

from collections import Counter
from collections.abc import Sequence

from mapguard.checks.copied import Copies
from mapguard.checks.held import Missing, Ways, guard_beside, holds, missing
from mapguard.checks.lockname import MUTEXES, LockNames, lock_kind
from mapguard.checks.sketch import Cover, Sketcher
from mapguard.checks.sources import Sources
from mapguard.checks.wording import counted
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import GLOBAL, READ, Location, Path
from mapguard.concurrency.domain import Access as RawAccess
from mapguard.concurrency.guards import shared_read_lock
from mapguard.concurrency.races import Judge, Race
from mapguard.concurrency.steps import moves
from mapguard.facts.syntax import TStruct, Type
from mapguard.findings.model import Advice, Guard, MapInfo
from mapguard.ir.lower import Lowerer
from mapguard.program.model import Func
from mapguard.program.names import show_type

_WRITES = ("write", "delete", "replace")


class Adviser:
    """Gives advice on the races of one program."""

    def __init__(self, judge: Judge, names: LockNames, sources: Sources) -> None:
        self._analysis = judge.analysis
        self._sources = sources
        self._sketcher = Sketcher(judge.graph, names, sources)
        types = judge.analysis.types
        self._copies = Copies(types, lambda: Lowerer(types).everything())

    def advise(self, rule: str, race: Race, info: MapInfo, guard: Guard | None, ways: Ways) -> Advice:
        """``ways`` maps the identity of each access of the map to the ways that lead to it."""
        kind = lock_kind(race.guard.lock) if race.guard is not None else None
        at = 1 if kind is not None and holds(race.a, kind) and not holds(race.b, kind) else 0
        return self._remedy(rule, race, info, guard, ways, race.b if at else race.a)

    def _remedy(self, rule: str, race: Race, info: MapInfo, guard: Guard | None, ways: Ways, c: Context) -> Advice:
        if rule == "sync-map-check-then-act":
            return Advice("atomic-step", "Use LoadOrStore, Swap or CompareAndSwap, which do both steps atomically.")
        if rule == "map-write-under-rlock":
            return self._write_mode(race)
        if rule == "map-guard-copied":
            return Advice(
                "pointer",
                "Keep map and lock together: use a pointer receiver (or pass a pointer), and give a new object that gets the map a pointer "
                "to its lock too; go vet's copylocks shows the copies.",
            )
        if rule == "map-escapes-guard" and guard is not None:
            return _escaped(guard, c.access.op)
        if guard is not None and race.guard is not None:
            return self._hold(race, guard, ways, c)
        if rule == "map-guard-mismatch":
            return Advice(
                "one-lock", "Choose one lock for this map, write it down beside the field ('// guarded by mu'), and hold it on both sides."
            )
        return self._new(race, info, ways, c)

    # ------------------------------------------------------------ a lock that is there

    def _write_mode(self, race: Race) -> Advice:
        lock = shared_read_lock(race.a.path, race.a.locks, race.b.path, race.b.locks)
        kind = lock_kind(lock) if lock is not None else None
        func, own = _taker(race.a, kind)
        where = f" in '{func.display}'" if func is not None else ""
        text = f"Take the write lock{where}: RLock lets any number of holders in at once, so it protects reads only."
        return Advice("lock-mode", text, sketch=self._sketcher.write_mode(own, func) if own is not None and func is not None else "")

    def _hold(self, race: Race, guard: Guard, ways: Ways, c: Context) -> Advice:
        assert race.guard is not None
        kind = lock_kind(race.guard.lock)
        place = missing(c, ways.get(id(c.access), [c]), kind)
        elsewhere = self._at_caller(guard.lock, c, place)
        path = self._map_at(c, place)
        lock = (
            guard_beside(race.guard, path, place.edge.caller if place.edge is not None else c.access.func, ways)
            if path is not None
            else None
        )
        if elsewhere is not None and place.at_start:
            return elsewhere
        if lock is None and not race.guard.declared:
            return Advice(
                "own-lock",
                f"{guard.lock} is held at {guard.held} of {guard.held + guard.missed} accesses, but cannot be reached from here: give the "
                "map a lock of its own that every access holds, or work on a copy made under that lock.",
            )
        if elsewhere is not None:
            return self._with_call(elsewhere, lock, place)
        do = "does" if guard.held == 1 else "do"
        share = "as the declaration says" if guard.held == 0 else f"{guard.held} of {guard.held + guard.missed} accesses {do}"
        text = f"Hold {guard.lock} {'at every access, ' if guard.held == 0 else 'here too: '}{share}."
        bare = [x for x in race.accesses if x.func is c.access.func and any(not holds(w, kind) for w in ways.get(id(x), ()))]
        return self._held_around(text, lock, c.access, bare)

    def _at_caller(self, name: str, c: Context, place: Missing) -> Advice | None:
        """Advice for the caller that lacks a lock which other callers hold; None where the function of the access should take the lock."""
        function = c.access.func.display
        if place.edge is None:
            text = f"Hold {name} before '{function}' is entered, as its other callers do; taken in it, they would lock it twice."
            return Advice("hold-lock", text) if place.at_start else None
        caller, called = place.edge.caller.display, place.edge.callee.display
        if place.at_start:
            text = (
                f"Take {name} on the goroutine that '{caller}' starts, before it gets to '{function}': others call that with the lock held."
            )
            return Advice("hold-lock", text)
        return Advice("hold-lock", f"Hold {name} in '{caller}' around the call of '{called}', as other callers of that do.")

    def _with_call(self, found: Advice, lock: Path | None, place: Missing) -> Advice:
        """The advice with a sketch that puts the call under ``lock``, a path of the caller."""
        if lock is None or place.edge is None:
            return found
        cover = Cover(place.edge.caller, (place.edge.at,), True)
        return Advice(found.kind, found.text, sketch=self._sketcher.hold(lock, cover))

    def _map_at(self, c: Context, place: Missing) -> Path | None:
        """The map's path in the function that should take the lock."""
        path: Path | None = c.access.path
        for edge in reversed(c.chain) if place.edge is not None else ():
            moved = moves(path, (), edge.callee, edge, self._analysis) if path is not None else []
            path = moved[0][0] if moved else None
            if edge is place.edge:
                break
        return path

    def _held_around(self, text: str, lock: Path | None, access: RawAccess, more: Sequence[RawAccess]) -> Advice:
        """Advice to hold a lock, with a sketch of it, or with a warning where the code waits between the accesses."""
        sketch = self._around(lock, access, more) if lock is not None else ""
        if not sketch and self._sketcher.waits(_cover(access, more)):
            text += f" '{access.func.display}' waits for other goroutines in between: give the lock up before that."
        return Advice("hold-lock", text, sketch=sketch)

    def _around(self, lock: Path, access: RawAccess, more: Sequence[RawAccess]) -> str:
        """A sketch of the lock around accesses of one function; "" where they belong to several objects, each with its own lock."""
        bases = {x.path.base for x in (access, *more)}
        return self._sketcher.hold(lock, _cover(access, more)) if len(bases) == 1 or lock.base[0] == GLOBAL else ""

    # ------------------------------------------------------------ another way to share the map

    def _new(self, race: Race, info: MapInfo, ways: Ways, c: Context) -> Advice:
        shared = [x for x in race.accesses if ways.get(id(x))] or [race.a.access, race.b.access]
        by_place = {(x.func.path, x.at): x.op for x in sorted(shared, key=lambda x: (x.writes, x.op))}  # of m[k]++ the write
        ops = Counter(by_place.values())
        writes, walks = sum(ops[op] for op in _WRITES), ops["range"]
        reads = ops["read"] + ops["len"]
        told = f"{counted(ops)} of it {'was' if ops.total() == 1 else 'were'} found"
        if writes and ops["replace"] == writes:
            return Advice(
                "copy-on-write",
                f"'{info.name}' is only ever replaced as a whole ({told}): keep it in an atomic.Pointer and never change a map "
                "that was stored there.",
            )
        foreign = self._foreign(info, c.access.func)
        if foreign:
            return Advice("outer-lock", f"'{info.name}' {foreign}: hold one lock of the code that shares it at every access ({told}).")
        beside = self._lock_beside(info)
        if beside is not None:
            name = f"{info.owner}.{beside.rpartition('.')[2]}"
            return self._hold_beside(race, info, ways, c, beside, f"{name}, the lock beside '{info.name}',", told)
        owner = self._owner(race, ways, shared)
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
        elif info.type.startswith("map[") and not walks and ops["write"] and reads >= writes and self._written_once(shared, ways):
            text = f"{text.removesuffix('.')}. A sync.Map fits too, where keys are stored once and read often."
        copier = self._copies.copier(info.package, info.owner) if info.kind == "field" and info.owner else ""
        if copier:
            return Advice(kind, f"{text} '{copier}' copies '{info.owner}', and would copy the lock: use a pointer there.")
        return Advice(kind, text, sketch=self._beside(race, info, ways, c, kind == "rwmutex"))

    def _hold_beside(self, race: Race, info: MapInfo, ways: Ways, c: Context, field: str, name: str, told: str) -> Advice:
        place = missing(c, ways.get(id(c.access), [c]), Location("field", field))
        path = self._map_at(c, place)
        lock = _field_beside(path, field) if path is not None else None
        elsewhere = self._at_caller(name, c, place)
        if elsewhere is not None:
            return elsewhere if place.at_start else self._with_call(elsewhere, lock, place)
        mine = [x for x in race.accesses if x.func is c.access.func and ways.get(id(x))]
        text = f"Hold {name} at every access, or give the map one of its own: {told}."
        return self._held_around(text, lock, c.access, mine)

    def _lock_beside(self, info: MapInfo) -> str | None:
        """The mutex among the fields of the map's struct; None unless there is exactly one."""
        named = self._analysis.program.named(info.package, info.owner) if info.kind == "field" else None
        under = named.decl.type if named is not None else None
        found = [f"{info.package}.{info.owner}.{f.name}" for f in (under.fields if isinstance(under, TStruct) else ())]
        locks = [f for f in found if (kind := self._analysis.field_type(f)) is not None and self._is_mutex(kind)]
        return locks[0] if len(locks) == 1 else None

    def _is_mutex(self, kind: Type) -> bool:
        return self._analysis.models.type(show_type(self._analysis.types.deref(kind))) in MUTEXES

    def _beside(self, race: Race, info: MapInfo, ways: Ways, c: Context, reading: bool) -> str:
        func = c.access.func
        if race.where.kind == "param":
            return ""
        if race.where.kind == "local":
            maker = self._analysis.program.by_id.get(race.where.name)
            if maker is None or maker.frame is not func.frame:
                return ""
        mine = [x for x in race.accesses if x.func is func and ways.get(id(x))]
        cover = _cover(c.access, mine)
        texts = [self._sources.text(x.func.path, x.at, x.end) for x in (c.access, *mine)]
        users = {x.func.id for x in race.accesses if ways.get(id(x))} - {func.id}
        return self._sketcher.beside(info, cover, texts, {*users, func.id}, reading)

    def _foreign(self, info: MapInfo, func: Func) -> str:
        """Why no lock can be declared beside the map; "" where one can."""
        place = info.declared
        if info.kind == "param":
            return "is passed in"
        facts = self._analysis.program.files.get(place.path) if place is not None else None
        if place is None or facts is None or "vendor" in place.path.split("/"):
            return "is declared outside of this tree" if info.kind == "field" else ""
        if facts.generated:
            return "is declared in generated code"
        return "" if self._sketcher.own_module(info.package, func) else "is declared in another module"

    def _owner(self, race: Race, ways: Ways, shared: Sequence[RawAccess]) -> str:
        """The function of the single goroutine that makes most accesses, if the other side runs elsewhere; else ""."""
        first, second = race.a.thread, race.b.thread
        if (first.kind, first.many) != ("goroutine", False) or first.id == second.id or len(shared) <= 2:
            return ""
        mine = sum(all(w.thread.id == first.id for w in ways[id(x)]) for x in shared if ways.get(id(x)))
        return first.func.display if 2 * mine > len(shared) else ""

    def _written_once(self, shared: Sequence[RawAccess], ways: Ways) -> bool:
        """Whether no function both looks up a key and writes the map, and the values are no maps."""
        types = self._analysis.types
        nested = any(w.depth > 1 for x in shared for w in ways.get(id(x), ()))
        for x in shared:
            found = types.map_of(types.deref(x.type))
            nested = nested or found is None or types.map_of(types.deref(found.elem)) is not None
        writers = {x.func.frame.id for x in shared if x.writes}
        return not nested and not any(x.func.frame.id in writers for x in shared if not x.writes)


def _cover(access: RawAccess, more: Sequence[RawAccess]) -> Cover:
    found = [access, *more]
    return Cover(access.func, tuple(sorted({x.at for x in found})), any(x.writes for x in found))


def _field_beside(path: Path, field: str) -> Path | None:
    """The path of another field of the struct that contains the map."""
    fields = path.original().plain().fields
    owner = field.rpartition(".")[0]
    at = next((i for i in range(len(fields) - 1, -1, -1) if fields[i].rpartition(".")[0] == owner), None)
    return Path(path.base, (*fields[:at], field)) if at is not None else None


def _escaped(guard: Guard, op: str) -> Advice:
    if op in _WRITES:
        return Advice("hold-lock", f"Do this work while {guard.lock} is held: it changes the map that the lock guards.")
    return Advice("copy", f"Work on a copy made under {guard.lock} (maps.Clone), or do this work while it is held.")


def _taker(c: Context, kind: Location | None) -> tuple[Func | None, Path | None]:
    """The function on the way that takes the lock for reading, and the lock's path in that function."""
    for lock, mode in c.access.locks:
        if mode == READ and lock_kind(lock) == kind:
            return c.access.func, lock
    for edge in reversed(c.own):
        for lock, mode in edge.locks:
            if mode == READ and lock_kind(lock) == kind:
                return edge.caller, lock
    return None, None
