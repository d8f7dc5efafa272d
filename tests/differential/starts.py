"""How the threads of one side start, and how one waits for them."""

from typing import NamedTuple

from differential import waits
from differential.sketch import Sketch
from differential.waits import Wait

STARTS = {
    "called": 1.5,
    "go literal": 3,
    "go function": 2,
    "go literal with arguments": 1,
    "go function value": 1,
    "go inside a go": 0.7,
    "helper starts": 1,
    "generic helper starts": 0.7,
    "function in a field": 1,
    "functions in a slice": 1,
    "functions in a map": 1,
    "interface runs": 1,
    "worker pool": 1,
    "one worker": 0.7,
    "WaitGroup.Go": 1.5,
    "group type": 1,
    "all and wait": 1,
    "timer": 1,
    "after a context": 0.7,
    "inside a once": 0.7,
    "http handler": 1,
}
METHODS = {"go method": 2.0, "go method value": 1, "go method expression": 0.5}
_AFTER_WAITS = {"WaitGroup.Go", "group type", "worker pool", "one worker", "http handler"}
_OWN_WAIT = {"called", "all and wait", *_AFTER_WAITS}
_ONE_ONLY = {"called", "inside a once"}


def fitting(s: Sketch) -> dict[str, float]:
    return {**STARTS, **METHODS} if s.methods else STARTS


def count(s: Sketch, start: str) -> int:
    """How many threads a side has: what is called is one, and handlers and pools are there for several."""
    if start in _ONE_ONLY:
        return 1
    return s.dice.choice((2, 3)) if start in ("http handler", "worker pool", "one worker", "all and wait") else s.dice.choice((1, 1, 2, 3))


class Thread(NamedTuple):
    """What main does for one side: start it, wait for it the drawn way, and at the end of the program wait for its true end."""

    start: list[str]
    wait: list[str]
    end: list[str]
    serial: bool  # one at a time
    at_start: bool  # the start itself returns after the end


def waitable(start: str) -> bool:
    """Can how one waits be chosen, or does the start decide it?"""
    return start not in _OWN_WAIT


def thread(s: Sketch, side: str, start: str, n: int, outer: list[str], body: list[str], *, main_o: bool, right: bool) -> Thread:
    """Writes the threads of a side; ``right`` asks for a wait that waits."""
    waited, end = _waited(s, side, start, n, right)
    needs_o = main_o or bool(outer)
    indexed = any("$i" in line for line in outer)
    each, before, after = _started(s, start, [*waited.first, *body, *waited.last], needs_o, n)
    if n > 1 or indexed:
        repeated = [f"for {'$i := range' if indexed else 'range'} {n} {{", *outer, *each, "}"]
    else:
        repeated = ["{", *outer, *each, "}"] if outer else each
    if start in _AFTER_WAITS:
        return Thread([*before, *repeated], after, end, start == "one worker", False)
    started = [*waited.before, *before, *repeated, *after]
    if s.choose(f"started from {side}", {"main": 3, "a function": 1}) == "a function":
        given = [*([("$o", s.o_type)] if main_o and s.o_type else []), *s.locals]
        name = s.role("Launch")
        s.declare(f"func {name}({', '.join(f'{a} {t}' for a, t in given)}) {{", *started, "}")
        started = [f"{name}({', '.join(a for a, _ in given)})"]
    return Thread(started, waited.then, end, False, start in ("called", "all and wait"))


def _waited(s: Sketch, side: str, start: str, n: int, right: bool) -> tuple[Wait, list[str]]:
    """The drawn wait, and the true one where that does not wait."""
    if not waitable(start):
        s.choices[f"wait {side}"] = "of the start"
        return Wait([], [], [], []), []
    drawn = waits.wait(s, s.choose(f"wait {side}", waits.fitting(n, right)), n)
    if right:
        return drawn, []
    true = waits.wait(s, "WaitGroup", n)
    return Wait([*true.before, *drawn.before], [*true.first, *drawn.first], [*drawn.last, *true.last], drawn.then), true.then


