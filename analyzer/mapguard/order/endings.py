"""An event of a thread to the signals that tell others that it is over for good.

A signal tells that where nobody can give it before the event is over: not the thread itself, and no other thread that has not waited
for the event to be over. Who gives another signal after waiting for one of these passes the word on.
"""

from typing import Literal, NamedTuple

from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import Call, External
from mapguard.order.after import After
from mapguard.order.ancestry import Ancestry
from mapguard.order.before import Before
from mapguard.order.edges import Edges
from mapguard.order.signals import NOTHING, OF_ALL, Signal, Signals, Where
from mapguard.order.stops import NOBODY, Told, Waits, of_many
from mapguard.order.threads import NO_SITE, Thread
from mapguard.order.waiting import Waiting

_CALLS = 3  # calls that a signal is looked for in
_WORDS = 3  # times that the word is passed on
Several = Literal["no", "yes", "own channels"]


class Frames(NamedTuple):
    """How a thread comes to an event: ``ways`` are the events of the functions on the way, the outermost first, the event itself last;
    ``onces`` what ``sync.Once`` the inner ones run under."""

    thread: Thread
    ways: tuple[Where, ...]
    onces: Signals = NOTHING


class Endings:
    def __init__(self, waiting: Waiting, edges: Edges, ancestry: Ancestry, after: After) -> None:
        self.waiting = waiting
        self.signalling = waiting.signalling
        self.activations = waiting.activations
        self.edges = edges
        self.index = edges.index
        self.ancestry = ancestry
        self.after = after
        self._before: dict[Told, Before] = {}
        self._told: dict[tuple[Frames, Several], Told] = {}
        self._by_body: dict[int, list[tuple[Where, frozenset[Where]]]] = {}
        self._giving: dict[tuple[int, int], frozenset[Where]] = {}
        self.waits = Waits(waiting)

    def of(self, frames: Frames, several: Several = "no") -> Told:
        """What tells that the last event of ``frames`` is over. ``several``: several threads come to it, whose signals are about the same
        objects ("yes"), or of which each closes a channel of its own ("own channels")."""
        key = (frames, several)
        found = self._told.get(key)
        if found is None:
            self._told[key] = NOBODY
            found = self._told[key] = self._tell(frames, several)
        return found

    def _tell(self, frames: Frames, several: Several) -> Told:
        late, soon = self._own(frames)
        told = Told(frozenset((s, 1) for s in frames.onces | self._group(frames.thread) | self._past(frames)))
        told |= self._exclusive(frames, late, soon, told)
        if several != "no":
            told = of_many(told, self._own_channels(told) if several == "own channels" else NOTHING)
        for _ in range(_WORDS):
            more = told | self._passed_on(frames, soon, told)
            if more == told:
                break
            told = more
        return told

    def _own_channels(self, told: Told) -> Signals:
        """The signals about channels that are closed and that nobody sends on: no two threads close one channel."""
        signals = {s for s, _ in told.signals}
        closed = {s for s in signals if s.kind == "closed"}
        only = (s._replace(kind="told") for s in closed)
        return frozenset((*closed, *(s for s in only if s in signals and set(self.signalling.givers(s)) <= set(self._closes(s)))))

    def _closes(self, told: Signal) -> list[Where]:
        return self.signalling.givers(told._replace(kind="closed"))

    # ------------------------------------------------------------ the thread itself

    def _own(self, frames: Frames) -> tuple[frozenset[Where], frozenset[Where]]:
        """The events of the thread that can give a signal only when the event is over, and those that can give one before."""
        late: set[Where] = set()
        soon: set[Where] = set()
        again = False
        for where in frames.ways:
            for event, given in self._giving_in(where[0]):
                if event != where:
                    (late if not again and self.activations.over(where, event) else soon).update(given)
            again = again or self.activations.before(where, where)
        return frozenset(late - soon), frozenset(soon)

    def _of_body(self, func: int) -> list[Where]:
        """The events of a function that give signals, and its calls."""
        found = {(func, *spot) for spot in self.signalling.gives.get(func, ())}
        for b, block in enumerate(self.index.bodies[func].blocks):
            found.update((func, b, place) for place, e in enumerate(block.events) if isinstance(e, Call) and e.how != "go")
        return sorted(found)

    def _giving_in(self, func: int) -> list[tuple[Where, frozenset[Where]]]:
        """The events of a function because of which signals are given, each with those that give them."""
        known = self._by_body.get(func)
        if known is None:
            found = ((event, self._gives(event, 0)) for event in self._of_body(func))
            known = self._by_body[func] = [(event, given) for event, given in found if given]
        return known

    def _gives(self, where: Where, depth: int) -> frozenset[Where]:
        """The events that give signals because of an event: itself, or those of what it calls."""
        self.edges.heap.budget.step()
        func, *spot = where
        found = frozenset((where,)) if tuple(spot) in self.signalling.gives.get(func, ()) else frozenset()
        event = self.signalling.event(where)
        if isinstance(event, Call) and event.how != "go" and depth < _CALLS:
            for edge in self.edges.out(self.index.site_at[where]):
                if edge.kind in ("call", "once"):
                    found |= self._of_function(edge.func, depth + 1)
        return found

    def _of_function(self, func: int, depth: int) -> frozenset[Where]:
        key = (func, depth)
        known = self._giving.get(key)
        if known is None:
            self._giving[key] = frozenset()
            found: frozenset[Where] = frozenset()
            for event in self._of_body(func):
                found |= self._gives(event, depth)
            known = self._giving[key] = found
        return known

    def _past(self, frames: Frames) -> Signals:
        """Flags that show, once they are set, that the event is past."""
        return frozenset().union(*(self.waiting.unset(where) for where in frames.ways))

    def _group(self, thread: Thread) -> Signals:
        """The group of a library that starts the thread and waits for its end."""
        if thread.site == NO_SITE:
            return NOTHING
        start = self.index.sites[thread.site]
        if not isinstance(start.event, Call) or not isinstance(start.event.callee, External) or not start.event.args:
            return NOTHING
        model = self.signalling.models.function(start.event.callee.name)
        if model is None or not model.spawns or not start.event.callee.name.startswith("("):
            return NOTHING
        group = self.signalling.heap.points(start.func, start.event.args[0])
        return frozenset(Signal("group", o) for o in range(group.bit_length()) if group >> o & 1)

    # ------------------------------------------------------------ others

    def _exclusive(
        self, frames: Frames, late: frozenset[Where], soon: frozenset[Where], told: Told, shared: frozenset[Where] = frozenset()
    ) -> Told:
        """The signals of ``late`` events that nobody gives before. ``shared`` are such events that others may come to as well."""
        own = {s for where in late for s in self.signalling.given(where)}
        given = own.union(*(self.signalling.given(where) for where in shared))
        signals = {s for s in given if self.waiting.functions(s)}
        if not signals:
            return NOBODY
        early = {s for where in soon for s in self.signalling.given(where)}
        candidates = [s for s in sorted(signals - early) if s.kind != "group" or self._added_before(s, frames.thread)]
        found: set[tuple[Signal, int]] = set()
        before = self.before(told | Told(frozenset((s, 1) for s in candidates)))
        for signal in candidates:
            givers = self.signalling.givers(signal) if signal.kind not in OF_ALL else []
            if not any(g not in late and before.has(g) for g in givers):
                found.add((signal, 1))
            elif signal.kind == "told" and signal in own:  # as many messages as senders
                found.add((signal, len(givers)))
        return Told(frozenset(found))

    def _added_before(self, signal: Signal, thread: Thread) -> bool:
        """Whether the members of a group are added before they start: else its wait may end before they have begun."""
        adders = self.signalling.adders(signal)
        return not adders or any(self.ancestry.used(where[0]) != [thread] for where in adders)

    def before(self, told: Told) -> Before:
        """What threads do from their start on before they have waited for one of the signals of ``told``."""
        found = self._before.get(told)
        if found is None:
            found = self._before[told] = self.after.before(self.waits.stops(told), self.ancestry.threads)
        return found

    def _waiting(self, funcs: Bits) -> set[int]:
        """Functions, and those that call them."""
        found = set(members(funcs))
        for _ in range(_CALLS):
            edges = (e for func in found for e in self.edges.into(func) if e.kind in ("call", "once"))
            found |= {self.index.sites[e.site].func for e in edges}
        return found

    def _passed_on(self, frames: Frames, soon: frozenset[Where], told: Told) -> Told:
        """The signals that others give only when they have waited for one of those of ``told``."""
        stops, before = self.waits.stops(told), self.before(told)
        late: set[Where] = set()
        shared: set[Where] = set()
        own = {where[0] for where in frames.ways}
        for func in sorted(self._waiting(stops.funcs) - own):
            for where, given in self._giving_in(func):
                if not before.inside(where):
                    late.add(where)
                    shared.update(given)
        return self._exclusive(frames, frozenset(late), soon, told, frozenset(shared))
