"""The code of the analysis becomes switches, each of which takes one part of it away.

predicate: a function that answers yes or no says no                  limit: a number at the top of a module becomes one
model: a key of the models of library functions says nothing
"""

import ast
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest import mock

import msgspec

import mapguard
from mapguard.models import entries, load

PACKAGES = ("ir", "heap", "bodies", "order", "races", "evidence")  # those that judge programs
KINDS = ("predicate", "limit", "model")


class Switch(NamedTuple):
    """``name`` is ``module:function``, ``module:Class.method``, ``module:CONSTANT`` or ``table:key``."""

    kind: str
    name: str


@cache
def modules() -> list[ModuleType]:
    """The modules of the analysis, all of mapguard imported first: who has imported a name has a copy of it."""
    everything = [
        importlib.import_module(m.name) for m in pkgutil.walk_packages(mapguard.__path__, "mapguard.") if "__main__" not in m.name
    ]
    return [m for m in everything if m.__name__.split(".")[1] in PACKAGES]


def switches() -> list[Switch]:
    """All there are, in the order of the code."""
    found: list[Switch] = []
    for module in modules():
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        found += [Switch("predicate", f"{module.__name__}:{name}") for name in _predicates(tree)]
        found += [Switch("limit", f"{module.__name__}:{name}") for name in _numbers(tree)]
    return found + [Switch("model", f"{table.__name__}:{field.name}") for table in _tables() for field in _keys(table)]


def _predicates(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        for function in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(function, ast.FunctionDef) and isinstance(function.returns, ast.Name) and function.returns.id == "bool":
                yield f"{node.name}.{function.name}" if isinstance(node, ast.ClassDef) else function.name


def _numbers(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() | float() as value)) if value > 1:
                yield name


def _tables() -> list[type[msgspec.Struct]]:
    return [entries.FunctionModel, entries.RootModel, entries.SignatureModel, entries.MethodModel, entries.FieldModel]


def _keys(table: type[msgspec.Struct]) -> list[Any]:
    """The keys of a table that may be left out, without those that say what the entry is about."""
    about = {"name", "names", "package", "packages"}
    return [field for field in msgspec.structs.fields(table) if field.name not in about and field.default is not msgspec.NODEFAULT]


@contextmanager
def off(switch: Switch) -> Iterator[None]:
    """Takes the part away for a while."""
    where, _, name = switch.name.partition(":")
    if switch.kind == "model":
        with _without_key(where, name):
            yield
        return
    module = next(m for m in modules() if m.__name__ == where)
    owner, _, method = name.rpartition(".")
    if owner:
        kind = getattr(module, owner)
        with mock.patch.object(kind, method, _no(vars(kind)[method])):
            yield
        return
    old = getattr(module, name)
    new = 1 if switch.kind == "limit" else _false
    places = [m for m in list(sys.modules.values()) if m.__name__.startswith("mapguard") and vars(m).get(name) is old]
    with ExitStack() as stack:
        for place in places:
            stack.enter_context(mock.patch.object(place, name, new))
        yield


def _no(old: Any) -> Any:
    if isinstance(old, property):
        return property(lambda _: False)
    return staticmethod(_false) if isinstance(old, staticmethod) else _false


def _false(*_: object, **__: object) -> bool:
    return False


@contextmanager
def _without_key(table: str, key: str) -> Iterator[None]:
    """Every entry is read as if it did not have the key."""
    decode = load.decode
    with mock.patch.object(load, "decode", lambda name, text: _emptied(decode(name, text), table, key)):
        yield


def _emptied(value: Any, table: str, key: str) -> Any:
    if isinstance(value, tuple):
        return tuple(_emptied(item, table, key) for item in value)
    if not isinstance(value, msgspec.Struct):
        return value
    changes = {f.name: _emptied(getattr(value, f.name), table, key) for f in msgspec.structs.fields(value)}
    if type(value).__name__ == table:
        changes[key] = next(f.default for f in msgspec.structs.fields(value) if f.name == key)
    return msgspec.structs.replace(value, **changes)
