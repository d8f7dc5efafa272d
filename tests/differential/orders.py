"""What comes before what: in which order main starts and waits, and what the threads of one side signal to those of the other."""

from collections.abc import Callable
from typing import NamedTuple

from differential.sketch import Sketch
from differential.starts import Thread, waitable

ORDERS = {
    "together": 4.0,
    "together, B first": 2,
    "A is waited for": 2,
    "A seems to be waited for": 2,
    "signal": 5,
    "signal that orders nothing": 4,
    "A starts B first": 4,
    "A starts B last": 2.5,
}
SIGNALS = {
    "unbuffered send": 1.0,
    "unbuffered receive": 1,
    "closed": 1,
    "select with a time limit": 1,
    "condition": 1,
    "atomic flag": 1,
    "flag asked once": 1,
    "cancel": 1,
    "once": 1,
}
EMPTY_SIGNALS = {
    "buffered receive": 1.0,
    "closed before the work": 1,
    "select with default": 1,
    "another channel": 1,
    "lock taken and released": 1,
}
Wrap = Callable[[list[str]], list[str]]


class Order(NamedTuple):
    """``a`` and ``b`` put what the sides signal around their bodies."""

    name: str
    a: Wrap
    b: Wrap
    signalled: bool  # what A did is over before B begins, by the signal alone

    @property
    def right_wait(self) -> bool:
        return self.name != "A seems to be waited for"

    def with_b(self, lines: list[str], b: Thread) -> list[str]:
        """The body of A, which may start B and wait for it."""
        match self.name:
            case "A starts B first":
                return [*b.start, *lines, *b.wait]
            case "A starts B last":
                return [*lines, *b.start, *b.wait]
        return lines

    def main(self, a: Thread, b: Thread) -> list[str]:
        """The statements of main."""
        match self.name:
            case "A is waited for" | "A seems to be waited for":
                return [*a.start, *a.wait, *b.start, *b.wait, *a.end]
            case "A starts B first" | "A starts B last":
                return [*a.start, *a.wait]
            case "together, B first":
                return [*b.start, *a.start, *b.wait, *a.wait]
        return [*a.start, *b.start, *a.wait, *b.wait]

    def ordered(self, a: Thread, b: Thread) -> bool:
        """Can no access of A overlap one of B?"""
        if self.name == "together, B first":
            return b.at_start
        if self.name == "A starts B first":
            return b.at_start
        return self.name == "A starts B last" or a.at_start or self.signalled or self.name == "A is waited for"


def order(s: Sketch, starts: dict[str, str], counts: dict[str, int], *, nested: bool) -> Order:
    """Draws the order; ``nested`` says that B's threads would get the same object when A started them."""
    ways = dict(ORDERS)
    if not waitable(starts["A"]):
        del ways["A seems to be waited for"]
    if counts["A"] > 1 or starts["A"] in ("called", "all and wait"):
        del ways["signal"], ways["signal that orders nothing"]
    if counts["A"] > 1 or not nested:
        del ways["A starts B first"], ways["A starts B last"]
    name = s.choose("order", ways)
    if "signal" not in name:
        return Order(name, lambda lines: lines, lambda lines: lines, False)
    signal = s.choose("signal", SIGNALS if name == "signal" else EMPTY_SIGNALS)
    a, b = _signal(s, signal, counts["B"])
    return Order(name, a, b, name == "signal")


def _signal(s: Sketch, signal: str, listeners: int) -> tuple[Wrap, Wrap]:
    def after(*end: str) -> Wrap:
        return lambda lines: [*lines, *end]

    def before(*begin: str) -> Wrap:
        return lambda lines: [*begin, *lines]

    def each(statement: str) -> list[str]:
        return [statement] if listeners == 1 else [f"for range {listeners} {{", statement, "}"]

    match signal:
        case "condition":
            gate = s.common("ready", "*$Ready", "&$Ready{$c: sync.NewCond(&sync.Mutex{})}")
            s.declare("type $Ready struct {", "$c *sync.Cond", "$yes bool", "}")
            said = [f"{gate}.$c.L.Lock()", f"{gate}.$yes = true", f"{gate}.$c.Broadcast()", f"{gate}.$c.L.Unlock()"]
            return after(*said), before(f"{gate}.$c.L.Lock()", f"for !{gate}.$yes {{", f"{gate}.$c.Wait()", "}", f"{gate}.$c.L.Unlock()")
        case "atomic flag" | "flag asked once":
            flag = s.common("flag", "*atomic.Bool", "&atomic.Bool{}")
            if signal == "atomic flag":
                return after(f"{flag}.Store(true)"), before(f"for !{flag}.Load() {{", "runtime.Gosched()", "}")
            return after(f"{flag}.Store(true)"), lambda lines: [f"if {flag}.Load() {{", *lines, "}"]
        case "cancel":
            ctx, stop = s.role("ctx"), s.role("stop")
            s.setup.append(f"{ctx}, {stop} := context.WithCancel(context.Background())")
            s.locals += [(ctx, "context.Context"), (stop, "context.CancelFunc")]
            return after(f"{stop}()"), before(f"<-{ctx}.Done()")
        case "once":
            once = s.common("once", "*sync.Once", "&sync.Once{}")
            c = s.common("sig", "chan struct{}", "make(chan struct{})")
            return after(f"{once}.Do(func() {{ close({c}) }})"), before(f"<-{c}")
        case "lock taken and released":
            lock = s.common("mu", "*sync.Mutex", "&sync.Mutex{}")
            return after(f"{lock}.Lock()", f"{lock}.Unlock()"), before(f"{lock}.Lock()", f"{lock}.Unlock()")
    c = s.common("sig", "chan struct{}", f"make(chan struct{{}}{f', {listeners}' if signal == 'buffered receive' else ''})")
    match signal:
        case "unbuffered send":
            return after(*each(f"{c} <- struct{{}}{{}}")), before(f"<-{c}")
        case "unbuffered receive" | "buffered receive":
            return after(*each(f"<-{c}")), before(f"{c} <- struct{{}}{{}}")
        case "select with a time limit":
            return after(f"close({c})"), before("select {", f"case <-{c}:", "case <-time.After(time.Minute):", 'panic("late")', "}")
        case "select with default":
            return after(f"close({c})"), before("select {", f"case <-{c}:", "default:", "}")
        case "closed before the work":
            return before(f"close({c})"), before(f"<-{c}")
        case "another channel":
            other = s.common("sig", "chan struct{}", f"make(chan struct{{}}, {listeners})")
            return after(f"close({c})"), before(f"{other} <- struct{{}}{{}}", f"<-{other}")
    return after(f"close({c})"), before(f"<-{c}")
