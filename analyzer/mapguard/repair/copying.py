"""A map that leaves its lock to a plan that copies it there: who reads it afterwards has a map of its own."""

from mapguard.fix.edit import Edit, EditError
from mapguard.fix.imports import name_for
from mapguard.fix.plan import Needed, Plan
from mapguard.fix.statements import wrap
from mapguard.ir.model import Load
from mapguard.order.after import Where
from mapguard.repair.subject import Subject


def copy_out(subject: Subject) -> Plan:
    """``maps.Clone`` around what is read under the lock, where nobody writes to the map through it afterwards."""
    x = subject.given.x
    origins: dict[Where, bool] = {}
    for use in subject.wanting.plain.uses:
        for c in use.contexts:
            origin = x.taken.origin(c) if not c.locks else None
            if origin is not None:
                origins[origin] = origins.get(origin, False) or use.access.writes
    if not origins:
        raise EditError("no place is known where the map leaves its lock")
    edits: list[Edit] = []
    imports: list[Needed] = []
    names = set()
    for where, written in sorted(origins.items()):
        func = x.functions.of(where[0])
        if written:
            raise EditError(f"what '{func.display}' gives out is written to: a copy would lose that")
        event = x.index.bodies[where[0]].blocks[where[1]].events[where[2]]
        file = subject.given.editable(func)
        if not isinstance(event, Load):
            raise EditError(
                f"a map inside the map leaves the lock in '{func.display}': its copy would have to be made in a statement of its own"
            )
        if func.scope.shared_loops:
            raise EditError("the map would have to be copied, and this Go has no maps.Clone")
        at, end = x.functions.at(where)
        name, lacking = name_for(file, "maps", set(func.scope.package.globals))
        edits += wrap(file, at, end, f"{name}.Clone(", ")")
        imports += [Needed(file.path, lacking)] if lacking is not None else []
        names.add(func.display)
    shown = subject.finding.guard
    lock = shown.lock if shown is not None else "the lock"
    listed = " and ".join(f"'{n}'" for n in sorted(names))
    reason = f"{listed} hands out a copy made under {lock}: what is only read afterwards needs no lock."
    return Plan("copy", reason, tuple(edits), tuple(imports), ("hold-lock",))
