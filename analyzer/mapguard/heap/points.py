"""Which objects a register may refer to: one case for each event that defines one."""

from mapguard.heap.fields import is_plain, of_type, one, parts, with_field
from mapguard.heap.index import Place
from mapguard.heap.objects import Obj
from mapguard.heap.passed import captured, parameter
from mapguard.heap.questions import Contents, Knowledge, Points
from mapguard.heap.results import here, result
from mapguard.heap.tabling import Bits, members
from mapguard.ir.model import ELEM, Alloc, Bound, Call, Cast, Clone, Closure, Copy, Field, Global, Load, MapOp, Op, Phi, Recv, Reg
from mapguard.program.types import UNKNOWN

_SAME = frozenset(["append", "result1", "min", "max"])


def points(k: Knowledge, q: Points) -> Bits:
    """The objects that a register may refer to."""
    body = k.index.bodies[q.func]
    if is_plain(k.index.types, body.types[q.reg]):
        return 0
    if q.reg < body.params:
        return parameter(k, q)
    if q.reg < body.params + body.captures:
        return captured(k, q)
    place = k.index.place(q.func, q.reg)
    return _event(k, q, place) if place is not None else 0


def _event(k: Knowledge, q: Points, place: Place) -> Bits:
    match place.event:
        case Alloc(type=t):
            return one(k, here("alloc", place, q, t))
        case Clone(dst=dst):
            return one(k, here("alloc", place, q, k.index.bodies[q.func].types[dst]))
        case Closure(dst=dst, func=func):
            if func not in k.index.number:
                return one(k, Obj("library", k.index.bodies[q.func].types[dst], name=func))
            return one(k, here("closure", place, q, UNKNOWN))
        case Bound():
            return one(k, here("bound", place, q, UNKNOWN))
        case Global(name=name):
            return one(k, Obj("global", k.index.global_type(name), name=name))
        case Copy(src=src):
            return k.ask(Points(q.func, src, q.context))
        case Cast(src=src, type=t, asserted=asserted):
            found = k.ask(Points(q.func, src, q.context))
            return of_type(k, found, t) if asserted else found
        case Phi(args=args):
            return _all(k, q, args)
        case Op(op=op, args=args):
            return _all(k, q, args) if op in _SAME else 0
        case Field(base=base, field=field, dst=dst):
            return parts(k, k.ask(Points(q.func, base, q.context)), field, k.index.bodies[q.func].types[dst])
        case Load(base=base, field=field):
            return _fitting(k, q, _loaded(k, q, base, field) | _before_renewed(k, q, place))
        case MapOp(map=map_):
            return _fitting(k, q, _loaded(k, q, map_, ELEM))
        case Recv(channel=channel):
            return _fitting(k, q, _loaded(k, q, channel, ELEM))
        case Call():
            return _fitting(k, q, result(k, q, place, place.event))
    return 0


def _fitting(k: Knowledge, q: Points, found: Bits) -> Bits:
    """What comes out of a function or container can be of other types where that is generic: not in a variable of one type."""
    return k.kinds.in_variable(found, k.index.bodies[q.func].types[q.reg])


def _all(k: Knowledge, q: Points, regs: tuple[Reg, ...]) -> Bits:
    found = 0
    for reg in regs:
        found |= k.ask(Points(q.func, reg, q.context))
    return found


def _loaded(k: Knowledge, q: Points, base: Reg, field: str) -> Bits:
    key = k.index.key(field, k.index.bodies[q.func].types[base])
    found = 0
    for obj in members(with_field(k, k.ask(Points(q.func, base, q.context)), field)):
        found |= k.ask(Contents(obj, key))
    return found


def _before_renewed(k: Knowledge, q: Points, place: Place) -> Bits:
    """What a field of a copy has from the original, where it is read before it is set anew."""
    old = k.overwritten.old(*place[:3])
    return _loaded(k, q, old.src, old.field) if old is not None else 0
