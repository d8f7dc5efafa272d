"""Go that does not parse: the declarations around the damage are read all the same, and the damage is a gap."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.gap import Reason
from mapguard.base.options import Options
from mapguard.facts import codec
from mapguard.facts.model import FileFacts
from mapguard.facts.syntax import (
    Assert,
    Assign,
    Binary,
    Call,
    Composite,
    Expr,
    Index,
    Lit,
    Name,
    Sel,
    TInterface,
    TMap,
    TName,
    TSlice,
    TypeExpr,
    Unary,
)
from mapguard.frontend.lower import lower
from mapguard.frontend.parse import NESTING_LIMIT, nesting, parse
from scanning import RACE, tree


def functions(source: str) -> tuple[list[str], list[tuple[Reason, int]]]:
    data = source.encode()
    parsed = parse(data, "a.go")
    facts = lower(parsed, "a.go", "example.com/p", data, False, True, True)
    assert codec.decode(codec.encode(facts)) == facts
    return [f.name for f in facts.funcs], [(g.reason, g.line) for g in (*parsed.gaps, *facts.gaps)]


@pytest.mark.parametrize(
    "damaged",
    [
        "func b() {\n\tif x {\n}\n",
        "func b() {\n\tx := [}\n}\n",
        "func b( {\n}\n",
        "type t struct {\n\ta int\n",
        'var x = map[string]int{\n\t"a": 1,\n',
        "}\n",
        'func b() { "no end }\n',
    ],
)
def test_a_missing_brace_swallows_no_other_function(damaged: str) -> None:
    source = f"package p\n\nfunc a() {{}}\n\n{damaged}\nfunc c() {{}}\n\nfunc d() {{}}\n"
    names, gaps = functions(source)
    assert {"a", "c", "d"} <= set(names)
    assert gaps
    assert {reason for reason, _ in gaps} == {Reason.SYNTAX}
    assert all(4 <= line <= 9 for _, line in gaps)


def test_sound_code_has_no_gap() -> None:
    names, gaps = functions("package p\n\nfunc a[T any](x T) T { return x }\n\nfunc (t *T) b() { go func() { a(1) }() }\n")
    assert names == ["a", "b", "b.func1"]
    assert gaps == []


def test_newer_syntax_is_read() -> None:
    method, loop = "func (s Set[K]) Map[V any](f func(K) V) []V { return nil }", "func b() { for i := range 10 { _ = i } }"
    names, gaps = functions(f"package p\n\n{method}\n\n{loop}\n")
    assert names == ["Map", "b"]
    assert gaps == []


def test_nesting_is_counted_without_parsing() -> None:
    assert nesting(b"f(a[b{1}])") == 3
    deep = parse(b"(" * (NESTING_LIMIT + 1), "a.go")
    assert deep.pieces == ()
    assert [g.reason for g in deep.gaps] == [Reason.TOO_DEEP]


def test_a_race_beside_damage_in_its_own_file_is_found(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": "module example.com/m\n", "a.go": RACE + "\nfunc broken( {\n"})
    report = pipeline.run(Options(paths=(tmp_path,), cache=False))
    assert [f.map.name for f in report.findings] == ["hits"]
    assert {g.reason for g in report.gaps} == {Reason.SYNTAX}


def test_gaps_of_a_piece_stand_on_the_line_of_the_file() -> None:
    """A file with damage is read in pieces; lines count from its beginning all the same."""
    deep = "func deep() {\n\tx = " + "!" * 300 + "y\n}\n"
    _, gaps = functions(f"package p\n\nfunc a() {{}}\n\n{deep}\nfunc broken( {{\n\nfunc c() {{}}\n")
    assert sorted(set(gaps)) == [(Reason.SYNTAX, 9), (Reason.TOO_DEEP, 6)]


def test_no_more_gaps_than_anybody_reads() -> None:
    names, gaps = functions("package p\n\n" + "func broken(\n" * 500 + "func last() {}\n")
    assert len(set(gaps)) == 100
    assert names[-1] == "last"


@pytest.mark.parametrize("operand", ["x", "1", "f(func() { g() })"])
def test_long_sums_keep_what_is_no_literal(operand: str) -> None:
    names, gaps = functions("package p\n\nfunc a() {\n\t_ = h(func() { b() })" + f" + {operand}" * 400 + "\n}\n")
    assert "a.func1" in names
    assert {reason for reason, _ in gaps} == (set() if operand == "1" else {Reason.TOO_DEEP})


# ---------------------------------------------------------------- what the grammar has no rule for


def facts_of(source: str) -> FileFacts:
    data = source.encode()
    facts = lower(parse(data, "a.go"), "a.go", "example.com/p", data, False, True, True)
    assert facts.gaps == ()
    assert codec.decode(codec.encode(facts)) == facts
    return facts


def allocated(expression: str) -> Expr:
    """The argument of ``new(expression)``."""
    (function,) = (f for f in facts_of(f"package p\n\nfunc a() {{ x = new({expression}) }}\n").funcs if f.name == "a")
    assert function.body is not None
    (statement,) = function.body
    assert isinstance(statement, Assign)
    (call,) = statement.rhs
    assert isinstance(call, Call)
    assert call.fn == Name("new", call.at)
    return call.args[0]


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("int32(1)", Call),
        ("1 + 1", Binary),
        ("f(x)", Call),
        ("[]int{1, 2}", Composite),
        ("map[string]int{}", Composite),
        ("T{f: new(1)}", Composite),
        ("func() int { return 1 }()", Call),
        ("<-c", Unary),
        ("new(new(1))", Call),
        ("m[k][j]", Index),
        ("x.(int)", Assert),
        ('"text"', Lit),
    ],
)
def test_new_of_an_expression(expression: str, kind: type[Expr]) -> None:
    assert isinstance(allocated(expression), kind)


@pytest.mark.parametrize("written", ["T", "*T", "[]T", "map[string]T", "p.T", "chan T", "func(int) T", "struct{ a int }", "G[[]T]", "(T)"])
def test_new_of_a_type_stays_one(written: str) -> None:
    assert isinstance(allocated(written), TypeExpr)


def test_new_of_what_may_be_either_is_both() -> None:
    variable, field, element = allocated("x"), allocated("x.f"), allocated("m[k]")
    assert isinstance(variable, TypeExpr) and isinstance(variable.expr, Name)
    assert isinstance(field, TypeExpr) and isinstance(field.expr, Sel)
    assert isinstance(element, TypeExpr) and isinstance(element.expr, Index)
    assert allocated("[]x") == TypeExpr(TSlice(TName("", "x")))


@pytest.mark.parametrize(
    "statement",
    [
        "x = make(n - 1)",
        "x = make(1)",
        "if ; a { b() }",
        "switch ; { case a: b() }",
        "const ( F = 1 )",
        "var ( x = 1 )",
        "x = []int{*new(1), *new(f(`new(1) )`, '(', \")\" /* ( */))}",
    ],
)
def test_rare_syntax_is_read(statement: str) -> None:
    facts = facts_of(f"package p\n\nfunc a() {{\n\t{statement}\n}}\n\nfunc b() {{}}")
    assert [f.name for f in facts.funcs] == ["a", "b"]


def test_type_parameters_and_their_constraints() -> None:
    map_of = TMap(TName("", "K"), TName("", "V"))
    source = """package p

