"""What a whole function does to the locks of its caller, and what is held at an event: the results of interpreting a body."""

from collections.abc import Iterable
from typing import NamedTuple

from mapguard.bodies.facts import Fact
from mapguard.bodies.paths import Path
from mapguard.bodies.state import NO_LOCKS, Chosen, Held, resolved
from mapguard.ir.model import Callee, External, Invoke, Reg


class Way(NamedTuple):
    """One way through a function, in terms of its parameters: what the caller holds more and less afterwards, what must be true of the
    parameters for that way to be taken, and which constants it returns."""

    taken: Held = NO_LOCKS
    lost: Held = NO_LOCKS
    needs: frozenset[Fact] = frozenset()
    returns: tuple[str, ...] = ()


class At(NamedTuple):
    """What is held at an event on one way to it, what the way has given up of the caller's, what is known of values, and what registers
    are that have one of several."""

    held: Held
    facts: frozenset[Fact] = frozenset()
    lost: Held = NO_LOCKS
    chosen: Chosen = frozenset()

    def where(self, path: Path) -> Path:
        """A path on this way."""
        return resolved(path, self.chosen)


Effect = tuple[Way, ...]
_WAYS = 16  # ways through a function that its callers tell apart
_FIELDS = 6  # that lead to a lock which a function takes or gives up for its callers
_LOCKS = 6  # that a function takes, or gives up, for its callers on one way
Found = dict[tuple[int, int], dict[At, None]]
HARMLESS: Effect = (Way(),)


class Locks(NamedTuple):
    """``at`` tells of calls, map operations and field accesses, by block and place."""

    at: dict[tuple[int, int], tuple[At, ...]]
    effect: Effect


def few(effect: Effect) -> Effect:
    """An effect of a few ways: of more, those that do the same to the locks are one, then all are."""
    if len(effect) <= _WAYS:
        return effect
    alike = tuple(dict.fromkeys(Way(w.taken, w.lost) for w in effect))
    if len(alike) <= _WAYS:
        return alike
    return (Way(frozenset.intersection(*(w.taken for w in alike)), frozenset().union(*(w.lost for w in alike))),)


def told(locks: Iterable[tuple[Path, str]]) -> Held:
    """The locks that a function tells its callers of: the nearest ones. Paths that lead through one field twice have no end, in types that
    lead back to themselves."""
    near = (e for e in locks if len(set(e[0].fields)) == len(e[0].fields) <= _FIELDS)
    return frozenset(sorted(near, key=lambda e: (len(e[0].fields), repr(e)))[:_LOCKS])


def library_name(callee: Callee) -> str:
    """The name that models use for what is called, "" for functions of the tree."""
    return callee.name if isinstance(callee, External) else callee.external if isinstance(callee, Invoke) else ""


def outermost(path: Path, given: Reg) -> bool:
    """Whether a path starts from what a function with that many given registers was given, or from a package variable."""
    return isinstance(path.root, str) or path.root < given
