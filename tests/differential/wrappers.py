"""How the access is reached: functions, methods, closures, interfaces, recursion, jumps between a thread's body and what it does."""

from differential.sketch import Sketch

FUNCTIONS = {
    "direct": 3.0,
    "function": 2,
    "function two levels deep": 1,
    "closure": 1,
    "closure called at once": 0.7,
    "deferred": 0.7,
    "function variable": 0.7,
    "function in a slice": 0.7,
    "function in a map": 0.7,
    "function as argument": 1,
    "function returned": 0.7,
    "recursion": 1,
    "mutual recursion": 1,
    "goto": 0.7,
    "labelled loop": 0.7,
    "fallthrough": 0.7,
    "range over a function": 1,
    "range over an integer": 0.7,
    "select with default": 0.5,
    "library calls back": 0.7,
    "generic helper": 1,
}
METHODS = {
    "method": 2.0,
    "method two levels deep": 1,
    "value receiver": 1,
    "interface": 1.5,
    "method expression": 0.7,
    "method value": 0.7,
    "functional option": 1,
    "function in a struct": 0.7,
}


def fitting(s: Sketch) -> dict[str, float]:
    return {**FUNCTIONS, **METHODS} if s.methods else FUNCTIONS


def wrapped(s: Sketch, name: str, lines: list[str]) -> list[str]:
    """The lines behind one indirection; what they need is in scope where the result stands."""
    if name in METHODS:
        return _method(s, name, lines)
    f, parameters, arguments = s.role("Reach"), s.parameters(), s.arguments()
    types = ", ".join(type_ for _, type_ in s.reach())
    match name:
        case "function":
            s.declare(f"func {f}({parameters}) {{", *lines, "}")
            return [f"{f}({arguments})"]
        case "function two levels deep":
            return wrapped(s, "function", wrapped(s, "function", lines))
        case "closure":
            c = s.role("c")
            return [f"{c} := func() {{", *lines, "}", f"{c}()"]
        case "closure called at once":
            return ["func() {", *lines, "}()"]
        case "deferred":
            return ["func() {", "defer func() {", *lines, "}()", "}()"]
        case "function variable":
            s.declare(f"var {f} = func({parameters}) {{", *lines, "}")
            return [f"{f}({arguments})"]
        case "function in a slice" | "function in a map":
            table = s.role("table")
            s.declare(f"func {f}({parameters}) {{", *lines, "}")
            kind, entry, key = ("[]", f, "0") if "slice" in name else ("map[string]", f'"u": {f}', '"u"')
            s.declare(f"var {table} = {kind}func({types}){{{entry}}}")
            return [f"{table}[{key}]({arguments})"]
        case "function as argument":
            s.declare(f"func {f}($f func()) {{", "$f()", "}")
            return [f"{f}(func() {{", *lines, "})"]
        case "function returned":
            s.declare(f"func {f}({parameters}) func() {{", "return func() {", *lines, "}", "}")
            return [f"{f}({arguments})()"]
        case "recursion":
            s.declare(f"func {f}({parameters}, $n int) {{", "if $n > 0 {", f"{f}({arguments}, $n-1)", "return", "}", *lines, "}")
            return [f"{f}({arguments}, 2)"]
        case "mutual recursion":
            g = s.role("Reach")
            s.declare(f"func {f}({parameters}, $n int) {{", "if $n > 0 {", f"{g}({arguments}, $n-1)", "}", "}")
            s.declare(f"func {g}({parameters}, $n int) {{", *lines, f"{f}({arguments}, $n-1)", "}")
            return [f"{f}({arguments}, 3)"]
        case "goto":
            label, n = s.role("label"), s.role("n")
            s.declare(
                f"func {f}({parameters}) {{", f"{n} := 0", f"{label}:", "{", *lines, "}", f"if {n}++; {n} < 2 {{", f"goto {label}", "}", "}"
            )
            return [f"{f}({arguments})"]
        case "labelled loop":
            label = s.role("label")
            return [f"{label}:", "for {", "for {", *lines, f"break {label}", "}", "}"]
        case "fallthrough":
            n = s.role("n")
            return [f"switch {n} := 1; {n} {{", "case 1:", "fallthrough", "case 2:", *lines, "default:", "}"]
        case "range over a function":
            s.declare(f"func {f}($yield func(int) bool) {{", "_ = $yield(1) && $yield(2)", "}")
            return [f"for range {f} {{", *lines, "}"]
        case "range over an integer":
            return ["for range 2 {", *lines, "}"]
        case "select with default":
            return ["select {", "default:", *lines, "}"]
        case "library calls back":
            return ["slices.IndexFunc([]int{1, 2}, func(int) bool {", *lines, "return false", "})"]
        case "generic helper":
            s.declare(f"func {f}[$T any]($v $T, $f func($T)) {{", "$f($v)", "}")
            return [f"{f}($k, func($k {s.key}) {{", "_ = $k", *lines, "})"]
    return lines


def _method(s: Sketch, name: str, lines: list[str]) -> list[str]:
    f, rest, given = s.role("Reach"), s.parameters(without_o=True), s.arguments(without_o=True)
    method = [f"func ($o *$H) {f}({rest}) {{", *lines, "}"]
    match name:
        case "method two levels deep":
            return _method(s, "method", _method(s, "method", lines))
        case "value receiver":
            s.declare(f"func ($q $H) {f}({rest}) {{", "$o := &$q", "_ = $o", *lines, "}")
            return [f"$o.{f}({given})"]
        case "interface":
            face, other, v = s.role("Face"), s.role("Other"), s.role("v")
            s.declare(*method)
            s.declare(f"type {face} interface {{", f"{f}({rest})", "}")
            if s.dice.random() < 0.5:
                s.declare(f"type {other} struct{{}}")
                s.declare(f"func ({other}) {f}({rest}) {{}}")
                s.declare(f"var _ {face} = {other}{{}}")
            return [f"var {v} {face} = $o", f"{v}.{f}({given})"]
        case "method expression":
            s.declare(*method)
            return [f"(*$H).{f}({s.arguments()})"]
        case "method value":
            v = s.role("v")
            s.declare(*method)
            return [f"{v} := $o.{f}", f"{v}({given})"]
        case "functional option":
            apply = s.role("Apply")
            s.declare(f"func {f}({rest}) func(*$H) {{", "return func($o *$H) {", *lines, "}", "}")
            s.declare(f"func {apply}($o *$H, $opts ...func(*$H)) {{", "for _, $opt := range $opts {", "$opt($o)", "}", "}")
            return [f"{apply}($o, {f}({given}))"]
        case "function in a struct":
            type_, v = s.role("Type"), s.role("v")
            s.declare(*method)
            s.declare(f"type {type_} struct {{", f"$do func({rest})", "}")
            return [f"{v} := {type_}{{$do: $o.{f}}}", f"{v}.$do({given})"]
    s.declare(*method)
    return [f"$o.{f}({given})"]
