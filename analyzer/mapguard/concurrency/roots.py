"""Which functions something outside the tree runs, and how many at a time: handlers by signature, by contract, main, init, exported."""

from fnmatch import fnmatchcase

from mapguard.concurrency.domain import Root
from mapguard.concurrency.models import canonical
from mapguard.concurrency.solve import Analysis
from mapguard.facts.syntax import TStruct
from mapguard.program.model import Func
from mapguard.program.names import show_type


def entry_points(analysis: Analysis) -> dict[str, Root]:
    """Roots by function id. A function that the tree also calls can be a root all the same."""
    found: dict[str, Root] = {}
    embedders = _by_embedding(analysis)
    for func in analysis.program.funcs:
        root = _root_of(analysis, func, embedders)
        if root is not None:
            found[func.id] = root
    for func in analysis.program.inits:
        found[func.id] = Root("init", False, func)
    return found


def _root_of(analysis: Analysis, func: Func, embedders: dict[tuple[str, str], tuple[str, bool]]) -> Root | None:
    params = tuple(canonical(show_type(p)) for p in func.params)
    by_signature = analysis.models.signatures.get(params)
    if by_signature is not None:
        return Root(by_signature.kind, by_signature.many, func)
    if func.outer is not None:
        return None
    if func.facts.name == "main" and func.recv is None and func.scope.package.name == "main":
        return Root("main", False, func)
    if func.recv is None:
        return None
    called = analysis.called()
    for contract in analysis.models.methods.get(func.facts.name, ()):
        if contract.kind not in ("http", "grpc", "reconcile") and func.id in called:
            continue  # the tree itself decides when it runs
        if contract.params is None or contract.params == params:
            return Root(contract.kind, contract.many, func)
    served = embedders.get(func.recv.key)
    if served is not None and func.exported and params and params[0].endswith("context.Context") | (len(params) > 0):
        return Root(served[0], served[1], func)
    return None


def _by_embedding(analysis: Analysis) -> dict[tuple[str, str], tuple[str, bool]]:
    """Types that embed ``UnimplementedXServer`` and its like: services."""
    found: dict[tuple[str, str], tuple[str, bool]] = {}
    for package in analysis.program.packages.values():
        for named in package.types.values():
            if isinstance(named.decl.type, TStruct):
                for field in named.decl.type.fields:
                    if field.embedded:
                        for entry in analysis.models.embeddings:
                            if fnmatchcase(field.name, entry.pattern):
                                found[named.key] = (entry.kind, entry.many)
    return found
