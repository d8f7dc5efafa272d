"""A body as text that a person can check: one line an event."""

from collections.abc import Iterator

from mapguard.ir.model import (
    CELL,
    ELEM,
    NONE,
    Alloc,
    Block,
    Body,
    Bound,
    Call,
    Callee,
    Cast,
    Clone,
    Close,
    Closure,
    Const,
    Copy,
    CopyInto,
    Dynamic,
    Event,
    External,
    Field,
    Global,
    Invoke,
    Load,
    MapOp,
    Op,
    Panic,
    Phi,
    Recv,
    Reg,
    Return,
    RunDefers,
    Send,
    Static,
    Store,
)
from mapguard.program.names import show_type


def show(body: Body) -> Iterator[str]:
    """The lines of a body."""
    given = ", ".join(_typed(body, r) for r in range(body.params))
    kept = ", ".join(_typed(body, r) for r in range(body.params, body.params + body.captures))
    yield f"func {body.func}({given})" + (f" captures ({kept})" if kept else "")
    for number, block in enumerate(body.blocks):
        yield f"  b{number}:"
        for event in block.events:
            yield f"    {_event(body, event)}"
        if block.kind != "end":
            yield f"    {_control(body, block)}"


def _control(body: Body, block: Block) -> str:
    targets = [f"b{s}" for s in block.succs]
    if block.kind == "if":
        return f"if {_reg(body, block.cond)} then {targets[0]} else {targets[1]}"
    given = f" {_reg(body, block.cond)}" if block.cond != NONE else ""
    return f"{block.kind}{given} {' | '.join(targets)}"


def _reg(body: Body, r: Reg) -> str:
    if r == NONE:
        return "_"
    name = body.names[r]
    return f"{name}.{r}" if name else f"%{r}"


def _typed(body: Body, r: Reg) -> str:
    return f"{_reg(body, r)} {show_type(body.types[r])}"


def _regs(body: Body, regs: tuple[Reg, ...]) -> str:
    return ", ".join(_reg(body, r) for r in regs)


def _member(body: Body, base: Reg, field: str, index: Reg) -> str:
    name = _reg(body, base)
    if field == CELL:
        return f"*{name}"
    if field == ELEM:
        return f"{name}[{_reg(body, index) if index != NONE else ''}]"
    return f"{name}.{field.rpartition('.')[2]}"


def _callee(body: Body, callee: Callee) -> str:
    match callee:
        case Static(func=func):
            return func
        case Dynamic(reg=reg):
            return f"({_reg(body, reg)})"
        case Invoke(name=name, type=type_):
            return f"invoke {show_type(type_)}.{name}"
        case External(name=name):
            return f"external {name}"


def _event(body: Body, event: Event) -> str:
    def r(reg: Reg) -> str:
        return _reg(body, reg)

    match event:
        case Alloc(dst=dst, type=type_, how=how, size=size):
            return f"{r(dst)} = {how} {show_type(type_)}" + (f" size {r(size)}" if size != NONE else "")
        case Copy(dst=dst, src=src):
            return f"{r(dst)} = {r(src)}"
        case Cast(dst=dst, src=src, type=type_, asserted=asserted):
            return f"{r(dst)} = {r(src)}.({show_type(type_)})" if asserted else f"{r(dst)} = {show_type(type_)}({r(src)})"
        case Phi(dst=dst, args=args):
            return f"{r(dst)} = phi {_regs(body, args)}"
        case Const(dst=dst, kind=kind, text=text):
            return f"{r(dst)} = {kind}" + (f" {text}" if text else "")
        case Global(dst=dst, name=name):
            return f"{r(dst)} = &{name}"
        case Closure(dst=dst, func=func, captures=captures):
            return f"{r(dst)} = func {func}" + (f" with {_regs(body, captures)}" if captures else "")
        case Bound(dst=dst, target=target, recv=recv):
            return f"{r(dst)} = bound {_callee(body, target)} to {r(recv)}"
        case Op(dst=dst, op=op, args=args, type=type_):
            return f"{r(dst)} = {op} {_regs(body, args)}" + (f" {show_type(type_)}" if type_ is not None else "")
        case Field(dst=dst, base=base, field=field, index=index):
            return f"{r(dst)} = &{_member(body, base, field, index)}"
        case Load(dst=dst, base=base, field=field, index=index):
            return f"{r(dst)} = {_member(body, base, field, index)}"
        case Store(base=base, field=field, src=src, index=index):
            return f"{_member(body, base, field, index)} = {r(src)}"
        case Clone(dst=dst, src=src):
            return f"{r(dst)} = clone {r(src)}"
        case CopyInto(base=base, src=src):
            return f"copy {r(src)} into {r(base)}"
        case MapOp(op="read", map=map_, key=key, value=value):
            return f"{r(value)} = read {r(map_)}[{r(key)}]"
        case MapOp(op="write", map=map_, key=key, value=value):
            return f"write {r(map_)}[{r(key)}] = {r(value)}"
        case MapOp(op="len", map=map_, value=value):
            return f"{r(value)} = len {r(map_)}"
        case MapOp(op=op, map=map_, key=key):
            return f"{op} {r(map_)}" + (f"[{r(key)}]" if key != NONE else "")
        case Call(dsts=dsts, callee=callee, args=args, how=how):
            start = f"{_regs(body, dsts)} = " if dsts else ""
            return f"{start}{'' if how == 'call' else how + ' '}{_callee(body, callee)}({_regs(body, args)})"
        case Send(channel=channel, value=value):
            return f"{r(channel)} <- {r(value)}"
        case Recv(dst=dst, channel=channel):
            return f"{r(dst)} = <-{r(channel)}"
        case Close(channel=channel):
            return f"close {r(channel)}"
        case RunDefers():
            return "run defers"
        case Return(values=values):
            return f"return {_regs(body, values)}".rstrip()
        case Panic():
            return "panic"
