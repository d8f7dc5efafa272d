"""Events to the signals that they give to other threads, and to the signals that they wait for.

Each signal is about one object: a group whose members are done, a channel, a flag or counter, a context, a ``sync.Once``. Giving is a
may-fact: any object that a register may refer to. Waiting is a must-fact: the one object, or objects that differ in their context only.
"""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from mapguard.bodies.effects import library_name
from mapguard.bodies.paths import Path
from mapguard.bodies.summaries import Bodies
from mapguard.facts.syntax import TStruct
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import Spot, reachable, reaches
from mapguard.ir.model import (
    NONE,
    Alloc,
    Call,
    Cast,
    Close,
    Const,
    Copy,
    Dynamic,
    Event,
    External,
    Invoke,
    Load,
    Op,
    Recv,
    Reg,
    Send,
    Store,
)

Kind = Literal["group", "told", "closed", "taken", "set", "counted", "cancelled", "once"]
Where = tuple[int, int, int]  # function, block, place

_SETS = ("Store", "Swap", "CompareAndSwap")
_COUNTS = ("Add", "Or", "And", *_SETS)
_DONE = (("channel", TStruct(())), ("channel", None))  # of the channels that tell that a context is cancelled
_DEPTH = 3  # operators between a value that is read and the branch that it decides


class Signal(NamedTuple):
    """``group``: its members are done. ``told``: something was sent on the channel, or it was closed; ``closed``: it was closed;
    ``taken``: somebody has come to receive from it, which a send on an unbuffered channel waits for. ``set``: a flag is true; ``counted``:
    a value has become what a loop waits for. ``cancelled``: a context is. ``once``: what a ``sync.Once`` runs has returned. ``field`` and
    ``lock``: of a plain field that is a flag or counter, and the lock under which it is one."""

    kind: Kind
    obj: int
    field: str = ""
    lock: int = -1


Signals = frozenset[Signal]
NOTHING: Signals = frozenset()
OF_ALL = frozenset(["group", "counted", "once"])  # one waits for all threads that give these, however many there are


