"""Comments that silence findings: which line they speak for, what they must say, and what is said about wrong ones."""

import msgspec
import pytest

import sample_report
from mapguard.base.span import Place
from mapguard.findings.model import Finding
from mapguard.findings.suppress import apply, comments

RULES = ("concurrent-map-write", "map-guard-missed")


def at(line: int, declared: int = 1, rule: str = "map-guard-missed") -> Finding:
    """A finding whose first access is on ``line`` of a.go and whose map is declared on another."""
    f = sample_report.guard_missed()
    first = msgspec.structs.replace(f.accesses[0], path="a.go", line=line)
    info = msgspec.structs.replace(f.map, declared=Place("a.go", declared))
    return msgspec.structs.replace(f, rule=rule, map=info, accesses=(first, *f.accesses[1:]))


def silenced(source: str, *findings: Finding) -> tuple[list[str], list[str]]:
    """What is silenced (by, reason) and noticed in one file."""
    lines = source.split("\n")
    kept, hidden, notices = apply(findings, lambda path: lines if path == "a.go" else [], RULES, ["a.go"])
    assert len(kept) + len(hidden) == len(findings)
    return [f"{s.by}: {s.reason}" for s in hidden], [n.show() for n in notices]


@pytest.mark.parametrize(
    ("source", "by"),
    [
        ("x\nm[k] = v //mapguard:ignore map-guard-missed one writer", "mapguard:ignore: one writer"),
        ("x\nm[k] = v // mapguard:ignore map-guard-missed one writer", "mapguard:ignore: one writer"),
        ("//mapguard:ignore map-guard-missed one writer\nm[k] = v", "mapguard:ignore: one writer"),
        ("x //mapguard:ignore map-guard-missed in the declaration\nm[k] = v", "mapguard:ignore: in the declaration"),
        ("x\nm[k] = v //mapguard:ignore concurrent-map-write,map-guard-missed two", "mapguard:ignore: two"),
        ("x\nm[k] = v //nolint:mapguard", "nolint: "),
        ("x\nm[k] = v //nolint:errcheck,mapguard // one writer", "nolint: one writer"),
        ("x\nm[k] = v //lint:ignore mapguard one writer", "lint:ignore: one writer"),
        ("x\nm[k] = v //nolint", "nolint: "),
        ("x\nm[k] = v //nolint:all // one writer", "nolint: one writer"),
        ("x\nm[k] = v // nolint // one writer", "nolint: one writer"),
    ],
)
def test_a_comment_silences(source: str, by: str) -> None:
    assert silenced(source, at(2)) == ([by], [])


@pytest.mark.parametrize(
    "source",
    [
        "x\nm[k] = v //nolint:errcheck",
        "x\nm[k] = v //lint:ignore SA1000 other tool",
        "x\nm[k] = v // see mapguard",
        "x\nm[k] = v // nolint is no reason",
        "x\nm[k] = v //nolintlint",
        'x\nm["//mapguard:ignore map-guard-missed text"] = v',
        "x\nm[`//nolint:mapguard`] = v",
        "x\nm[k] = v\n//nolint:mapguard",
        "x\nm[k] = v //lint:ignore mapguard",
        "//nolint:mapguard\nx\nm[k] = v\n",
    ],
)
def test_these_silence_nothing(source: str) -> None:
    line = 3 if source.startswith("//nolint") else 2
    hidden, _ = silenced(source, at(line, declared=9))
    assert hidden == []


def test_a_trailing_comment_does_not_reach_the_next_line() -> None:
    source = "m[a] = 1 //mapguard:ignore map-guard-missed only this\nm[b] = 2"
    hidden, notices = silenced(source, at(2, declared=9))
    assert hidden == []
    assert notices == ["a.go:1: mapguard:ignore map-guard-missed silences nothing; remove it"]


def test_a_block_of_comments_reaches_the_code_below() -> None:
    source = "//mapguard:ignore map-guard-missed filled before the server starts\n// and never again\nm[k] = v"
    assert silenced(source, at(3, declared=9)) == (["mapguard:ignore: filled before the server starts"], [])


def test_another_rule_is_not_silenced() -> None:
    hidden, notices = silenced("m[k] = v //mapguard:ignore map-guard-missed why", at(1, rule="concurrent-map-write"))
    assert hidden == []
    assert notices == ["a.go:1: mapguard:ignore map-guard-missed silences nothing; remove it"]


@pytest.mark.parametrize(
    ("comment", "notice"),
    [
        ("//mapguard:ignore", "mapguard:ignore needs a rule and a reason: //mapguard:ignore RULE why it is safe"),
        ("//mapguard:ignore map-guard-missed", "mapguard:ignore needs a rule and a reason: //mapguard:ignore RULE why it is safe"),
        ("//mapguard:ignore map-gard-missed x", "mapguard:ignore names no rule: map-gard-missed (did you mean map-guard-missed?)"),
        ("//lint:ignore mapguard", "lint:ignore mapguard needs a reason: //lint:ignore mapguard why it is safe"),
    ],
)
def test_a_malformed_comment_silences_nothing_and_is_said(comment: str, notice: str) -> None:
    assert silenced(f"m[k] = v {comment}", at(1)) == ([], [f"a.go:1: {notice}"])


