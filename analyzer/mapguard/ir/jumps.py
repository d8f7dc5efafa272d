"""Branches and returns to the blocks that they lead to, out of the bodies of loops over functions too."""

from mapguard.facts.syntax import Branch, Return
from mapguard.ir.assign import Assignments
from mapguard.ir.frame import BOOL, INT, Context, Frame, Local, Value
from mapguard.ir.model import Panic, Reg, RunDefers
from mapguard.ir.model import Return as ReturnEvent
from mapguard.program.model import Func


class Loop:
    """A loop over a function while its body is lowered. ``exits``: where control goes when the body left it by another way than its end,
    break and continue, numbered from 1; ``code`` is the variable that tells which."""

    def __init__(self, label: str, code: str, labels: frozenset[str]) -> None:
        self.label = label
        self.code = code
        self.labels = labels  # in the body
        self.exits: list[Branch | Return] = []


def result_name(number: int) -> str:
    """The name of a result variable where the text gives it none, or may have another variable of that name."""
    return f" result {number}"


class Target:
    """Where break and continue go."""

    __slots__ = ("after", "again", "label")

    def __init__(self, label: str, after: int, again: int | None) -> None:
        self.label = label
        self.after = after
        self.again = again


class Jumps(Assignments):
    """What a body remembers about where control goes. ``loop``: of the body of a loop over a function."""

    def __init__(self, context: Context, func: Func, outer: "Frame | None", ident: str = "", loop: "Loop | None" = None) -> None:
        super().__init__(context, func, outer, ident)
        self.loop = loop
        self.targets: list[Target] = []
        self.labels: dict[str, int] = {}
        self.visible: list[frozenset[str]] = []  # the labels in the blocks around
        self.next_case: int | None = None  # where fallthrough goes
        self.results: list[Local] = []
        self.defers = False

    def branch(self, s: Branch) -> None:
        target: int | None = None
        if s.kind == "goto":
            if self.loop is not None and s.label not in self.loop.labels:
                self.exit(s)
                return
            if any(s.label in labels for labels in self.visible):  # Go has no way into a block
                target = self.label(s.label)
        elif s.kind == "fallthrough":
            target = self.next_case
        else:
            for known in reversed(self.targets):
                if (not s.label or known.label == s.label) and (s.kind == "break" or known.again is not None):
                    target = known.after if s.kind == "break" else known.again
                    break
            if target is None and self.loop is not None:
                if not s.label or s.label == self.loop.label:
                    self.yielded(s.kind == "continue", 0)
                else:
                    self.exit(s)
                return
        if target is not None:
            self.graph.jump(target)
        self.graph.leave()

    def label(self, label: str) -> int:
        if label not in self.labels:
            self.labels[label] = self.graph.block()
        return self.labels[label]

    def returned(self, s: Return) -> None:
        wanted = self.func.results
        found: list[Value] = []
        if len(s.values) == len(wanted):
            found = [self.value(x, t) for x, t in zip(s.values, wanted, strict=True)]
        elif s.values:
            found = self.several(s.values[0], len(wanted))
        owned = [Value(self.own(self.fit(v, t), s.at), t, True) for v, t in zip(found, wanted, strict=False)]
        if self.loop is not None:
            for local, value in zip(self.result_variables(), owned, strict=False):
                self.assign(local, value, s.at)
            self.exit(s)
            return
        if self.results and owned:
            for local, value in zip(self.results, owned, strict=False):
                self.assign(local, value, s.at)
        elif self.results:
            owned = [Value(self.own(self.read(local), s.at), local.type, True) for local in self.results]
        self.leave(tuple(v.reg for v in owned), s.at)

    def leave(self, values: tuple[Reg, ...], at: int) -> None:
        """Deferred calls run, then the function returns; they may have changed what a named result holds."""
        if self.defers:
            self.add(RunDefers())
            if self.results:
                values = tuple(self.own(self.read(local), at) for local in self.results)
        self.add(ReturnEvent(values, at))
        self.graph.leave()

    def panic(self, at: int) -> None:
        if self.defers:
            self.add(RunDefers())
        self.add(Panic(at))
        self.graph.leave()

    def finish(self) -> None:
        self.bodies.append(self.graph.body(self.ident, self.params, self.captures, self.loop is not None))

    # ------------------------------------------------------------ out of the body of a loop over a function

    def yielded(self, more: bool, at: int) -> None:
        self.add(ReturnEvent((self.const("bool", BOOL, "true" if more else "false").reg,), at))
        self.graph.leave()

    def exit(self, leaving: "Branch | Return") -> None:
        """Leaves the loop over a function, for another reason than its own break."""
        assert self.loop is not None
        if leaving not in self.loop.exits:
            self.loop.exits.append(leaving)
        code = self.lookup(self.loop.code)
        assert code is not None
        number = self.const("int", INT, str(self.loop.exits.index(leaving) + 1))
        self.assign(code, number, 0)
        self.yielded(False, getattr(leaving, "at", 0))

    def result_variables(self) -> list[Local]:
        found = (self.lookup(result_name(number)) for number in range(len(self.func.results)))
        return [local for local in found if local is not None]
