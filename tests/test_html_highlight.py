"""Excerpts of the HTML report: whatever the source, the text survives, the mark is where it belongs, markup is only ours."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapguard.report.highlight import CodeLine, code

_GO = """package p

func first() {
	println("a")
}

// second is "quoted"
func second(m map[string]int) {

	m["<k>"] = 1 // why
	return

}

func third() {}""".split("\n")


def plain(line: CodeLine) -> str:
    return unescape(re.sub(r"</?(?:span|mark)[^>]*>", "", line.html))


def marked(line: CodeLine) -> str:
    return unescape(re.sub(r"<[^>]*>", "", "".join(re.findall(r"<mark>(.*?)</mark>", line.html))))


def test_lines_around_within_the_declaration() -> None:
    shown = code(_GO, 10, 2, 10, 5)
    assert [line.number for line in shown] == [8, 9, 10, 11, 12, 13]
    assert [line.number for line in shown if line.hit] == [10]
    assert marked(shown[2]) == 'm["<k>"]'


def test_no_empty_lines_at_the_ends() -> None:
    assert [line.number for line in code(_GO, 10, 2, 10, 1)] == [10, 11]


def test_common_indentation_goes() -> None:
    assert [plain(line) for line in code(_GO, 10, 2, 10, 1)] == ['m["<k>"] = 1 // why', "return"]


def test_token_classes() -> None:
    html = code(_GO, 10, 1, 1, 0)[0].html
    assert html == 'm[<span class="s">&#34;&lt;k&gt;&#34;</span>] = <span class="m">1</span> <span class="c">// why</span>'


@pytest.mark.parametrize("line", [0, -1, 17])
def test_no_such_line(line: int) -> None:
    assert code(_GO, line, 1, 2, 3) == ()


@pytest.mark.parametrize("column", [1, 500, 99_990])
def test_long_lines_are_cut_around_the_place(column: int) -> None:
    line = "x" * (column - 1) + "m[key]" + "y" * 100_000
    (shown,) = code([line], 1, column, column + 6, 0)
    assert marked(shown) == "m[key]"
    assert len(plain(shown)) < 300


@given(
    st.lists(st.text(st.characters(exclude_characters="\n"), max_size=30), min_size=1, max_size=6),
    st.integers(1, 6),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_any_text(lines: list[str], line: int, column: int, end: int) -> None:
    for shown in code(lines, line, column, end, 2):
        source = "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in lines[shown.number - 1].rstrip())
        assert source.endswith(plain(shown))
        assert source.removesuffix(plain(shown)).strip(" \t") == ""
        if marked(shown):
            assert shown.hit and marked(shown) == source[column - 1 : end - 1][-len(marked(shown)) :]
