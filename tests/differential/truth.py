"""The choices of a program give its verdict: does it race on its map?"""

from differential.guards import Guard, Touch
from differential.objects import COPY, DIFFERENT, OTHER_HOLDER, SAME


def excluded(guard: Guard, copies: dict[str, bool], sides: tuple[str, str], related: str, x: Touch, y: Touch) -> bool:
    """Does the lock keep the two uses apart? ``copies``: does the side lock a copy of its object."""
    if "none" in (x.mode, y.mode) or x.mode == y.mode == "R":
        return False
    if guard.identity != "same" and sides[0] != sides[1]:
        return False
    if sides == ("B", "B") and guard.identity == "lock made in the call":
        return False
    if sides == ("B", "B") and guard.identity == "lock of another object":
        return True
    if not guard.in_holder:
        return True
    if guard.reference:
        return related in (SAME, COPY)
    return related == SAME and not any(copies[side] for side in sides)


def races(
    guard: Guard, touches: dict[str, list[Touch]], copies: dict[str, bool], related: dict[str, str], concurrent: dict[str, bool]
) -> bool:
    """``related`` and ``concurrent`` are given for the pairs AA, BB and AB."""
    for pair in ("AA", "BB", "AB"):
        if related[pair] == DIFFERENT or not concurrent[pair]:
            continue
        assert related[pair] in (SAME, COPY, OTHER_HOLDER)
        for x in touches[pair[0]]:
            for y in touches[pair[1]]:
                if "W" in (x.kind, y.kind) and not excluded(guard, copies, (pair[0], pair[1]), related[pair], x, y):
                    return True
    return False