def test_an_unused_comment_in_a_file_without_findings_is_said() -> None:
    assert silenced("m[k] = v //mapguard:ignore map-guard-missed fixed long ago")[1] == [
        "a.go:1: mapguard:ignore map-guard-missed silences nothing; remove it"
    ]


def test_an_unused_nolint_is_left_to_nolintlint() -> None:
    assert silenced("m[k] = v //nolint:mapguard") == ([], [])


def test_the_second_access_is_not_the_place() -> None:
    f = at(1, declared=9)
    f = msgspec.structs.replace(f, accesses=(f.accesses[0], msgspec.structs.replace(f.accesses[1], path="a.go", line=3)))
    assert silenced("m[a] = 1\n\nm[b] = 2 //mapguard:ignore map-guard-missed why", f)[0] == []


@pytest.mark.parametrize("line", ['"\\"//nolint:mapguard"', "'\"' //nolint:mapguard", "`\\` //nolint:mapguard"])
def test_literals_end_where_go_ends_them(line: str) -> None:
    assert len(comments("a.go", [line])) == (0 if line.startswith('"') else 1)


@pytest.mark.parametrize(
    "source",
    [
        "s := `\n//mapguard:ignore map-guard-missed not a comment\n`\nm[k] = v",
        "s := `\nx` + `//mapguard:ignore map-guard-missed not a comment\n` + m[k]\nm[k] = v",
        "/*\n//mapguard:ignore map-guard-missed not a comment of its own\n*/\nm[k] = v",
        's := "//mapguard:ignore map-guard-missed a string"\nm[k] = v\nx\nm[k] = v',
        "s := '\\'' + \"\\\"//mapguard:ignore map-guard-missed a string\"\nm[k] = v\nx\nm[k] = v",
    ],
)
def test_what_a_literal_says_is_no_comment(source: str) -> None:
    assert silenced(source, at(4)) == ([], [])
    assert silenced(source, at(2)) == ([], [])


@pytest.mark.parametrize("before", ["s := `a`", "s := `\\`", "s := '`'", 's := "`"', "/* ` */", "// `", "s := '\"'", "s := 'it'"])
def test_after_a_literal_comments_are_comments(before: str) -> None:
    assert silenced(f"{before}\n//mapguard:ignore map-guard-missed one writer\nm[k] = v", at(3)) == (["mapguard:ignore: one writer"], [])


def test_many_comments_take_time_in_proportion() -> None:
    """Every line of a long group speaks for the one line below it."""
    lines = ["//mapguard:ignore map-guard-missed one writer"] * 100_000 + ["m[k] = v"]
    found = comments("a.go", lines)
    assert {c.target for c in found} == {100_001}
    assert len(found) == 100_000


# ---------------------------------------------------------------- functions, declarations, files

FILE = """package a
{file}
type S struct {{
	m map[string]int
}}

{above}func (s *S) f() {{ {beside}
	s.m[k] = v
}}

func g() {{
	s.m[k] = v
}}
"""


def in_file(line: int, declared: int = 99, **comment: str) -> list[str]:
    source = FILE.format(**{"file": "", "above": "", "beside": "", **comment})
    return silenced(source, at(line, declared))[0]


@pytest.mark.parametrize(
    "comment",
    ["//mapguard:ignore map-guard-missed one writer", "//nolint:mapguard // one writer", "//lint:ignore mapguard one writer", "//nolint"],
)
def test_above_or_beside_the_first_line_of_a_function_it_speaks_for_all_of_it(comment: str) -> None:
    assert len(in_file(9, above=f"{comment}\n")) == 1
    assert len(in_file(8, beside=comment)) == 1
    assert in_file(13, above=f"{comment}\n") == []
    assert in_file(12, beside=comment) == []


def test_above_a_type_it_speaks_for_the_maps_in_it() -> None:
    assert len(in_file(12, declared=4, file="//nolint:mapguard\n".strip())) == 1
    assert in_file(12, declared=99, file="//nolint:mapguard") == []


@pytest.mark.parametrize("comment", ["//nolint:mapguard", "//nolint:all", "//mapguard:ignore map-guard-missed generated by hand"])
def test_above_the_package_clause_it_speaks_for_the_file(comment: str) -> None:
    source = f"// Package a is one.\n{comment}\n" + FILE.format(file="", above="", beside="")
    assert len(silenced(source, at(14, 99))[0]) == 1
    assert len(silenced(source, at(10, 99))[0]) == 1


def test_lint_file_ignore_speaks_for_the_file_wherever_it_stands() -> None:
    source = FILE.format(file="", above="", beside="") + "//lint:file-ignore mapguard one goroutine\n"
    assert silenced(source, at(8, 99))[0] == ["lint:ignore: one goroutine"]
