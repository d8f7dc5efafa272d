"""How one waits for the threads of a side: ways that end with the last thread, and ways that seem to."""

from typing import NamedTuple

from differential.sketch import Sketch

WAITS = {"WaitGroup": 3.0, "message from each": 1, "closed channel": 1, "counter": 0.7, "condition": 0.7, "start and wait methods": 1}
WRONG_WAITS = {
    "Add in the thread": 1.0,
    "another group": 1,
    "Done too early": 1,
    "one message too few": 0.7,
    "signal before the work": 1,
    "sleep": 1,
    "poll once": 0.7,
    "cancel": 1,
}


class Wait(NamedTuple):
    """What stands before the starts, first and last in each thread, and where one waits."""

    before: list[str]
    first: list[str]
    last: list[str]
    then: list[str]


def fitting(n: int, right: bool) -> dict[str, float]:
    """The ways for so many threads that wait for their end, or that do not."""
    unfit = "one message too few" if n == 1 else "closed channel"
    return {way: weight for way, weight in (WAITS if right else WRONG_WAITS).items() if way != unfit}


def wait(s: Sketch, way: str, n: int) -> Wait:
    """Writes one way for n threads."""
    match way:
        case "WaitGroup":
            wg = _group(s)
            if s.dice.random() < 0.6:
                return Wait([f"{wg}.Add({n})"], [f"defer {wg}.Done()"], [], [f"{wg}.Wait()"])
            return Wait([f"{wg}.Add({n})"], [], [f"{wg}.Done()"], [f"{wg}.Wait()"])
        case "message from each":
            c = s.common("done", "chan bool", f"make(chan bool{s.dice.choice(('', f', {n}'))})")
            return Wait([], [], [f"{c} <- true"], [f"for range {n} {{", f"<-{c}", "}"])
        case "closed channel":
            c = s.common("done", "chan struct{}", "make(chan struct{})")
            return Wait([], *(([f"defer close({c})"], []) if s.dice.random() < 0.5 else ([], [f"close({c})"])), [f"<-{c}"])
        case "counter":
            c = s.common("count", "*atomic.Int32", "&atomic.Int32{}")
            return Wait([], [], [f"{c}.Add(1)"], [f"for {c}.Load() < {n} {{", "runtime.Gosched()", "}"])
        case "condition":
            left = s.common("left", "*$Left", f"&$Left{{$c: sync.NewCond(&sync.Mutex{{}}), $n: {n}}}")
            if not s.has("$Left"):
                s.declare("type $Left struct {", "$c *sync.Cond", "$n int", "}")
            return Wait(
                [],
                [],
                [f"{left}.$c.L.Lock()", f"{left}.$n--", f"{left}.$c.Broadcast()", f"{left}.$c.L.Unlock()"],
                [f"{left}.$c.L.Lock()", f"for {left}.$n > 0 {{", f"{left}.$c.Wait()", "}", f"{left}.$c.L.Unlock()"],
            )
        case "start and wait methods":
            life = s.common("life", "*$Life", "&$Life{}")
            if not s.has("$Life"):
                s.declare("type $Life struct {", "$wg sync.WaitGroup", "}")
                s.declare("func ($w *$Life) $Enter2($n int) {", "$w.$wg.Add($n)", "}")
                s.declare("func ($w *$Life) $Leave2() {", "$w.$wg.Done()", "}")
                s.declare("func ($w *$Life) $Await() {", "$w.$wg.Wait()", "}")
            return Wait([f"{life}.$Enter2({n})"], [f"defer {life}.$Leave2()"], [], [f"{life}.$Await()"])
        case "Add in the thread":
            wg = _group(s)
            return Wait([], [f"{wg}.Add(1)", f"defer {wg}.Done()"], [], [f"{wg}.Wait()"])
        case "another group":
            wg, other = _group(s), _group(s)
            return Wait([f"{wg}.Add({n})"], [f"defer {wg}.Done()"], [], [f"{other}.Wait()"])
        case "Done too early":
            wg = _group(s)
            return Wait([f"{wg}.Add({n})"], [f"{wg}.Done()"], [], [f"{wg}.Wait()"])
        case "one message too few":
            c = s.common("done", "chan bool", f"make(chan bool, {n})")
            return Wait([], [], [f"{c} <- true"], [f"for range {n - 1} {{", f"<-{c}", "}"])
        case "signal before the work":
            c = s.common("done", "chan bool", f"make(chan bool, {n})")
            return Wait([], [f"{c} <- true"], [], [f"for range {n} {{", f"<-{c}", "}"])
        case "poll once":
            c = s.common("done", "chan bool", f"make(chan bool, {n})")
            return Wait([], [], [f"{c} <- true"], ["select {", f"case <-{c}:", "default:", "}"])
        case "cancel":
            ctx, stop = s.role("ctx"), s.role("stop")
            s.setup.append(f"{ctx}, {stop} := context.WithCancel(context.Background())")
            s.locals += [(ctx, "context.Context"), (stop, "context.CancelFunc")]
            return Wait([], [f"if {ctx}.Err() != nil {{", "runtime.Gosched()", "}"], [], [f"{stop}()"])
    return Wait([], [], [], ["time.Sleep(time.Microsecond)"])


def _group(s: Sketch) -> str:
    return s.common("wg", "*sync.WaitGroup", "&sync.WaitGroup{}")
