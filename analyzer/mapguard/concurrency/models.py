"""What library functions do, read from rules/models/*.toml: data, validated when loaded, extendable by the user.

Names carry full import paths without major version suffixes: ``github.com/labstack/echo`` covers echo/v4.
"""

import functools
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec

from mapguard.base.data import data_dir
from mapguard.base.errors import UsageError

Mode = Literal["read", "write"]
Names = tuple[str, ...]
_ARGUMENT = re.compile(r"^(recv|args|arg\d+)$")
_VERSION = re.compile(r"(/v\d+|\.v\d+)(?=[./)\]]|$)")


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="kebab"):
    pass


class RootModel(_Entry, frozen=True, kw_only=True):
    """The argument ``arg`` becomes an entry point: a function itself, or these methods of an object."""

    arg: str
    kind: str
    many: bool = True
    methods: Names = ("*",)


class FunctionModel(_Entry, frozen=True, kw_only=True):
    name: str = ""
    names: Names = ()
    acquires: Mode | None = None
    releases: Mode | None = None
    spawns: Names = ()
    many: bool = False
    root: tuple[RootModel, ...] = ()
    calls: Names = ()
    parallel: bool = False  # what ``calls`` names runs on several goroutines at once, all joined before the call returns
    once: bool = False
    reads: Names = ()
    writes: Names = ()
    iterates: Names = ()
    deep: bool = False
    returns: str = ""
    joins: bool = False
    done: bool = False
    publishes: Names = ()
    noreturn: bool = False
    checks: bool = False  # looks up arg0 in the receiver, atomically by itself
    acts: bool = False  # stores under arg0 in the receiver, atomically by itself


class TypeModel(_Entry, frozen=True, kw_only=True):
    """``is``: mutex, rwmutex, locker, waitgroup, once, cond, group, atomic, concurrent-map."""

    name: str = ""
    names: Names = ()
    kind: str = msgspec.field(name="is")


class SignatureModel(_Entry, frozen=True, kw_only=True):
    """Every function of the tree with these parameter types is an entry point."""

    params: Names
    kind: str
    many: bool = True


class MethodModel(_Entry, frozen=True, kw_only=True):
    """Every method of this name (and these parameter types, when given) is an entry point by contract."""

    name: str
    params: Names | None = None
    kind: str
    many: bool = True


class EmbeddingModel(_Entry, frozen=True, kw_only=True):
    """Exported methods of a type that embeds a struct of this name pattern are entry points."""

    pattern: str
    kind: str
    many: bool = True


class RegistrationModel(_Entry, frozen=True, kw_only=True):
    """Functions of this name pattern register their argument."""

    pattern: str
    arg: str
    kind: str
    many: bool = True
    methods: Names = ("*",)


class FieldModel(_Entry, frozen=True, kw_only=True):
    """Functions stored in these fields of a library's struct are entry points."""

    type: str
    names: Names
    kind: str
    many: bool = True


class PackageModel(_Entry, frozen=True, kw_only=True):
    """Go declarations of a package outside the tree."""

    path: str
    go: str


class ModelFile(_Entry, frozen=True, kw_only=True):
    function: tuple[FunctionModel, ...] = ()
    type: tuple[TypeModel, ...] = ()
    signature: tuple[SignatureModel, ...] = ()
    method: tuple[MethodModel, ...] = ()
    embedding: tuple[EmbeddingModel, ...] = ()
    registration: tuple[RegistrationModel, ...] = ()
    field: tuple[FieldModel, ...] = ()
    package: tuple[PackageModel, ...] = ()


@functools.cache
def canonical(name: str) -> str:
    """A name without the major version suffixes of its import path."""
    return _VERSION.sub("", name)


class Models:
    """All models, by what they are looked up with."""

    def __init__(self, files: list[tuple[str, ModelFile]]) -> None:
        self._functions: dict[str, FunctionModel] = {}
        self.types: dict[str, str] = {}
        self.signatures: dict[Names, SignatureModel] = {}
        self.methods: dict[str, list[MethodModel]] = {}
        self.embeddings: list[EmbeddingModel] = []
        self._registrations: list[RegistrationModel] = []
        self._fields: dict[tuple[str, str], FieldModel] = {}
        self.packages: dict[str, str] = {}
        self._found: dict[str, FunctionModel | None] = {}
        for where, file in files:
            self._add(where, file)

    def _add(self, where: str, file: ModelFile) -> None:
        for function in file.function:
            _check_arguments(where, function)
            for name in (*function.names, *([function.name] if function.name else [])):
                self._functions[name] = function
        for kind in file.type:
            for name in (*kind.names, *([kind.name] if kind.name else [])):
                self.types[name] = kind.kind
        for signature in file.signature:
            self.signatures[signature.params] = signature
        for method in file.method:
            self.methods.setdefault(method.name, []).append(method)
        self.embeddings.extend(file.embedding)
        self._registrations.extend(file.registration)
        for entry in file.field:
            for name in entry.names:
                self._fields[(entry.type, name)] = entry
        for package in file.package:
            self.packages[package.path] = package.go

    def function(self, name: str) -> FunctionModel | None:
        """The model of ``pkg.Func``, ``(*pkg.T).Method`` or ``(pkg.T).Method``; a pointer receiver also finds the value form.

        ``(?).Method`` is the model of a method of this name on any type outside the tree that has none of its own.
        """
        if name not in self._found:
            plain = canonical(name)
            model = self._functions.get(plain)
            if model is None and plain.startswith("(*"):
                model = self._functions.get("(" + plain[2:])
            elif model is None and plain.startswith("("):
                model = self._functions.get("(*" + plain[1:])
            if model is None and plain.startswith("("):
                model = self._functions.get("(?)." + plain.rsplit(".", 1)[-1])
            self._found[name] = model
        return self._found[name]

    def registration(self, name: str) -> RootModel | None:
        plain = name.rsplit(".", 1)[-1]
        for entry in self._registrations:
            if fnmatchcase(plain, entry.pattern):
                return RootModel(arg=entry.arg, kind=entry.kind, many=entry.many, methods=entry.methods)
        return None

    def field(self, kind: str, name: str) -> FieldModel | None:
        return self._fields.get((canonical(kind), name))

    def type(self, name: str) -> str | None:
        return self.types.get(canonical(name))


def _check_arguments(where: str, f: FunctionModel) -> None:
    names = (*f.spawns, *f.calls, *f.reads, *f.writes, *f.iterates, *f.publishes, *(r.arg for r in f.root))
    for name in (*names, *([f.returns] if f.returns not in ("", "fresh", "shared") else [])):
        if not _ARGUMENT.match(name):
            raise UsageError(f"{where}: model of {f.name or ', '.join(f.names)}: {name!r} is no argument (recv, arg0, arg1, …, args)")
    if not f.name and not f.names:
        raise UsageError(f"{where}: a function model without a name")


def load(extra: tuple[Path, ...] = ()) -> Models:
    """The models of rules/models and then the user's, which override them. An invalid file is a ``UsageError`` that names it."""
    files: list[tuple[str, ModelFile]] = []
    for path in (*sorted((data_dir("rules") / "models").glob("*.toml")), *extra):
        try:
            files.append((path.name, msgspec.toml.decode(path.read_bytes(), type=ModelFile)))
        except OSError as error:
            raise UsageError(f"model file {path}: {error.strerror}") from error
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise UsageError(f"model file {path}: {error}") from error
    return Models(files)
