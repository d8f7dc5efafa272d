"""Single events that matter to later layers, text that is no valid Go, and bodies of great size."""

from collections.abc import Callable

import pytest

from growth import grows_at_most
from ir.lowering import bodies_of, program_of
from ir.test_programs import printed
from ir.wellformed import problems
from mapguard.base.stack import deep_stack
from mapguard.ir import model as m
from mapguard.ir.flow import events
from mapguard.ir.lower import Lowerer
from mapguard.ir.show import show
from mapguard.program.types import Types


def shown(source: str, name: str = "main") -> str:
    """The text of the body of a function of a package main."""
    (body,) = [b for b in bodies_of(program_of("package main\n" + source)) if b.func == f"example.com/main.{name}"]
    return "\n".join(line.strip() for line in show(body))


LOOP = """
import "fmt"

func main() {
	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { i += 10; return i })
	}
	for i, x := range []int{4, 5} {
		fs = append(fs, func() int { i += x; return i })
	}
	for _, f := range fs {
		fmt.Println(f())
	}
}
"""


def test_each_round_has_variables_of_its_own() -> None:
    assert printed("package main\n" + LOOP).split() == ["10", "11", "12", "4", "6"]


def test_all_rounds_share_their_variables_before_go_1_22() -> None:
    assert printed("package main\n" + LOOP, old=True).split() == ["13", "23", "33", "6", "11"]


def test_a_map_in_a_map() -> None:
    text = shown("func f(m map[string]map[int]int) { m[`a`][1] = 2; m[`b`][3]++ }", "f")
    assert text.count("read m.0") == 2
    assert text.count("write %") == 2


def test_the_loop_over_a_function_is_called_by_it() -> None:
    source = "func each(f func(int) bool) {}\nfunc f(m map[int]int) { for x := range each { m[x]++ } }"
    assert "(%" in shown(source, "f")
    body = shown(source, "f$for1")
    assert "captures (m.1 map[int]int)" in body
    assert "write m.1[x.0]" in body
    assert body.endswith("return %5")


def test_the_loop_over_an_iterator_of_a_library_stays_where_it_is() -> None:
    source = 'import "lib"\nimport "iter"\nfunc seq() iter.Seq[int]\nfunc f(m map[int]int) { for x := range seq() { m[x]++ } }'
    assert "write m.0[x.3]" in shown(source, "f")


def test_a_deferred_call_in_a_loop_over_a_function_waits_for_the_function() -> None:
    source = "func each(f func(int) bool) {}\nfunc g() {}\nfunc f() { for range each { defer g() } }"
    assert "defer example.com/main.g()" in shown(source, "f$for1")
    assert "run defers" not in shown(source, "f$for1")
    assert "run defers" in shown(source, "f")


def test_a_deferred_delete_comes_later() -> None:
    source = "func f(m map[int]int, k int) { defer delete(m, k); m[1] = 2 }"
    text = shown(source, "f")
    assert "delete m" not in text
    assert text.index("defer (") < text.index("write m.0")
    assert "delete %0[%1]" in shown(source, "f$defer1")


def test_deferred_calls_run_at_every_end() -> None:
    text = shown("func g()\nfunc f(b bool) { for { if b { return }; if !b { panic(1) }; defer g() } }", "f")
    assert text.count("run defers") == 2
    assert "run defers\npanic" in text


def test_a_method_takes_the_address_of_what_it_was_called_on() -> None:
    source = "type set map[int]int\nfunc (s *set) put() {}\ntype t struct { in set }\nfunc get() *t { return nil }\n"
    text = shown(source + "func f() { get().in.put(); var s set; s.put(); _ = s }", "f")
    assert text.count("example.com/main.get()") == 1  # once, not for the value and again for the address
    assert "= &%0.in" in text
    assert "put(%1)" in text
    assert "s.3 = cell example.com/main.set" in text
    assert "put(s.3)" in text


def test_what_select_needs_is_evaluated_before_it() -> None:
    text = shown("func c() chan int\nfunc f() { select { case x := <-c(): _ = x\n case c() <- 1: } }", "f")
    assert text.index("select b") > text.rindex("example.com/main.c()")


def test_parameters_belong_to_the_block_of_the_body() -> None:
    text = shown("func g() (int, error)\nfunc f() (err error) { x, err := g(); _ = x; defer func() { err = nil }(); return }", "f")
    assert text.count("*err.1 = %") == 2  # zero, and the second result


def test_a_type_switch_says_its_types() -> None:
    text = shown("func f(x any) { switch x.(type) { case map[int]int: case nil: } }", "f")
    assert "is x.0 map[int]int" in text
    assert "is x.0 nil" in text


