"""Events to the same events with other register numbers."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from mapguard.ir.model import Dynamic, Event, Reg

_ONE = frozenset(["dst", "src", "recv", "base", "index", "map", "key", "value", "channel", "size"])
_MANY = frozenset(["dsts", "args", "captures", "values"])
_CALLEE = frozenset(["callee", "target"])


class _Plan(NamedTuple):
    """Which fields of a kind of event hold one register, several, a callee."""

    one: tuple[int, ...]
    many: tuple[int, ...]
    callee: tuple[int, ...]


_PLANS: dict[type, _Plan] = {}


def _plan(kind: type[msgspec.Struct]) -> _Plan:
    def places(names: frozenset[str]) -> tuple[int, ...]:
        return tuple(i for i, field in enumerate(kind.__struct_fields__) if field in names)

    found = _PLANS[kind] = _Plan(places(_ONE), places(_MANY), places(_CALLEE))
    return found


def renumbered(event: Event, new: Sequence[Reg]) -> Event:
    """``new`` has the number of each register, and as its last element that of NONE, which is NONE."""
    kind = type(event)
    plan = _PLANS.get(kind) or _plan(kind)
    values: list[Any] = list(msgspec.structs.astuple(event))
    for i in plan.one:
        values[i] = new[values[i]]
    for i in plan.many:
        values[i] = tuple([new[r] for r in values[i]])
    for i in plan.callee:
        callee = values[i]
        if isinstance(callee, Dynamic):
            values[i] = Dynamic(new[callee.reg])
    return kind(*values)
