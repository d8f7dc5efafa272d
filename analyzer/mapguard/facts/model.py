"""One file's facts: declarations and bodies. No knowledge of other files; ``mu.Lock()`` is only a call until a model says it acquires."""

import msgspec

from mapguard.base.gap import Gap
from mapguard.facts.syntax import Expr, Field, Stmt, TFunc, Type

SCHEMA = 9  # raise it whenever the shape or the meaning of facts changes: the cache is keyed by it


class Import(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``name`` is the alias ("" when none is written, "." or "_" as written)."""

    name: str
    path: str


class TypeDecl(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``comment`` is the doc comment when it speaks of concurrency. A type declared in a function has that function's name in ``scope``.

    ``constraints`` has one type for each of ``params``, see ``FuncFacts``.
    """

    name: str
    params: tuple[str, ...]
    type: Type
    alias: bool
    at: int
    comment: str = ""
    scope: str = ""
    constraints: tuple[Type, ...] = ()


class GlobalVar(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One package-level ``var`` specification. ``comment`` is the text above or beside it when it speaks of a guard."""

    names: tuple[str, ...]
    name_at: tuple[int, ...]
    type: Type | None
    values: tuple[Expr, ...]
    at: int
    comment: str = ""


class Param(msgspec.Struct, frozen=True, array_like=True, gc=False):
    name: str
    type: Type


class FuncFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A function, method or function literal.

    ``parent`` is the index of the enclosing function of a literal, -1 otherwise; ``name`` of a literal is ``outer.func1``.
    ``body`` is None where the file was read for its types only. ``doc`` is the doc comment when it speaks of locks.
    ``constraints`` has one type for each of ``type_params``: the map of ``M ~map[K]V``, for a union an interface that embeds its terms.
    """

    index: int
    name: str
    recv: Param | None
    type_params: tuple[str, ...]
    params: tuple[Param, ...]
    results: tuple[Param, ...]
    variadic: bool
    body: tuple[Stmt, ...] | None
    at: int
    end: int
    parent: int = -1
    doc: str = ""
    constraints: tuple[Type, ...] = ()

    def type(self) -> TFunc:
        return TFunc(tuple(p.type for p in self.params), tuple(p.type for p in self.results), self.variadic)


class FileFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``newlines`` is the line table; ``active`` is false for a file of another platform or build tag."""

    path: str
    package_path: str
    package: str
    imports: tuple[Import, ...]
    types: tuple[TypeDecl, ...]
    vars: tuple[GlobalVar, ...]
    consts: tuple[tuple[str, Type | None, str], ...]  # with their types, where those are written or those of a literal, and values
    funcs: tuple[FuncFacts, ...]
    newlines: tuple[int, ...]
    generated: bool
    active: bool
    test: bool
    gaps: tuple[Gap, ...] = ()


__all__ = ["SCHEMA", "Field", "FileFacts", "FuncFacts", "GlobalVar", "Import", "Param", "TypeDecl"]
