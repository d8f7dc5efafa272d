"""Two contexts of a map to the links of the proof that they race, each with what was taken for granted."""

from collections.abc import Iterable, Iterator

from mapguard.bodies.paths import Path, is_element
from mapguard.bodies.state import READ, RUNS
from mapguard.evidence.callers import Callers
from mapguard.evidence.grades import FEW, Grade, Link, of_number
from mapguard.evidence.location import location, named_fields
from mapguard.evidence.proof import Guard
from mapguard.heap.objects import OUTSIDE
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import NONE, Call, Dynamic, External, Invoke, Reg
from mapguard.order.edges import Edge
from mapguard.order.threads import NO_SITE, Thread
from mapguard.races.contexts import Anchored, Context
from mapguard.races.judge import Judge

_DEPTH = 4  # calls whose result an object or a function is
UNKNOWN = frozenset(["exported", "unknown"])  # kinds of threads that somebody outside the tree, or nobody that is known, starts


class Provenance:
    """Grades the links of one program's pairs."""

    def __init__(self, judge: Judge, callers: Callers) -> None:
        self.judge = judge
        self.callers = callers
        self.index = judge.index
        self.one_caller = judge.one_caller

    def links(self, a: Context, b: Context, guard: Guard | None) -> tuple[Link, ...]:
        """Everything that the proof rests on and that is not sure. ``guard`` is that of the map."""
        found = [*self.one_object(a, b), *self.threads(a, b), *self.calls(a, b), *self.permit(a, b), *self.disciplined(a, b, guard)]
        return tuple(dict.fromkeys(link for link in found if link.grade != Grade.SURE))

    # ------------------------------------------------------------ object

    def one_object(self, a: Context, b: Context) -> list[Link]:
        """Whether both sides reach the same map."""
        if (a.map.func, a.map.path.root) == (b.map.func, b.map.path.root) or self._one_variable(a, b):
            if a.map != b.map and any(_varies(c.map) for c in (a, b)):
                return [Link("object", Grade.CHOICE, f"the map is one of the elements of {self._container(a, b)}")]
            if self._passed(a) and not self.one_caller.meet(a, b):
                return [Link("object", Grade.ASSUMED, f"two calls of {self._function(a.map.func)} are passed the same object")]
            return []
        if self._once(a) and self._once(b):
            return []
        passed = next((c for c in (a, b) if self._passed(c)), None)
        if passed is not None:
            reason = (
                f"the object is an argument of {self._function(passed.map.func)}, and nothing shows that the other side has the same one"
            )
            return [Link("object", Grade.ASSUMED, reason)]
        most = max(len(self._sites(self.judge.resolver.objects(c.map))) for c in (a, b))
        found = []
        if most > 1:
            found.append(Link("object", of_number(most), f"the map may be any of {most}, which are made in different places"))
        elif most == 0 or any(self._from_outside(c) for c in (a, b)):
            if not self._own_receivers(a, b):
                found.append(Link("object", Grade.ASSUMED, "nothing in the tree shows that both sides have the same map"))
        elif any(_varies(c.map) for c in (a, b)):
            found.append(Link("object", Grade.CHOICE, f"the map is one of the elements of {self._container(a, b)}"))
        elif not _from_same(a.map, b.map) and not self._of_one_activation(a, b):
            found.append(Link("object", Grade.CHOICE, "the map may be any of those that are made at one place"))
        return found

    def _one_variable(self, a: Context, b: Context) -> bool:
        return isinstance(a.map.path.root, str) and a.map.path.root == b.map.path.root

    def _sites(self, objects: Bits) -> set[object]:
        """The places in the tree that make the objects; those from outside count where there are no others."""
        every = self.judge.heap.objects
        made = [o for o in members(objects) if every.all[every.origin(o)].kind not in OUTSIDE]
        return {every.site(o) for o in made or members(objects)}

    def _from_outside(self, c: Context) -> bool:
        """Whether the map can only come from outside the tree."""
        objects = self.judge.heap.objects
        return all(objects.all[objects.origin(o)].kind in OUTSIDE for o in members(self.judge.resolver.objects(c.map)))

    def _own_receivers(self, a: Context, b: Context) -> bool:
        """Whether each side has the map from the receiver of a method, by the same fields: one object is used by both."""
        return all(self._received(c) for c in (a, b)) and _from_same(a.map, b.map)

    def _of_one_activation(self, a: Context, b: Context) -> bool:
        """Whether one activation of a function makes the map, once, and brings it to both sides."""
        made = [self.judge.heap.objects.all[self.judge.heap.objects.origin(o)] for o in members(self.judge.resolver.objects(a.map))]
        if a.map.func != b.map.func or any(m.func != a.map.func for m in made):
            return False
        return not any(self.judge.timing.runs_again((m.func, m.block, m.place)) for m in made)

    def _passed(self, c: Context) -> bool:
        """Whether the way to the map starts from a parameter of a function that is called from outside the tree, its receiver aside."""
        root = c.map.path.root
        return isinstance(root, int) and root < self.index.bodies[c.map.func].params and not self._received(c)

    def _received(self, c: Context) -> bool:
        func = self.index.funcs[c.map.func]
        return func is not None and func.recv is not None and func.outer is None and c.map.path.root == 0

    def _once(self, c: Context) -> bool:
        objects = members(self.judge.resolver.objects(c.map))
        return len(objects) == 1 and self.judge.exclusion.once(objects[0])

    def _container(self, a: Context, b: Context) -> str:
        """What holds the element by which one of the ways leads to the map."""
        func, path = next(c.map for c in (a, b) if _varies(c.map))
        number = next(n for n, f in enumerate(path.fields) if _varying(f))
        where = location(self.index, Anchored(func, Path(path.root, path.fields[:number])))
        name = self.index.bodies[func].names[path.root] if isinstance(path.root, int) and where.at == path.root else where.last
        return f"'{name}'" if name else "a container"

    # ------------------------------------------------------------ threads

    def threads(self, a: Context, b: Context) -> list[Link]:
        """Whether both threads are there at the same time."""
        unknown = list(dict.fromkeys(c.thread for c in (a, b) if c.thread.kind in UNKNOWN))
        if unknown and not (self._starts(a.thread, b.thread) and self.one_caller.meet(a, b)):
            callers = " and ".join(self._name(t) for t in unknown)
            if any(t.kind == "exported" for t in unknown):
                found = [Link("threads", Grade.ASSUMED, f"assumed: several goroutines outside this tree call {callers}", True)]
                unlikely = [self.callers.unlikely(t) for t in unknown if t.kind == "exported"]
                return [*found, *(Link("threads", Grade.ASSUMED, reason) for reason in unlikely if reason)]
            return [Link("threads", Grade.ASSUMED, f"who calls {callers} was not found")]
        if not unknown and not self.one_caller.meet(a, b):
            callers = " and ".join(sorted({self._name(t) for c in (a, b) for t in self._outermost(c.thread)}))
            return [Link("threads", Grade.ASSUMED, f"assumed: calls of {callers} from outside this tree overlap", True)]
        return []

    def _starts(self, s: Thread, t: Thread) -> bool:
        """Whether one of two threads starts the other: whoever calls the one has both."""
        links = self.judge.timing.ancestry.links
        return s != t and (s in links(t) or t in links(s))

    def _outermost(self, thread: Thread) -> Iterable[Thread]:
        if thread.site == NO_SITE:
            return (thread,)
        return [t for t in self.judge.timing.ancestry.links(thread) if t.kind in UNKNOWN]

    def _name(self, thread: Thread) -> str:
        return self._function(thread.func)

    def _function(self, number: int) -> str:
        func = self.index.funcs[number]
        return f"'{func.display}'" if func is not None else "a function"

    # ------------------------------------------------------------ calls

    def calls(self, a: Context, b: Context) -> list[Link]:
        """Whether the calls on the way run the functions that they are taken to run."""
        found = []
        told = {*self._told_by_map(a), *self._told_by_map(b)}
        for edge in dict.fromkeys(e for c in (a, b) for e in own_way(c) if e not in told):
            n = self._candidates(edge)
            if n > 1:
                func = self.index.funcs[self.index.sites[edge.site].func]
                name = func.display if func is not None else "a function"
                found.append(Link("threads", of_number(n), f"a call in '{name}' runs one of {n} functions"))
        return found

    def _told_by_map(self, c: Context) -> Iterator[Edge]:
        """The calls of a method of what the map is reached through: where the map is there, so is the object with this method."""
        for edge, (map_, _) in zip(reversed(c.chain), self.judge.climber.way(c), strict=False):
            event = self.index.sites[edge.site].event
            through = map_.func == edge.func and map_.path.root == 0
            if through and isinstance(event, Call) and isinstance(event.callee, Invoke) and not self.judge.edges.guessed(edge):
                yield edge

    def _candidates(self, edge: Edge) -> int:
        event = self.index.sites[edge.site].event
        if not isinstance(event, Call) or isinstance(event.callee, External) or edge.kind == "root":
            return 1  # whoever registers several functions has them all run
        found = self.judge.heap.targets(edge.site).bit_count()
        picked = self._from_container(edge.site) and not self.judge.edges.guessed(edge)
        return min(found, FEW) if picked else found  # each element is picked now and then

    def _from_container(self, site: int) -> bool:
        """Whether the function, or the object whose method it is, is an element of a container, or comes from a function that is."""
        func, _, _, event = self.index.sites[site]
        match event:
            case Call(callee=Dynamic(reg=reg)) | Call(callee=Invoke(), args=(reg, *_)):
                return self._picked(func, reg, _DEPTH)
        return False

    def _picked(self, func: int, reg: Reg, depth: int) -> bool:
        path = self.judge.bodies.paths(func).of(reg)
        if path.fields:
            return is_element(path.fields[-1])
        place = self.index.place(func, path.root) if isinstance(path.root, int) else None
        if place is None or not isinstance(place.event, Call) or depth == 0:
            return False
        if isinstance(place.event.callee, Dynamic):
            return self._picked(func, place.event.callee.reg, depth - 1)
        targets = members(self.judge.heap.targets(self.index.site_at[place[:3]]))
        assert isinstance(path.root, int)
        number = place.event.dsts.index(path.root)
        values = [(t, r.values[number]) for t in targets[:1] for r in self.index.returns[t] if number < len(r.values)]
        return len(targets) == 1 and any(v != NONE and self._picked(t, v, depth - 1) for t, v in values)

    # ------------------------------------------------------------ permit

    def permit(self, a: Context, b: Context) -> list[Link]:
        """Whether the locks that are held are different ones."""
        resolver = self.judge.resolver
        for lock, mode in a.locks:
            for other, other_mode in b.locks:
                x, y = resolver.places(lock), resolver.places(other)
                if mode == other_mode == READ or RUNS in (mode, other_mode):
                    continue  # they let each other in; a loop is no lock that somebody chose
                if location(self.index, lock) == location(self.index, other) and x & y and named_fields(lock):
                    if self._in_copy(lock) or self._in_copy(other):
                        return []
                    name = location(self.index, lock).last
                    return [Link("permit", Grade.CHOICE, f"the two sides hold '{name}' of different objects")]
        return []

    def disciplined(self, a: Context, b: Context, guard: Guard | None) -> list[Link]:
        """Every access holds the lock of the map: that it is another object's on one side takes more than an analysis that lost track."""
        if guard is None or guard.missed or len(guard.held) < 2:
            return []
        modes = [{mode for lock, mode in c.locks if location(self.index, lock) == guard.lock} for c in (a, b)]
        if not all(modes) or modes == [{READ}, {READ}]:
            return []
        return [
            Link("permit", Grade.ASSUMED, f"every access holds '{guard.lock.last}', and nothing shows that it is that of another object")
        ]

    def _in_copy(self, lock: Anchored) -> bool:
        """Whether a lock lies in a struct that a function is passed as a value: each call has another one for certain."""
        func, path = lock
        body = self.index.bodies[func]
        if not isinstance(path.root, int) or path.root >= body.params or len(path.fields) != 1:
            return False
        type_ = body.types[path.root]
        return self.index.types.is_storage(type_) and self.judge.bodies.translator.fields.storage(type_, path.fields[0]) is not None


def own_way(c: Context) -> tuple[Edge, ...]:
    """The edges of a context's own thread: its start and the calls from there."""
    return c.chain[max(c.inside - 1, 0) :] if c.thread.site != NO_SITE else c.chain


def _varies(map_: Anchored) -> bool:
    """Whether the way to a map leads through an element that may be another one each time."""
    return any(_varying(f) for f in map_.path.fields)


def _varying(field: str) -> bool:
    return is_element(field) and not field.startswith("[#")


def _from_same(a: Anchored, b: Anchored) -> bool:
    """Whether two ways have the same last fields, down from the shorter one's beginning."""
    x, y = named_fields(a), named_fields(b)
    short = min(len(x), len(y))
    return short > 0 and x[-short:] == y[-short:]
