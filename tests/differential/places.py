"""Where the map lives: the type of the object, the expression for its map, and how it is taken where taking it is part of using it."""

from typing import NamedTuple

from differential.accesses import Access
from differential.sketch import MARK, VALUES, Sketch

STRUCT = {
    "field": 4.0,
    "embedded": 1,
    "embedded pointer": 1,
    "field of a pointer": 1,
    "field of a value": 1,
    "nested map": 1,
    "slice of maps": 1,
    "array of maps": 1,
    "pointer to a map": 1,
    "any": 1,
    "pointer in any": 1,
    "method of an interface": 1,
    "named map with methods": 2,
    "getter": 1,
    "function field": 1,
    "generic holder": 1,
    "generic inner": 1,
    "map in a channel": 1,
    "map given back early": 0.5,
    "pool": 1,
    "copy on write": 1,
    "copy on write in place": 0.7,
}
PACKAGE = {"package variable": 2.0, "package struct": 1, "package nested map": 1, "package variable of init": 1, "package slice": 0.5}
LOCAL = {"local": 2.0, "local nested map": 1, "local slice": 0.7, "local pointer": 0.7, "local named map": 1, "local struct": 1}
PLACES = {**STRUCT, **PACKAGE, **LOCAL}


class Place(NamedTuple):
    """What the place means for its users."""

    private: bool = False  # what is used is nobody else's while it is used
    assignable: bool = False  # the map can be replaced by another
    bracketed: bool = False  # taking the map is part of using it


def place(s: Sketch) -> Place:
    """Draws a place and writes its types."""
    name = s.choose("place", PLACES)
    if name in STRUCT:
        return _in_struct(s, name)
    if name in PACKAGE:
        return _in_package(s, name)
    return _in_local(s, name)


def _in_struct(s: Sketch, name: str) -> Place:
    t, fresh = s.map_type, f"{s.map_type}{{}}"
    s.holder, s.o_type, s.methods = "$H", "*$H", True
    field, inner, expression, init = "$m " + t, "$In", "$o.$m", "$m: " + fresh
    wants_inner = name in (
        "embedded",
        "embedded pointer",
        "field of a pointer",
        "field of a value",
        "pointer in any",
        "method of an interface",
    )
    if wants_inner:
        s.declare(f"type {inner} struct {{", f"$m {t}", "}")
    s.carrier = "$x"
    match name:
        case "field" | "getter":
            s.carrier = "$m"
        case "embedded":
            field, init, s.carrier = inner, f"$In: {inner}{{$m: {fresh}}}", inner
        case "embedded pointer":
            field, init, s.carrier = "*" + inner, f"$In: &{inner}{{$m: {fresh}}}", inner
        case "field of a pointer":
            field, init, expression = f"$x *{inner}", f"$x: &{inner}{{$m: {fresh}}}", "$o.$x.$m"
        case "field of a value":
            field, init, expression = f"$x {inner}", f"$x: {inner}{{$m: {fresh}}}", "$o.$x.$m"
        case "nested map":
            field, init, expression = f"$x map[string]{t}", f'$x: map[string]{t}{{"u": {{}}}}', '$o.$x["u"]'
        case "slice of maps":
            field, init, expression = f"$x []{t}", f"$x: []{t}{{{{}}, {{}}}}", "$o.$x[1]"
        case "array of maps":
            field, init, expression = f"$x [2]{t}", f"$x: [2]{t}{{{{}}, {{}}}}", "$o.$x[0]"
        case "pointer to a map":
            field, init, expression = f"$x *{t}", f"$x: &{fresh}", "(*$o.$x)"
        case "any":
            field, init, expression = "$x any", f"$x: {fresh}", f"$o.$x.({t})"
        case "pointer in any":
            field, init, expression = "$x any", f"$x: &{inner}{{$m: {fresh}}}", f"$o.$x.(*{inner}).$m"
        case "method of an interface":
            s.declare("type $Face interface {", f"$Get() {t}", "}")
            s.declare(f"func ($in *{inner}) $Get() {t} {{", f"return $in.$m{MARK}", "}")
            field, init, expression = "$x $Face", f"$x: &{inner}{{$m: {fresh}}}", "$o.$x.$Get()"
        case "named map with methods":
            s.declare(f"type $N {t}")
            field, init, expression = "$x $N", "$x: $N{}", "$o.$x"
        case "function field":
            made = f"func() func() {t} {{ $held := {fresh}; return func() {t} {{ return $held }} }}()"
            field, init, expression = f"$x func() {t}", f"$x: {made}", "$o.$x()"
        case "generic holder":
            s.holder, s.methods, s.carrier = f"$H[{s.key}, {s.value}]", False, "$m"
            s.o_type, field = f"*{s.holder}", "$m map[K]V"
        case "generic inner":
            s.declare("type $G[K comparable, V any] struct {", "$m map[K]V", "}")
            inner = f"$G[{s.key}, {s.value}]"
            field, init, expression = f"$x *{inner}", f"$x: &{inner}{{$m: {fresh}}}", "$o.$x.$m"
        case "map in a channel" | "map given back early":
            made = f"func() chan {t} {{ $held := make(chan {t}, 1); $held <- {fresh}; return $held }}()"
            field, init, expression = f"$x chan {t}", f"$x: {made}", "<-$o.$x"
        case "pool":
            s.declare(f"var $Pool = &sync.Pool{{New: func() any {{ return {fresh} }}}}")
            field, init, expression = "$x *sync.Pool", "$x: $Pool", f"$o.$x.Get().({t})"
        case "copy on write" | "copy on write in place":
            s.declare(f"func $Begin() *atomic.Pointer[{t}] {{", f"$p := new(atomic.Pointer[{t}])", f"$p.Store(&{t}{{}})", "return $p", "}")
            field, init, expression = f"$x *atomic.Pointer[{t}]", "$x: $Begin()", "(*$o.$x.Load())"
    if name == "getter":
        s.declare(f"func ($o *$H) $Get() {t} {{", f"return $o.$m{MARK}", "}")
        expression = "$o.$Get()"
    s.fields.append(field)
    s.inits.append(init)
    s.map = expression
    bracketed = name in ("map in a channel", "map given back early", "pool", "copy on write")
    private = name in ("map in a channel", "pool", "copy on write")
    fixed = ("any", "method of an interface", "getter", "function field", "copy on write in place")
    return Place(private, assignable=not bracketed and name not in fixed, bracketed=bracketed)


