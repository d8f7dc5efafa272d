"""The heap of a program: its questions and their answers, as far as they are asked."""

from collections.abc import Hashable

from mapguard.base.budget import Budget
from mapguard.base.defects import Defects
from mapguard.heap.callgraph import callers, has_type, targets
from mapguard.heap.contents import contents, original
from mapguard.heap.fields import address, embedded, follow, with_field
from mapguard.heap.handed import argument_name
from mapguard.heap.index import Index, Kept
from mapguard.heap.objects import ANY, Context, Obj, Objects
from mapguard.heap.overwritten import Overwritten
from mapguard.heap.points import points
from mapguard.heap.questions import Callers, Contents, Into, IntoSite, Knowledge, Points, Targets, is_atomic
from mapguard.heap.stored import into
from mapguard.heap.tabling import Bits, Table, members
from mapguard.ir.model import ELEM, Bound, Call, Clone, Closure, External, Reg
from mapguard.models.load import Models
from mapguard.program.types import UNKNOWN


class Heap:
    """Andersen's analysis on demand, field-sensitive, with call-site contexts (Sridharan and Bodík, PLDI 2006)."""

    def __init__(self, index: Index, models: Models, budget: Budget | None = None, defects: Defects | None = None) -> None:
        self.index = index
        self.budget = budget or Budget()
        self.defects = defects or Defects()
        self.objects = Objects()
        self._table = Table(self._rule, self.budget.step, _stratum)
        self._knowledge = Knowledge(index, models, self.objects, self._table.ask, self._table.empty, self._table.tell)

    def points(self, func: int, reg: Reg, context: Context = ANY) -> Bits:
        """The objects that a register may refer to when its function runs under a context."""
        return self._table.ask(Points(func, reg, context))

    def holds(self, func: int, reg: Reg, type_: tuple[str, str]) -> bool:
        """Whether a register may refer to an object of a named type, as far as the tree's objects are known."""
        return has_type(self._knowledge, self.points(func, reg), type_)

    def targets(self, site: int, context: Context = ANY) -> Bits:
        """The functions of the tree that a site may call."""
        return self._table.ask(Targets(site, context))

    def known_targets(self, site: int) -> Bits | None:
        """The same as far as it has been asked for, None where nobody has."""
        return self._table.known(Targets(site, ANY))

    def callers(self, func: int) -> Bits:
        """The sites that may call a function, library calls that are given it among them."""
        return self._table.ask(Callers(func))

    def handed(self, site: int, func: int) -> Reg | None:
        """The register of the object whose method ``func`` a library calls because of a site; None where that is not clear."""
        receiver = self.index.funcs[func]
        if receiver is None or receiver.recv is None:
            return None
        caller, event = self.index.sites[site].func, self.index.sites[site].event
        given = (
            event.args if isinstance(event, Call) and not isinstance(event.callee, External) else self._knowledge.handed.at.get(site, ())
        )
        found = [r for r in given if has_type(self._knowledge, self.points(caller, r), receiver.recv.key)]
        return found[0] if len(found) == 1 else None

    def functions(self, func: int, reg: Reg) -> list[int]:
        """The functions of the tree that a value may run, or that a map or slice has as elements."""
        fitting = self._knowledge.fitting
        type_ = self.index.bodies[func].types[reg]
        element = self.index.types.element(type_)
        objects = 0
        if fitting.may_hold(func, reg):
            objects = self.points(func, reg)
        elif element != UNKNOWN and fitting.may_be(element):
            objects = self.follow(self.points(func, reg), ELEM)
        found: list[int] = []
        for value in members(objects):
            number = self.index.number.get(self.index.runs(self.objects.all[value]))
            if number is not None:
                found.append(number)
        return found

    def is_bound(self, func: int, reg: Reg) -> bool:
        """Whether a function value can only be a method with its receiver."""
        kinds = {self.objects.all[n].kind for n in members(self.points(func, reg))}
        return "bound" in kinds and "closure" not in kinds

    def of_global(self, name: str) -> Bits:
        """The storage of a package variable."""
        return 1 << self.objects.number(Obj("global", self.index.global_type(name), name=name))

    def is_cell(self, name: str) -> bool:
        """Whether a package variable is no struct or array, so that its storage holds its value as a ``CELL``."""
        return not self.index.types.is_storage(self.index.global_type(name))

    def follow(self, objects: Bits, field: str) -> Bits:
        """What a field of any of the objects is or holds: its storage, where it is a struct or an array, else what is in it."""
        return follow(self._knowledge, objects, field)

    def with_field(self, objects: Bits, field: str) -> Bits:
        """The objects that a field is looked for in: those from outside whose type is not known have the type that declares the field."""
        return with_field(self._knowledge, objects, field)

    def address(self, objects: Bits, field: str) -> Bits:
        """The storage of a field of each of the objects, that a pointer to the field leads to."""
        return address(self._knowledge, objects, field)

    @property
    def overwritten(self) -> Overwritten:
        """The fields of copied structs that are set anew."""
        return self._knowledge.overwritten

    def goes_into(self, kept: Kept, objects: Bits) -> bool:
        """Whether a store may go into one of the objects."""
        bases = self.points(kept.func, kept.base)
        return any(self.objects.compatible(o) & bases for o in members(objects))

    def original(self, number: int) -> Bits:
        """What an object is a shallow copy of."""
        o = self.objects.all[number]
        if o.kind == "alloc" and isinstance(made := self.index.maker(o), Clone):
            return self.points(o.func, made.src, o.context)
        asked = original(self._knowledge, o)
        return self._table.ask(asked) if asked is not None else 0

    def embedded(self, objects: Bits, type_: str) -> Bits:
        """The structs of a type, ``import/path.Name``, that the objects are or have embedded."""
        return embedded(self._knowledge, objects, type_)

    def reads_atomic(self, name: str) -> bool:
        """Whether a library's method gives what an atomic value holds."""
        return name.endswith(").Load") and self.is_atomic(name)

    def given_back(self, call: Call) -> Reg | None:
        """The argument that a library's function returns, as its model says."""
        assert isinstance(call.callee, External)
        model = self._knowledge.models.function(call.callee.name)
        return next((a for n, a in enumerate(call.args) if model is not None and argument_name(call.callee.name, n) == model.returns), None)

    def is_atomic(self, name: str) -> bool:
        """Whether a library's method is one of an atomic value."""
        return is_atomic(self._knowledge.models, name)

    def spots(self, number: int) -> dict[int, tuple[int, int]]:
        """The block and place that an object is made at, in the functions that are known to lead there, the innermost first."""
        o = self.objects.all[number]
        if o.func < 0:
            return {}
        found = {o.func: (o.block, o.place)}
        for site in reversed(o.context):
            place = self.index.sites[site]
            found.setdefault(place.func, (place.block, place.number))
        return found

    def captured(self, values: Bits, number: int) -> Bits:
        """What function values captured first, second …; of method values, their receivers."""
        found = 0
        for value in members(values):
            o = self.objects.all[value]
            made = self.index.maker(o) if o.kind in ("closure", "bound") else None
            if isinstance(made, Closure) and number < len(made.captures):
                found |= self.points(o.func, made.captures[number], o.context)
            elif isinstance(made, Bound):
                found |= self.points(o.func, made.recv, o.context)
        return found

    @property
    def evaluations(self) -> int:
        return self._table.evaluations

    def _rule(self, question: Hashable) -> Bits:
        match question:
            case Points():
                return points(self._knowledge, question)
            case Contents():
                return contents(self._knowledge, question)
            case Targets():
                return targets(self._knowledge, question)
            case Into():
                return into(self._knowledge, question)
            case Callers():
                return callers(self._knowledge, question)
            case IntoSite():
                return 0  # what is known of it is told
        raise AssertionError(question)


def _stratum(question: Hashable) -> int:
    """That nobody calls a function is known first: what callers outside the tree pass then answers questions for objects, and these tell
    which functions are called."""
    match question:
        case Callers():
            return 0
        case Targets():
            return 2
    return 1
