"""rules/models/*.toml and the user's model files to ``Models``: what library functions do, looked up by name.

Names carry full import paths without major version suffixes: ``github.com/labstack/echo`` covers echo/v4. A file is checked when it is
read: unknown keys, arguments that do not exist and two models of one name are errors; only a user's file may replace a shipped model.
"""

import re
import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import msgspec

from mapguard.base.data import data_dir
from mapguard.base.errors import UsageError
from mapguard.models.entries import (
    EmbeddingModel,
    FieldModel,
    FunctionModel,
    MethodModel,
    ModelFile,
    Names,
    RegistrationModel,
    RootModel,
    SignatureModel,
    canonical,
    comparable_type,
    is_argument,
)
from mapguard.program.names import default_name

_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?:\.(?P<table>\w+)\[(?P<index>\d+)\])?(?P<inner>.*?)`)?$", re.DOTALL)
_UNKNOWN_KEY = re.compile(r"Object contains unknown field `(.*)`")


class Source(NamedTuple):
    """``layer`` is 0 for shipped files and 1 for the user's; a higher layer may replace what a lower one said."""

    name: str
    layer: int
    file: ModelFile


class Declaration(NamedTuple):
    """What a package outside the tree declares: its import path, its name and Go source without a package clause."""

    path: str
    name: str
    go: str


class Models:
    """All models, by what they are looked up with. Types are compared as ``comparable_type`` writes them.

    ``signatures`` and ``methods`` hold the entries that say nothing about results. ``declarations`` are partial: what a package's
    entry leaves out may exist all the same.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        self.types: dict[str, str] = {}
        self.signatures: dict[Names, SignatureModel] = {}
        self.methods: dict[str, list[MethodModel]] = {}
        self.embeddings: list[EmbeddingModel] = []
        self.registrations: list[RegistrationModel] = []
        self.declarations: dict[str, Declaration] = {}
        self._functions: dict[str, FunctionModel] = {}
        self._signatures: dict[tuple[Names, Names], SignatureModel] = {}
        self._contracts: dict[tuple[str, Names | None, Names], MethodModel] = {}
        self._fields: dict[tuple[str, str], FieldModel] = {}
        self._said: dict[tuple[str, object], Source] = {}
        self._found: dict[str, FunctionModel | None] = {}
        self._registered: dict[str, RootModel | None] = {}
        for source in sources:
            self._add(source)
        self.registrations.sort(key=lambda r: (-len(r.pattern), r.pattern))
        patterns = [(name.replace("(?)", "([?])"), f) for name, f in self._functions.items() if name.startswith("(?)") and "*" in name]
        self._patterns = sorted(patterns, key=lambda p: (-len(p[0]), p[0]))

    def function(self, name: str) -> FunctionModel | None:
        """The model of ``pkg.Func``, ``(*pkg.T).Method`` or ``(pkg.T).Method``; a pointer receiver also finds the value form.

        ``(?).Method`` is the model of a method of this name on any type outside the tree that has none of its own, ``(?)Func`` that of
        a function of any package outside the tree. Both may be patterns; if several match, the longest is used.
        """
        if name not in self._found:
            plain = canonical(name)
            model = self._functions.get(plain)
            if model is None and plain.startswith("(*"):
                model = self._functions.get("(" + plain[2:])
            elif model is None and plain.startswith("("):
                model = self._functions.get("(*" + plain[1:])
            if model is None:
                model = self._by_name(("(?)." if plain.startswith("(") else "(?)") + plain.rsplit(".", 1)[-1])
            self._found[name] = model
        return self._found[name]

    def _by_name(self, name: str) -> FunctionModel | None:
        exact = self._functions.get(name)
        if exact is not None:
            return exact
        return next((model for pattern, model in self._patterns if fnmatchcase(name, pattern)), None)

    def registration(self, name: str) -> RootModel | None:
        """What a function whose name fits a pattern registers; the longest matching pattern is used."""
        if name not in self._registered:
            full = canonical(name)
            last = full.rsplit(".", 1)[-1]
            fits = (r for r in self.registrations if fnmatchcase(full if "." in r.pattern else last, r.pattern))
            r = next(fits, None)
            self._registered[name] = RootModel(arg=r.arg, kind=r.kind, many=r.many, methods=r.methods) if r is not None else None
        return self._registered[name]

    def signature(self, params: Names, results: Names) -> SignatureModel | None:
        """The entry for functions of this shape; one that names its results is preferred to one that does not."""
        return self._signatures.get((params, results)) or self.signatures.get(params)

    def contract(self, name: str, params: Names, results: Names) -> MethodModel | None:
        """The entry for a method; if several match, the one that names more types is used."""
        exact = self._contracts.get((name, params, results)) or self._contracts.get((name, None, results))
        return exact or next((m for m in self.methods.get(name, ()) if m.params in (params, None)), None)

    def field(self, kind: str, name: str) -> FieldModel | None:
        return self._fields.get((canonical(kind), name))

    def settings(self) -> list[str]:
        """The names of settings that decide whether an entry point runs several at a time."""
        every: list[SignatureModel | MethodModel] = [*self.signatures.values(), *self._signatures.values(), *self._contracts.values()]
        every.extend(m for found in self.methods.values() for m in found)
        return sorted({entry.many_if_named for entry in every if entry.many_if_named})

    def type(self, name: str) -> str | None:
        return self.types.get(canonical(name))

    def _add(self, source: Source) -> None:
        file = source.file
        for function in file.function:
            _check_arguments(source.name, function)
            for name in _names(source.name, "function", function.full_names()):
                self._say(source, "function", name)
                self._functions[name] = function
        for kind in file.type:
            for name in _names(source.name, "type", kind.full_names()):
                self._say(source, "type", name)
                self.types[name] = kind.kind
        for signature in file.signature:
            params, results = _types(signature.params), _types(signature.results)
            self._say(source, "signature", (params, results))
            if results is None:
                self.signatures[params or ()] = signature
            else:
                self._signatures[(params or (), results)] = signature
        for method in file.method:
            params, results = _types(method.params), _types(method.results)
            self._say(source, "method", (method.name, params, results))
            if results is not None:
                self._contracts[(method.name, params, results)] = method
                continue
            known = [m for m in self.methods.get(method.name, ()) if m.params != params]
            known.append(msgspec.structs.replace(method, params=params))
            self.methods[method.name] = sorted(known, key=lambda m: m.params is None)
        for embedding in file.embedding:
            self._say(source, "embedding", embedding.pattern)
            self.embeddings.insert(0, embedding)
        for registration in file.registration:
            _check_argument(source.name, f"functions named {registration.pattern}", registration.arg)
            if self._say(source, "registration", registration.pattern):
                self.registrations = [r for r in self.registrations if r.pattern != registration.pattern]
            self.registrations.append(registration)
        for entry in file.field:
            for name in entry.names:
                self._say(source, "field", (canonical(entry.type), name))
                self._fields[(canonical(entry.type), name)] = entry
        for package in file.package:
            for path in _names(source.name, "package", package.import_paths(), versions=True):
                self._say(source, "package", path)
                name = package.name or default_name(path)
                if not name.isidentifier():
                    raise UsageError(f"model file {source.name}: the package {path} needs its name: {name!r} is none")
                self.declarations[path] = Declaration(path, name, package.go)

    def _say(self, source: Source, table: str, key: object) -> bool:
        """Notes who models ``key``; True when this replaces a lower layer's model, an error when the same layer did."""
        before = self._said.get((table, key))
        if before is not None and before.layer >= source.layer:
            shown = key if isinstance(key, str) else " ".join(str(part) for part in key) if isinstance(key, tuple) else str(key)
            also = "twice" if before.name == source.name else f"in {before.name} as well"
            raise UsageError(f"model file {source.name}: the {table} {shown} is modelled {also}")
        self._said[(table, key)] = source
        return before is not None


def load(extra: tuple[Path, ...] = ()) -> Models:
    """The models of rules/models and then the user's, which replace them. An invalid file is a ``UsageError`` that names it."""
    shipped = sorted((data_dir("rules") / "models").glob("*.toml"))
    return Models([*(read(path, 0) for path in shipped), *(read(path, 1) for path in extra)])


def read(path: Path, layer: int) -> Source:
    """One model file. An invalid one is a ``UsageError`` that names the file and the entry."""
    name = path.name if layer == 0 else str(path)
    try:
        return Source(name, layer, decode(name, path.read_text("utf-8")))
    except OSError as error:
        raise UsageError(f"model file {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"model file {name}: not UTF-8") from error


def decode(name: str, text: str) -> ModelFile:
    """The entries of a model file's text; ``name`` is for messages."""
    try:
        data = tomllib.loads(text)
        return msgspec.convert(data, ModelFile)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"model file {name}: {error}") from error
    except msgspec.ValidationError as error:
        raise UsageError(f"model file {name}: {_explained(str(error), data)}") from error


# ---------------------------------------------------------------- checks and messages


def _names(where: str, table: str, names: Iterable[str], versions: bool = False) -> list[str]:
    """The names of an entry as they are looked up; an entry without one is an error."""
    found = [name if versions else canonical(name) for name in names]
    if not found or "" in found:
        raise UsageError(f"model file {where}: a {table} without a name")
    return found


def _types(types: Names | None) -> Names | None:
    return None if types is None else tuple(comparable_type(t) for t in types)


def _check_arguments(where: str, function: FunctionModel) -> None:
    for argument in sorted(function.arguments()):
        _check_argument(where, function.name or ", ".join(function.names), argument)


def _check_argument(where: str, whose: str, argument: str) -> None:
    if not is_argument(argument):
        raise UsageError(f"model file {where}: model of {whose}: {argument!r} is no argument (recv, arg0, arg1, …, args)")


def _explained(message: str, data: dict[str, object]) -> str:
    """A validation error with the entry's own name in it, and the nearest key for an unknown one."""
    found = _WHERE.match(message)
    assert found is not None  # every part of the expression is optional
    what, table = found["what"], found["table"]
    unknown = _UNKNOWN_KEY.fullmatch(what)
    if unknown is not None:
        known = _keys(table, found["inner"])
        what = f"unknown key {unknown[1]!r}{_nearest(unknown[1], known)}"
    if table is None:
        return what
    entries = data[table]
    entry = entries[int(found["index"])] if isinstance(entries, list) else {}
    called = next((str(entry[k]) for k in ("name", "names", "pattern", "path", "type", "params") if k in entry), "without a name")
    return f"{what}, in [[{table}]] number {int(found['index']) + 1} ({called})"


def _keys(table: str | None, inner: str | None) -> tuple[str, ...]:
    if table is None:
        return ModelFile.__struct_encode_fields__
    if inner:
        return RootModel.__struct_encode_fields__
    tables = {f.encode_name: f.type for f in msgspec.structs.fields(ModelFile)}
    entry = tables[table].__args__[0]
    return tuple(f.encode_name for f in msgspec.structs.fields(entry))


def _nearest(name: str, known: tuple[str, ...]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


__all__ = ["Declaration", "FunctionModel", "Models", "RootModel", "Source", "canonical", "decode", "load", "read"]
