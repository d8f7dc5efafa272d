"""The job summary: what it shows, that code stays text, and that it ends before GitHub's limit."""

import html
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import sample_report
from golden_file import same_as_golden
from html_reading import Document, ready
from mapguard.findings.model import Report
from mapguard.report import markdown, markup
from mapguard.report.context import Context

_READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_OURS = frozenset("h3 p table thead tbody tr th td code details summary strong ol ul li pre a".split())
_REMOTE = {"remote": "https://github.com/o/r", "commit": "a" * 40}


def summary(report: Report, remote: str = "", commit: str = "") -> str:
    return markdown.render(ready(report), Context(root=Path(), remote=remote, commit=commit))


def shown(text: str) -> Document:
    """The elements a browser would see."""
    return Document(_READER.render(text))


def test_headline_table_and_threads() -> None:
    text = summary(sample_report.report())
    assert text.startswith("### mapguard: 3 findings (2 errors, 1 warning)\n\n4 files, 80 lines, 3 maps, 3 entry points analysed.\n")
    page = shown(text)
    cells = [e.text for e in page.all("td")]
    assert len(cells) == 3 * 4
    assert cells[1] == "executionUserMetrics.ScheduledExecutionDelays"
    first = sample_report.unguarded().accesses[0]
    assert cells[2] == f"{first.path}:{first.line}"
    assert len(page.all("details")) == 3
    starts = [e.text for e in page.all("strong") if e.text.startswith("Thread")]
    assert starts == ["Thread A", "Thread B"] * 3
    assert any(e.text == "r.mu is held at 2 of 3 accesses." for e in page.all("p"))


def test_hostile_names_are_no_markup() -> None:
    page = shown(summary(sample_report.report(), **_REMOTE))
    assert {e.name for e in page.elements} <= _OURS
    assert all(e.attributes["href"].startswith("https://github.com/o/r/blob/") for e in page.all("a"))
    text = "".join(e.text for e in page.all())
    assert "<img src=x onerror=alert(" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("write", [markup.plain, markup.code, markup.prose, markup.step])
@pytest.mark.parametrize("place", ["{}", "- {}", "1. a {}", "| {} | b |\n|---|---|\n| {} | b |"])
@given(text=st.text(st.sampled_from("ab <>&\"'`*_[](){}#!|~\\@$:;=-+.\r\n\té\x1b/"), min_size=1, max_size=40))
def test_whatever_a_name_is_it_is_text(write: object, place: str, text: str) -> None:
    assert callable(write)
    marked = write(text)
    assert not set("|\n\r`*[]@#") & set(marked.replace("&#", ""))
    page = shown(place.replace("{}", marked))
    assert {e.name for e in page.elements} <= _OURS


def test_nobody_is_mentioned() -> None:
    # GitHub looks for mentions and issues in the text, outside of code, when references to characters are already resolved
    assert html.unescape(markup.plain("@octocat #12")) == "@\u200boctocat #\u200b12"
    assert html.unescape(markup.code("@octocat")) == "<code>@octocat</code>"


def test_what_is_quoted_is_code_and_an_apostrophe_is_no_quote() -> None:
    assert markup.prose("'S.m' isn't held, f's lock is 'mu'.").count("<code>") == 2
    assert "<code>mu</code>." in markup.prose("'S.m' isn't held, f's lock is 'mu'.")


def test_places_are_links_when_the_commit_is_known() -> None:
    first = sample_report.unguarded().accesses[0]
    addresses = {e.attributes["href"] for e in shown(summary(sample_report.report(), **_REMOTE)).all("a")}
    assert f"https://github.com/o/r/blob/{'a' * 40}/{first.path}#L{first.line}" in addresses
    assert f"https://github.com/o/r/blob/{'a' * 40}/pkg/we%20ird%231/%C3%BCn%C3%AF.go#L6" in addresses
    assert "href" not in summary(sample_report.report())


def test_a_sketch_keeps_its_indentation() -> None:
    f = sample_report.unguarded()
    advice = msgspec.structs.replace(f.advice, sketch="type S struct {\n\tmu sync.Mutex\n}\n", test="go test -race ./p")
    page = shown(summary(Report(".", (msgspec.structs.replace(f, advice=advice),))))
    assert page.one("pre").text == "type S struct {\n    mu sync.Mutex\n}"
    assert "go test -race ./p" in [e.text for e in page.all("code")]


def test_a_large_report_ends_before_the_limit_and_says_so() -> None:
    text = summary(sample_report.many(6000))
    told = text.count("<details>")
    assert len(text.encode()) < 900_000
    assert 100 < told < 6000
    assert f"{6000 - told} more findings left out" in text
    assert f"and {6000 - markdown.ROWS} more |" in text
    assert "not analysed in full" in text


def test_a_megabyte_of_code_is_cut() -> None:
    f = msgspec.structs.replace(sample_report.unguarded(), message="x" * 1_000_000)
    text = summary(Report(".", (f,)))
    assert len(text) < 10_000
    assert text.count("<details>") == 1


def test_nothing_found() -> None:
    text = summary(Report(".", ()))
    assert text == "### mapguard: no unguarded map found\n\n0 files, 0 lines, 0 maps, 0 entry points analysed.\n\n"
    left = summary(Report(".", (), sample_report.suppressed_report().suppressed))
    assert "nothing left to report" in left
    assert "1 suppressed" in left


def test_golden() -> None:
    same_as_golden("summary.md", summary(sample_report.report(), **_REMOTE))
