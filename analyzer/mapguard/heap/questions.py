"""The questions of the heap, as keys of its table, and what answering them needs."""

from collections.abc import Callable
from typing import NamedTuple

from mapguard.heap.fitting import Fitting
from mapguard.heap.given import Given
from mapguard.heap.handed import Handed
from mapguard.heap.index import FieldKey, Index, Kept, Stores
from mapguard.heap.kinds import Kinds
from mapguard.heap.objects import ANY, Context, Objects
from mapguard.heap.overwritten import Overwritten
from mapguard.heap.tabling import Bits
from mapguard.heap.together import Together
from mapguard.ir.model import Call, External, Reg
from mapguard.models.load import Models


class Points(NamedTuple):
    """Which objects a register of a function may refer to, when the function runs under a context."""

    func: int
    reg: Reg
    context: Context = ANY


class Contents(NamedTuple):
    """Which objects a field of an object may hold."""

    obj: int
    key: FieldKey


class Targets(NamedTuple):
    """Which functions of the tree a call site may call, as a set of functions."""

    site: int
    context: Context = ANY


class Callers(NamedTuple):
    """Which sites may call a function, as a set of sites; library calls that are given it are among them."""

    func: int


class Into(NamedTuple):
    """Into which objects some stores go: see ``heap.stored``. ``what`` keeps it apart from the question for the callers of a function."""

    stores: int
    what: str = "into"


class IntoSite(NamedTuple):
    """How many pairs there are of a store and an object of a site that it goes into: as one bit more for each, told and not asked for."""

    stores: int
    site: int
    what: str = "site"


Question = Points | Contents | Targets | Callers | Into | IntoSite


class Knowledge:
    """What rules work with: the program's events, the models of libraries, the objects met so far, and the table to ask."""

    __slots__ = (
        "ask",
        "bases",
        "empty",
        "fitting",
        "given",
        "given_to_containers",
        "handed",
        "index",
        "kept_in",
        "kinds",
        "models",
        "objects",
        "overwritten",
        "pairs",
        "tell",
        "together",
    )

    def __init__(
        self,
        index: Index,
        models: Models,
        objects: Objects,
        ask: Callable[[Question], Bits],
        empty: Callable[[Question], bool],
        tell: Callable[[Question, Bits], None],
    ) -> None:
        self.index = index
        self.models = models
        self.handed = Handed(index, models)
        self.given = Given(index)
        self.objects = objects
        self.fitting = Fitting(index)
        self.kinds = Kinds(index, objects)
        self.together = Together(index)
        self.overwritten = Overwritten(index.bodies, index.number, lambda callee: _filled(models, callee.name))
        self.given_to_containers = _given_to_containers(index, models)
        self.kept_in: dict[int, dict[int, list[tuple[Kept, Context]]]] = {}  # stores to the objects that they go into, as far as found
        self.bases: dict[tuple[int, Kept, Context], Bits] = {}
        self.pairs: dict[IntoSite, int] = {}
        self.ask = ask
        self.empty = empty
        self.tell = tell


_CONTAINERS = frozenset(["atomic", "concurrent-map", "pool"])


def is_atomic(models: Models, method: str) -> bool:
    """Whether a library's method is one of an atomic value."""
    return models.type(_owner(method)) == "atomic"


def is_container(models: Models, method: str) -> bool:
    """Whether a library's method is one of a type that gives back what it was given: atomic values, concurrent maps, pools."""
    return models.type(_owner(method)) in _CONTAINERS


def _owner(method: str) -> str:
    return method[1:].partition(")")[0].removeprefix("*").partition("[")[0]


def _filled(models: Models, name: str) -> int | None:
    """The number of the argument through which a library's function makes anew what it points to."""
    model = models.function(name)
    return int(model.fills[3:]) + name.startswith("(") if model is not None and model.fills else None


def _given_to_containers(index: Index, models: Models) -> Stores:
    """What the program gives to containers of libraries, by any of their methods."""
    found = index.new_stores()
    for site in index.methods_of_libraries:
        place = index.sites[site]
        if isinstance(place.event, Call) and isinstance(place.event.callee, External) and is_container(models, place.event.callee.name):
            found.others.extend(Kept(place.func, place.event.args[0], argument) for argument in place.event.args[1:])
    return found