class Signalling:
    """``locks`` gives the objects that a path, a lock, may be in a function."""

    def __init__(self, bodies: Bodies, locks: Callable[[int, Path], Bits]) -> None:
        self.heap = bodies.heap
        self.index = bodies.index
        self.models = bodies.models
        self.bodies = bodies
        self._locks = locks
        self.gives: dict[int, list[Spot]] = {}  # events of each function that may give a signal
        self.waits: dict[int, list[Spot]] = {}
        self._alike: dict[object, list[Where]] = {}  # events that may give the same signal, by what can be said without the heap
        self._waits_alike: dict[object, list[Where]] = {}  # the same for events that may wait, and for reads that decide a branch
        self._waiting: dict[object, dict[Signal, set[int]]] = {}
        self._adds: list[Where] = []
        self._branches: dict[tuple[int, int], tuple[Where, bool]] = {}
        self._given: dict[Where, Signals] = {}
        self._awaited: dict[Where, Signals] = {}
        self._learned: dict[tuple[int, int], tuple[Signals, ...]] = {}
        self._rounds: dict[tuple[int, int], tuple[Signals, ...]] = {}
        self._after: dict[int, list[int]] = {}
        self._scan()

    # ------------------------------------------------------------ candidates

    def _scan(self) -> None:
        for func, body in enumerate(self.index.bodies):
            for b, block in enumerate(body.blocks):
                for place, event in enumerate(block.events):
                    key = self._key(func, event)
                    if key is not None:
                        self.gives.setdefault(func, []).append((b, place))
                        self._alike.setdefault(key, []).append((func, b, place))
                    wait = self._wait_key(func, event)
                    if wait is not None:
                        self.waits.setdefault(func, []).append((b, place))
                        self._waits_alike.setdefault(wait, []).append((func, b, place))
                    if isinstance(event, Call) and self._says(event, "adds"):
                        self._adds.append((func, b, place))
                if block.kind == "if" and (read := self._decider(func, block.cond, 0)) is not None:
                    self._branches[func, b] = read
                    self._waits_alike.setdefault(self._read_key(read[0]), []).append(read[0])

    def _key(self, func: int, event: Event) -> object:
        """What events that give the same signal have in common, None of those that give none."""
        match event:
            case Close(channel=channel) | Send(channel=channel) | Recv(channel=channel):
                return ("channel", self.index.element(self.index.bodies[func].types[channel]))
            case Call(callee=External(name="close"), args=(channel,)):
                return ("channel", self.index.element(self.index.bodies[func].types[channel]))
            case Call(callee=Dynamic(), args=()):
                return "function"
            case Call(args=(_, *_)) if self._says(event, "done"):
                return "group"
            case Call(callee=External(name=name), args=(_, *_)) if self._atomic(name, _COUNTS):
                return "atomic"
            case Store(field=field, base=base) if not self._new(func, base):
                return ("field", field)
        return None

    def _wait_key(self, func: int, event: Event) -> object:
        """What events that wait for the same signal have in common, None of those that wait for none."""
        match event:
            case Send(channel=channel) | Recv(channel=channel):
                return ("channel", self.index.element(self.index.bodies[func].types[channel]))
            case Call(how="call") if self._joins(event):
                return "group" if self._says(event, "joins") else "once"
        return None

    def _read_key(self, where: Where) -> object:
        event = self.event(where)
        return ("field", event.field) if isinstance(event, Load) else "atomic"

    def _keys(self, signal: Signal) -> tuple[object, ...]:
        match signal.kind:
            case "told" | "closed" | "taken":
                element = self.index.element(self.heap.objects.all[signal.obj].type)
                return (("channel", element),) if element is None else (("channel", element), ("channel", None))
            case "cancelled":
                return ("function",)
            case "group" | "once":
                return (signal.kind,)
        return (("field", signal.field),) if signal.field else ("atomic",)

    def _new(self, func: int, base: Reg) -> bool:
        """Whether a struct is one that the function has made: what is put there first is no signal."""
        place = self.index.place(func, base)
        return place is not None and isinstance(place.event, Alloc)

    def _says(self, event: Call, key: str) -> bool:
        name = library_name(event.callee)
        model = self.models.function(name) if name and event.args else None
        return model is not None and bool(getattr(model, key))

    def _joins(self, event: Call) -> bool:
        return self._says(event, "joins") or self._says(event, "once")

    def _atomic(self, name: str, methods: tuple[str, ...]) -> bool:
        """Whether a library's function is one of these on an atomic value."""
        owner, _, method = name.rpartition(".")
        plain = owner.removeprefix("(").removesuffix(")").removeprefix("*").partition("[")[0]
        return method.startswith(methods) and (owner == "sync/atomic" or self.models.type(plain) == "atomic")

    def event(self, where: Where) -> Event:
        func, block, place = where
        return self.index.bodies[func].blocks[block].events[place]

    # ------------------------------------------------------------ giving

    def given(self, where: Where) -> Signals:
        """The signals that an event gives itself, not in what it calls."""
        known = self._given.get(where)
        if known is None:
            known = self._given[where] = frozenset(self._gives(where))
        return known

    def _gives(self, where: Where) -> Iterator[Signal]:
        func = where[0]
        event = self.event(where)
        match event:
            case Close(channel=channel) | Call(callee=External(name="close"), args=(channel,)):
                for o in members(self.heap.points(func, channel)):
                    yield Signal("closed", o)
                    yield Signal("told", o)
            case Send(channel=channel):
                yield from self._all("told", self.heap.points(func, channel))
            case Recv(channel=channel):
                yield from self._all("taken", self._unbuffered(self.heap.points(func, channel)))
            case Call(callee=Dynamic(reg=reg), args=()):
                yield from self._all("cancelled", self._cancelled(self.heap.points(func, reg)))
            case Call(callee=External(name=name), args=(first, *rest)) if self._atomic(name, _COUNTS):
                found = self.heap.points(func, first)
                yield from self._all("counted", found)
                if name.rpartition(".")[2].startswith(_SETS) and not (rest and self._constant(func, rest[-1]) == "false"):
                    yield from self._all("set", found)
            case Call(args=(first, *_)) if self._says(event, "done"):
                yield from self._all("group", self.heap.points(func, first))
            case Store(base=base, field=field, src=src):
                constant = self._constant(func, src)
                for lock in self._held(where):
                    for o in members(self.heap.points(func, base)):
                        yield Signal("counted", o, field, lock)
                        if constant == "true":
                            yield Signal("set", o, field, lock)

    def _all(self, kind: Kind, objects: Bits) -> Iterator[Signal]:
        return (Signal(kind, o) for o in members(objects))

    def _constant(self, func: int, reg: Reg) -> str:
        place = self.index.place(func, reg)
        return place.event.text if place is not None and isinstance(place.event, Const) else ""

    def _cancelled(self, functions: Bits) -> Bits:
        """The contexts that came with functions which cancel them, as far as they are known."""
        found = 0
        for number in members(functions):
            o = self.heap.objects.all[number]
            if o.kind == "result":
                event = self.index.maker(o)
                if isinstance(event, Call) and len(event.dsts) == 2:
                    found |= self.heap.points(o.func, event.dsts[0])
        return found

    def _unbuffered(self, channels: Bits) -> Bits:
        found = 0
        for number in members(channels):
            o = self.heap.objects.all[number]
            event = self.index.maker(o) if o.kind == "alloc" else None
            if isinstance(event, Alloc) and event.size == NONE:
                found |= 1 << number
        return found

    def _held(self, where: Where) -> frozenset[int]:
        """The locks that are held on every way to an event; each stands for those that differ from it in their context."""
        found: frozenset[int] | None = None
        for at in self.bodies.held(*where):
            locks = frozenset(self._one(o) for path, _ in at.held for o in members(self._locks(where[0], path)))
            found = locks if found is None else found & locks
        return found or frozenset()

    def _one(self, obj: int) -> int:
        return (self.heap.objects.same_site(obj) & -self.heap.objects.same_site(obj)).bit_length() - 1

    def givers(self, signal: Signal) -> list[Where]:
        """Every event of the program that gives a signal."""
        if signal.kind == "once":
            return []
        return [w for key in self._keys(signal) for w in self._alike.get(key, ()) if signal in self.given(w)]

    def adders(self, signal: Signal) -> list[Where]:
        """The events that add members to a group."""
        return [w for w in self._adds if self.heap.points(w[0], self._first(w)) >> signal.obj & 1]

    def _first(self, where: Where) -> Reg:
        event = self.event(where)
        assert isinstance(event, Call)
        return event.args[0]

    # ------------------------------------------------------------ waiting

    def awaited(self, where: Where) -> Signals:
        """The signals one of which an event waits for."""
        known = self._awaited.get(where)
        if known is None:
            known = self._awaited[where] = self._event_waits(where)
        return known

    def waiting(self, signal: Signal) -> set[int]:
        """The functions that have something that waits for a signal."""
        found: set[int] = set()
        for key in _DONE if signal.kind == "cancelled" else self._keys(signal):
            known = self._waiting.get(key)
            if known is None:
                known = self._waiting[key] = {}
                for where in self._waits_alike.get(key, ()):
                    for s in self._waited_for(where):
                        known.setdefault(s, set()).add(where[0])
            found |= known.get(signal, set())
        return found

    def _waited_for(self, where: Where) -> Signals:
        """What an event waits for, or a branch that rests on it."""
        if self._wait_key(where[0], self.event(where)) is None:
            return self._of_read(where, "set") | self._of_read(where, "counted")
        event = self.event(where)
        closed = self._must("closed", self.heap.points(where[0], event.channel)) if isinstance(event, Recv) else NOTHING
        return self.awaited(where) | closed

    def _event_waits(self, where: Where) -> Signals:
        func = where[0]
        event = self.event(where)
        match event:
            case Recv(channel=channel):
                return self._done_of(func, channel) or self._must("told", self.heap.points(func, channel))
            case Send(channel=channel):
                objects = self.heap.points(func, channel)
                return self._must("taken", objects) if self._unbuffered(objects) == objects else NOTHING
            case Call(args=(first, *_), how="call") if self._joins(event):
                return self._must("group" if self._says(event, "joins") else "once", self.heap.points(func, first))
        return NOTHING

    def _must(self, kind: Kind, objects: Bits) -> Signals:
        """Signals of the one object that this can be: objects that differ in their context only count as one."""
        if not objects or objects & ~self.heap.objects.same_site((objects & -objects).bit_length() - 1):
            return NOTHING
        return frozenset(self._all(kind, objects))

    def _done_of(self, func: int, channel: Reg) -> Signals:
        """What tells that a context is cancelled, where the channel is its Done."""
        place = self.index.place(func, channel)
        event = place.event if place is not None else None
        if isinstance(event, Call) and event.args and isinstance(event.callee, External | Invoke) and event.callee.name.endswith("Done"):
            return self._must("cancelled", self.heap.points(func, event.args[0]))
        return NOTHING

    def learned(self, func: int, block: int) -> tuple[Signals, ...]:
        """What is known on each way out of a block, because of the value that decides: one of these signals was given."""
        known = self._learned.get((func, block))
        if known is None:
            known = self._learned[func, block] = self._branch(func, block)
        return known

    def _branch(self, func: int, number: int) -> tuple[Signals, ...]:
        block = self.index.bodies[func].blocks[number]
        if block.kind == "range":
            last = block.events[-1] if block.events else None
            if isinstance(last, Recv) and last.dst == block.cond:
                return (NOTHING, self._must("closed", self.heap.points(func, last.channel)))
        if block.kind != "if":
            return ()
        read = self._branches.get((func, number))
        if read is None:
            return ()
        where, direct = read
        found = []
        for way, succ in enumerate(block.succs):
            signals = self._of_read(where, "set") if direct and way == 0 else NOTHING
            if not signals and self.repeats(func, number) and not self._leads(func, succ, number):
                signals = self._of_read(where, "counted")
            found.append(signals)
        return tuple(found)

    def _decider(self, func: int, reg: Reg, depth: int) -> tuple[Where, bool] | None:
        """The read of a flag or counter that a condition rests on, and whether the condition is the flag itself."""
        place = self.index.place(func, reg)
        if place is None or depth > _DEPTH:
            return None
        match place.event:
            case Load():
                return place[:3], True
            case Call(callee=External(name=name), args=(_, *_)) if self._atomic(name, ("Load",)):
                return place[:3], True
            case Copy(src=src) | Cast(src=src):
                return self._decider(func, src, depth)
            case Op(args=args):
                found = [d for a in args if (d := self._decider(func, a, depth + 1)) is not None]
                return (found[0][0], False) if found else None
        return None

    def _of_read(self, where: Where, kind: Kind) -> Signals:
        match self.event(where):
            case Load(base=base, field=field):
                held = self._held(where)
                plain = self._must(kind, self.heap.points(where[0], base)) if held else NOTHING
                return frozenset(s._replace(field=field, lock=min(held)) for s in plain)
            case Call(args=(first, *_)):
                return self._must(kind, self.heap.points(where[0], first))
        return NOTHING

    def rounds(self, func: int, head: int) -> tuple[Signals, ...]:
        """What each round of the loop at a block waits for, one of the signals of each set: the loop is taken to have as many rounds as
        there are threads."""
        known = self._rounds.get((func, head))
        if known is None:
            known = self._rounds[func, head] = self._each_round(func, head)
        return known

    def _each_round(self, func: int, head: int) -> tuple[Signals, ...]:
        blocks = self.index.bodies[func].blocks
        if blocks[head].kind not in ("range", "if") or not self.repeats(func, head) or self._leads(func, blocks[head].succs[-1], head):
            return ()
        first = blocks[head].succs[0]
        waits: dict[Signals, list[Spot]] = {}
        for spot in self.waits.get(func, ()):
            if spot[0] == head or (self._leads(func, first, spot[0]) and self._leads(func, spot[0], head)):
                waits.setdefault(self.awaited((func, *spot)), []).append(spot)
        return tuple(
            signals
            for signals, spots in waits.items()
            if signals and (any(spot[0] == head for spot in spots) or not reaches(blocks, (first, -1), (head, 0), spots))
        )

    # ------------------------------------------------------------ the order in one activation

    def repeats(self, func: int, block: int) -> bool:
        """Whether control can get from a block to it again."""
        return bool(self._reachable(func)[block] >> block & 1)

    def _leads(self, func: int, block: int, to: int) -> bool:
        return block == to or bool(self._reachable(func)[block] >> to & 1)

    def before(self, a: Where, b: Where) -> bool:
        """Whether an event can come before another of the same function, in one activation."""
        if a[0] != b[0]:
            return False
        return (a[1] == b[1] and a[2] < b[2]) or bool(self._reachable(a[0])[a[1]] >> b[1] & 1)

    def over(self, a: Where, b: Where) -> bool:
        """Whether an event of one activation cannot happen any more when another one, ``b``, does: deferred calls run at the end, the
        last one first."""
        late, later = self._deferred(a), self._deferred(b)
        if late and later:
            return self.before(b, a) and not self.before(a, b)
        return later if late != later else not self.before(b, a)

    def _deferred(self, where: Where) -> bool:
        event = self.event(where)
        return isinstance(event, Call) and event.how == "defer"

    def _reachable(self, func: int) -> list[int]:
        found = self._after.get(func)
        if found is None:
            found = self._after[func] = reachable(self.index.bodies[func].blocks)
        return found
