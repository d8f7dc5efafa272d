"""The job summary: what it shows, that code stays text, and that it ends before GitHub's limit."""

import html
from pathlib import Path

import sample_report
from html_reading import ready
from mapguard.findings.model import Report
from mapguard.report import markdown
from mapguard.report.context import Context


def summary(report: Report, remote: str = "", commit: str = "") -> str:
    return markdown.render(ready(report), Context(root=Path(), remote=remote, commit=commit))


def test_headline_table_and_threads() -> None:
    text = summary(sample_report.report())
    assert text.startswith("### mapguard: 3 findings (2 errors, 1 warning)\n")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "<code>" in line]
    assert len(rows) == 3
    assert "<code>executionUserMetrics.ScheduledExecutionDelays</code>" in rows[0]
    assert text.count("<details>") == text.count("</details>") == 3
    assert text.count("**Thread A**") == text.count("**Thread B**") == 3
    assert "<code>r.mu</code> is held at 2 of 3 accesses." in text


def test_hostile_names_are_no_markup() -> None:
    text = summary(sample_report.report())
    for bad in ("<script", "<img", "[x](", "</script>", "\x1b", "\u202e", "::warning", "{{"):
        assert bad not in text
    assert all(line.count("|") == 5 for line in text.splitlines() if line.startswith("| ") and "<code>" in line)


def test_places_are_links_when_the_commit_is_known() -> None:
    first = sample_report.unguarded().accesses[0]
    address = f"https://github.com/o/r/blob/{'a' * 40}/{first.path}"
    text = html.unescape(summary(sample_report.report(), "https://github.com/o/r", "a" * 40))
    assert f'href="{address}#L{first.line}"' in text
    assert "href" not in summary(sample_report.report())


def test_a_large_report_ends_before_the_limit_and_says_so() -> None:
    text = summary(sample_report.many(6000))
    told = text.count("<details>")
    assert len(text.encode()) < 900_000
    assert 100 < told < 6000
    assert f"{6000 - told} more findings left out" in text
    assert "not analysed in full" in text or text.rstrip().endswith("all.")


def test_nothing_found() -> None:
    assert summary(Report(".", ())) == "### mapguard: no unguarded map found\n\n"
    assert "nothing left to report" in summary(Report(".", (), sample_report.suppressed_report().suppressed))
