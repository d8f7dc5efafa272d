"""Paths, maps and types to the text that the analysed code uses for them."""

import re

from mapguard.base.span import Place
from mapguard.bodies.paths import is_element
from mapguard.checks.functions import Functions
from mapguard.checks.location import Location, is_named, last
from mapguard.checks.sources import Sources
from mapguard.checks.variables import Variables
from mapguard.facts.syntax import TName, TPtr, TStruct, TUnknown, Type
from mapguard.findings.model import MapInfo
from mapguard.heap.index import Index
from mapguard.program.model import NamedType
from mapguard.program.names import show_type
from mapguard.program.types import UNKNOWN
from mapguard.races.accesses import Access
from mapguard.races.contexts import Anchored

_OPERAND = re.compile(r"(?:delete\(|len\(|clear\(|(?:.*:?= )?range )?([A-Za-z_]\w*)(?:\[.*|, .*|\))?", re.DOTALL)


class Names:
    def __init__(self, index: Index, functions: Functions, variables: Variables, sources: Sources) -> None:
        self.index = index
        self.functions = functions
        self.variables = variables
        self.sources = sources

    def path(self, anchored: Anchored) -> str:
        """``m.userMetrics.delays[…]``: a path as its function would write it."""
        func, path = anchored
        if isinstance(path.root, str):
            text = path.root.rsplit("/", 1)[-1]
        else:
            named = self.variables.of(func, path.root).name
            kind = show_type(self.index.bodies[func].types[path.root], "")
            text = named or (short(kind) if "[" in kind else kind.rsplit(".", 1)[-1].lstrip("*")) or "?"
        for f in path.fields:
            if is_element(f):
                text += "[…]"
            elif is_named(f):
                text += f".{last(f)}"
        return text

    # ------------------------------------------------------------ the map

    def map_info(self, where: Location, access: Access) -> MapInfo:
        if where.kind == "field":
            return self._field(where, access)
        program = self.index.types.program
        if where.kind == "global":
            package, _, name = where.name.rpartition(".")
            variable = program.variable(where.name)
            declared = self._place(variable.scope.file.path, variable.at, name) if variable is not None else None
            return MapInfo("global", package, "", name, self._type(self.index.global_type(where.name), package), declared)
        return self._variable(where, access)

    def _variable(self, where: Location, access: Access) -> MapInfo:
        number = self.index.number[where.name]
        func, body = self.functions.of(number), self.index.bodies[number]
        package = func.scope.package.path
        kind = self._type(body.types[where.at], package)
        if where.kind == "param":
            name = body.names[where.at] or "map"
            declared = self.sources.place(func.path, func.facts.at, func.facts.at + len(name))
            return MapInfo("param", package, func.frame.display, name, kind, declared)
        variable = self.variables.of(number, where.at)
        known = variable.name and variable.at >= 0
        found = self.sources.place(variable.func.path, variable.at, variable.at + len(variable.name)) if known else None
        name = variable.name or (self._written(access) if access.func == number else "") or "map"
        return MapInfo("local", package, func.frame.display, name, kind, found)

    def _written(self, access: Access) -> str:
        """The variable that an access names: ``m`` in ``m[k]``, ``delete(m, k)`` and ``range m``; "" where it names none."""
        named = _OPERAND.fullmatch(self.sources.text(self.functions.of(access.func).path, access.at, access.end))
        return named[1] if named is not None else ""

    def _field(self, where: Location, access: Access) -> MapInfo:
        owner, _, name = where.name.rpartition(".")
        package, type_name = where.package, where.owner
        named = self.index.types.program.named(package, type_name)
        declared: Place | None = None
        kind: Type | None = None
        if named is not None:
            declared, kind = self._declaration(named, name)
        elif owner.startswith("struct@"):
            func = self.functions.of(access.func)
            package, type_name = func.scope.package.path, ""
            at = int(owner[7:])
            declared = self.sources.place(func.path, at, at + len(name))
        if kind is None:
            kind = UNKNOWN if access.op == "replace" else self.index.bodies[access.func].types[access.reg]
        return MapInfo("field", package, type_name, name, self._type(kind, package), declared)

    def _declaration(self, named: NamedType, name: str) -> tuple[Place | None, Type | None]:
        under = named.decl.type
        for field in under.fields if isinstance(under, TStruct) else ():
            if field.name == name:
                path = named.scope.file.path
                selected = self.index.types.select(TName(named.pkg, named.name), name)
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
        return short(show_type(kind, here))


def short(text: str) -> str:
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
