"""Which functions something outside the tree runs, and how many at a time: handlers by signature, by contract, main, init, exported."""

from fnmatch import fnmatchcase
from typing import NamedTuple

from mapguard.concurrency.domain import Root
from mapguard.concurrency.solve import Analysis
from mapguard.facts.syntax import TName, TStruct, Type
from mapguard.models.entries import MethodModel, SignatureModel, comparable_type, serves_calls
from mapguard.program.model import Func
from mapguard.program.names import show_type


def entry_points(analysis: Analysis, made: frozenset[str]) -> dict[str, Root]:
    """Roots by function id. A function that the tree also calls can be a root all the same.

    Methods of a type that nobody can make an object of (see ``instantiated``) are none.
    """
    found: dict[str, Root] = {}
    embedders = _by_embedding(analysis)
    for func in analysis.program.funcs:
        root = _root_of(analysis, func, embedders) if func.scope.file.test or not (func.support or _never_made(func, made)) else None
        if root is not None:
            found[func.id] = root
    for func in analysis.program.inits:
        found[func.id] = Root("init", False, func)
    return found


def _never_made(func: Func, made: frozenset[str]) -> bool:
    recv = func.recv
    hidden = not reachable_from_outside(func)
    return hidden and recv is not None and isinstance(recv.decl.type, TStruct) and ".".join(recv.key) not in made


def reachable_from_outside(func: Func) -> bool:
    """Whether code outside the repository can or will import the package: not a command, nor what belongs to one, not internal."""
    package = func.scope.package
    return package.name != "main" and not {"internal", "cmd"} & set(package.path.split("/"))


def _root_of(analysis: Analysis, func: Func, embedders: "dict[tuple[str, str], _Service]") -> Root | None:
    params = tuple(comparable_type(show_type(p)) for p in func.params)
    results = tuple(comparable_type(show_type(r)) for r in func.results)
    by_signature = analysis.models.signature(params, results)
    if by_signature is not None:
        return Root(by_signature.kind, _many(analysis, by_signature, func), func)
    if func.outer is not None:
        return None
    if func.facts.name == "main" and func.recv is None and func.scope.package.name == "main":
        return Root("main", False, func)
    if func.recv is None:
        return None
    called = analysis.called()
    contract = analysis.models.contract(func.facts.name, params, results)
    # what only the tree itself calls runs when the tree decides
    if contract is not None and (contract.kind in ("http", "grpc", "reconcile") or func.id not in called):
        return Root(contract.kind, _many(analysis, contract, func), func)
    served = embedders.get(func.recv.key)
    if served is not None and func.exported and serves_calls(params, results) and (served.names is None or func.facts.name in served.names):
        return Root(served.kind, served.many, func)
    return None


def _many(analysis: Analysis, entry: SignatureModel | MethodModel, func: Func) -> bool:
    """Whether the entry point runs several at a time: where a setting decides, whether its type or package names that setting."""
    return analysis.uses_name(func, entry.many_if_named) if entry.many_if_named else entry.many


class _Service(NamedTuple):
    """A type that embeds what stands for a service; ``names`` are the service's methods, None where that is not known."""

    kind: str
    many: bool
    names: frozenset[str] | None


def _by_embedding(analysis: Analysis) -> dict[tuple[str, str], _Service]:
    """Types that embed ``UnimplementedXServer`` and its like: services."""
    found: dict[tuple[str, str], _Service] = {}
    for package in analysis.program.packages.values():
        for named in package.types.values():
            declared = analysis.types.declared(named) if isinstance(named.decl.type, TStruct) else None
            for field in declared.fields if isinstance(declared, TStruct) else ():
                for entry in analysis.models.embeddings if field.embedded else ():
                    if fnmatchcase(field.name, entry.pattern):
                        found[named.key] = _Service(entry.kind, entry.many, _methods_of(analysis, field.type))
    return found


def _methods_of(analysis: Analysis, kind: Type) -> frozenset[str] | None:
    base = analysis.types.deref(kind)
    named = analysis.program.named(base.pkg, base.name) if isinstance(base, TName) else None
    if named is None:
        return None
    return frozenset(named.methods) or analysis.types.method_names(base)
