"""Access paths, locations and types to the text that the analysed code uses for them."""

from mapguard.base.span import Place
from mapguard.checks.sources import Sources
from mapguard.concurrency.domain import ALLOC, COPY, FLIGHT, GLOBAL, PARAM, RECEIVER, Access, Base, Location, Path, is_elem
from mapguard.concurrency.solve import Analysis
from mapguard.facts.syntax import TName, TPtr, TStruct, TUnknown, Type
from mapguard.findings.model import MapInfo
from mapguard.program.model import NamedType
from mapguard.program.names import show_type


class Names:
    def __init__(self, analysis: Analysis, sources: Sources) -> None:
        self.analysis = analysis
        self.sources = sources

    def path(self, path: Path) -> str:
        """``m.userMetrics.delays[…]``: an access path as its function would write it."""
        kind, owner, at = path.base
        fields = path.fields
        if kind == GLOBAL:
            text = owner.rsplit("/", 1)[-1]
        elif kind == PARAM:
            text = self._parameter(owner, at)
        elif kind == ALLOC:
            text = self.analysis.alloc_names.get(path.base, ("", 0))[0]
            if not text:
                text = self._owner_of(fields) or show_type(self.analysis.alloc_types.get(path.base), "").rsplit(".", 1)[-1].lstrip("*")
        else:
            text = self._owner_of(fields) or "?"
        for f in fields:
            if is_elem(f):
                text += "[…]"
            elif not f.startswith(COPY):
                text += "." + f.rsplit(".", 1)[-1].partition(FLIGHT)[0]
        return text

    @staticmethod
    def _owner_of(fields: tuple[str, ...]) -> str:
        """The type that the first field belongs to, used for an object without a name."""
        for f in fields:
            if not is_elem(f) and not f.startswith(COPY):
                return f.rsplit(".", 2)[-2].rsplit("/", 1)[-1] if f.count(".") >= 2 else "?"
        return ""

    def _parameter(self, owner: str, at: int) -> str:
        func = self.analysis.program.by_id.get(owner)
        if func is None:
            return "?"
        if at == RECEIVER:
            return func.facts.recv.name if func.facts.recv is not None and func.facts.recv.name else "recv"
        return func.facts.params[at].name if at < len(func.facts.params) else "?"

    # ------------------------------------------------------------ the map

    def map_info(self, where: Location, access: Access) -> MapInfo:
        if where.kind == "field":
            return self._field(where, access)
        if where.kind == "global":
            package, _, name = where.name.rpartition(".")
            variable = self.analysis.program.variable(where.name)
            declared = self._place(variable.scope.file.path, variable.at, name) if variable is not None else None
            kind = self.analysis.global_type(variable) if variable is not None else None
            return MapInfo("global", package, "", name, self._type(kind, package), declared)
        base = (ALLOC, where.name, where.at)
        func = self.analysis.program.by_id.get(where.name)
        name, at = self._local_name(base) or ("", where.at)
        package = func.scope.package.path if func is not None else ""
        if where.kind == "param" and func is not None:
            name = func.facts.params[where.at].name
            declared = self.sources.place(func.path, func.facts.at, func.facts.at + len(name))
            return MapInfo("param", package, func.frame.display, name, self._type(func.params[where.at], package), declared)
        declared = self.sources.place(func.path, max(at, 0), at + len(name)) if func is not None else None
        owner = func.frame.display if func is not None else ""
        return MapInfo("local", package, owner, name or "map", self._type(self.analysis.alloc_types.get(base), package), declared)

    def _local_name(self, base: Base) -> tuple[str, int] | None:
        """The variable that holds an object, or the map or slice that the object is an element of."""
        seen: set[Base] = set()
        while base not in seen:
            if base in self.analysis.alloc_names:
                return self.analysis.alloc_names[base]
            seen.add(base)
            base = next((home.base for home in self.analysis.homes.get(base, ())), base)
        return None

    def _field(self, where: Location, access: Access) -> MapInfo:
        owner, _, name = where.name.rpartition(".")
        package, _, type_name = owner.rpartition(".")
        named = self.analysis.program.named(package, type_name)
        declared: Place | None = None
        kind: Type | None = None
        if named is not None:
            declared, kind = self._declaration(named, name)
        elif owner.startswith("struct@"):
            package, type_name = access.func.scope.package.path, ""
            at = int(owner[7:])
            declared = self.sources.place(access.func.path, at, at + len(name))
        return MapInfo("field", package, type_name, name, self._type(kind if kind is not None else access.type, package), declared)

    def _declaration(self, named: NamedType, name: str) -> tuple[Place | None, Type | None]:
        under = named.decl.type
        for field in under.fields if isinstance(under, TStruct) else ():
            if field.name == name:
                path = named.scope.file.path
                selected = self.analysis.types.select(TName(named.pkg, named.name), name)
                kind = selected.steps[-1].type if selected is not None and selected.steps else field.type
                return self._place(path, field.at, name), kind
        return None, None

    def _place(self, path: str, at: int, name: str) -> Place | None:
        """Where a name is declared; None for a declaration that is only in a library model."""
        return None if path.startswith("<model>/") else self.sources.place(path, at, at + len(name))

    @staticmethod
    def _type(kind: Type | None, here: str) -> str:
        if kind is None or isinstance(kind, TUnknown):
            return "map"
        if isinstance(kind, TPtr):
            kind = kind.elem
        return _short(show_type(kind, here))


def _short(text: str) -> str:
    """Shortens import paths to package names: ``map[string]*github.com/x/y.T`` becomes ``map[string]*y.T``."""
    out, word = [], ""
    for ch in text:
        if ch.isalnum() or ch in "_./-~":
            word += ch
        else:
            out.append(word.rsplit("/", 1)[-1])
            out.append(ch)
            word = ""
    out.append(word.rsplit("/", 1)[-1])
    return "".join(out)
