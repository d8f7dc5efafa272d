"""The linked program: packages, named types, functions and package variables, found by import path and name.

Types inside are canonical: ``TName.pkg`` is an import path, "" for predeclared names, ``TYPE_PARAM`` for type parameters,
whose one argument is their constraint, if that tells their form.
"""

from collections.abc import Mapping

from mapguard.facts.model import FileFacts, FuncFacts, GlobalVar, TypeDecl
from mapguard.facts.syntax import TPtr, Type
from mapguard.program.testcode import named_for_tests

TYPE_PARAM = "$"
Params = Mapping[str, Type]  # type parameters with the forms that their constraints give them
NO_PARAMS: Params = {}


class Scope:
    """What the names of one file mean: its package and its imports."""

    __slots__ = ("by_name", "cache", "dots", "file", "imports", "package", "shared_loops", "support")

    def __init__(
        self,
        file: FileFacts,
        package: "Package",
        imports: dict[str, str],
        dots: tuple[str, ...],
        support: bool = False,
        by_name: bool = True,
    ) -> None:
        self.file = file
        self.package = package
        self.imports = imports
        self.dots = dots
        self.cache: dict[Type, Type] = {}
        self.support = support  # it only serves tests
        self.shared_loops = False  # the variables of a loop are the same in all its rounds, as before Go 1.22
        self.by_name = by_name  # its functions may do so by their names


class NamedType:
    """A named type ``pkg.name[params]``. ``methods`` are those declared on it, by name."""

    __slots__ = ("_underlying", "decl", "methods", "name", "pkg", "scope", "serial")

    def __init__(self, pkg: str, name: str, decl: TypeDecl, scope: Scope) -> None:
        self.pkg = pkg
        self.name = name
        self.decl = decl
        self.scope = scope
        self.methods: dict[str, Func] = {}
        self._underlying: Type | None = None

    @property
    def key(self) -> tuple[str, str]:
        return (self.pkg, self.name)


class Func:
    """A function, method or function literal with a body or only a signature. ``id`` is unique and stable between runs."""

    __slots__ = ("facts", "id", "name", "outer", "params", "pointer", "recv", "recv_type", "results", "scope", "type_params")

    def __init__(self, ident: str, facts: FuncFacts, scope: Scope, outer: "Func | None") -> None:
        self.id = ident
        self.facts = facts
        self.scope = scope
        self.outer = outer
        self.recv: NamedType | None = None
        self.pointer = facts.recv is not None and isinstance(facts.recv.type, TPtr)
        self.recv_type: Type | None = None
        self.params: tuple[Type, ...] = ()
        self.results: tuple[Type, ...] = ()
        self.name = facts.name
        self.type_params: Params = outer.type_params if outer is not None else NO_PARAMS

    @property
    def path(self) -> str:
        return self.scope.file.path

    @property
    def frame(self) -> "Func":
        """The declared function around a literal, itself otherwise."""
        at = self
        while at.outer is not None:
            at = at.outer
        return at

    @property
    def is_literal(self) -> bool:
        """Whether it has no name of its own; one in the value of a package variable is in no other function."""
        return self.outer is not None or (self.facts.parent < 0 and ".func" in self.facts.name)

    @property
    def support(self) -> bool:
        """Whether it only serves tests."""
        if self.scope.support or not self.scope.by_name:
            return self.scope.support
        frame = self.frame
        return named_for_tests(frame.facts.name, frame.recv.name if frame.recv is not None else "")

    @property
    def exported(self) -> bool:
        """Whether code outside the package can call it: by name, or through an interface when its type is not exported."""
        return self.outer is None and self.facts.name[:1].isupper()

    @property
    def display(self) -> str:
        """How a Go programmer names it: ``(*T).Method``, ``(*T).Method.func1``, ``Function``."""
        frame = self.frame
        if frame.recv is None:
            return self.facts.name
        owner = f"(*{frame.recv.name})" if frame.pointer else frame.recv.name
        return f"{owner}.{self.facts.name}"


class Global:
    """A package variable."""

    __slots__ = ("at", "comment", "index", "name", "pkg", "scope", "spec", "type")

    def __init__(self, pkg: str, name: str, at: int, spec: GlobalVar, index: int, scope: Scope) -> None:
        self.pkg = pkg
        self.name = name
        self.at = at
        self.spec = spec
        self.index = index
        self.scope = scope
        self.comment = spec.comment
        self.type: Type | None = None


class Package:
    __slots__ = ("const_values", "consts", "funcs", "globals", "name", "path", "types")

    def __init__(self, path: str, name: str) -> None:
        self.path = path
        self.name = name
        self.types: dict[str, NamedType] = {}
        self.funcs: dict[str, Func] = {}
        self.globals: dict[str, Global] = {}
        self.consts: dict[str, Type | None] = {}
        self.const_values: dict[str, str] = {}


class Program:
    """``funcs`` holds every function with a body, in the order of files and positions; ``file_of`` the facts by path."""

    def __init__(self) -> None:
        self.packages: dict[str, Package] = {}
        self.funcs: list[Func] = []
        self.by_id: dict[str, Func] = {}
        self.files: dict[str, FileFacts] = {}
        self.scopes: dict[str, Scope] = {}
        self.inits: list[Func] = []
        self.for_tests: frozenset[str] = frozenset()  # files that belong to tests by their place or name
        self.modules: tuple[str, ...] = ()  # the paths of the tree's modules, the longest first
        self._imports: dict[str, frozenset[str]] | None = None
        self.at_index: dict[tuple[str, int], Func] = {}  # by file path and index in its facts: where literals are found

    def imports(self) -> dict[str, frozenset[str]]:
        """The import paths of each package's files."""
        if self._imports is None:
            found: dict[str, set[str]] = {}
            for scope in self.scopes.values():
                found.setdefault(scope.package.path, set()).update(i.path for i in scope.file.imports)
            self._imports = {path: frozenset(imported) for path, imported in found.items()}
        return self._imports

    def module_of(self, path: str) -> str:
        """The module that a package belongs to, "" outside modules."""
        return next((m for m in self.modules if path == m or path.startswith(m + "/")), "")

    def variable(self, name: str) -> "Global | None":
        """The package variable ``import/path.name``."""
        package, _, bare = name.rpartition(".")
        found = self.packages.get(package)
        return found.globals.get(bare) if found is not None else None

    def named(self, pkg: str, name: str) -> NamedType | None:
        package = self.packages.get(pkg)
        return package.types.get(name) if package is not None else None
