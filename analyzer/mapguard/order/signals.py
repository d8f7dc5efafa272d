"""Events to the signals that they give to other threads.

Each signal is about one object: a group whose members are done, a channel, a flag or counter, a context, a ``sync.Once``. Giving is a
may-fact: any object that a register may refer to.
"""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from mapguard.bodies.effects import library_name
from mapguard.bodies.paths import Path
from mapguard.bodies.summaries import Bodies
from mapguard.facts.syntax import TPtr
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import Spot
from mapguard.ir.model import CELL, NONE, Alloc, Call, Close, Const, Dynamic, Event, External, Global, Recv, Reg, Send, Store

Kind = Literal["group", "told", "closed", "taken", "set", "counted", "cancelled", "once", "past"]
Where = tuple[int, int, int]  # function, block, place

_SETS = ("Store", "Swap", "CompareAndSwap")
_COUNTS = ("Add", "Or", "And", *_SETS)


class Signal(NamedTuple):
    """``group``: its members are done. ``told``: something was sent on the channel, or it was closed; ``closed``: it was closed;
    ``taken``: somebody has come to receive from it, which a send on an unbuffered channel waits for. ``set``: a flag is true, or not nil;
    ``counted``: a value has become what a loop waits for. ``cancelled``: a context is. ``once``: what a ``sync.Once`` runs has returned.
    ``past``: a flag is set or is being set, so that who finds it unset under its lock has been before. ``field`` and ``lock``: of a plain
    field that is a flag or counter, and the lock under which it is one."""

    kind: Kind
    obj: int
    field: str = ""
    lock: int = -1


Signals = frozenset[Signal]
NOTHING: Signals = frozenset()
OF_ALL = frozenset(["group", "counted", "once", "past"])  # one waits for all threads that give these, however many there are


class Signalling:
    """``locks`` gives the objects that a path, a lock, may be in a function."""

    def __init__(self, bodies: Bodies, locks: Callable[[int, Path], Bits]) -> None:
        self.heap = bodies.heap
        self.index = bodies.index
        self.models = bodies.models
        self.bodies = bodies
        self._locks = locks
        self.gives: dict[int, list[Spot]] = {}  # events of each function that may give a signal
        self._alike: dict[object, list[Where]] = {}  # events that may give the same signal, by what can be said without the heap
        self._adds: list[Where] = []
        self._given: dict[Where, Signals] = {}
        self._scan()

    # ------------------------------------------------------------ candidates

    def _scan(self) -> None:
        for func, body in enumerate(self.index.bodies):
            for b, block in enumerate(body.blocks):
                for place, event in enumerate(block.events):
                    key = self.key(func, event)
                    if key is not None:
                        self.gives.setdefault(func, []).append((b, place))
                        self._alike.setdefault(key, []).append((func, b, place))
                    if isinstance(event, Call) and self.says(event, "adds"):
                        self._adds.append((func, b, place))

    def key(self, func: int, event: Event) -> object:
        """What events that give the same signal have in common, None of those that give none."""
        match event:
            case (
                Close(channel=channel)
                | Send(channel=channel)
                | Recv(channel=channel)
                | Call(callee=External(name="close"), args=(channel,))
            ):
                return ("channel", self.index.element(self.index.bodies[func].types[channel]))
            case Call(callee=Dynamic(), args=()):
                return "function"
            case Call(args=(_, *_)) if self.says(event, "done"):
                return "group"
            case Call(callee=External(name=name), args=(_, *_)) if self.atomic(name, _COUNTS):
                return "atomic"
            case Store(field=field, base=base) if not self._new(func, base):
                return self.field_key(func, base, field)
        return None

    def field_key(self, func: int, base: Reg, field: str) -> object:
        """What reads and stores of one flag have in common."""
        if field != CELL:
            return ("field", field)
        place = self.index.place(func, base)
        name = place.event.name if place is not None and isinstance(place.event, Global) else self.index.bodies[func].types[base]
        return ("field", field, name)

    def keys(self, signal: Signal) -> tuple[object, ...]:
        """The keys of the events that may be about a signal."""
        match signal.kind:
            case "told" | "closed" | "taken":
                element = self.index.element(self.heap.objects.all[signal.obj].type)
                return (("channel", element),) if element is None else (("channel", element), ("channel", None))
            case "cancelled":
                return ("function",)
            case "group" | "once":
                return (signal.kind,)
        if signal.field != CELL:
            return (("field", signal.field),) if signal.field else ("atomic",)
        o = self.heap.objects.all[signal.obj]
        return (("field", CELL, o.name if o.kind == "global" else TPtr(o.type)),)

    def _new(self, func: int, base: Reg) -> bool:
        """Whether a struct is one that the function has made: what is put there first is no signal."""
        place = self.index.place(func, base)
        return place is not None and isinstance(place.event, Alloc)

    def says(self, event: Call, key: str) -> bool:
        """What the model of a library's function says of it."""
        name = library_name(event.callee)
        model = self.models.function(name) if name and event.args else None
        return model is not None and bool(getattr(model, key))

    def atomic(self, name: str, methods: tuple[str, ...]) -> bool:
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
                yield from self.all("told", self.heap.points(func, channel))
            case Recv(channel=channel):
                yield from self.all("taken", self.unbuffered(self.heap.points(func, channel)))
            case Call(callee=Dynamic(reg=reg), args=()):
                yield from self.all("cancelled", self._cancelled(self.heap.points(func, reg)))
            case Call(callee=External(name=name), args=(first, *rest)) if self.atomic(name, _COUNTS):
                found = self.heap.points(func, first)
                yield from self.all("counted", found)
                if name.rpartition(".")[2].startswith(_SETS) and not (rest and self.constant(func, rest[-1]) == "false"):
                    yield from self.all("set", found)
            case Call(args=(first, *_)) if self.says(event, "done"):
                yield from self.all("group", self.heap.points(func, first))
            case Store(base=base, field=field, src=src):
                isset = self.constant(func, src) == "true" or self.bodies.paths(func).constants.get(src) == "!nil"
                for lock in self.held(where):
                    for o in members(self.heap.points(func, base)):
                        yield Signal("counted", o, field, lock)
                        if isset:
                            yield Signal("set", o, field, lock)

    def all(self, kind: Kind, objects: Bits) -> Iterator[Signal]:
        return (Signal(kind, o) for o in members(objects))

    def constant(self, func: int, reg: Reg) -> str:
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

    def unbuffered(self, channels: Bits) -> Bits:
        found = 0
        for number in members(channels):
            o = self.heap.objects.all[number]
            event = self.index.maker(o) if o.kind == "alloc" else None
            if isinstance(event, Alloc) and event.size == NONE:
                found |= 1 << number
        return found

    def held(self, where: Where) -> frozenset[int]:
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
        return [w for key in self.keys(signal) for w in self._alike.get(key, ()) if signal in self.given(w)]

    def stays_set(self, signal: Signal) -> bool:
        """Whether every store of a flag's field, in any object, sets it, and does so under its lock."""
        stores = (w for key in self.keys(signal) for w in self._alike.get(key, ()))
        return all(any(s.kind == "set" and s.lock == signal.lock for s in self.given(where)) for where in stores)

    def adders(self, signal: Signal) -> list[Where]:
        """The events that add members to a group."""
        return [w for w in self._adds if self.heap.points(w[0], self._first(w)) >> signal.obj & 1]

    def _first(self, where: Where) -> Reg:
        event = self.event(where)
        assert isinstance(event, Call)
        return event.args[0]
