"""Workflow commands: one a finding, escaped, ten a level, and a word about the rest."""

import re
from pathlib import Path

import msgspec

import sample_report
from golden_file import same_as_golden
from html_reading import ready
from mapguard.base.gap import Gap, Reason
from mapguard.findings.model import Report, Severity
from mapguard.report import github
from mapguard.report.context import Context

_COMMAND = re.compile(r"::(error|warning|notice) title=[^,:]*,file=([^,:]*),line=(\d+),endLine=\3,col=\d+,endColumn=\d+::(.*)")


def lines(report: Report) -> list[str]:
    return github.render(ready(report), Context(root=Path())).splitlines()


def test_golden() -> None:
    same_as_golden("annotations.txt", github.render(ready(sample_report.report()), Context(root=Path())))


def test_one_command_for_each_finding_worst_first() -> None:
    *commands, _ = lines(sample_report.report())
    found = [_COMMAND.fullmatch(line) for line in commands]
    assert [m and m[1] for m in found] == ["error", "error", "warning"]
    assert all("%0AFix: " in m[4] for m in found if m)


def test_hostile_names_stay_in_their_place() -> None:
    (line,) = [line for line in lines(sample_report.report()) if "ünï" in line]
    match = _COMMAND.fullmatch(line)
    assert match
    assert match[2] == "pkg/we ird#1/ünï.go"
    assert "::error::%250A" in match[4]  # the % of the code is escaped, and only a line's start is a command
    assert "\x1b" not in line
    assert "\u202e" not in line


def test_line_ends_and_delimiters_in_a_path_are_escaped() -> None:
    f = sample_report.unguarded()
    access = msgspec.structs.replace(f.accesses[0], path="a,b:c\n%::error::.go", trace=())
    (line,) = lines(Report(".", (msgspec.structs.replace(f, accesses=(access,), racing=1),)))
    assert ",file=a%2Cb%3Ac%0A%25%3A%3Aerror%3A%3A.go,line=" in line


def test_a_megabyte_of_code_is_cut() -> None:
    f = msgspec.structs.replace(sample_report.unguarded(), message="x" * 1_000_000)
    (line,) = lines(Report(".", (f,)))
    assert len(line) < 4_000
    assert "x…%0A" in line


def test_the_other_side_is_named_when_it_lies_elsewhere() -> None:
    (line,) = [line for line in lines(sample_report.report()) if "map-guard-missed" in line]
    other = sample_report.guard_missed().accesses[1]
    assert f"{other.path}:{other.line}" in line


def test_ten_of_each_level_and_a_word_about_the_rest() -> None:
    text = lines(sample_report.many(100))
    levels = [line.split(" ", 1)[0] for line in text[:-1]]
    assert levels.count("::error") == levels.count("::warning") == github.EACH  # one of them for the gaps
    assert text[-1].startswith("mapguard: 81 more findings left out")


def test_what_was_not_analysed_is_said() -> None:
    gaps = tuple(Gap(Reason.LIMIT, f"p{n}.go", n, "a\n::error::b") for n in range(30))
    (line,) = lines(Report(".", (), (), gaps))
    assert line.startswith("::warning title=mapguard%3A analysis incomplete::30 gaps in what was analysed%0Ap0.go LIMIT a")
    assert line.endswith("%0Aand 20 more")
    findings = tuple(msgspec.structs.replace(f, severity=Severity.WARNING) for f in sample_report.many(20).findings)
    text = lines(Report(".", findings, (), gaps))
    assert sum(line.startswith("::warning") for line in text) == github.EACH
    assert text[-1].startswith(f"mapguard: {len(findings) - github.EACH + 1} more findings left out")


def test_nothing_found_prints_nothing() -> None:
    assert github.render(Report(".", ()), Context(root=Path())) == ""
