"""A race to the message of its finding: what happens to which map, where, without which lock, and the consequence."""

from typing import NamedTuple

from mapguard.checks.wording import NOUN, PASSIVE, consequence
from mapguard.findings.model import Guard, HeldLock


class Side(NamedTuple):
    """One of the two accesses that race: ``text`` is its source, ``locks`` those that can guard the map, ``caller`` the function that
    should have taken the lock before it called the one with the access, "" where that is the one itself."""

    op: str
    func: str  # the id of the function
    function: str
    text: str
    locks: tuple[HeldLock, ...]
    caller: str


def message(
    rule: str, name: str, a: Side, b: Side, guard: Guard | None, writes: frozenset[str], declared: bool = False, passed_on: bool = False
) -> str:
    """``name`` is the map's; ``a`` is the side to mend; ``writes`` are the operations that change the map anywhere. ``declared``: the map's
    declaration names the guard; ``passed_on``: new objects get the map of others."""
    both, meets = _both(a, b), _meets(b)
    match rule:
        case "sync-map-check-then-act":
            return (
                f"'{name}' is a concurrent map, but '{a.function}' looks a key up and stores it in two steps; "
                "two callers can interleave and one update is lost."
            )
        case "map-guard-missed" if guard is not None:
            why = "which its declaration names as its guard" if declared else f"which {_share(guard)}"
            way = f" when called from '{a.caller}'" if a.caller else ""
            return f"'{name}' is {PASSIVE[a.op]} in '{a.function}'{way} without '{guard.lock}', {why}; {meets}."
        case "map-escapes-guard" if guard is not None:
            return f"'{name}' leaves the protection of '{guard.lock}': '{a.function}' uses it as '{a.text}' without the lock; {meets}."
        case "map-write-under-rlock":
            lock = next((h.lock for h in a.locks if h.mode == "read"), "")
            held = f"only the read lock of '{lock}'" if lock else "only a read lock"
            return f"'{name}' is {PASSIVE[a.op]} in '{a.function}' under {held}, which any number of readers can hold at the same time."
        case "map-guard-mismatch":
            mine, theirs = _names(a), _names(b)
            if mine == theirs:
                return f"'{name}' {both}, each under {mine} of its own object, which does not keep the other out."
            first = f"'{name}' is {PASSIVE[a.op]} in '{a.function}' under {mine} and {PASSIVE[b.op]} in '{b.function}' under {theirs}"
            return f"{first}: no lock is held on both sides."
        case "map-guard-copied" if passed_on:
            return f"'{name}' {both}, each under the lock of its own object; but new objects get the map of another one."
        case "map-guard-copied":
            where = f"'{name}' is {PASSIVE[a.op]} in '{a.function}' under the lock of a copied struct"
            return f"{where}; {meets}, which that lock does not keep out."
    cloned = any(s.op == "range" and s.text.startswith("maps.Clone(") for s in (a, b))
    return f"'{name}' {both} with no common lock: {consequence(a.op, b.op, cloned, writes)}."


def _both(a: Side, b: Side) -> str:
    """``is written in 'F' and read in 'G'``."""
    mine, theirs = PASSIVE[a.op], PASSIVE[b.op]
    if a.func == b.func:
        what = mine if mine == theirs else f"{mine} and {theirs}"
        return f"is {what} in '{a.function}' by several goroutines at a time"
    again = "" if mine == theirs else f"{theirs} "
    return f"is {mine} in '{a.function}' and {again}in '{b.function}'"


def _meets(b: Side) -> str:
    return f"it can meet the {NOUN[b.op]} in '{b.function}'"


def _share(guard: Guard) -> str:
    return f"{guard.held} of {guard.held + guard.missed} accesses {'holds' if guard.held == 1 else 'hold'}"


def _names(side: Side) -> str:
    return " and ".join(f"'{h.lock}'" for h in side.locks) or "a lock"
