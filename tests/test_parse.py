"""Go that does not parse: the declarations around the damage are read all the same, and the damage is a gap."""

from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.gap import Reason
from mapguard.base.options import Options
from mapguard.facts import codec
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