def test_a_value_of_an_unnamed_type_becomes_one_of_a_named_type() -> None:
    assert "= example.com/main.h(%" in shown("type h map[int]int\nfunc f() { var x h = map[int]int{}; _ = x }", "f")


INVALID = [
    "func f() { goto a; x := 1; a: g(x) }",
    "func f() { goto a; for _, x := range s { a: g(x) } }",
    "func f() { a: a: goto a; goto none }",
    "func f() { break; continue; fallthrough; break here }",
    "func f() { for range f { goto out }; { out: } }",
    "func f() { for x := range func(func()) {} { return x } }",
    "func f(x int) { return 1, 2 }",
    "func f() (a, b int) { return 1 }",
    "func f() { x, y := 1; a, b = f(), 2, 3 }",
    "func f() { append(); len(); close(); delete(); make(); new(); copy(); panic(); min(); defer append(); go len() }",
    "func f() { switch { case: fallthrough }; select { case f(): case <-: } }",
    "func f() { var x T; x.y.z = x.a.b; x[1][2]++; *x = &x; &1; <-x <- x }",
    "type T struct { T }; func f(t T) { t.T.T.x = t.y }",
    "type A = B; type B = A; func f(a A) { a.x[1] = *a }",
    "func f() { T.m(1); (*T).m; func() {}.x; f.y() }",
    "func f[T ~map[K]V](t T) { t[1] = 2; for k := range t { t[k]++ } }",
    "var x = y; var y = x; var a, b = f; func f() { x, y = a, b }",
    "func f() { [...]int{1, 2: 3}[x:y:z] = map[int]int{1, {2}: {3}} }",
]


@pytest.mark.parametrize("source", INVALID)
def test_what_is_no_go_still_gives_graphs(source: str) -> None:
    program = program_of("package main\n" + source)
    bodies = list(bodies_of(program))
    assert bodies
    assert [line for body in bodies for line in problems(body, Types(program))] == []


def _in_function(body: str) -> str:
    return f"package main\nfunc f(int) int\nfunc g(x int, b bool, c chan int) (r int) {{\n{body}\nreturn\n}}\n"


SIZES: dict[str, Callable[[int], str]] = {
    "conditions": lambda n: "v := 0\n" + "if b { v++ }\n" * n + "f(v)",
    "variables": lambda n: (
        "".join(f"v{i} := x\n" for i in range(n)) + "if b { f(x) }\n" * n + "".join(f"v{i}++; f(v{i})\n" for i in range(n))
    ),
    "loops": lambda n: "v := 0\n" + "for i := 0; i < 3; i++ { if b { continue }; v += i }\n" * n + "f(v)",
    "cases": lambda n: "v := 0\nswitch x {\n" + "".join(f"case {i}: v++\n" for i in range(n)) + "}\nf(v)",
    "communications": lambda n: "v := 0\nfor { select {\n" + "case <-c: v++\n" * n + "}\n f(v) }",
    "jumps": lambda n: "v := 0\n" + "".join(f"l{i}: if b {{ v++; goto l{n - 1 - i} }}\n" for i in range(n)) + "f(v)",
    "literals": lambda n: "v := 0\n" + "func() { v++ }()\n" * n + "f(v)",
    "exits": lambda n: "defer f(x)\n" * n + "if b { return x }\n" * n,
}


@pytest.mark.parametrize("kind", SIZES)
def test_cost_grows_with_size_alone(kind: str) -> None:
    def lowered(n: int) -> None:
        program = program_of(_in_function(SIZES[kind](n)))
        with deep_stack():
            assert list(Lowerer(Types(program)).everything())

    assert grows_at_most(lowered, 200, 800, 10)


@pytest.mark.parametrize(
    ("start", "end"),
    [("for b {\n", "}\n"), ("func() {\n", "}()\n"), ("if b {\n", "} else { v += x }\n"), ("switch { default:\n", "}\n"), ("x = f(", ")\n")],
)
def test_nesting_as_deep_as_the_front_end_lets_through(start: str, end: str) -> None:
    middle = "v++\n" if "\n" in start else "v"
    bodies = list(bodies_of(program_of(_in_function("v := 0\n" + start * 240 + middle + end * 240 + "f(v)"))))
    assert [line for body in bodies for line in problems(body)] == []
    assert sum(1 for body in bodies for _ in events(body)) > 2


def test_what_is_lowered_twice_is_the_same() -> None:
    program = program_of("package main\n" + LOOP)
    assert list(bodies_of(program)) == list(bodies_of(program))
    assert all(isinstance(b, m.Body) for b in bodies_of(program))
