"""Types to the text that one file of Go uses for them, with the packages that it imports for that."""

from mapguard.facts.syntax import TChan, TFunc, TInterface, TMap, TName, TPtr, TSlice, TStruct, Type
from mapguard.program.model import TYPE_PARAM, Program
from mapguard.program.names import default_name


class MissingError(Exception):
    """Something that cannot be written here; the message says what."""


class File:
    """What a new file of ``package`` names and imports."""

    def __init__(self, program: Program, package: str) -> None:
        self.program = program
        self.package = package
        self.imports: dict[str, str] = {}  # path to name
        self.declared: list[str] = []  # declarations that the text needs

    def use(self, path: str) -> str:
        """The name of a package, which is imported from now on."""
        known = self.imports.get(path)
        if known is None:
            found = self.program.packages.get(path)
            own = found.name if found is not None else default_name(path)
            taken = set(self.imports.values())
            known = self.imports[path] = next(n for n in (own, *(f"{own}{i}" for i in range(2, 99))) if n not in taken)
        return known

    def type(self, t: Type) -> str:
        match t:
            case TName(pkg="", name=name):
                return name
            case TName(pkg=pkg) if pkg == TYPE_PARAM:
                return "int" if self._is_int(t) else "string"
            case TName(pkg=pkg, name=name, args=args):
                if pkg != self.package and not name[:1].isupper():
                    raise MissingError(f"{pkg}.{name} has no name outside of its package")
                if "/internal/" in f"/{pkg}/" and pkg.partition("/internal")[0] not in self.package:
                    raise MissingError(f"{pkg} is internal")
                listed = f"[{', '.join(self.type(a) for a in args)}]" if args else ""
                return f"{name}{listed}" if pkg == self.package else f"{self.use(pkg)}.{name}{listed}"
            case TPtr(elem=elem):
                return f"*{self.type(elem)}"
            case TSlice(elem=elem, array=False):
                return f"[]{self.type(elem)}"
            case TMap(key=key, elem=elem):
                return f"map[{self.type(key)}]{self.type(elem)}"
            case TChan(elem=elem):
                return f"chan {self.type(elem)}"
            case TFunc():
                return f"func{self.signature(t)}"
            case TStruct(fields=()):
                return "struct{}"
            case TInterface(methods=(), embeds=()):
                return "any"
        raise MissingError("a type that only its declaration can write")

    def signature(self, t: TFunc, names: bool = False) -> str:
        """``(a int, b ...string) error``."""
        params = [self.type(p) for p in t.params]
        if t.variadic and params and isinstance(t.params[-1], TSlice):
            params[-1] = f"...{self.type(t.params[-1].elem)}"
        if names:
            params = [f"_ {p}" for p in params]
        results = ", ".join(self.type(r) for r in t.results)
        return f"({', '.join(params)})" + (f" ({results})" if len(t.results) > 1 else f" {results}" if results else "")

    @staticmethod
    def _is_int(t: TName) -> bool:
        return bool(t.args) and not (isinstance(t.args[0], TName) and t.args[0].name in ("any", "comparable"))
