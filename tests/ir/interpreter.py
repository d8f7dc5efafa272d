"""A program of bodies to what it prints: runs ``main`` event by event, one goroutine after the other.

It knows nothing of the text. Only what the model says of events is relied on.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ir.values import NIL, Cell, Chan, Every, Fn, GoPanicError, Map, Obj, Ref, Slice, V, Values
from mapguard.facts.syntax import TInterface, TMap, TName, TPtr, TSlice, Type
from mapguard.ir import model as m
from mapguard.ir.model import CELL, ELEM, NONE, Body
from mapguard.program.model import Program
from mapguard.program.types import Types

_STEPS = 2_000_000


class Rounds:
    """A range statement on its way through a value."""

    def __init__(self, keys: list[V], alive: Callable[[V], bool]) -> None:
        self.keys = keys
        self.alive = alive
        self.place = -1

    def more(self) -> bool:
        self.place += 1
        while self.place < len(self.keys) and not self.alive(self.keys[self.place]):
            self.place += 1
        return self.place < len(self.keys)


class Frame:
    def __init__(self, body: Body, defers: list[Callable[[], object]]) -> None:
        self.body = body
        self.regs: dict[int, V] = {}
        self.ok: dict[int, bool] = {}
        self.defers = defers
        self.panicking = False


class Interpreter:
    def __init__(self, program: Program, bodies: Sequence[Body]) -> None:
        self.program = program
        self.types = Types(program)
        self.values = Values(self.types)
        self.bodies = {b.func: b for b in bodies}
        self.globals: dict[str, Any] = {}
        self.out: list[str] = []
        self.frames: list[Frame] = []
        self.steps = 0

    def main(self) -> str:
        for body in self.bodies.values():
            if ".init$" in body.func and body.params == body.captures == 0 and body.func.count("$") == 1:
                self.run(body, [])
        for func in self.program.inits:
            self.run(self.bodies[func.id], [])
        self.run(self.bodies["example.com/main.main"], [])
        return "".join(self.out)

    # ------------------------------------------------------------ control

    def run(self, body: Body, args: Sequence[V], defers: list[Callable[[], object]] | None = None) -> list[V]:
        frame = Frame(body, defers if defers is not None else [])
        assert len(args) == body.params + body.captures, (body.func, len(args), body.params, body.captures)
        for number, arg in enumerate(args):
            self.put(frame, number, arg)
        self.frames.append(frame)
        try:
            return self.blocks(frame)
        except GoPanicError:
            if body.loop:
                raise
            frame.panicking = True
            self.deferred(frame)
            if frame.panicking:
                raise
            return []
        finally:
            self.frames.pop()

    def deferred(self, frame: Frame) -> None:
        while frame.defers:
            frame.defers.pop()()

    def blocks(self, frame: Frame) -> list[V]:
        before, now = -1, 0
        while True:
            block = frame.body.blocks[now]
            done = self.events(frame, block, before, now)
            if done is not None:
                return done
            if block.kind == "jump":
                following = block.succs[0]
            elif block.kind == "if":
                following = block.succs[0 if frame.regs[block.cond].data else 1]
            elif block.kind == "range":
                rounds = frame.regs[block.cond].data
                more = rounds.more() if isinstance(rounds, Rounds) else frame.ok[block.cond]
                following = block.succs[0 if more else 1]
            elif block.kind == "select":
                following = self.chosen(frame, block)
            else:
                raise AssertionError(f"{frame.body.func} ends without a return in block {now}")
            before, now = now, following

    def chosen(self, frame: Frame, block: m.Block) -> int:
        default: int | None = None
        for succ in block.succs:
            event = next((e for e in frame.body.blocks[succ].events if not isinstance(e, m.Phi)), None)
            channel = frame.regs.get(event.channel, NIL).data if isinstance(event, m.Recv | m.Send) else None
            if not isinstance(event, m.Recv | m.Send):
                default = succ
            elif (isinstance(event, m.Send) and channel is not None) or (channel is not None and (channel.queue or channel.closed)):
                return succ
        assert default is not None, "a select that blocks"
        return default

    def events(self, frame: Frame, block: m.Block, before: int, now: int) -> list[V] | None:
        phis = [e for e in block.events if isinstance(e, m.Phi)]
        if phis:
            preds = [n for n, b in enumerate(frame.body.blocks) for s in b.succs if s == now]
            place = preds.index(before)
            for phi, value in [(p, frame.regs[p.args[place]]) for p in phis]:  # all at once
                self.put(frame, phi.dst, value)
        for number, event in enumerate(block.events):
            self.steps += 1
            assert self.steps < _STEPS, "it does not end"
            if isinstance(event, m.Phi):
                continue
            if isinstance(event, m.Return):
                return [frame.regs[r] for r in event.values]
            if isinstance(event, m.Panic):
                if frame.panicking or not block.events[number - 1 : number] or not isinstance(block.events[number - 1], m.RunDefers):
                    raise GoPanicError
                return []
            if isinstance(event, m.RunDefers):
                frame.panicking = isinstance(block.events[number + 1], m.Panic)
                self.deferred(frame)
                continue
            asked = block.events[number + 1] if number + 1 < len(block.events) else None
            self.event(frame, event, isinstance(asked, m.Op) and asked.op == "ok")
        return None

    # ------------------------------------------------------------ events

    def put(self, frame: Frame, r: int, value: V) -> None:
        """A register of a type that is no interface gives its values that type."""
        t = frame.body.types[r]
        if self.values.interface(t):
            frame.regs[r] = value
        else:  # the zero value of a type parameter is known here
            frame.regs[r] = V(t, value.data) if value.data is not None else self.values.zero(t)

    def event(self, frame: Frame, event: m.Event, checked: bool) -> None:
        regs = frame.regs

        def index(r: int) -> object:
            return regs[r].data if r != NONE else None

        match event:
            case m.Alloc(dst=dst):
                self.put(frame, dst, V(frame.body.types[dst], self.made(event, index(event.size))))
            case m.Copy(dst=dst, src=src):
                self.put(frame, dst, regs[src])
            case m.Cast(dst=dst, src=src, type=t, asserted=True):
                frame.ok[dst] = self.holds(regs[src], t)
                if not frame.ok[dst] and not checked:
                    raise GoPanicError("interface conversion")
                self.put(frame, dst, regs[src] if frame.ok[dst] else self.values.zero(t))
            case m.Cast(dst=dst, src=src, type=t):
                self.put(frame, dst, self.converted(regs[src], t))
            case m.Const(dst=dst, kind=kind, text=text):
                self.put(frame, dst, self.values.constant(kind, text, frame.body.types[dst]))
            case m.Global(dst=dst, name=name):
                self.put(frame, dst, V(None, self.global_storage(name)))
            case m.Closure(dst=dst, func=func, captures=captures):
                self.put(frame, dst, V(None, self.closure(frame, func, [regs[r] for r in captures])))
            case m.Bound(dst=dst, target=target, recv=recv):
                self.put(frame, dst, V(None, self.bound(target, regs[recv])))
            case m.Op(dst=dst):
                self.op(frame, event)
            case m.Field(dst=dst, base=base, field=field):
                self.put(frame, dst, V(None, self.address(regs[base], field, index(event.index), frame.body.types[dst])))
            case m.Load(dst=dst, base=base, field=field):
                self.put(frame, dst, self.loaded(regs[base], field, event.index == NONE, regs.get(event.index, NIL), frame.body.types[dst]))
            case m.Store(base=base, field=field, src=src):
                self.store(regs[base], field, event.index == NONE, regs.get(event.index, NIL), regs[src])
            case m.Clone(dst=dst, src=src):
                self.put(frame, dst, self.values.copied(V(frame.body.types[dst], regs[src].data)))
            case m.CopyInto(base=base, src=src):
                regs[base].data.at = self.values.copied(V(self.of(frame, src), regs[src].data)).data.at
            case m.MapOp():
                self.map_op(frame, event)
            case m.Call(dsts=dsts, callee=callee, args=args, how=how):
                self.call_event(frame, dsts, callee, [regs[r] for r in args], how)
            case m.Send(channel=channel, value=value):
                if regs[channel].data.closed:
                    raise GoPanicError("send on closed channel")
                regs[channel].data.queue.append(regs[value])
            case m.Recv(dst=dst, channel=channel):
                queue = regs[channel].data.queue
                assert queue or regs[channel].data.closed, "a receive that blocks"
                frame.ok[dst] = bool(queue)
                self.put(frame, dst, queue.popleft() if queue else self.values.zero(frame.body.types[dst]))
            case m.Close(channel=channel):
                regs[channel].data.closed = True
            case _:
                raise AssertionError(event)

    def of(self, frame: Frame, r: int) -> Type | None:
        """The type of the storage that a register refers to."""
        t = frame.regs[r].type
        return t.elem if isinstance(t, TPtr) else t

    def made(self, event: m.Alloc, size: object) -> Any:
        under = self.types.underlying(event.type)
        if event.how == "cell":
            return Cell(self.values.zero(event.type))
        if self.values.storage(event.type):
            return Obj()
        if isinstance(under, TSlice):
            return Slice([self.values.zero(under.elem) for _ in range(size if isinstance(size, int) else 0)])
        return Map() if isinstance(under, TMap) else Chan()

    def holds(self, value: V, asked: Type) -> bool:
        if value.type is None:
            return False
        under = self.types.underlying(asked)
        if isinstance(under, TInterface):
            return all(self.has(value.type, name) for name, _ in self.types.interface_methods(under))
        if asked == TName("", "error"):
            return self.has(value.type, "Error")
        return asked == TName("", "any") or self.values.same_type(self.types.alias(value.type), self.types.alias(asked))

    def has(self, t: Type, name: str) -> bool:
        """Whether the method set of ``t`` has the method: one that takes a pointer is not in that of a value."""
        selected = self.types.select(t, name)
        if selected is None:
            return False
        pointer = selected.method is not None and selected.method.pointer
        return not pointer or isinstance(t, TPtr) or any(isinstance(step.type, TPtr) for step in selected.steps)

    def converted(self, value: V, t: Type) -> V:
        if self.values.interface(t):
            return value
        under, data = self.types.underlying(t), value.data
        if isinstance(data, Obj) and self.values.storage(t):
            mine = dict(zip((f for f, _ in self.values.fields(t)), (f for f, _ in self.values.fields(value.type or t)), strict=False))
            if any(a != b for a, b in mine.items()):
                raise AssertionError("a conversion of structs that changes the fields' names")
        if isinstance(under, TName) and under.name == "string":
            if isinstance(data, int):
                return V(t, chr(data))
            if isinstance(data, Slice):
                parts = [x.data for x in data.at]
                elem = self.types.element(value.type) if value.type is not None else None
                return V(t, "".join(map(chr, parts)) if elem == TName("", "rune") else bytes(parts).decode())
        if isinstance(under, TName) and isinstance(data, int | float) and not isinstance(data, bool):
            return V(t, float(data)) if under.name.startswith("float") else self.values.wrapped(t, int(data))
        if isinstance(under, TSlice) and isinstance(data, str):
            parts = [ord(c) for c in data] if under.elem == TName("", "rune") else list(data.encode())
            return V(t, Slice([V(under.elem, p) for p in parts]))
        if isinstance(under, TSlice) and not under.array and isinstance(data, Obj):
            return V(t, data)  # a slice of an array: the same elements
        return V(t, data)

    def global_storage(self, name: str) -> Any:
        if name not in self.globals:
            variable = self.program.variable(name)
            assert variable is not None
            kind = self.kinds(name)
            self.globals[name] = Obj() if self.values.storage(kind) else Cell(self.values.zero(kind))
        return self.globals[name]

    def kinds(self, name: str) -> Type:
        for body in self.bodies.values():
            for block in body.blocks:
                for event in block.events:
                    if isinstance(event, m.Global) and event.name == name:
                        t = body.types[event.dst]
                        assert isinstance(t, TPtr)
                        return t.elem
        raise AssertionError(name)

    # ------------------------------------------------------------ memory

    def address(self, base: V, field: str, index: object, t: Type) -> Any:
        if field == ELEM and index is None:
            return Every(base.data)
        if base.data is None:
            raise GoPanicError("nil dereference")
        key = index if field == ELEM else field
        target = t.elem if isinstance(t, TPtr) and not self.values.storage(t) else t
        if isinstance(base.data, Every) or not self.values.storage(target):
            return Ref(base.data, key)
        return self.value_at(base.data, key, target).data

    def value_at(self, container: Any, key: Any, t: Type) -> V:
        if isinstance(container, Slice):
            if not 0 <= key < len(container.at):
                raise GoPanicError("index out of range")
            element: V = container.at[key]
            return element
        if isinstance(container, str):
            return V(t, container.encode()[key])
        if key not in container.at:
            container.at[key] = self.values.zero(t)
        found: V = container.at[key]
        return found

    def loaded(self, base: V, field: str, every: bool, key: V, t: Type) -> V:
        data = base.data
        if field == ELEM and every:
            return V(None, Every(data))
        if data is None:
            raise GoPanicError("nil dereference")
        if field == CELL:
            if isinstance(data, Cell):
                return data.value
            assert isinstance(data, Ref), data
            return self.value_at(data.base, data.key, t)
        if isinstance(data, Map):  # of a round
            entry: tuple[V, V] = data.entries[self.values.map_key(key, self.key_type(base))]
            return entry[1]
        return self.value_at(data, key.data if field == ELEM else field, t)

    def store(self, base: V, field: str, every: bool, key: V, value: V) -> None:
        data, index = base.data, key.data
        if data is None:
            if every and field == ELEM:
                return  # appended to nil
            raise GoPanicError("nil dereference")
        if field == CELL and isinstance(data, Cell):
            data.value = value
        elif field == CELL:
            data.base.at[data.key] = value
        elif field != ELEM:
            data.at[field] = value
        elif every:
            if isinstance(data, Slice):
                data.at.append(value)
            else:
                data.at[len(data.at)] = value
        elif isinstance(data, Map):  # a literal
            data.entries[self.values.map_key(key, self.key_type(base))] = (key, value)
        elif isinstance(data, Slice):
            assert isinstance(index, int)
            elem = self.types.element(base.type) if base.type is not None else TName("", "int")
            while len(data.at) <= index:  # a literal that says numbers
                data.at.append(self.values.zero(elem))
            data.at[index] = value
        else:
            data.at[index] = value

    def key_type(self, of: V) -> Type:
        found = self.types.map_of(of.type) if of.type is not None else None
        assert found is not None
        return found.key

    def map_op(self, frame: Frame, e: m.MapOp) -> None:
        regs = frame.regs
        given = regs[e.map]
        entries = given.data.entries if given.data is not None else {}
        key = self.values.map_key(regs[e.key], self.key_type(given)) if e.key != NONE else None
        match e.op:
            case "read":
                frame.ok[e.value] = key in entries
                self.put(frame, e.value, entries[key][1] if key in entries else self.values.zero(frame.body.types[e.value]))
            case "write":
                if given.data is None:
                    raise GoPanicError("assignment to entry in nil map")
                entries[key] = (regs[e.key], regs[e.value])
            case "delete":
                entries.pop(key, None)
            case "clear":
                entries.clear()
            case "len":
                self.put(frame, e.value, V(None, len(entries)))

    # ------------------------------------------------------------ operators

    def op(self, frame: Frame, e: m.Op) -> None:
        regs = frame.regs
        args = [regs[r] for r in e.args]
        t = frame.body.types[e.dst]
        match e.op:
            case "ok":
                found = V(t, frame.ok[e.args[0]])
            case "is":
                assert e.type is not None
                found = V(t, args[0].type is None if e.type == TName("", "nil") else self.holds(args[0], e.type))
            case "range":
                found = V(None, self.rounds(args[0]))
            case "next":
                found = args[0].data.keys[args[0].data.place]
            case "rune":
                found = V(t, ord(args[0].data.encode()[args[1].data :].decode()[0]))
            case "append":
                found = V(t, self.appended(args[0], args[1]))
            case "len" | "cap":
                found = V(t, self.length(args[0].data))
            case "copy":
                if args[0].data is not None:  # every element of the source, which was put in
                    args[0].data.at.pop() if isinstance(args[0].data, Slice) else args[0].data.at.popitem()
                count = min(self.length(args[0].data), self.length(args[1].data))
                source = [self.value_at(args[1].data, n, TName("", "byte")) for n in range(count)]
                for n, item in enumerate(source):
                    args[0].data.at[n] = self.values.copied(item)
                found = V(t, count)
            case "clear":
                for n in range(len(args[0].data.at)):
                    assert args[0].type is not None
                    args[0].data.at[n] = self.values.zero(self.types.element(args[0].type))
                return
            case "min" | "max":
                found = V(t, (min if e.op == "min" else max)(a.data for a in args))
            case "recover":
                panicking = next((f for f in reversed(self.frames[:-1]) if f.panicking), None)
                found = NIL
                if panicking is not None:
                    panicking.panicking = False
                    found = V(TName("", "string"), "panic")
            case "print" | "println":
                found = NIL
            case _ if len(args) == 1:
                found = self.values.unary(e.op, args[0], t)
            case _:
                interfaces = any(self.values.interface(frame.body.types[r]) for r in e.args)
                found = self.values.binary(e.op, args[0], args[1], t, interfaces)
        self.put(frame, e.dst, found)

    def length(self, data: Any) -> int:
        if data is None:
            return 0
        if isinstance(data, str):
            return len(data.encode())
        return len(data.queue) if isinstance(data, Chan) else len(data.at)

    def rounds(self, x: V) -> Rounds:
        def always(_: V) -> bool:
            return True

        data = x.data
        if isinstance(data, Map):
            entries = data.entries
            kind = self.key_type(x)
            return Rounds([k for k, _ in entries.values()], lambda k: self.values.map_key(k, kind) in entries)
        number = x.type if isinstance(data, int) else TName("", "int")
        if isinstance(data, str):
            places = [len(data[:n].encode()) for n in range(len(data))]
            return Rounds([V(number, n) for n in places], always)
        count = data if isinstance(data, int) else self.length(data)
        return Rounds([V(number, n) for n in range(count)], always)

    def appended(self, first: V, grown: V) -> Slice:
        """What was put in the slice that takes the place of ``first`` after what ``first`` held."""
        old = first.data.at if first.data is not None else []
        kept = grown.data.at[:-1]  # the last one is every element of first
        if first.data is not None:
            for _ in kept:
                first.data.at.pop()  # the same were put in it, for what may share it
        more: list[V] = []
        for value in kept:
            if not isinstance(value.data, Every):
                more.append(value)
            elif isinstance(value.data.of, str):
                more.extend(V(TName("", "byte"), b) for b in value.data.of.encode())
            else:
                more.extend(value.data.of.at if value.data.of is not None else [])
        return Slice([self.values.copied(v) for v in [*old, *more]])

    # ------------------------------------------------------------ calls

    def closure(self, frame: Frame, func: str, captures: list[V]) -> Fn:
        if func not in self.bodies:
            return Fn(lambda args: self.external(func, args))
        body = self.bodies[func]
        defers = frame.defers if body.loop else None
        return Fn(lambda args: self.run(body, [*args, *captures], defers))

    def bound(self, target: m.Callee, recv: V) -> Fn:
        return Fn(lambda args: self.call(target, [recv, *args]))

    def call_event(self, frame: Frame, dsts: Sequence[int], callee: m.Callee, args: list[V], how: str) -> None:
        if isinstance(callee, m.Dynamic):
            fn = frame.regs[callee.reg].data
            if fn is None:
                raise GoPanicError("nil function")
            run: Callable[[], list[V]] = lambda: fn.call(args)  # noqa: E731
        else:
            run = lambda: self.call(callee, args)  # noqa: E731
        if how == "defer":
            frame.defers.append(run)
            return
        results = run()
        for number, dst in enumerate(dsts):
            # a panic that was recovered leaves no results
            self.put(frame, dst, results[number] if number < len(results) else self.values.zero(frame.body.types[dst]))

    def call(self, callee: m.Callee, args: list[V]) -> list[V]:
        match callee:
            case m.Static(func=func):
                return self.run(self.bodies[func], args)
            case m.External(name=name):
                return self.external(name, args)
            case m.Invoke(name=name):
                return self.invoke(name, args)
        raise AssertionError(callee)

    def invoke(self, name: str, args: list[V]) -> list[V]:
        recv = args[0]
        if recv.type is None:
            raise GoPanicError("method of nil")
        selected = self.types.select(recv.type, name)
        assert selected is not None, (recv.type, name)
        for step in selected.steps:
            recv = self.value_at(recv.data, step.field, step.type)
        if selected.method is None:
            return self.invoke(name, [recv, *args[1:]])
        if not selected.method.pointer:
            if isinstance(recv.data, Cell | Ref):
                recv = self.loaded(recv, CELL, False, NIL, self.types.deref(recv.type or TName("", "any")))
            recv = self.values.copied(V(selected.method.recv_type, recv.data))
        return self.run(self.bodies[selected.method.id], [recv, *args[1:]])

    def external(self, name: str, args: list[V]) -> list[V]:
        if len(args) == 1 and isinstance(args[0].data, Slice) and args[0].type == TSlice(TName("", "any")):
            args = list(args[0].data.at)
        if name == "close":
            args[0].data.closed = True
            return []
        if name == "fmt.Println":
            self.out.append(" ".join(self.text(a) for a in args) + "\n")
            return []
        if name == "fmt.Sprint":
            parts = [self.text(a) for a in args]
            for number in range(len(args) - 1):
                if not any(isinstance(a.data, str) for a in args[number : number + 2]):
                    parts[number] += " "
            return [V(TName("", "string"), "".join(parts))]
        raise AssertionError(f"library function {name}")

    def text(self, v: V) -> str:
        """As fmt prints it."""
        if v.type is not None:
            for method in ("Error", "String"):
                selected = self.types.select(v.type, method)
                if selected is not None and selected.method is not None and (isinstance(v.type, TPtr) or not selected.method.pointer):
                    return str(self.invoke(method, [v])[0].data)
        data = v.data
        if data is None:
            under = self.types.underlying(v.type) if v.type is not None else None
            return "[]" if isinstance(under, TSlice) else "map[]" if isinstance(under, TMap) else "<nil>"
        if isinstance(data, bool):
            return "true" if data else "false"
        if isinstance(data, Slice):
            return "[" + " ".join(self.text(x) for x in data.at) + "]"
        if isinstance(data, Map):
            items = sorted(data.entries.values(), key=lambda kv: kv[0].data)
            return "map[" + " ".join(f"{self.text(k)}:{self.text(x)}" for k, x in items) + "]"
        if isinstance(data, Obj):
            assert v.type is not None
            target = v.type.elem if isinstance(v.type, TPtr) else v.type
            sign = "&" if isinstance(v.type, TPtr) else ""
            if isinstance(self.types.underlying(target), TSlice):
                return "[" + " ".join(self.text(data.at[n]) for n in sorted(data.at)) + "]"  # type: ignore[type-var]
            inner = " ".join(self.text(self.value_at(data, f, t)) for f, t in self.values.fields(target))
            return f"{sign}{{{inner}}}"
        if isinstance(data, float):
            return f"{data:g}"
        return str(data)
