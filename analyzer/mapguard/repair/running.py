"""Bytes of a function to what they run on its own thread: whether that waits for somebody, or takes a lock."""

from collections.abc import Collection, Iterator

from mapguard.checks.functions import Functions
from mapguard.checks.held import STARTS
from mapguard.checks.region import blocks_others
from mapguard.facts.syntax import Call as CallExpr
from mapguard.facts.syntax import For, Name, Sel, Send, Switch, Unary
from mapguard.facts.walk import nodes
from mapguard.ir.model import Call, Dynamic, Invoke
from mapguard.order.edges import Edge
from mapguard.program.model import Func
from mapguard.races.judge import Judge

_WAITS = ("Wait", "Sleep")


class Running:
    """Answers for one program."""

    def __init__(self, judge: Judge, functions: Functions) -> None:
        self.judge = judge
        self.index = judge.index
        self.functions = functions
        self._numbers: dict[str, list[int]] = {}
        self._calls: dict[str, list[tuple[int, int, Edge]]] = {}
        self._waiting: dict[str, bool] = {}

    def numbers(self, func: Func) -> list[int]:
        """The bodies that are this function's text: also those of loops over functions in it."""
        if not self._numbers:
            for number in range(len(self.index.bodies)):
                self._numbers.setdefault(self.functions.of(number).id, []).append(number)
        return self._numbers.get(func.id, [])

    def calls(self, func: Func) -> list[tuple[int, int, Edge]]:
        """Everything that a function calls and starts, with the bytes of the call."""
        found = self._calls.get(func.id)
        if found is None:
            found = self._calls[func.id] = list(self._all_calls(func))
        return found

    def _all_calls(self, func: Func) -> Iterator[tuple[int, int, Edge]]:
        for number in self.numbers(func):
            for b, block in enumerate(self.index.bodies[number].blocks):
                for place, event in enumerate(block.events):
                    if isinstance(event, Call):
                        for edge in self.judge.edges.out(self.index.site_at[number, b, place]):
                            yield event.at, event.end, edge

    def called(self, func: Func, start: int, end: int) -> list[Func]:
        """What the bytes of a function call on its own thread."""
        return [self.functions.of(e.func) for at, _, e in self.calls(func) if start <= at < end and e.kind not in STARTS]

    def calls_anything(self, func: Func, start: int, end: int) -> bool:
        """Whether the bytes call a function value or a method of an interface: that may take long, and lock what it likes."""
        for number in self.numbers(func):
            for block in self.index.bodies[number].blocks:
                for event in block.events:
                    if isinstance(event, Call) and isinstance(event.callee, Dynamic | Invoke) and start <= event.at < end:
                        return True
        return False

    def waits(self, func: Func, start: int, end: int) -> bool:
        """Whether the bytes may wait for another goroutine, or never end: no lock should be held meanwhile."""
        if any(start <= at < end for at in _waits(func)):
            return True
        return any(self._may_wait(called) for called in self.called(func, start, end))

    def _may_wait(self, func: Func) -> bool:
        known = self._waiting.get(func.id)
        if known is None:
            known = self._waiting[func.id] = any(blocks_others(f.facts.body or ()) for f in self.reached(func))
        return known

    def reached(self, func: Func) -> list[Func]:
        """A function and all that it runs on its thread, directly or not."""
        found = {func.id: func}
        pending = [func]
        while pending:
            for _, _, edge in self.calls(pending.pop()):
                callee = self.functions.of(edge.func)
                if edge.kind not in STARTS and callee.id not in found:
                    found[callee.id] = callee
                    pending.append(callee)
        return list(found.values())

    def leading_to(self, functions: Collection[str]) -> set[str]:
        """The functions and all that call them on the same thread, directly or not."""
        found = set(functions)
        pending = sorted(found)
        while pending:
            func = self.index.types.program.by_id.get(pending.pop())
            for number in self.numbers(func) if func is not None else ():
                for edge in self.judge.edges.into(number):
                    caller = self.functions.of(self.index.sites[edge.site].func).id
                    if edge.kind not in STARTS and caller not in found:
                        found.add(caller)
                        pending.append(caller)
        return found


def _waits(func: Func) -> Iterator[int]:
    """The bytes at which a function's own text waits."""
    for node in nodes(func.facts.body or ()):
        match node:
            case Send(at=at) | Switch(kind="select", at=at) | For(cond=None, at=at) | Unary(op="<-", at=at):
                yield at
            case CallExpr(fn=Sel(name=name, x=Name() | Sel()), at=at) if name in _WAITS:
                yield at
