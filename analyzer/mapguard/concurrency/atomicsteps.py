"""Look-ups and stores of concurrent maps in one body: two steps, between which somebody else may come."""

from mapguard.concurrency.body import Body
from mapguard.concurrency.domain import ALLOC, Access, Value
from mapguard.facts.syntax import Call, Lit, Name, Sel, TPtr, TSlice


def check_then_act(b: Body, fn: Value, x: Call, args: list[Value]) -> None:
    """Remembers a look-up in a concurrent map, and a store of the same key after it without a lock.

    The access is ``weak`` where the value looks computed from the key alone: whoever comes second stores the same once more. So it is
    with an object that nobody changes, where the key was not found (``Analysis.act_values``).
    """
    b.asked = frozenset()
    target = fn.funcs[0] if fn.funcs else None
    if target is None or not isinstance(target.target, str) or target.recv is None or not x.args:
        return
    model = b.analysis.models.function(target.target)
    if model is None or not (model.checks or model.acts):
        return
    key = shape(x.args[0])
    for path in target.recv.paths:
        if model.checks:
            b.checked.append((path, key))
            b.asked |= {(path, key)}
        elif (path, key) in b.checked and not b.now.holds_lock and not b.owned(path):
            again = len(x.args) > 1 and isinstance(x.args[1], Name | Call) and not is_object(b, args[1])
            made = Access(b.func, "write", path, target.recv.type, x.at, x.end, (), False, b.now.live, again, False, False)
            b.acts.setdefault((path, x.at), made)
            if len(args) > 1 and isinstance(args[1].type, TPtr) and (path, key) in b.now.absent:  # a plain value may be a mark: seen
                b.analysis.act_values[b.func.id, x.at] = args[1].type
            else:
                b.analysis.act_values.pop((b.func.id, x.at), None)


def is_object(b: Body, value: Value) -> bool:
    """Whether it is a new object that is more than its contents: two of them are not the same."""
    return any(p.base[0] == ALLOC for p in value.paths) and not isinstance(b.types.underlying(value.type), TSlice)


def shape(x: object) -> object:
    """An expression without its positions, to tell equal ones; what it does not know is equal to nothing."""
    match x:
        case Name(name=name):
            return name
        case Sel(x=inner, name=name):
            return (shape(inner), name)
        case Call(fn=fn, args=args):
            return (shape(fn), tuple(shape(a) for a in args))
        case Lit(text=text) if text:
            return ("#", text)
    return object()
