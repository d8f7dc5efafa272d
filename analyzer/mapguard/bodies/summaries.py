"""All bodies to their locks: effects of functions to a fixpoint over the call graph, must-locksets on demand."""

from collections import deque

from mapguard.bodies.locks import HARMLESS, At, Effect, Interpreter, Locks, Way, library_name
from mapguard.bodies.paths import CAPTURED, Path, Paths, captured
from mapguard.bodies.state import NO_LOCKS, Fact, Held
from mapguard.bodies.stored import Stored
from mapguard.heap.heap import Heap
from mapguard.heap.index import Place
from mapguard.heap.objects import Obj
from mapguard.heap.tabling import members
from mapguard.ir.model import CELL, NONE, Alloc, Call, Const, Dynamic, External, Invoke, Recv, Reg, Send, Static
from mapguard.models.load import Models

_NOTHING = (At(NO_LOCKS, frozenset(), NO_LOCKS),)
_STEPS = 8  # results of calls and variables that a path is followed into
_ROUNDS = 12  # times that one function is looked at again


class Bodies:
    """``unsettled`` names the functions whose effect did not settle."""

    def __init__(self, heap: Heap, models: Models) -> None:
        self.heap = heap
        self.index = heap.index
        self.models = models
        self.unsettled: list[str] = []
        self._paths: dict[int, Paths] = {}
        self._locks: dict[int, Locks] = {}
        self._stored = Stored(heap, self.paths)
        self._effects: dict[int, Effect] = {}
        self._locking = self._direct()
        self._settle()

    def paths(self, func: int) -> Paths:
        found = self._paths.get(func)
        if found is None:
            found = self._paths[func] = Paths(self.index.bodies[func])
        return found

    def held(self, func: int, block: int, place: int) -> tuple[At, ...]:
        """What a body itself holds at an event, on each way to it that is told apart; nothing where no way leads to it."""
        if func not in self._locking:
            return _NOTHING
        return self._of(func).at.get((block, place), ())

    def normal(self, func: int, path: Path, depth: int = 0) -> Path:
        """The path of the same object that does not lead through a function value that the body makes, the result of a getter, or a
        variable that is set once."""
        path = self.paths(func).normal(path)
        if not isinstance(path.root, int) or depth >= _STEPS:
            return path
        if path.fields and (path.fields[0] == CELL or (path.fields[1:2] and path.fields[1].startswith(CAPTURED))):
            value = self._stored.value(func, path.root, path.fields[0])
            if value is not None:
                return self.normal(func, value.plus(*path.fields[1:]), depth + 1)
        place = self.index.place(func, path.root)
        if place is None or not isinstance(place.event, Call) or place.event.how != "call":
            return path
        outer = self._returned(place, place.event.dsts.index(path.root), path.fields, depth)
        return self.normal(func, outer, depth + 1) if outer is not None else path

    def _returned(self, place: Place, number: int, fields: tuple[str, ...], depth: int) -> Path | None:
        """The result of a call in terms of the caller, where one function is called and it always returns the same."""
        site = self.index.site_at[place[:3]]
        targets = members(self.heap.targets(site))
        if len(targets) != 1:
            return None
        [target] = targets
        found: set[Path | None] = set()
        for returned in self.index.returns[target]:
            if number >= len(returned.values):
                return None
            value = returned.values[number]
            if self.paths(target).constants.get(value) != "nil":
                inner = self.normal(target, self.paths(target).of(value).plus(*fields), depth + 1)
                found.add(self.given(site, target, inner))
        return found.pop() if len(found) == 1 else None

    def given(self, site: int, func: int, path: Path) -> Path | None:
        """A path of ``func`` as one of the body that calls it at ``site``; None where it starts from what ``func`` has of its own."""
        if isinstance(path.root, str):
            return path
        place = self.index.sites[site]
        event = place.event
        assert isinstance(event, Call)
        target = self.index.bodies[func]
        paths = self.paths(place.func)
        if path.root >= target.params + target.captures:
            return None
        if path.root >= target.params:
            value = self._function_value(place, func)
            if value is None:
                return None
            return self.normal(place.func, paths.of(value).plus(captured(path.root - target.params), *path.fields))
        if isinstance(event.callee, External):
            value = self._function_value(place, func) if path.root == 0 else None
            if value is not None and self.heap.is_bound(place.func, value):
                return self.normal(place.func, paths.of(value).plus(CAPTURED, *path.fields))
            reg = self.heap.handed(site, func) if path.root == 0 else None
            return self.normal(place.func, paths.of(reg).plus(*path.fields)) if reg is not None else None
        number = path.root
        if isinstance(event.callee, Dynamic) and target.params == len(event.args) + 1:  # a method value
            if number == 0:
                return self.normal(place.func, paths.of(event.callee.reg).plus(CAPTURED, *path.fields))
            number -= 1
        if number >= len(event.args):
            return None
        return self.normal(place.func, paths.of(event.args[number]).plus(*path.fields))

    def _function_value(self, place: Place, target: int) -> int | None:
        """The register of the function value that a call runs, or that it gives to a library which runs ``target``."""
        event = place.event
        assert isinstance(event, Call)
        if isinstance(event.callee, Dynamic):
            return event.callee.reg
        if isinstance(event.callee, External):
            values = [a for a in dict.fromkeys(event.args) if target in self.heap.functions(place.func, a)]
            return values[0] if len(values) == 1 else None
        return None

    # ------------------------------------------------------------ the fixpoint

    def _direct(self) -> set[int]:
        """The functions that take or give up a lock themselves."""
        found: set[int] = set()
        for place in self.index.sites:
            name = library_name(place.event.callee) if isinstance(place.event, Call) else ""
            if name:
                model = self.models.function(name)
                if model is not None and (model.acquires or model.releases or model.claims or model.unclaims):
                    found.add(place.func)
        for func, body in enumerate(self.index.bodies):
            for block in body.blocks:
                if any(isinstance(e, Send | Recv) and self._token(func, e.channel) for e in block.events):
                    found.add(func)
        return found

    def _token(self, func: int, channel: Reg) -> bool:
        """Whether a channel holds one element at most, wherever it was made."""
        objects = members(self.heap.points(func, channel))
        return bool(objects) and all(self._of_one(self.heap.objects.all[o]) for o in objects)

    def _of_one(self, o: Obj) -> bool:
        if o.kind != "alloc":
            return False
        event = self.index.maker(o)
        if not isinstance(event, Alloc) or event.size == NONE:
            return False
        size = self.index.place(o.func, event.size)
        return size is not None and isinstance(size.event, Const) and size.event.text == "1"

    def _settle(self) -> None:
        queue = deque(sorted(self._locking))
        seen: dict[int, int] = {}
        while queue:
            func = queue.popleft()
            seen[func] = seen.get(func, 0) + 1
            if seen[func] > _ROUNDS:
                self.unsettled.append(self.index.bodies[func].func)
                continue
            effect = self._interpreted(func).effect
            if not any(w.taken or w.lost for w in effect):
                effect = HARMLESS
            if effect == self._effects.get(func, HARMLESS):
                continue
            self._effects[func] = effect
            for site in members(self.heap.callers(func)):
                caller = self.index.sites[site].func
                self._locking.add(caller)
                if caller not in queue:
                    queue.append(caller)

    def _of(self, func: int) -> Locks:
        found = self._locks.get(func)
        if found is None:
            found = self._locks[func] = self._interpreted(func)
        return found

    def _interpreted(self, func: int) -> Locks:
        def effect(block: int, place: int, event: Call) -> list[Effect]:
            return self._effects_of(func, block, place, event)

        def token(channel: Reg) -> bool:
            return self._token(func, channel)

        return Interpreter(self.index.bodies[func], self.paths(func), self.models.function, effect, token).run()

    def _effects_of(self, func: int, block: int, place: int, event: Call) -> list[Effect]:
        """What the functions that a call may run do to the locks, in terms of the caller."""
        if not self._matters(event):
            return [HARMLESS]
        site = self.index.site_at[func, block, place]
        found = []
        for target in members(self.heap.targets(site)):
            found.append(tuple(self._translated(site, target, way) for way in self._effects.get(target, HARMLESS)))
        return found or [HARMLESS]

    def _matters(self, event: Call) -> bool:
        """Whether a call may run a function that has an effect."""
        callee = event.callee
        if isinstance(callee, Static):
            return self.index.number.get(callee.func) in self._effects
        if isinstance(callee, Invoke):
            return any(f.facts.name == callee.name for n in self._effects if (f := self.index.funcs[n]) is not None)
        return any(n in self.index.made for n in self._effects)

    def _translated(self, site: int, target: int, way: Way) -> Way:
        def outer(held: Held) -> Held:
            return frozenset((p, mode) for path, mode in held if (p := self.given(site, target, path)) is not None)

        needs: set[Fact] = set()
        for reg, value in way.needs:
            path = self.given(site, target, Path(reg))
            if path is not None and isinstance(path.root, int) and not path.fields:
                needs.add((path.root, value))
        return Way(outer(way.taken), outer(way.lost), frozenset(needs), way.returns)