def _in_package(s: Sketch, name: str) -> Place:
    t = s.map_type
    s.map = "$g"
    match name:
        case "package variable":
            s.declare(f"var $g = {t}{{}}")
        case "package struct":
            s.declare(f"var $g = struct{{ $m {t} }}{{{t}{{}}}}")
            s.map = "$g.$m"
        case "package nested map":
            s.declare(f'var $g = map[string]{t}{{"u": {{}}}}')
            s.map = '$g["u"]'
        case "package slice":
            s.declare(f"var $g = []{t}{{{{}}, {{}}}}")
            s.map = "$g[0]"
        case _:
            s.declare(f"var $g {t}")
            s.declare("func init() {", f"$g = make({t})", "}")
    return Place(assignable=True)


def _in_local(s: Sketch, name: str) -> Place:
    t = s.map_type
    s.map, s.o_type, init = "$o", t, f"{t}{{}}"
    match name:
        case "local nested map":
            s.map, s.o_type, init = '$o["u"]', f"map[string]{t}", f'map[string]{t}{{"u": {{}}}}'
        case "local slice":
            s.map, s.o_type, init = "$o[1]", f"[]{t}", f"[]{t}{{{{}}, {{}}}}"
        case "local pointer":
            s.map, s.o_type, init = "(*$o)", f"*{t}", f"&{t}{{}}"
        case "local named map":
            s.declare(f"type $N {t}")
            s.o_type, init = "$N", "$N{}"
        case "local struct":
            s.map, s.o_type, init = "$o.$m", f"*struct{{ $m {t} }}", f"&struct{{ $m {t} }}{{{t}{{}}}}"
    s.inits.append(init)
    return Place(assignable=name != "local named map" and name != "local")


def use(s: Sketch, side: str, a: Access, expression: str) -> list[str]:
    """The access on the map that ``expression`` gives, the way the place wants it."""
    name = s.choices["place"]
    held = s.role("t")
    if name in ("named map with methods", "local named map") and s.dice.random() < 0.7:
        method = s.role("Do")
        s.declare(f"func ($n $N) {method}($k {s.key}) {{", *a.on("$n"), "}")
        return [f"{expression}.{method}($k){MARK}"]
    match name:
        case "map in a channel":
            return [f"{held} := {expression}", *a.on(held), f"$o.$x <- {held}"]
        case "map given back early":
            return [f"{held} := {expression}", f"$o.$x <- {held}", *a.on(held)]
        case "pool":
            return [f"{held} := {expression}", *a.on(held), f"$o.$x.Put({held})"]
        case "copy on write" if a.kind == "W":
            return [f"{held} := maps.Clone(*$o.$x.Load()){MARK}", *a.on(held), f"$o.$x.Store(&{held})"]
        case "copy on write":
            return a.on("(*$o.$x.Load())")
    return a.on(expression)


def first_fill(s: Sketch) -> str:
    """A statement that fills the map before anything starts; only for places that are kept."""
    return f"{s.map}[{_first_key(s)}] = {VALUES[s.value]}{MARK}"


def _first_key(s: Sketch) -> str:
    return '"f"' if s.key == "string" else "5"
