"""Events and branches to the signals that they wait for.

Waiting is a must-fact: it is about one object, or objects that differ in their context only.
"""

from typing import NamedTuple

from mapguard.facts.syntax import TStruct
from mapguard.heap.tabling import Bits, members
from mapguard.ir.flow import Spot, dominators, predecessors, reaches
from mapguard.ir.model import Call, Cast, Const, Copy, Event, External, Invoke, Load, MapOp, Op, Recv, Reg, Send, Store
from mapguard.order.activation import Activations
from mapguard.order.flows import Where
from mapguard.order.signals import NOTHING, Kind, Signal, Signalling, Signals

_DONE = (("channel", TStruct(())), ("channel", None))  # of the channels that tell that a context is cancelled
_DEPTH = 3  # operators between a value that is read and the branch that it decides


class Decider(NamedTuple):
    """The read of a flag or counter that decides a branch, and the way on which the flag is set, -1 where it is none."""

    where: Where
    isset: int


class Waiting:
    def __init__(self, signalling: Signalling, activations: Activations) -> None:
        self.signalling = signalling
        self.activations = activations
        self.heap = signalling.heap
        self.index = signalling.index
        self.waits: dict[int, list[Spot]] = {}  # events of each function that may wait
        self._alike: dict[object, list[Where]] = {}  # such events, and reads that decide, by what can be said without the heap
        self._functions: dict[object, dict[Signal, set[int]]] = {}
        self._deciders: dict[tuple[int, int], Decider] = {}
        self._awaited: dict[Where, Signals] = {}
        self._learned: dict[tuple[int, int], tuple[Signals, ...]] = {}
        self._rounds: dict[tuple[int, int], tuple[Signals, ...]] = {}
        self._unset: dict[Where, Signals] = {}
        for func, body in enumerate(self.index.bodies):
            for b, block in enumerate(body.blocks):
                for place, event in enumerate(block.events):
                    key = self._key(func, event)
                    if key is not None:
                        self.waits.setdefault(func, []).append((b, place))
                        self._alike.setdefault(key, []).append((func, b, place))
                decider = self._decided(func, block.cond, 0) if block.kind == "if" else None
                if decider is not None:
                    self._deciders[func, b] = decider
                    self._alike.setdefault(self._read_key(decider.where), []).append(decider.where)

    def _key(self, func: int, event: Event) -> object:
        """What events that wait for the same signal have in common, None of those that wait for none."""
        match event:
            case Send() | Recv():
                return self.signalling.key(func, event)
            case Call(how="call") if self._joins(event):
                return "group" if self.signalling.says(event, "joins") else "once"
        return None

    def _joins(self, event: Call) -> bool:
        return self.signalling.says(event, "joins") or (
            isinstance(event.callee, External) and event.callee.name.startswith("(") and self.signalling.says(event, "once")
        )

    def _read_key(self, where: Where) -> object:
        event = self.signalling.event(where)
        return self.signalling.field_key(where[0], event.base, event.field) if isinstance(event, Load) else "atomic"

    # ------------------------------------------------------------ events

    def awaited(self, where: Where) -> Signals:
        """The signals one of which an event waits for, or gives itself and so makes past."""
        known = self._awaited.get(where)
        if known is None:
            known = self._awaited[where] = self._event_waits(where)
        return known

    def _event_waits(self, where: Where) -> Signals:
        func = where[0]
        event = self.signalling.event(where)
        match event:
            case Recv(channel=channel):
                return self._done_of(func, channel) or self._must("told", self.heap.points(func, channel))
            case Send(channel=channel):
                objects = self.heap.points(func, channel)
                return self._must("taken", objects) if self.signalling.unbuffered(objects) == objects else NOTHING
            case Call(args=(first, *_), how="call") if self._joins(event):
                return self._must("group" if self.signalling.says(event, "joins") else "once", self.heap.points(func, first))
            case Store(base=base, field=field):
                given = {s for s in self.signalling.given(where) if s.kind == "set"}
                must = self._must("set", self.heap.points(func, base))
                found = {s for s in given if s._replace(field="", lock=-1) in must and s.field == field}
                return frozenset(s._replace(kind="past") for s in found if s.lock == min(g.lock for g in found))
        return NOTHING

    def _must(self, kind: Kind, objects: Bits) -> Signals:
        """Signals of the one object that this can be: objects that differ in their context only count as one, and one that the tree makes
        is meant where it can be one from outside as well."""
        made = sum(1 << o for o in members(objects) if self.heap.objects.all[self.heap.objects.origin(o)].kind != "outside")
        objects = made or objects
        if not objects or objects & ~self.heap.objects.same_site((objects & -objects).bit_length() - 1):
            return NOTHING
        return frozenset(self.signalling.all(kind, objects))

    def _done_of(self, func: int, channel: Reg) -> Signals:
        """What tells that a context is cancelled, where the channel is its Done."""
        place = self.index.place(func, channel)
        event = place.event if place is not None else None
        if isinstance(event, Call) and event.args and isinstance(event.callee, External | Invoke) and event.callee.name.endswith("Done"):
            return self._must("cancelled", self.heap.points(func, event.args[0]))
        return NOTHING

    def functions(self, signal: Signal) -> set[int]:
        """The functions that have something that waits for a signal."""
        if signal.kind == "past":
            isset = signal._replace(kind="set")
            return self.functions(isset) | {where[0] for where in self.signalling.givers(isset)}
        found: set[int] = set()
        for key in _DONE if signal.kind == "cancelled" else self.signalling.keys(signal):
            known = self._functions.get(key)
            if known is None:
                known = self._functions[key] = {}
                for where in self._alike.get(key, ()):
                    for s in self._waited_for(where):
                        known.setdefault(s, set()).add(where[0])
            found |= known.get(signal, set())
        return found

    def _waited_for(self, where: Where) -> Signals:
        """What an event waits for, or a branch that rests on it."""
        event = self.signalling.event(where)
        if self._key(where[0], event) is None:
            return self._of_read(where, "set") | self._of_read(where, "counted")
        closed = self._must("closed", self.heap.points(where[0], event.channel)) if isinstance(event, Recv) else NOTHING
        return self.awaited(where) | closed

    # ------------------------------------------------------------ branches

    def learned(self, func: int, block: int) -> tuple[Signals, ...]:
        """What is known on each way out of a block, because of the value that decides: one of these signals was given."""
        known = self._learned.get((func, block))
        if known is None:
            known = self._learned[func, block] = self._branch(func, block)
        return known

    def _branch(self, func: int, number: int) -> tuple[Signals, ...]:
        block = self.index.bodies[func].blocks[number]
        last = block.events[-1] if block.events else None
        if block.kind == "range" and isinstance(last, Recv) and last.dst == block.cond:
            return (NOTHING, self._must("closed", self.heap.points(func, last.channel)))
        decider = self._deciders.get((func, number))
        if decider is None:
            return ()
        found = []
        for way, succ in enumerate(block.succs):
            signals = self._of_read(decider.where, "set") if way == decider.isset else NOTHING
            if not signals and self.activations.repeats(func, number) and not self.activations.leads(func, succ, number):
                signals = self._of_read(decider.where, "counted")
            found.append(signals)
        return tuple(found)

    def _decided(self, func: int, reg: Reg, depth: int) -> Decider | None:
        """What a condition rests on."""
        place = self.index.place(func, reg)
        if place is None or depth > _DEPTH:
            return None
        match place.event:
            case Load():
                return Decider(place[:3], 0)
            case Call(callee=External(name=name), args=(_, *_)) if self.signalling.atomic(name, ("Load",)):
                return Decider(place[:3], 0)
            case Copy(src=src) | Cast(src=src):
                return self._decided(func, src, depth)
            case Op(op=op, args=args):
                found = [d for a in args if (d := self._decided(func, a, depth + 1)) is not None]
                if not found:
                    return None
                unset = any(self._is_unset(func, a) for a in args)  # compared with nil or false
                isset = found[0].isset if op in ("==", "!=") and unset else -1
                return Decider(found[0].where, 1 - isset if op == "==" and isset >= 0 else isset)
        return None

    def _is_unset(self, func: int, reg: Reg) -> bool:
        place = self.index.place(func, reg)
        return place is not None and isinstance(place.event, Const) and (place.event.kind == "nil" or place.event.text == "false")

    def _of_read(self, where: Where, kind: Kind) -> Signals:
        match self.signalling.event(where):
            case Load(base=base, field=field):
                held = self.signalling.held(where)
                plain = self._must(kind, self.heap.points(where[0], base)) if held else NOTHING
                return frozenset(s._replace(field=field, lock=min(held)) for s in plain)
            case Call(args=(first, *_)):
                return self._must(kind, self.heap.points(where[0], first))
        return NOTHING

    # ------------------------------------------------------------ flags that were found unset

    def unset(self, where: Where) -> Signals:
        """The flags that were found unset under a lock which has been held since, and that nobody unsets again: the event is past for who
        finds one of them set."""
        known = self._unset.get(where)
        if known is None:
            known = self._unset[where] = self._found_unset(where)
        return known

    def _found_unset(self, where: Where) -> Signals:
        func, block, _ = where
        blocks = self.index.bodies[func].blocks
        above = [b for b in range(len(blocks)) if (func, b) in self._deciders]
        if not above:
            return NOTHING
        dominated = dominators(blocks)[block]
        before = predecessors(blocks)
        found: set[Signal] = set()
        for b in above:
            decider = self._deciders[func, b]
            if decider.isset < 0 or not isinstance(self.signalling.event(decider.where), Load):
                continue
            way = blocks[b].succs[1 - decider.isset]
            if before[way] == [b] and dominated >> way & 1:
                signals = self._of_read(decider.where, "set")
                if signals and all(self._held_since(decider.where, where, s.lock) and self.signalling.stays_set(s) for s in signals):
                    found.update(s._replace(kind="past") for s in signals)
        return frozenset(found)

    def _held_since(self, read: Where, where: Where, lock: int) -> bool:
        """Whether a lock is held at every event between two."""
        func = where[0]
        for b, block in enumerate(self.index.bodies[func].blocks):
            for place, event in enumerate(block.events):
                spot = (func, b, place)
                if not isinstance(event, Call | MapOp | Load | Store) or (isinstance(event, Call) and event.how == "defer"):
                    continue
                between = spot == where or (self.activations.before(read, spot) and self.activations.before(spot, where))
                if between and lock not in self.signalling.held(spot):
                    return False
        return True

    # ------------------------------------------------------------ loops

    def rounds(self, func: int, head: int) -> tuple[Signals, ...]:
        """What each round of the loop at a block waits for, one of the signals of each set: the loop is taken to have as many rounds as
        there are threads."""
        known = self._rounds.get((func, head))
        if known is None:
            known = self._rounds[func, head] = self._each_round(func, head)
        return known

    def _each_round(self, func: int, head: int) -> tuple[Signals, ...]:
        blocks = self.index.bodies[func].blocks
        leads = self.activations.leads
        if (
            blocks[head].kind not in ("range", "if")
            or not self.activations.repeats(func, head)
            or leads(func, blocks[head].succs[-1], head)
        ):
            return ()
        first = blocks[head].succs[0]
        waits: dict[Signals, list[Spot]] = {}
        for spot in self.waits.get(func, ()):
            if spot[0] == head or (leads(func, first, spot[0]) and leads(func, spot[0], head)):
                waits.setdefault(self.awaited((func, *spot)), []).append(spot)
        return tuple(
            signals
            for signals, spots in waits.items()
            if signals and (any(spot[0] == head for spot in spots) or not reaches(blocks, (first, -1), (head, 0), spots))
        )