def _started(s: Sketch, start: str, lines: list[str], needs_o: bool, n: int) -> tuple[list[str], list[str], list[str]]:
    """The start of one thread (it stands in a loop where there are several), what comes before the first and after the last."""
    passed = [*([("$o", s.o_type)] if needs_o and s.o_type else []), *s.locals]
    parameters, arguments = ", ".join(f"{a} {t}" for a, t in passed), ", ".join(a for a, _ in passed)
    f, x = s.role("Run"), s.role("x")
    match start:
        case "called":
            literal = any(line.startswith("defer") for line in lines) or s.dice.random() < 0.5
            return (["func() {", *lines, "}()"] if literal else ["{", *lines, "}"]), [], []
        case "go function":
            s.declare(f"func {f}({parameters}) {{", "{", *lines, "}", "}")
            return [f"go {f}({arguments})"], [], []
        case "go literal with arguments":
            return [f"go func({parameters}) {{", "{", *lines, "}", f"}}({arguments})"], [], []
        case "go function value":
            return [f"{x} := func() {{", *lines, "}", f"go {x}()"], [], []
        case "go inside a go":
            return ["go func() {", "go func() {", *lines, "}()", "}()"], [], []
        case "helper starts":
            s.declare(f"func {f}($f func()) {{", "go $f()", "}")
            return [f"{f}(func() {{", *lines, "})"], [], []
        case "generic helper starts":
            s.declare(f"func {f}[$T any]($v $T, $f func($T)) {{", "go $f($v)", "}")
            given, parameter = ("$o", f"$o {s.o_type}") if needs_o and s.o_type else ("1", "int")
            return [f"{f}({given}, func({parameter}) {{", "{", *lines, "}", "})"], [], []
        case "function in a field":
            type_ = s.role("Task")
            s.declare(f"type {type_} struct {{", "$do func()", "}")
            return [f"{x} := &{type_}{{$do: func() {{", *lines, "}}", f"go {x}.$do()"], [], []
        case "functions in a slice":
            run = [f"for _, $f := range {x} {{", "go $f()", "}"]
            return [f"{x} = append({x}, func() {{", *lines, "})"], [f"var {x} []func()"], run
        case "functions in a map":
            run = [f"for _, $f := range {x} {{", "go $f()", "}"]
            return [f"{x}[len({x})] = func() {{", *lines, "}"], [f"{x} := map[int]func(){{}}"], run
        case "interface runs":
            face, type_ = s.role("Runner"), s.role("Task")
            s.declare(f"type {face} interface {{", "$Run()", "}")
            s.declare(f"type {type_} func()")
            s.declare(f"func ($t {type_}) $Run() {{", "$t()", "}")
            return [f"var {x} {face} = {type_}(func() {{", *lines, "})", f"go {x}.$Run()"], [], []
        case "worker pool" | "one worker":
            wg, workers = s.role("wg"), n if start == "worker pool" else 1
            worker = [
                f"for range {workers} {{",
                f"{wg}.Add(1)",
                "go func() {",
                f"defer {wg}.Done()",
                f"for $f := range {x} {{",
                "$f()",
                "}",
                "}()",
                "}",
            ]
            return (
                [f"{x} <- func() {{", *lines, "}"],
                [f"{x} := make(chan func())", f"var {wg} sync.WaitGroup", *worker],
                [f"close({x})", f"{wg}.Wait()"],
            )
        case "WaitGroup.Go":
            return [f"{x}.Go(func() {{", *lines, "})"], [f"var {x} sync.WaitGroup"], [f"{x}.Wait()"]
        case "group type":
            type_ = s.role("Group")
            s.declare(f"type {type_} struct {{", "$wg sync.WaitGroup", "$err error", "$once sync.Once", "}")
            s.declare(
                *(f"func ($w *{type_}) $Begin($f func() error) {{", "$w.$wg.Add(1)", "go func() {", "defer $w.$wg.Done()"),
                *("if $e := $f(); $e != nil {", "$w.$once.Do(func() { $w.$err = $e })", "}", "}()", "}"),
            )
            s.declare(f"func ($w *{type_}) $End() error {{", "$w.$wg.Wait()", "return $w.$err", "}")
            return [f"{x}.$Begin(func() error {{", *lines, "return nil", "})"], [f"{x} := &{type_}{{}}"], [f"_ = {x}.$End()"]
        case "all and wait":
            s.declare(
                *(f"func {f}($fs ...func()) {{", "var $wg sync.WaitGroup", "for _, $f := range $fs {", "$wg.Add(1)"),
                *("go func() {", "defer $wg.Done()", "$f()", "}()", "}", "$wg.Wait()", "}"),
            )
            return [f"{x} = append({x}, func() {{", *lines, "})"], [f"var {x} []func()"], [f"{f}({x}...)"]
        case "timer":
            return ["time.AfterFunc(time.Microsecond, func() {", *lines, "})"], [], []
        case "after a context":
            ctx, stop = s.role("ctx"), s.role("stop")
            return (
                [f"context.AfterFunc({ctx}, func() {{", *lines, "})"],
                [f"{ctx}, {stop} := context.WithCancel(context.Background())"],
                [f"{stop}()"],
            )
        case "inside a once":
            once = s.role("once")
            return ["for range 2 {", f"{once}.Do(func() {{", "go func() {", *lines, "}()", "})", "}"], [f"var {once} sync.Once"], []
        case "http handler":
            mux, wg = s.role("mux"), s.role("wg")
            path = f'"/{x[1:]}"'
            if not s.has("$Reply"):  # httptest would make this test code
                s.declare("type $Reply struct{}")
                s.declare("func ($Reply) Header() http.Header {", "return http.Header{}", "}")
                s.declare("func ($Reply) Write($b []byte) (int, error) {", "return len($b), nil", "}")
                s.declare("func ($Reply) WriteHeader(int) {}")
            request = [f"$req, _ := http.NewRequest(http.MethodGet, {path}, nil)", f"{mux}.ServeHTTP($Reply{{}}, $req)"]
            handler = [f"{mux}.HandleFunc({path}, func(http.ResponseWriter, *http.Request) {{", *lines, "})"]
            return (
                [f"{wg}.Add(1)", "go func() {", f"defer {wg}.Done()", *request, "}()"],
                [f"{mux} := http.NewServeMux()", *handler, f"var {wg} sync.WaitGroup"],
                [f"{wg}.Wait()"],
            )
        case "go method" | "go method value" | "go method expression" if needs_o:
            rest = ", ".join(f"{a} {t}" for a, t in s.locals)
            given = ", ".join(a for a, _ in s.locals)
            s.declare(f"func ($o *$H) {f}({rest}) {{", "{", *lines, "}", "}")
            if start == "go method":
                return [f"go $o.{f}({given})"], [], []
            if start == "go method expression":
                return [f"go (*$H).{f}({arguments})"], [], []
            return [f"{x} := $o.{f}", f"go {x}({given})"], [], []
    return ["go func() {", *lines, "}()"], [], []
