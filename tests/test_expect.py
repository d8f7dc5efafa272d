"""The comparison of fixtures with findings can fail in every way that it should."""

from pathlib import Path

import pytest

from expect import Fixture, fixtures, problems
from mapguard.findings.model import Access, Advice, Confidence, Finding, MapInfo, Severity


def finding(*lines: int, rule: str = "concurrent-map-write", message: str = "'cache' is written", path: str = "topic/case/a.go") -> Finding:
    accesses = tuple(Access("write", path, line, 1, 2, "f", "cache[k]") for line in lines)
    where = MapInfo("global", "p", "", "cache", "map[string]int", None)
    return Finding(rule, Severity.ERROR, Confidence.HIGH, "", message, where, accesses, None, (), Advice("mutex", ""))


def fixture(root: Path, *lines: str, row: str = "S1 REPORT") -> Fixture:
    folder = root / "topic" / "case"
    folder.mkdir(parents=True)
    (folder / "a.go").write_text(f"// Row: {row}\npackage p\n" + "\n".join(lines))
    (one,) = fixtures(root)
    return one


WANT = 'cache[k] = v // want concurrent-map-write "cache"'  # on line 3 of the fixture


def test_wanted_and_found(tmp_path: Path) -> None:
    f = fixture(tmp_path, WANT)
    assert (f.name, f.row, f.kind) == ("topic/case", "S1", "REPORT")
    assert problems(f, [finding(3, 9)]) == []
    assert problems(f, [finding(9, 3)]) == []


def test_wanted_and_not_found(tmp_path: Path) -> None:
    assert "no finding" in problems(fixture(tmp_path, WANT), [])[0]


@pytest.mark.parametrize(
    "other",
    [
        finding(4, 5),
        finding(3, 9, rule="map-guard-missed"),
        finding(3, 9, message="'other' is written"),
        finding(3, 9, path="topic/case/b.go"),
        finding(8, 9, 3),  # the third access does not race
    ],
)
def test_another_finding_is_both_a_miss_and_unexpected(tmp_path: Path, other: Finding) -> None:
    assert len(problems(fixture(tmp_path, WANT), [other])) == 2


def test_findings_of_other_packages_do_not_count(tmp_path: Path) -> None:
    f = fixture(tmp_path, "x := 1", row="S1 SILENT")
    assert problems(f, [finding(3, 9, path="topic/case2/a.go")]) == []
    assert problems(f, [finding(3, 9)]) != []


def test_packages_in_subfolders_belong_to_the_fixture(tmp_path: Path) -> None:
    sub = tmp_path / "topic" / "case" / "store"
    sub.mkdir(parents=True)
    (sub / "s.go").write_text('package store\nm[k] = v // want-any "cache"\n')
    (sub.parent / "a.go").write_text("// Row: A8 REPORT\npackage p\n")
    (one,) = fixtures(tmp_path)
    assert problems(one, [finding(2, 2, path="topic/case/store/s.go", rule="map-guard-missed")]) == []
    assert problems(one, []) != []


def test_any_rule_will_do(tmp_path: Path) -> None:
    assert problems(fixture(tmp_path, '// want-any "cache"'), [finding(3, 3, rule="map-guard-copied")]) == []


def test_known_miss(tmp_path: Path) -> None:
    f = fixture(tmp_path, "cache[k] = v // FN reflection")
    assert problems(f, []) == []
    assert "make it a want" in problems(f, [finding(3, 3)])[0]


def test_known_noise(tmp_path: Path) -> None:
    f = fixture(tmp_path, "cache[k] = v // FP a lock in assembly", row="S1 SILENT")
    assert problems(f, [finding(3, 3)]) == []
    assert "remove the mark" in problems(f, [])[0]


def test_marks_need_a_reason(tmp_path: Path) -> None:
    assert "without a reason" in problems(fixture(tmp_path, "cache[k] = v // FN"), [])[0]


def test_misspelt_expectations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.go:3"):
        fixture(tmp_path, "cache[k] = v // want concurrent-map-write cache")
