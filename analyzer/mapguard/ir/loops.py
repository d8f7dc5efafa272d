"""Loops to blocks: over conditions, rounds and functions."""

from abc import abstractmethod
from collections.abc import Sequence

from mapguard.facts.syntax import Assign, Branch, For, Labeled, Lit, Name, Range, Stmt, TChan, TFunc, TMap, TName, TPtr, TSlice, Type
from mapguard.facts.walk import nodes
from mapguard.ir.frame import BOOL, INT, Value
from mapguard.ir.jumps import Jumps, Loop, Target, result_name
from mapguard.ir.model import ELEM, NONE, Dynamic, MapOp, Op, Recv, Reg
from mapguard.ir.model import Call as CallEvent
from mapguard.ir.variables import name_key
from mapguard.program.types import UNKNOWN, Types


class Loops(Jumps):
    @abstractmethod
    def statement(self, s: Stmt | None) -> None:
        """Lowers one statement."""

    @abstractmethod
    def block(self, statements: Sequence[Stmt]) -> None:
        """Lowers the statements of a block with a scope of its own."""

    @abstractmethod
    def closure(self, child: "Loops", type_: Type, at: int) -> Value:
        """A value of the function whose body ``child`` is."""

    @abstractmethod
    def child(self, what: str, loop: "Loop | None" = None) -> "Loops":
        """The frame of a body that is no literal of the text."""

    @abstractmethod
    def given(self, type_: Type, name: str) -> Value:
        """A new parameter of a body that is no literal."""

    def loop_on_condition(self, s: For, label: str) -> None:
        self.scopes.append({})
        self.statement(s.init)
        rounds = isinstance(s.init, Assign) and not self.func.scope.shared_loops
        if rounds:
            self.in_rounds(self.scopes[-1])
        head, body, post, after = (self.graph.block() for _ in range(4))
        self.graph.jump(head)
        self.graph.start(head)
        if s.cond is not None:
            self.condition(s.cond, body, after)
        else:
            self.graph.jump(body)
        self.graph.seal(body)
        self.graph.start(body)
        self._inside(label, after, post, s.body)
        self.graph.jump(post)
        self.graph.seal(post)
        self.graph.start(post)
        if rounds:
            self.each_round(self.scopes[-1], s.at)
        self.statement(s.post)
        self.graph.jump(head)
        self.graph.seal(head)
        self.graph.seal(after)
        self.graph.start(after)
        self.scopes.pop()

    def _inside(self, label: str, after: int, again: int, body: Sequence[Stmt]) -> None:
        self.targets.append(Target(label, after, again))
        self.block(body)
        self.targets.pop()

    def loop_on_range(self, s: Range, label: str) -> None:
        x = self.value(s.x, INT)
        under = self.types.underlying(self.types.deref(x.type))
        self.scopes.append({})
        yields = self.types.underlying(under.params[0]) if isinstance(under, TFunc) and under.params else UNKNOWN
        # how often and where a library's iterator calls the body is not known: it is taken to be here
        if isinstance(yields, TFunc) and not self.graph.from_library(x.reg):
            self._range_function(s, x, yields, label)
        else:
            self._range_rounds(s, x, under, label)
        self.scopes.pop()

    def _range_rounds(self, s: Range, x: Value, under: Type, label: str) -> None:
        wanted = s.value is not None and not (isinstance(s.value, Name) and s.value.name == "_")
        if isinstance(under, TMap):
            self.add(MapOp("range", x.reg, NONE, NONE, s.at, s.end))
        elif isinstance(under, TSlice) and under.array and wanted and not isinstance(x.type, TPtr):
            x = Value(self.own(x, s.at), x.type)  # it ranges over a copy
        head, body, after = (self.graph.block() for _ in range(3))
        rounds = NONE
        if not isinstance(under, TChan):
            rounds = self.new(UNKNOWN)
            self.add(Op(rounds, "range", (x.reg,)))
        shared = s.define and self.func.scope.shared_loops
        if shared:  # one variable for all rounds
            for target, type_ in zip((s.key, s.value), _round_types(under, self.types), strict=True):
                if isinstance(target, Name):
                    self.declare(target.name, type_, name_key(target), None, target.at)
        self.graph.jump(head)
        self.graph.start(head)
        key, value = Value(NONE, UNKNOWN), None
        if isinstance(under, TChan):
            rounds = self.new(under.elem)
            self.add(Recv(rounds, x.reg, s.at))
            key = Value(rounds, under.elem, True)
        once = isinstance(s.x, Lit) and s.x.kind == "int" and s.x.text == "1"  # there is one round, and none follows it
        if once:
            self.graph.jump(body)
        else:
            self.graph.end("range", (body, after), rounds)
        self.graph.seal(body)
        self.graph.start(body)
        self.scopes.append({})
        if not isinstance(under, TChan):
            key, value = self._round(s, x, under, rounds, wanted)
        for target, found in ((s.key, key), (s.value, value)):
            if target is None or found is None:
                continue
            if s.define and isinstance(target, Name) and not shared:
                self.declare(target.name, found.type, name_key(target), found, target.at)
            else:
                self.put(self.place(target), found)
        following = after if once else head
        self._inside(label, after, following, s.body)
        self.scopes.pop()
        self.graph.jump(following)
        self.graph.seal(head)
        self.graph.seal(after)
        self.graph.start(after)

    def _round(self, s: Range, x: Value, under: Type, rounds: Reg, wanted: bool) -> tuple[Value, Value | None]:
        """The key and the value of one round."""
        key_type, elem = _round_types(under, self.types)
        first = Value(self.new(key_type), key_type, True)
        self.add(Op(first.reg, "next", (rounds,)))
        if not wanted:
            return first, None
        if isinstance(under, TName) and under.name == "string" and under.pkg == "":
            second = Value(self.new(elem), elem, True)
            self.add(Op(second.reg, "rune", (x.reg, first.reg)))
            return first, second
        return first, self.member(x, ELEM, elem, s.at, s.end, first.reg)

    # ------------------------------------------------------------ loops over functions

    def _range_function(self, s: Range, x: Value, yields: TFunc, label: str) -> None:
        """The body is what the function calls for each round; what it leaves for is done after the call."""
        self.context.found.iterators.add(s.at)
        code = f" exit {s.at}"
        inside = frozenset(n.label for n in nodes(s.body) if isinstance(n, Labeled))
        cell = self.hidden_cell(code, INT, s.at)
        if self.loop is None and not self.results:
            for number, type_ in enumerate(self.func.results):
                self.hidden_cell(result_name(number), type_, s.at)
        child = self.child("for", Loop(label, code, inside))
        child.round(s, yields)
        fn = self.closure(child, yields, s.at)
        self.add(CallEvent((), Dynamic(x.reg), (fn.reg,), "call", s.at, s.end))
        assert child.loop is not None
        for number, leaving in enumerate(child.loop.exits, 1):
            there, following = self.graph.block(), self.graph.block()
            same = self.new(BOOL)
            self.add(Op(same, "==", (self.read(cell).reg, self.const("int", INT, str(number)).reg)))
            self.graph.branch(same, there, following)
            self.graph.seal(there)
            self.graph.start(there)
            if isinstance(leaving, Branch):
                self.branch(leaving)
            elif self.loop is not None:
                self.exit(leaving)
            else:
                self.leave(tuple(self.own(self.read(v), leaving.at) for v in self.result_variables()), leaving.at)
            self.graph.seal(following)
            self.graph.start(following)

    def round(self, s: Range, yields: TFunc) -> None:
        """Lowers the body of a loop over a function."""
        found = [self.given(t, f" {number}") for number, t in enumerate(yields.params)]
        for target, value in zip((s.key, s.value), found, strict=False):
            if s.define and isinstance(target, Name):
                self.declare(target.name, value.type, name_key(target), value._replace(fresh=True), target.at)
            elif target is not None:
                self.put(self.place(target), value)
        self.block(s.body)
        self.yielded(True, s.end)
        self.finish()


def _round_types(under: Type, types: Types) -> tuple[Type, Type]:
    """The types of key and value when ranging over a value whose underlying type is ``under``."""
    match under:
        case TMap(key=key, elem=elem):
            return key, elem
        case TSlice(elem=elem):
            return INT, elem
        case TChan(elem=elem):
            return elem, UNKNOWN
        case TName(pkg="", name="string"):
            return INT, TName("", "rune")
        case TName(pkg=""):
            return under, UNKNOWN
    return UNKNOWN, UNKNOWN
