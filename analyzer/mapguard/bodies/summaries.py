"""All bodies to their locks: effects of functions to a fixpoint over the call graph, must-locksets on demand."""

from mapguard.bodies.effects import HARMLESS, At, Effect, Locks, Way, few, library_name, told
from mapguard.bodies.facts import Fact
from mapguard.bodies.flags import Flags
from mapguard.bodies.locks import Interpreter
from mapguard.bodies.paths import CAPTURED, Path, Paths
from mapguard.bodies.state import NO_LOCKS, READ, WRITE, Held
from mapguard.bodies.translate import Translator
from mapguard.bodies.values import Values
from mapguard.bodies.worklist import Worklist
from mapguard.facts.syntax import TChan, Type
from mapguard.heap.heap import Heap
from mapguard.heap.objects import Obj
from mapguard.heap.tabling import members
from mapguard.heap.written import written
from mapguard.ir.flow import events
from mapguard.ir.model import NONE, Alloc, Bound, Call, Const, Dynamic, External, Invoke, Recv, Reg, Send, Static, Store
from mapguard.models.load import Models
from mapguard.program.names import show_type

_NOTHING = (At(NO_LOCKS),)
Asked = dict[tuple[int, int], tuple[Call, list[Effect]]]  # what a body's calls do to the locks, by block and place
_ROUNDS = 12  # times that one function is looked at again


