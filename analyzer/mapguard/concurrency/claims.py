"""Sets of keys in use to locks: who puts a key in that was not there, under a mutex, has what the key stands for until it is taken out.

``mu.Lock(); if busy[id] { mu.Unlock(); return }; busy[id] = true; mu.Unlock()``: whoever comes meanwhile finds the key and goes away.
"""

from typing import TYPE_CHECKING

from mapguard.concurrency.atomicsteps import shape
from mapguard.concurrency.body import Body
from mapguard.concurrency.branchlocks import is_place
from mapguard.concurrency.domain import CLAIM, ELEM, WRITE, Access, Edge, Path, Value, is_elem, place
from mapguard.concurrency.evaluate import is_token, operand
from mapguard.facts.syntax import Expr, Index, Sel

if TYPE_CHECKING:
    from mapguard.concurrency.solve import Analysis


def ask(b: Body, x: Index, container: Value) -> None:
    """A key is looked up: the ways that end after this are those of who finds it."""
    held = _mutexes(b) if _is_set(b, x, container) else []
    key = shape(x.index[0])
    b.asked = frozenset((p, key) for p in container.paths) if held else frozenset()
    if held:
        b.now.looked |= {(p, key, lock) for p, _ in b.asked for lock in held}
        b.looked_before.update(dict.fromkeys(b.asked, b.left))


def enter(b: Body, x: Index, container: Value, known: str) -> None:
    """A key is put in, or marked as not in use. It is new where it was looked up under a mutex that has been held since, and who found
    it has gone another way."""
    if not _is_set(b, x, container):
        return
    if known == "false":
        leave(b, container, x.index[0])
        return
    key = shape(x.index[0])
    held = _mutexes(b)
    for p in container.paths:
        new = (p, key) in b.now.absent or b.left > b.looked_before.get((p, key), b.left)
        if new and any((p, key, lock) in b.now.looked for lock in held):
            for claim in _claims(b, p, x.index[0]):
                b.acquire(claim, WRITE)
                b.analysis.claimed.add(place(claim))


def leave(b: Body, container: Value, key: Expr) -> None:
    """A key is taken out, under a mutex."""
    if is_token(b.types.element(b.types.deref(container.type))) and _mutexes(b):
        for p in container.paths:
            for claim in _claims(b, p, key):
                b.release(claim)
                b.analysis.unclaimed.add(place(claim))


def forget_other_sets(analysis: "Analysis") -> None:
    """Elements that are taken out of sets whose keys claim nothing are no locks given up."""
    others = analysis.unclaimed - analysis.claimed
    for unit in analysis.units.values() if others else ():
        found: list[Access | Edge] = [*unit.accesses, *unit.acts, *unit.edges]
        for x in found:
            if x.dropped:
                x.dropped = frozenset(p for p in x.dropped if place(p) not in others)


def _is_set(b: Body, x: Index, container: Value) -> bool:
    return len(x.index) == 1 and b.types.map_of(container.type) is not None and is_token(b.types.element(container.type))


def _mutexes(b: Body) -> list[Path]:
    return [p for p, mode in b.now.locks.items() if mode == WRITE]


def _claims(b: Body, container: Path, key: Expr) -> list[Path]:
    """The locks that a key is: those of the objects that have it in a field; else one of the set's, as elements of containers have."""
    if not container.fields or is_elem(container.fields[-1]):
        return []  # nobody outside knows a set by a variable's name
    name = container.fields[-1] + CLAIM
    if isinstance(key, Sel) and is_place(key.x):
        return [Path(p.base, (*p.uncopied().fields, name)) for p in operand(b, key.x).paths]
    return [Path(container.base, (*container.fields[:-1], name, ELEM))]
