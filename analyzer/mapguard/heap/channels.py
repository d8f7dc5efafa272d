"""Sends to whether they put back what came from the same channel: then the channel holds nothing more than before."""

from collections.abc import Mapping

from mapguard.ir.model import Cast, Copy, Event, Field, Global, Load, Recv, Reg


def given_back(definitions: Mapping[Reg, Event], channel: Reg, value: Reg) -> bool:
    """Whether a value that is sent on a channel has come from there."""
    event = definitions.get(value)
    while isinstance(event, Copy | Cast):
        event = definitions.get(event.src)
    return isinstance(event, Recv) and _alike(definitions, event.channel, channel)


def _alike(definitions: Mapping[Reg, Event], a: Reg, b: Reg) -> bool:
    """Whether two registers are reached by the same fields from one register or package variable."""
    while a != b:
        match (definitions.get(a), definitions.get(b)):
            case (Global(name=x), Global(name=y)):
                return x == y
            case (Load(base=x, field=f, index=i), Load(base=y, field=g, index=k)) if (f, i) == (g, k):
                a, b = x, y
            case (Field(base=x, field=f, index=i), Field(base=y, field=g, index=k)) if (f, i) == (g, k):
                a, b = x, y
            case _:
                return False
    return True
