"""The text report: what a reader sees, at every width, without letting the scanned code drive the terminal or the build server."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

import sample_report
from golden_file import same_as_golden
from mapguard.base.gap import Gap, Reason
from mapguard.base.span import Place
from mapguard.findings import select
from mapguard.findings.model import Access, Finding, Guard, HeldLock, InForce, Report, RootInfo, Stats
from mapguard.findings.suppress import Notice
from mapguard.report.context import Context
from mapguard.report.excerpt import cells, excerpt
from mapguard.report.text import render

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def ready(report: Report) -> Report:
    return msgspec.structs.replace(report, findings=tuple(select.with_fingerprints(report.findings)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sample_report.write_sources(tmp_path)
    return tmp_path


def shown(root: Path, report: Report, **context: Any) -> str:
    return render(report, Context(root=root, **context))


@pytest.mark.parametrize("width", [100, 60])
def test_golden(root: Path, width: int) -> None:
    notices = (Notice("internal/registry/registry.go", 7, "mapguard:ignore map-guard-missed silences nothing; remove it"),)
    same_as_golden(f"report-{width}.txt", shown(root, ready(sample_report.report()), width=width, notices=notices))


def test_golden_stats(root: Path) -> None:
    report = msgspec.structs.replace(sample_report.suppressed_report(), findings=())
    same_as_golden("stats.txt", shown(root, report, stats=True, show_suppressed=True, elapsed=1.25))


def test_colour_changes_nothing_but_colour(root: Path) -> None:
    report = ready(sample_report.report())
    plain, colored = shown(root, report), shown(root, report, color=True)
    assert "\x1b" not in plain
    assert colored != plain
    assert _ANSI.sub("", colored) == plain


def test_no_line_is_wider_than_the_terminal_where_it_can_be_broken(root: Path) -> None:
    for line in shown(root, ready(sample_report.report()), width=80).splitlines():
        if "│" in line:
            assert cells(line) <= 80, line


def test_scanned_text_cannot_command_terminal_or_build_server(root: Path) -> None:
    for width in range(40, 120, 7):
        text = shown(root, ready(sample_report.report()), width=width)
        assert not [c for c in text if not c.isprintable() and c != "\n"]
        assert not [line for line in text.splitlines() if line.strip().startswith("::")]
        assert "##[" not in text


def test_carets_stand_below_the_expression(root: Path) -> None:
    lines = shown(root, ready(sample_report.report())).splitlines()
    carets = [(lines[at - 1], line) for at, line in enumerate(lines) if "^" in line]
    assert len(carets) == 6
    marked = [above[line.index("^") : line.rindex("^") + 1] for above, line in carets]
    expression = "m.userMetrics.ScheduledExecutionDelays[req.Project]"
    assert marked == [expression, expression, "größe[", 'größe["b"]', "r.items", "r.items[name]"]


def test_guard_says_where_it_is_not_held(root: Path) -> None:
    text = shown(root, ready(Report(".", (sample_report.guard_missed(),))))
    assert "r.mu is held at 2 of 3 accesses; not at internal/registry/registry.go:23" in text


def test_many_unguarded_places_are_counted(root: Path) -> None:
    f = sample_report.guard_missed()
    f = msgspec.structs.replace(f, guard=Guard("r.mu", 2, 8, tuple(Place(f"f{n}.go", n, 1) for n in range(1, 9))))
    text = " ".join(shown(root, ready(Report(".", (f,)))).split())
    assert "2 of 10 accesses; not at f1.go:1, f2.go:2, f3.go:3 and 5 more" in text


def test_the_same_code_twice_is_told_once(root: Path) -> None:
    f = sample_report.unguarded()
    f = msgspec.structs.replace(f, accesses=(f.accesses[0], f.accesses[0]))
    text = shown(root, ready(Report(".", (f,))))
    assert text.count("writes the map") == 1
    assert "thread B  the same code, run by another goroutine at the same time" in text


def test_locks_are_said_where_they_change(root: Path) -> None:
    f = sample_report.guard_missed()
    add = f.accesses[1]
    lock = (HeldLock("outer", "read"),)
    trace = (*(msgspec.structs.replace(s, locks=lock) for s in add.trace[:-1]), add.trace[-1])
    f = msgspec.structs.replace(f, accesses=(f.accesses[0], msgspec.structs.replace(add, trace=trace)))
    assert shown(root, ready(Report(".", (f,)))).count("holding outer (read)") == 1


def others(count: int) -> Finding:
    f = sample_report.guard_missed()
    more = tuple(Access("read", "a.go", n, 1, 2, "F", "m") for n in range(1, count + 1))
    return msgspec.structs.replace(f, accesses=(*f.accesses[:2], *more))


def test_many_other_accesses_are_cut_and_counted(root: Path) -> None:
    report = ready(Report(".", (others(20),)))
    assert "and 12 more (mapguard why" in shown(root, report)
    full = shown(root, report, full=True)
    assert "more (mapguard why" not in full
    assert "a.go:20" in full


def test_many_gaps_are_grouped_and_cut(root: Path) -> None:
    few = tuple(Gap(Reason.TOO_LARGE, f"big{n}.go", 0, "9 bytes") for n in range(2))
    gaps = (*few, *(Gap(Reason.SYNTAX, f"f{n:02}.go", n) for n in range(1, 16)))
    report = Report(".", (), (), gaps)
    text = shown(root, report)
    lines = text.partition("\n\n")[0].splitlines()[1:]
    assert len(lines) == 10
    assert lines[0] == "  did not parse: 15 places, 9 not listed (-v lists all)"  # the most frequent first
    assert "  larger than the limit, not read: 2 places" in lines
    assert "17 gaps in what was analysed" in text
    for more in ({"stats": True}, {"full": True}):
        assert "f15.go:15" in shown(root, report, **more)
        assert "not listed" not in shown(root, report, **more)


def test_gaps_name_the_functions_that_they_hide(root: Path) -> None:
    (root / "g.go").write_text("package g\n\nfunc a() {\n\tx(\n}\n\nfunc (s *S) b() {\n}\n\nfunc (s S) c() {}\n\nfunc d[T any]() {}\n")
    part = shown(root, Report(".", (), (), (Gap(Reason.SYNTAX, "g.go", 4, "?"), Gap(Reason.SYNTAX, "g.go", 7, "?"))))
    assert "  did not parse: 2 places, hiding 2 functions\n    g.go:4  a: ?\n    g.go:7  (*S).b: ?\n" in part
    whole = shown(root, Report(".", (), (), (Gap(Reason.TOO_LARGE, "g.go", 0, "9 bytes"),)))
    assert "larger than the limit, not read: 1 place, hiding 4 functions\n    g.go  a, (*S).b, S.c and 1 more: 9 bytes\n" in whole


def test_code_that_serves_tests_is_counted_and_named(root: Path) -> None:
    for files, functions, said in ((2, 0, "2 files serve tests only"), (1, 0, "1 file serves"), (3, 1, "3 files and 1 function serve")):
        stats = Stats(support_files=files, support_functions=functions)
        assert said in " ".join(shown(root, Report(".", (), stats=stats)).split())


def test_nothing_found_is_said(root: Path) -> None:
    assert shown(root, Report(".", ())).startswith("No unguarded map found; 0 files")
    hidden = Report(".", (), in_force=InForce(not_shown={"new-from-rev": 2}))
    assert shown(root, hidden).startswith("Nothing left to report; 0 files")


def test_elapsed_only_where_asked(root: Path) -> None:
    report = Report(".", ())
    assert " s\n" not in shown(root, report)
    assert shown(root, report, elapsed=3.14159).endswith("in 3.1 s\n")


def test_a_missing_source_falls_back_to_the_step(tmp_path: Path) -> None:
    text = shown(tmp_path, ready(Report(".", (sample_report.guard_missed(),))))
    assert "29 │ starts a goroutine (*Registry).refresh" in text


@pytest.mark.parametrize("path", ["../outside.go", "/etc/passwd", "link.go", "a\0b.go"])
def test_sources_outside_the_root_are_not_read(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside.go").write_text("secret\n" * 50)
    (root / "link.go").symlink_to(tmp_path / "outside.go")
    f = sample_report.guard_missed()
    access = msgspec.structs.replace(f.accesses[0], path=path, root=RootInfo("http", True, path, 1, "F"))
    trace = tuple(msgspec.structs.replace(s, path=path, line=1) for s in access.trace)
    f = msgspec.structs.replace(f, accesses=(msgspec.structs.replace(access, trace=trace), f.accesses[1]))
    text = shown(root, ready(Report(".", (f,))))
    assert "secret" not in text
    assert "root:" not in text


@pytest.mark.parametrize(
    ("line", "column", "end", "width", "text", "offset", "length"),
    [
        ("\tm[k] = v", 2, 6, 40, "m[k] = v", 0, 4),
        ("\tx := m[k]", 7, 11, 40, "x := m[k]", 5, 4),
        ("a\tm[k]", 3, 7, 40, "a    m[k]", 5, 4),
        ('日本["b"]++', 1, 8, 40, '日本["b"]++', 0, 9),
        ("", 5, 9, 40, "", 0, 1),
        ("m", 90, 95, 40, "m", 1, 1),
    ],
)
def test_excerpt(line: str, column: int, end: int, width: int, text: str, offset: int, length: int) -> None:
    found = excerpt(line, column, end, width)
    assert (found.text, found.offset, found.length) == (text, offset, length)


@pytest.mark.parametrize("width", range(10, 90, 3))
def test_excerpt_fits_and_shows_the_range(width: int) -> None:
    line = "\t\tif value, ok := service.registry.byTenant[tenant][名前]; ok && value.Enabled() { return value.Clone(), nil }"
    column = line.index("service") + 1
    found = excerpt(line, column, column + 35, width)
    assert cells(found.text) <= width
    assert found.text[found.offset :].startswith("serv")


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_for_a_gap_has_words(root: Path, reason: Reason) -> None:
    assert shown(root, Report(".", (), (), (Gap(reason, "a.go", 1, "why"),))).startswith("not analysed in full\n  ")
