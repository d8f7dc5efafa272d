"""The two sides of a proof to what a test can call: the function that starts each side, and the object that both belong to."""

from typing import NamedTuple

from mapguard.checks import Explainer
from mapguard.checks.location import last
from mapguard.evidence.location import named_fields
from mapguard.evidence.proof import Proof
from mapguard.program.model import Func
from mapguard.races.contexts import Anchored, Context
from mapguard.witness.gotypes import MissingError


class Side(NamedTuple):
    """A function to call. ``fields`` lead from its receiver to the map, outermost first."""

    func: Func
    fields: tuple[str, ...] = ()


def sides(x: Explainer, proof: Proof) -> tuple[Side, ...]:
    """What to call at the same time: one function, where a single call of it runs both sides or many come at a time, else two."""
    if proof.where.kind == "local":
        func = x.functions.of(x.index.number[proof.where.name]).frame
        return (Side(_callable(func)),)
    package = _package(x, proof)
    found = [_side(x, c, package) for c in (proof.a, proof.b)]
    return tuple(dict.fromkeys(found))


def _package(x: Explainer, proof: Proof) -> str:
    """The package that the test is part of: the one of the map, if functions of it are on both ways, else that of the accesses."""
    home = proof.where.package
    ways = [{f.scope.package.path for f, _ in _functions(x, c)} for c in (proof.a, proof.b)]
    shared = ways[0] & ways[1]
    if home in shared:
        return home
    if not shared:
        raise MissingError("the two sides have no package in common that a test could be part of")
    own = x.functions.of(proof.a.access.func).scope.package.path
    return own if own in shared else min(shared)


def _side(x: Explainer, c: Context, package: str) -> Side:
    """The outermost function of the package on the way, from where its thread starts on; what starts a function literal, before that."""
    for func, number in _functions(x, c):
        if func.scope.package.path == package and _reason(func) == "":
            return Side(func, _to_map(x, c, number))
    func = x.functions.of(c.access.func).frame
    return Side(_callable(func))


def _functions(x: Explainer, c: Context) -> list[tuple[Func, int]]:
    """The declared functions on the way, outermost first: from the thread's own function on, or the one around it that starts it."""
    inner = [x.held.caller(e) for e in c.chain[c.inside :]] + [c.access.func]
    start = x.functions.of(c.thread.func)
    numbers = [c.thread.func, *inner]
    found: list[tuple[Func, int]] = []
    for number in numbers:
        func = x.functions.of(number)
        found.append((func.frame, number if func.frame.id == func.id else -1))
    if start.is_literal and c.inside:
        outer = x.functions.of(x.held.caller(c.chain[c.inside - 1])).frame
        found.insert(0, (outer, -1))
    return list(dict.fromkeys(found))


def _to_map(x: Explainer, c: Context, number: int) -> tuple[str, ...]:
    """The fields from the function's first parameter, its receiver, to the map; () where they are not known."""
    if number < 0:
        return ()
    for anchored, where in x.judge.climber.way(c):
        if where[0] == number and anchored.path.root == 0:
            return tuple(last(f) for f in named_fields(Anchored(number, anchored.path)))
    return ()


def _callable(func: Func) -> Func:
    why = _reason(func)
    if why:
        raise MissingError(why)
    return func


def _reason(func: Func) -> str:
    """Why a test cannot call a function; "" where it can."""
    if func.outer is not None or func.facts.index < 0:
        return "the code runs when the package is initialised"
    if func.name == "main" and func.recv is None:
        return "the code is part of main"
    if func.name == "init" and func.recv is None:
        return "the code runs when the package is initialised"
    return ""