class Bodies:
    """``unsettled`` has the functions whose locks did not settle."""

    def __init__(self, heap: Heap, models: Models) -> None:
        self.heap = heap
        self.index = heap.index
        self.models = models
        self.translator = Translator(heap)
        self.unsettled: set[int] = set()
        self._locks: dict[int, Locks] = {}
        self._values: dict[int, Values] = {}
        self._effects: dict[int, Effect] = {}
        self._names: set[str] = set()  # of the functions that have an effect
        self._as_values = False  # whether one of them becomes a value
        self._deciding: dict[int, bool] = {}
        self._kinds: dict[int, dict[int, str]] = {}
        self._ones: set[Type | None] | None = None
        self._flags = Flags(self.index)
        self._setting: dict[str, set[int]] = {}  # the functions that set each field
        self._asked: dict[int, Asked] = {}
        self._locking = self._direct()
        self._settle()

    def paths(self, func: int) -> Paths:
        return self.translator.paths(func)

    def values(self, func: int) -> Values:
        """What the text says of a function's values."""
        found = self._values.get(func)
        if found is None:
            found = self._values[func] = Values(func, self.translator, self.models)
        return found

    def held(self, func: int, block: int, place: int) -> tuple[At, ...]:
        """What a body itself holds at an event, on each way to it that is told apart; nothing where no way leads to it."""
        if func not in self._locking and not self._decides(func):
            return _NOTHING
        return self._of(func).at.get((block, place), ())

    def effect(self, func: int) -> Effect:
        """What a function does to its caller's locks."""
        return self._effects.get(func, HARMLESS)

    def normal(self, func: int, path: Path) -> Path:
        """The path of the same object that does not lead through a function value that the body makes, or the result of a getter."""
        return self.translator.normal(func, path)

    def given(self, site: int, func: int, path: Path) -> Path | None:
        """A path of ``func`` as one of the body that calls it at ``site``; None where it starts from what ``func`` has of its own."""
        return self.translator.given(site, func, path)

    # ------------------------------------------------------------ which bodies matter

    def _direct(self) -> set[int]:
        """The functions that take or give up a lock themselves."""
        found: set[int] = set()
        for place in self.index.sites:
            if isinstance(place.event, Call) and self._is_permit(library_name(place.event.callee)):
                found.add(place.func)
        for func, body in enumerate(self.index.bodies):
            for block in body.blocks:
                for e in block.events:
                    if isinstance(e, Send | Recv) and self._single(func, e.channel):
                        found.add(func)
                    elif isinstance(e, Store):
                        self._setting.setdefault(self._flags.one(e.field), set()).add(func)
                    elif isinstance(e, Bound) and isinstance(e.target, External) and self._is_permit(e.target.name):
                        self._bound = True
        if self._bound:
            found.update(s.func for s in self.index.sites if isinstance(s.event, Call) and self._bound_locks(s.func, s.event))
        return found

    _bound = False  # whether a lock's method becomes a value anywhere

    def _is_permit(self, name: str) -> bool:
        model = self.models.function(name) if name else None
        return model is not None and model.permits

    def _decides(self, func: int) -> bool:
        """Whether the ways through a body depend on values."""
        known = self._deciding.get(func)
        if known is None:
            known = self._deciding[func] = any(block.kind == "if" for block in self.index.bodies[func].blocks)
        return known

    def _single(self, func: int, reg: Reg) -> bool:
        """Whether a channel holds one element at most, or a semaphore lets in one at a time, wherever it was made."""
        type_ = self.index.bodies[func].types[reg]
        if isinstance(self.index.types.underlying(type_), TChan) and not self._sized_one(self.index.element(type_)):
            return False
        every = [self.heap.objects.all[o] for o in members(self.heap.points(func, reg))]
        made = [o for o in every if o.kind != "outside"] or every  # what comes from outside is taken to be one that the tree has made
        return bool(made) and all(map(self._of_one, made))

    def _sized_one(self, element: Type | None) -> bool:
        """Whether a channel of one element of this type is made anywhere."""
        if self._ones is None:
            self._ones = set()
            for func, body in enumerate(self.index.bodies):
                for _, _, event in events(body):
                    if isinstance(event, Alloc) and event.size != NONE and isinstance(self.index.types.underlying(event.type), TChan):
                        size = self.index.place(func, event.size)
                        if size is not None and isinstance(size.event, Const) and size.event.text == "1":
                            self._ones.add(self.index.element(event.type))
        return element is None or None in self._ones or element in self._ones

    def _of_one(self, o: Obj) -> bool:
        event = self.index.maker(o) if o.kind in ("alloc", "result") else None
        size = NONE
        if isinstance(event, Alloc):
            size = event.size
        elif isinstance(event, Call) and isinstance(event.callee, External):
            model = self.models.function(event.callee.name)
            if model is not None and model.tokens:
                size = event.args[int(model.tokens[3:])]
        place = self.index.place(o.func, size) if size != NONE else None
        return place is not None and isinstance(place.event, Const) and place.event.text == "1"

    # ------------------------------------------------------------ the fixpoint

    def _settle(self) -> None:
        queue = Worklist(self.index, self._locking)
        seen: dict[int, int] = {}
        for func in queue:
            effect = HARMLESS
            with self.heap.defects.kept(*written(self.index, func)):
                if self._unchanged(func):
                    continue
                seen[func] = seen.get(func, 0) + 1
                self._locks.pop(func, None)
                self._asked.pop(func, None)
                if seen[func] > _ROUNDS:
                    self.unsettled.add(func)
                    continue
                self._locks[func] = self._interpreted(func, self._asked.setdefault(func, {}))
                effect = few(self._locks[func].effect)
            if not any(w.taken or w.lost for w in effect):
                effect = HARMLESS
            while self._flags.new:
                for other in self._setting.get(self._flags.new.pop(), ()):
                    if self._asked.pop(other, None) is not None:
                        queue.add(other)
            if effect == self._effects.get(func, HARMLESS):
                continue
            self._effects[func] = effect
            self._note(func)
            for site in members(self.heap.callers(func)):
                caller = self.index.sites[site].func
                self._locking.add(caller)
                queue.add(caller)
        self._asked.clear()

    def _unchanged(self, func: int) -> bool:
        """Whether all that a function calls has the effects that it had when the function was interpreted last."""
        asked = self._asked.get(func)
        return asked is not None and all(self._effects_of(func, *spot, event) == effects for spot, (event, effects) in asked.items())

    def _note(self, func: int) -> None:
        """Notes by what kinds of calls an effect can come."""
        known = self.index.funcs[func]
        if known is not None:
            self._names.add(known.facts.name)
        self._as_values = self._as_values or func in self.index.made

    def _of(self, func: int) -> Locks:
        found = self._locks.get(func)
        if found is None:
            found = self._locks[func] = self._interpreted(func, {})
        return found

    def _interpreted(self, func: int, asked: Asked) -> Locks:
        """A body's locks. ``asked`` gets what they rest on."""

        def effect(block: int, place: int, event: Call) -> list[Effect]:
            if (block, place) not in asked:
                asked[block, place] = event, self._effects_of(func, block, place, event)
            return asked[block, place][1]

        def single(reg: Reg) -> bool:
            return self._single(func, reg)

        interpreter = Interpreter(func, self.translator, self.models, self.values(func), effect, single, self._flags)
        locks = interpreter.run()
        if interpreter.unsettled:
            self.unsettled.add(func)
        return locks

    # ------------------------------------------------------------ calls

    def _effects_of(self, func: int, block: int, place: int, event: Call) -> list[Effect]:
        """What the functions that a call may run do to the locks, in terms of the caller."""
        found = self._bound_locks(func, event) if self._bound else []
        if not self._matters(event):
            return found or [HARMLESS]
        site = self.index.site_at[func, block, place]
        targets = members(self.heap.targets(site))
        kinds = self.dynamic_types(site) if len(targets) > 1 else {}
        for target in targets:
            effect = [self._translated(site, target, way) for way in self.effect(target)]
            if target in kinds:
                own = (self.paths(func).of(event.args[0]), kinds[target])
                effect = [way._replace(needs=way.needs | {own}) for way in effect]
            found.append(tuple(effect))
        return found or [HARMLESS]

    def dynamic_types(self, site: int) -> dict[int, str]:
        """For the methods that a call through an interface may run: what must be known of the receiver for each. A method that a type has
        from one that it embeds says nothing."""
        known = self._kinds.get(site)
        if known is None:
            known = self._kinds[site] = self._types_of_targets(site)
        return known

    def _types_of_targets(self, site: int) -> dict[int, str]:
        func, _, _, event = self.index.sites[site]
        if not isinstance(event, Call) or not isinstance(event.callee, Invoke) or not event.args:
            return {}
        own = {self.index.struct(self.heap.objects.all[o].type) for o in members(self.heap.points(func, event.args[0]))}
        found: dict[int, str] = {}
        for target in members(self.heap.targets(site)):
            f = self.index.funcs[target]
            if f is not None and f.recv_type is not None and self.index.struct(f.recv_type) in own:
                found[target] = "is " + show_type(self.index.struct(f.recv_type))
        return found

    def _bound_locks(self, func: int, event: Call) -> list[Effect]:
        """What a call does that runs a lock's method as a value."""
        if not isinstance(event.callee, Dynamic):
            return []
        found: list[Effect] = []
        for number in members(self.heap.points(func, event.callee.reg)):
            o = self.heap.objects.all[number]
            made = self.index.maker(o) if o.kind == "bound" else None
            if isinstance(made, Bound) and isinstance(made.target, External) and self._is_permit(made.target.name):
                model = self.models.function(made.target.name)
                lock = self.normal(func, self.paths(func).of(event.callee.reg).plus(CAPTURED))
                assert model is not None
                if model.acquires in (READ, WRITE) and not model.try_:
                    found.append((Way(taken=frozenset([(lock, model.acquires)])),))
                elif model.releases in (READ, WRITE):
                    found.append((Way(lost=frozenset([(lock, model.releases)])),))
        return found

    def _matters(self, event: Call) -> bool:
        """Whether a call may run a function that has an effect."""
        callee = event.callee
        if isinstance(callee, Static):
            return self.index.number.get(callee.func) in self._effects
        if isinstance(callee, Invoke):
            return callee.name in self._names
        return self._as_values

    def _translated(self, site: int, target: int, way: Way) -> Way:
        def outer(held: Held) -> Held:
            given = ((self.given(site, target, path), mode) for path, mode in held)
            return told((p, mode) for p, mode in given if p is not None)

        needs: set[Fact] = set()
        for path, value in way.needs:
            given = self.given(site, target, path)
            if given is not None:
                needs.add((given, value))
        return Way(outer(way.taken), outer(way.lost), frozenset(needs), way.returns)
