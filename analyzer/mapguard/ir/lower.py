"""A linked program to the bodies of its functions: declared functions with the literals inside them, and package initialisers."""

from collections.abc import Callable, Iterator

from mapguard.base.defects import Defects
from mapguard.facts.model import FuncFacts, GlobalVar
from mapguard.facts.syntax import Type, VarStmt
from mapguard.ir.frame import Context, Value
from mapguard.ir.model import CELL, Body, CopyInto, Store
from mapguard.ir.stmts import Stmts
from mapguard.ir.variables import Found, Uses, uses
from mapguard.program.model import Func, Global, Scope
from mapguard.program.types import UNKNOWN, Types


class Lowerer:
    """Lowers on demand. A body depends on the text of its function and on the declarations that it names, on nothing else.

    Nesting as deep as the front end lets through takes more of Python's stack than it gives: callers run this in a ``deep_stack``.
    """

    def __init__(self, types: Types) -> None:
        self.types = types
        self._globals: dict[tuple[str, str], Type] = {}

    def everything(self, name: str = "", defects: Defects | None = None) -> Iterator[Body]:
        """All bodies of the program: those of functions whose id contains ``name``, and of package variables. ``defects`` gets what
        cannot be lowered because of an error."""
        defects = defects or Defects()
        for func in self.types.program.funcs:
            if not func.is_literal and name in func.id:
                with defects.kept(func.path, func.facts.at):
                    yield from self.function(func)
        for scope in self.types.program.scopes.values():
            with defects.kept(scope.file.path, 0):
                yield from self.initialiser(scope)

    def function(self, func: Func) -> list[Body]:
        """The body of a declared function and those of the literals in it, the inner ones first."""
        return self._settled(func.facts, func.scope, lambda context: _lowered(context, func))

    def initialiser(self, scope: Scope) -> list[Body]:
        """What sets the package variables of one file, as the body of a function ``package.init$path``, and the literals in it."""
        facts = _initialiser(scope)

        def lowered(context: Context) -> list[Body]:
            frame = _Initialiser(context, _function(scope, facts), None)
            frame.variables()
            return frame.bodies

        return self._settled(facts, scope, lowered) if scope.file.vars else []

    def global_type(self, variable: Global) -> Type:
        """The declared type of a package variable, else that of its value."""
        if variable.type is not None:
            return variable.type
        key = (variable.pkg, variable.name)
        if key not in self._globals:
            self._globals[key] = UNKNOWN  # while it is being found
            context = Context(self.types, self.global_type, Uses(), Found(), bodies=False)
            frame = _Initialiser(context, initialiser_of(variable.scope), None)
            found = frame.values(variable.spec)
            self._globals[key] = found[variable.index].type if variable.index < len(found) else UNKNOWN
        return self._globals[key]

    def _settled(self, facts: FuncFacts, scope: Scope, lowered: Callable[[Context], list[Body]]) -> list[Body]:
        """The bodies once nothing new is found about variables while lowering them: nearly always at once."""
        found = Found()
        while True:
            before = found.size()
            bodies = lowered(Context(self.types, self.global_type, uses(facts, self._literals(scope), found, scope.shared_loops), found))
            if found.size() == before:
                return bodies

    def _literals(self, scope: Scope) -> Callable[[int], FuncFacts | None]:
        known = self.types.program.at_index

        def literal(index: int) -> FuncFacts | None:
            found = known.get((scope.file.path, index))
            return found.facts if found is not None else None

        return literal


def _lowered(context: Context, func: Func) -> list[Body]:
    frame = Stmts(context, func, None)
    frame.run(func.facts)
    return frame.bodies


class _Initialiser(Stmts):
    """Lowers the package variables of one file."""

    def variables(self) -> None:
        path = self.func.scope.package.path
        for spec in self.func.scope.file.vars:
            for name, value in zip(spec.names, self.values(spec), strict=False):
                address = self.global_address(path, name)
                if address is None:
                    continue
                value = self.fit(value, address.type)
                if self.storage(address.type):
                    self.add(CopyInto(address.reg, value.reg, spec.at))
                else:
                    self.add(Store(address.reg, CELL, self.own(value, spec.at), at=spec.at))
        self.leave((), 0)
        self.bodies.append(self.graph.body(self.func.id, [], []))

    def values(self, spec: GlobalVar) -> list[Value]:
        """The values that a specification gives to its names."""
        asked = self.written(spec.type) if spec.type is not None else UNKNOWN
        if len(spec.values) == len(spec.names):
            return [self.value(x, asked) for x in spec.values]
        return self.several(spec.values[0], len(spec.names)) if spec.values else []


def _initialiser(scope: Scope) -> FuncFacts:
    body = tuple(VarStmt(spec.names, spec.type, spec.values, spec.at) for spec in scope.file.vars)
    return FuncFacts(-1, "init", None, (), (), (), False, body, 0, 0)


def initialiser_of(scope: Scope) -> Func:
    """The function whose body sets the package variables of one file."""
    return _function(scope, _initialiser(scope))


def _function(scope: Scope, facts: FuncFacts) -> Func:
    return Func(f"{scope.package.path}.init${scope.file.path}", facts, scope, None)
