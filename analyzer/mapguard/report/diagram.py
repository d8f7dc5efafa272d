"""The two threads of a finding to the geometry of a small picture: two lanes of steps that meet at the map."""

from collections.abc import Sequence

import msgspec

from mapguard.findings.model import Access, HeldLock, Step
from mapguard.findings.words import VERBS
from mapguard.report.words import many, root_kind

WIDTH = 440
_LANE = 56
_FIRST, _LAST = 12, 168
_STEPS = 12
_LETTER = 7.4


class Dot(msgspec.Struct, frozen=True):
    """One step of a lane; ``locked``: a lock is held there."""

    x: float
    locked: bool


class Lane(msgspec.Struct, frozen=True):
    """One thread; ``edge`` and ``anchor`` say where its words stand. ``path`` ends at the map."""

    label: str
    kind: str
    name: str
    verb: str
    locks: str
    edge: int
    verb_x: int
    anchor: str
    y: int
    path: str
    dots: tuple[Dot, ...]


class Diagram(msgspec.Struct, frozen=True):
    """``box`` is the left edge and width of the map's box; ``made`` is where the map is made, "" where that is not known."""

    lanes: tuple[Lane, Lane]
    name: str
    box: tuple[float, float]
    made: str = ""


def diagram(a: Access, b: Access, name: str, made: Sequence[Step] = ()) -> Diagram:
    """The picture of two accesses of the map ``name``, which is made at the first of the places ``made``."""
    shown = short(name, 54)
    width = min(len(shown) * _LETTER + 28, WIDTH)
    box = (round((WIDTH - width) / 2, 1), round(width, 1))
    where = f"made at {short(f'{made[0].path}:{made[0].line}', 50)}{', among others' if len(made) > 1 else ''}" if made else ""
    return Diagram((_lane("A", a, False), _lane("B", b, True)), shown, box, where)


def short(text: str, length: int) -> str:
    """A text cut in its middle to at most ``length`` characters."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"


def _lane(label: str, access: Access, mirrored: bool) -> Lane:
    def x(value: float) -> float:
        return round(WIDTH - value if mirrored else value, 1)

    steps = [step.locks for step in access.trace[-_STEPS:]] or [access.locks]
    apart = (_LAST - _FIRST) / max(len(steps) - 1, 1)
    first = _FIRST if len(steps) > 1 else _LAST
    dots = tuple(Dot(x(first + number * apart), bool(locks)) for number, locks in enumerate(steps))
    path = f"M{x(_FIRST)} {_LANE}H{x(_LAST)}C{x(205)} {_LANE} {x(211)} {_LANE + 12} {x(211)} {_LANE + 56}"
    root = access.root
    kind = "unknown start" if root is None else root_kind(root) + (", many at a time" if many(root) else "")
    return Lane(
        label=label,
        kind=short(kind, 34),
        name=short(access.function if root is None else root.name, 28),
        verb=VERBS[access.op],
        locks=_locks(access.locks),
        edge=WIDTH if mirrored else 0,
        verb_x=int(x(200)),
        anchor="end" if mirrored else "start",
        y=_LANE,
        path=path,
        dots=dots,
    )


def _locks(locks: tuple[HeldLock, ...]) -> str:
    if not locks:
        return "no lock"
    first = short(locks[0].lock, 20) + (" (read)" if locks[0].mode == "read" else "")
    return f"{first} +{len(locks) - 1}" if len(locks) > 1 else first