func f[M ~map[K]V, K comparable, V int | string](m M) {}

func (s *S[T]) g[
	M interface{ ~map[K]V },
	K comparable, V any,
](m M) {}

type S[M ~map[K]V, K comparable, V any] struct{}
"""
    facts = facts_of(source)
    union = TInterface((), (TName("", "int"), TName("", "string")))
    assert [(f.type_params, f.constraints[0]) for f in facts.funcs] == [
        (("M", "K", "V"), map_of),
        (("M", "K", "V"), TInterface((), (map_of,))),
    ]
    assert facts.funcs[0].constraints[2] == union
    assert facts.types[0].constraints == (map_of, TName("", "comparable"), TName("", "any"))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("\tx := interface{ m() }.m", "a method expression of a type that is written out, at «x := interface{ m() }.m»"),
        ("\tx := [...]int(y)", "[...] that is not the type of a literal, at «x := [...]int(y)»"),
        ("\tx := y.(type)", ".(type) outside a type switch, at «x := y.(type)»"),
        ("\tx := y +* \x1b[31m", "at «x := y +* �[31m»"),
        ("\t/* x", "a comment without an end"),
    ],
)
def test_a_gap_names_what_did_not_parse(line: str, told: str) -> None:
    source = f"package p\n\nfunc a() {{\n{line}\n}}\n".encode()
    assert [(g.line, g.detail) for g in parse(source, "a.go").gaps][:1] == [(4, f"did not parse: {told}")]


@pytest.mark.parametrize("nested", ["func() {{\n{}\n}}()", "g(func() {{\n{}\n}})", "if x {{\n{}\n}}", "select {{ case <-c:\n{}\n}}"])
@pytest.mark.parametrize("depth", [80, 240, 480])
def test_nesting_gives_the_same_in_a_process_of_its_own(nested: str, depth: int, tmp_path: Path) -> None:
    body = "x()"
    for _ in range(depth):
        body = nested.format(body)
    tree(tmp_path, {"go.mod": "module example.com/m\n", "a.go": f"package p\n\nfunc f() {{\n{body}\n}}\n"})
    with ProcessPoolExecutor(1) as pool:
        there, here = (pipeline.run(Options(paths=(tmp_path,), cache=False), executor=e) for e in (pool, None))
    assert there.gaps == here.gaps
    assert {g.reason for g in here.gaps} <= {Reason.TOO_DEEP}
    assert there.stats.functions == here.stats.functions > 0
