"""Two contexts to whether they can overlap on one object: by where the object comes from, and by the order of their threads."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from mapguard.bodies.effects import library_name
from mapguard.bodies.paths import CAPTURED, Path
from mapguard.heap.index import Index, Place
from mapguard.heap.tabling import members
from mapguard.ir.model import Call, Invoke, Static
from mapguard.order.after import SAME, Reach, Where
from mapguard.order.edges import Edge
from mapguard.order.stops import NEVER, NOBODY, Renewal
from mapguard.order.threads import NO_SITE, Thread
from mapguard.races.contexts import Anchored, Context, Hop
from mapguard.races.elements import Elements
from mapguard.races.escape import Escape
from mapguard.races.handover import Handover
from mapguard.races.later import Later
from mapguard.races.timing import Timing

_SAME = frozenset((SAME,))
_BEGIN = -1  # the place of a function's beginning in its first block


class Home(NamedTuple):
    """Where the map of a context comes from: the function's own object, and the event of that function that leads to the access. ``begin``
    is the event after which another thread can have it, None where it is all one thread: that at the site ``start``, which starts a thread
    on the way from there (``many``: or several at once), or the one with which it leaves in a function value."""

    func: int
    root: int | str
    where: Where
    begin: Where | None = None
    start: int = NO_SITE
    many: bool = False


class Meeting:
    def __init__(self, timing: Timing, escape: Escape, handover: Handover, elements: Elements) -> None:
        self.index: Index = timing.index
        self.timing = timing
        self.escape = escape
        self.handover = handover
        self.elements = elements
        self.later = Later(timing)

    def home(self, c: Context) -> Home:
        """Where the map of a context comes from."""
        found = self._home(c, c.map.func, c.map.path.root)
        if found.where[0] != c.map.func and c.hops:
            return found._replace(where=c.hops[-1].leaves, begin=c.hops[-1].leaves, start=NO_SITE, many=False)
        return found

    def together_in(self, a: Context, b: Context, func: int) -> bool:
        """Whether two accesses can overlap in one activation of a function that is on the way to both."""
        x, y = self._home(a, func, NO_SITE), self._home(b, func, NO_SITE)
        return self._of_one_activation(a, b, x, y, Renewal(frozenset([(func, 0, _BEGIN)])))

    def _home(self, c: Context, func: int, root: int | str) -> Home:
        """How a context leaves a function on its way."""
        where, start, many = c.access.where, NO_SITE, False
        for number in range(len(c.chain) - 1, -1, -1):
            edge = c.chain[number]
            if where[0] == func:
                break
            place = self.index.sites[edge.site]
            where = (place.func, place.block, place.number)
            if edge.kind in ("go", "root", "parallel"):
                start, many = edge.site, edge.many
        return Home(func, root, where, self.timing.place(start) if start != NO_SITE else None, start, many)

    def one_thread(self, a: Context, b: Context) -> bool:
        """Whether each activation of the function that both maps come from has an object of its own, which its own thread alone uses."""
        x, y = self.home(a), self.home(b)
        return x.begin is None and y.begin is None and (x.func, x.root) == (y.func, y.root) and self._another(a, b, x, y) != NEVER

    def meet(self, a: Context, b: Context) -> bool:
        """Whether the two accesses can happen at the same time, on one object."""
        a, b = self._lifted(a, b), self._lifted(b, a)
        x, y = self.home(a), self.home(b)
        again = self._another(a, b, x, y) if (x.func, x.root) == (y.func, y.root) else NEVER
        alone = x.begin is None and y.begin is None
        if again == NEVER and alone and all(self.handover.each_its_own(c.map) for c in (a, b)):
            return False  # what one receives no other one does
        if self.timing.same_run(a, b, x.func if again != NEVER else None):
            return False
        together = (
            self._of_one_activation(a, b, x, y, again) if again != NEVER else self._overlap(a, b, self.timing.several, self.timing.many)
        )
        if not together or self._told(a, b, x, again) or self._told(b, a, y, again):
            return False
        if self.later.made_later(a, b) or self.later.made_later(b, a):
            return False
        if again != NEVER and a.hops and b.hops and a.hops[-1].made == b.hops[-1].made and self._one_value(a.hops[-1], again, x.func):
            return self.meet(*(c._replace(map=c.hops[-1].value, hops=c.hops[:-1]) for c in (a, b)))
        return True

    def _lifted(self, a: Context, b: Context) -> Context:
        """``a`` in terms of the function where ``b`` has its map from: it has called the one that makes the map of ``a`` and returns it."""
        func, path = b.map
        place = self.index.place(func, path.root) if isinstance(path.root, int) else None
        if a.map.func == func or place is None or not isinstance(place.event, Call) or not isinstance(place.event.callee, Static):
            return a
        maker, own = a.map
        number = next((n for n, edge in enumerate(a.chain) if self.index.sites[edge.site].func == maker), None)
        if self.index.number.get(place.event.callee.func) != maker or number is None or number >= a.inside:
            return a
        paths = self.escape.bodies.paths(maker)
        result = place.event.dsts.index(path.root)
        values = [r.values[result] for r in self.index.returns[maker] if result < len(r.values)]
        if not any(paths.of(value) == Path(own.root) for value in values):
            return a
        call = Edge(self.index.site_at[place[:3]], maker, "call")
        map_ = Anchored(func, Path(path.root, own.fields))
        return a._replace(map=map_, chain=(call, *a.chain[number:]), inside=a.inside - number + 1)

    def _one_value(self, hop: Hop, again: Renewal, func: int) -> bool:
        """Whether only one function value is made that captures an object: not two before the object is made again."""
        return hop.called and not self.timing.after(hop.made, NOBODY, again, func).anywhere(hop.made)

    def _another(self, a: Context, b: Context, x: Home, y: Home) -> Renewal:
        """The events after which what both sides reach is another object, where each activation of a function has its own: where it is
        made, and where the index of an element changes. ``NEVER`` where activations share it."""
        func, path = a.map
        found: set[Where] = set()
        owned = self.escape.owns(*a.map) and self.escape.owns(*b.map)
        if isinstance(path.root, int):
            made = self.index.place(func, path.root)
            if made is not None and (owned or self._of_library(made, path)):
                found.update([(func, *spot) for spot in self.escape.made.makes(func, path.root)] or [made[:3]])
            elif made is None and all(self._passed(c, func, path.root) for c in (a, b)):
                found.add((func, 0, _BEGIN))
        started = not (x.begin is None or y.begin is None) and not any(self.timing.many(t) for t in self.timing.ancestry.running(func))
        if a.map == b.map and (owned or started):
            for number, field in enumerate(path.fields):
                if not any(f.startswith(CAPTURED) for f in path.fields[number:]):  # what two function values captured may be one
                    found |= self._round(field, Renewal(frozenset(found)), (a, x), (b, y))
        return Renewal(frozenset(found))

    def _round(self, field: str, again: Renewal, *sides: tuple[Context, Home]) -> frozenset[Where]:
        """The event after which the index of an element stands for another one; none where its loop may begin anew meanwhile."""
        counted = self.elements.counter(field)
        if counted is None:
            return frozenset()
        func, counter = counted
        for c, home in sides:
            if home.begin is not None and self._until(home, c, again).has((func, *counter.begin), _SAME):
                return frozenset()
        return frozenset([(func, *counter.step)])

    def _until(self, home: Home, c: Context, again: Renewal) -> Reach:
        """What can run after another thread can have an object, until its access is over or it is made again."""
        assert home.begin is not None
        if home.start != NO_SITE:
            return self.timing.until(home.start, c, again, home.func)
        return self.timing.after_value(home.begin, c, again, home.func)

    def _of_one_activation(self, a: Context, b: Context, x: Home, y: Home, again: Renewal) -> bool:
        """Whether two accesses of an object that one activation of a function has, made in it or given to it, can overlap."""
        if x.begin is None and y.begin is None:
            return False
        if x.begin == y.begin and x.many:
            return True
        for mine, home, other, other_home in ((a, x, b, y), (b, y, a, x)):
            if home.begin is None:
                continue
            reach = self._until(home, mine, again)
            targets = self._apart(mine, other, x.func) if other_home.begin is None else [other_home.begin]
            if any(reach.has(target, _SAME) for target in targets):
                return True
        if x.begin != y.begin or x.start == NO_SITE:
            return x.begin == y.begin
        # both are below one start: what that thread starts in turn is beside it
        several = partial(self.timing.several, below=x.start, within=x.func)
        return self._overlap(a, b, several, partial(self.timing.many, below=x.start))

    def _apart(self, mine: Context, other: Context, func: int) -> list[Where]:
        """The events on the way from ``func`` to the other access, down to the first one that is not on the way to mine: what comes after
        the start in the same call is also after it."""
        found: list[Where] = []
        for event, same in zip(self._way(other, func), self._way(mine, func), strict=False):
            found.append(event)
            if event != same:
                break
        return found

    def _way(self, c: Context, func: int) -> list[Where]:
        """The events that lead from a function to an access: the one in it, the one in what that calls, and so on."""
        found = [c.access.where]
        for edge in reversed(c.chain):
            if found[-1][0] == func:
                break
            found.append(self.timing.place(edge.site))
        return found[::-1]

    def _overlap(self, a: Context, b: Context, several: Callable[[Context], bool], many: Callable[[Thread], bool]) -> bool:
        """Whether the threads of two accesses leave them unordered. ``several`` and ``many`` tell the accesses that several threads come
        to at a time, and the threads that run several at a time."""
        s, t = a.thread, b.thread
        if s == t:
            return many(s) and (several(a) or a.chain != b.chain)
        above_s, above_t = self.timing.ancestry.links(s), self.timing.ancestry.links(t)
        if s in above_t:
            return several(a) or any(self._goes_on(site, b, a.access.where) for site in above_t[s])
        if t in above_s:
            return several(b) or any(self._goes_on(site, a, b.access.where) for site in above_s[t])
        common = [p for p in above_s if p in above_t]
        if not common:
            return True
        for parent in common:
            if many(parent):
                return True
            for one in above_s[parent]:
                for two in above_t[parent]:
                    if one == two or self._goes_on(one, a, self.timing.place(two)) or self._goes_on(two, b, self.timing.place(one)):
                        return True
        return False

    def _goes_on(self, site: int, c: Context, where: Where) -> bool:
        """Whether the starter of a thread can get to an event before the thread of ``c`` is known to have done its part."""
        return self.timing.until(site, c).has(where, _SAME)

    def _told(self, a: Context, b: Context, home: Home, again: Renewal) -> bool:
        """Whether ``b`` waits, on every way to it, for what tells that ``a`` is over, or who starts its thread does."""
        if self.timing.told(a) == NOBODY:
            return False
        if again != NEVER:
            told = self.timing.told(a, "yes" if self._several(a, home, again) else "no")
        else:
            told = self.timing.told(a, "own channels" if self.timing.several(a) else "no")
        return self.timing.waits(b, told)

    def _several(self, a: Context, home: Home, again: Renewal) -> bool:
        """Whether several threads of the kind of ``a`` can be there for one object that an activation has."""
        if home.begin is None:
            return False
        place = home.begin
        if home.many or home.start == NO_SITE or self.timing.several(a, home.start, home.func):
            return True
        return self.timing.after(place, NOBODY, again, home.func).has(place, _SAME) and not self.timing.same_run(a, a, home.func)

    def _of_library(self, place: Place, path: Path) -> bool:
        """Whether a library's function, or the method of a library's interface that no type of the tree has, gives a value of which
        nothing says that others have it too: it is taken to be its caller's own."""
        event = place.event
        if not isinstance(event, Call):
            return False
        name = library_name(event.callee)
        if not name or (isinstance(event.callee, Invoke) and self.escape.bodies.heap.targets(self.index.site_at[place[:3]])):
            return False
        heap = self.escape.bodies.heap
        if isinstance(path.root, int) and any(heap.objects.all[o].kind != "result" for o in members(heap.points(place.func, path.root))):
            return False  # it is known where it comes from
        model = self.escape.bodies.models.function(name)
        if model is not None and model.copies and path.fields:
            return False
        return model is None or model.returns not in ("shared", "recv", "recv-read")

    def _passed(self, c: Context, func: int, reg: int) -> bool:
        """Whether a register is what an entry point is passed, its receiver aside: each call has its own."""
        facts = self.index.funcs[func]
        method = facts is not None and facts.recv is not None
        begins = c.thread.func == func and c.thread.kind != "goroutine"
        entry = begins or all(e.kind == "root" for e in self.escape.edges.into(func))
        return entry and method <= reg < self.index.bodies[func].params
