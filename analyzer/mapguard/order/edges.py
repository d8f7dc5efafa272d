"""Call sites to what runs there and on which thread: calls, go statements, and what models say of functions that a library is given."""

from typing import Literal, NamedTuple

from mapguard.facts.syntax import TInterface, TName, Type
from mapguard.heap.handed import argument_name
from mapguard.heap.heap import Heap
from mapguard.heap.tabling import members
from mapguard.ir.model import Call, External, Invoke, Static
from mapguard.models.entries import FunctionModel, RootModel, serves_calls
from mapguard.models.load import Models
from mapguard.program.model import Func
from mapguard.program.names import show_type

Kind = Literal["call", "go", "root", "parallel", "once"]


class Edge(NamedTuple):
    """``func`` runs because of the call at ``site``. ``call`` and ``once``: during the call, on its thread; ``parallel``: on threads
    that end before the call does; ``go`` and ``root``: on threads of their own. ``root`` names the kind of an entry point; ``many``:
    several at a time. ``serial``: not while another function that the site registers runs."""

    site: int
    func: int
    kind: Kind
    many: bool = False
    root: str = ""
    serial: bool = False


class Edges:
    def __init__(self, heap: Heap, models: Models) -> None:
        self.heap = heap
        self.index = heap.index
        self.models = models
        self._out: dict[int, tuple[Edge, ...]] = {}
        self._into: dict[int, tuple[Edge, ...]] = {}
        self._registered: dict[int, list[Edge]] | None = None

    def out(self, site: int) -> tuple[Edge, ...]:
        """Everything that a call site runs or starts."""
        found = self._out.get(site)
        if found is None:
            found = self._out[site] = tuple(dict.fromkeys(self._edges(site)))
        return found

    def into(self, func: int) -> tuple[Edge, ...]:
        """Everything that runs or starts a function, by site."""
        found = self._into.get(func)
        if found is None:
            sites = members(self.heap.callers(func))
            edges = [e for site in sites for e in self.out(site) if e.func == func]
            edges.extend(self.registered().get(func, ()))
            found = self._into[func] = tuple(sorted(dict.fromkeys(edges)))
        return found

    def guessed(self, edge: Edge) -> bool:
        """Whether a call runs a method only because its type implements the interface: no object of that type is known to get there."""
        place = self.index.sites[edge.site]
        func = self.index.funcs[edge.func]
        if not isinstance(place.event, Call) or not isinstance(place.event.callee, Invoke) or func is None or func.recv is None:
            return False
        return not self.heap.holds(place.func, place.event.args[0], func.recv.key)

    def registered(self) -> dict[int, list[Edge]]:
        """The methods of objects that are registered with a library, or that a registering function of the tree is given."""
        if self._registered is None:
            self._registered = {}
            for site, place in enumerate(self.index.sites):
                name = _name(place.event)
                model = self.models.function(name) if name else None
                plain = name.rpartition(".")[2] if name else ""
                methods = model is not None and bool(model.methods)
                if methods or (model is not None and model.root) or (plain.isidentifier() and self.models.registration(name)):
                    for edge in self.out(site):
                        if methods or edge.kind == "root":
                            self._registered.setdefault(edge.func, []).append(edge)
        return self._registered

    # ------------------------------------------------------------ one site

    def _edges(self, site: int) -> list[Edge]:
        event = self.index.sites[site].event
        assert isinstance(event, Call)
        found: list[Edge] = []
        starter = self.index.funcs[self.index.sites[site].func]
        tests = starter is not None and starter.support and not starter.scope.file.test
        if not isinstance(event.callee, External):
            kind: Kind = "go" if event.how == "go" else "call"
            found.extend(Edge(site, target, kind) for target in members(self.heap.targets(site)))
        else:
            model = self.models.function(event.callee.name)
            for number in range(len(event.args)):
                found.extend(self._given(site, event, number, model))
            for root in model.root if model is not None else ():
                found.extend(self._rooted(site, event, root))
        name = _name(event)
        registration = self.models.registration(name) if name and event.how == "call" and name.rpartition(".")[2].isidentifier() else None
        if registration is not None:
            found.extend(self._rooted(site, event, registration))
        return [e for e in found if e.kind in ("call", "once")] if tests else found  # what only serves tests starts no thread

    def _given(self, site: int, event: Call, number: int, model: FunctionModel | None) -> list[Edge]:
        """What a library does with a function that it is given as an argument: without a model it calls it."""
        assert isinstance(event.callee, External)
        name = argument_name(event.callee.name, number)
        func = self.index.sites[site].func
        functions = self.heap.functions(func, event.args[number])
        if model is not None and model.methods and (name in model.calls or "args" in model.calls):
            functions += self._named(func, event.args[number], frozenset(model.methods))
        if not functions:
            return []
        kind: Kind = "go" if event.how == "go" else "call"
        many = False
        if model is not None:
            if any(r.arg in (name, "args") for r in model.root):
                return []
            if name in model.spawns or "args" in model.spawns:
                kind, many = "go", model.many
            elif name in model.calls or "args" in model.calls:
                kind, many = ("parallel", model.many) if model.parallel and kind == "call" else (kind, False)
            elif model.once:
                kind = "once"
        return [Edge(site, f, kind, many) for f in functions]

    def _rooted(self, site: int, event: Call, root: RootModel) -> list[Edge]:
        """The function, or the methods of the object, that a call registers."""
        found: list[Edge] = []
        name = event.callee.name if isinstance(event.callee, External) else ""
        for number, reg in enumerate(event.args):
            if root.arg not in (argument_name(name, number), "args"):
                continue
            func = self.index.sites[site].func
            found.extend(Edge(site, f, "root", root.many, root.kind, root.serial) for f in self.heap.functions(func, reg))
            for method in self._methods(func, reg, event, number, root):
                found.append(Edge(site, method, "root", root.many, root.kind, root.serial))
        return found

    def _methods(self, func: int, reg: int, event: Call, number: int, root: RootModel) -> list[int]:
        """The methods that are registered with an object: those named, or those of the service's interface, else all that can serve."""
        types = self.index.types
        wanted = set(root.methods)
        known: list[Type] = [self.index.bodies[func].types[reg]]
        if isinstance(event.callee, Static):
            registering = types.program.by_id.get(event.callee.func)
            known.extend(registering.params[number : number + 1] if registering is not None else ())
        services = [under for t in known if isinstance(under := types.underlying(t), TInterface)]
        service = {name for under in services for name, _ in types.interface_methods(under)}
        found: list[int] = []
        for obj in members(self.heap.points(func, reg)):
            kind = self.index.struct(self.heap.objects.all[obj].type)
            if not isinstance(kind, TName):
                continue
            for method in self._all_methods(kind):
                name = method.facts.name
                if ("*" in wanted and method.exported and _serves(method) and (not service or name in service)) or name in wanted:
                    n = self.index.number.get(method.id)
                    if n is not None:
                        found.append(n)
        return found

    def _named(self, func: int, reg: int, names: frozenset[str]) -> list[int]:
        """The methods with one of these names of the objects that a register may refer to."""
        found: list[int] = []
        for obj in members(self.heap.points(func, reg)):
            kind = self.index.struct(self.heap.objects.all[obj].type)
            for method in self._all_methods(kind) if isinstance(kind, TName) else ():
                number = self.index.number.get(method.id)
                if method.facts.name in names and number is not None:
                    found.append(number)
        return found

    def _all_methods(self, kind: TName) -> list[Func]:
        """The methods of a type and those that embedded fields promote."""
        types = self.index.types
        names: set[str] = set()
        pending, seen = [kind], set()
        while pending:
            at = pending.pop()
            named = types.program.named(at.pkg, at.name)
            if named is None or named.key in seen:
                continue
            seen.add(named.key)
            names.update(named.methods)
            under = types.underlying(at)
            for field in getattr(under, "fields", ()):
                base = self.index.struct(field.type)
                if field.embedded and isinstance(base, TName):
                    pending.append(base)
        found = []
        for name in sorted(names):
            selected = types.select(kind, name)
            if selected is not None and selected.method is not None:
                found.append(selected.method)
        return found


def _serves(method: Func) -> bool:
    return serves_calls(tuple(show_type(p) for p in method.params), tuple(show_type(r) for r in method.results))


def _name(event: object) -> str:
    """The name of the function that a call names: a library's, or one of the tree's."""
    if not isinstance(event, Call):
        return ""
    return event.callee.name if isinstance(event.callee, External) else event.callee.func if isinstance(event.callee, Static) else ""
