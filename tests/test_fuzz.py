"""Damaged and made-up Go in, a report out: the analysis, which raises in debug mode, must not; ``python -m fuzz`` runs long."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from fuzz import campaign
from fuzz.campaign import Failure, failures
from fuzz.damage import DAMAGE, Damage, fixtures
from fuzz.grammar import Maker
from mapguard import pipeline
from mapguard.base.gap import Reason
from mapguard.base.options import Options
from mapguard.facts.model import FileFacts
from mapguard.frontend.lower import lower
from mapguard.frontend.parse import parse
from mapguard.program.link import link

FIXTURES = Damage(fixtures())


@pytest.mark.parametrize("seed", range(30))
def test_damaged_code_is_no_crash(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    (tmp_path / "go.mod").write_text("module example.com/fixtures\n\ngo 1.24\n")
    for number in range(40):
        folder = tmp_path / f"p{number // 4}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{number}.go").write_bytes(FIXTURES.damaged(dice))
    report = pipeline.run(Options(paths=(tmp_path,), cache=False, debug=True))
    assert report.stats.files + len({g.path for g in report.gaps}) >= 40
    assert [g for g in report.gaps if g.reason == Reason.CRASH] == []


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda d: d.__name__)
def test_the_damage_is_real(damage: Callable[[bytes, random.Random], bytes]) -> None:
    source = FIXTURES.sources[0]
    assert any(damage(source, random.Random(seed)) != source for seed in range(5))


@pytest.mark.parametrize("seed", range(4))
def test_every_format_has_something_to_say_of_anything(seed: int) -> None:
    assert failures(seed, FIXTURES, 60) == []


def test_a_crash_is_laid_to_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(parsed: object, path: str, *rest: object) -> object:
        if path == "p1/f5.go":
            raise ValueError("broken")
        return lower(parsed, path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("mapguard.frontend.extract.lower", crash)
    assert failures(0, FIXTURES, 12) == [Failure(0, "p1/f5.go", "line 0: ValueError: broken")]


def test_what_ends_a_scan_is_laid_to_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(files: list[FileFacts], *rest: object) -> object:
        if any(f.path.startswith("p2/") for f in files):
            raise ValueError("broken")
        return link(files, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("mapguard.pipeline.phases.link", crash)
    assert failures(0, FIXTURES, 24) == [Failure(0, "p2", "ValueError: broken")]


def test_a_report_that_nobody_can_read_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mapguard.report.junit.render", lambda *_: "<a>\x01</a>")
    assert "junit: not well-formed" in failures(0, FIXTURES, 4)[0].what


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the alarm is lost in a finalizer, and comes again
def test_a_scan_that_takes_too_long_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "HANG", 0.01)
    assert "processor seconds" in failures(0, FIXTURES, 8)[0].what


def test_much_of_what_is_made_is_syntax() -> None:
    """Else the programs would test the recovery of the parser and nothing behind it."""
    made = [Maker(random.Random(seed)).program().encode() for seed in range(60)]
    assert sum(1 for source in made if not parse(source, "a.go").gaps) > 20


SELF = {
    "types of themselves": """
type T []T
type M map[string]M
type P *P
type F func(F) F
type A [2]A
type E struct { E; m map[string]int }
type I interface { I; f() }
type G[T any] struct { g *G[G[T]]; m map[string]T }
type Q[T Q[T]] []T
type X = X
type S struct { kids T; m map[string]T }
func (s *S) put(t T) { s.kids = append(s.kids, t); s.m["a"] = t; t[0][1] = t; go s.put(t[0]) }
func (m M) add(v M) { m["a"]["b"] = v; go v.add(m) }
func g(p P, f F, i I) { *p = p; go f(f); go i.f(); go g(*p, f(f), i) }
func (e *E) k() { e.m["a"] = 1; go e.E.k() }
func (x *G[T]) q() { x.m["a"] = x.g.g.m["b"]; go x.g.q() }
func (x Q[T]) z(t T) { x[0] = t; go x.z(t[0]) }
""",
    "a package in itself": """
import . "example.com/m"
import me "example.com/m"
var a = b
var c = me.c
func F() { undefined(); a["x"] = 1; go me.F(); me.zz["a"]++; zz["b"]++ }
""",
    "variables in their own initialisers": """
var a, b = f(func() { b["x"] = 1; go func() { a["y"]++ }() })
var x, y = y, x
var z = func() map[string]int { return z }()
var u, v = func() (map[string]int, map[string]int) { return v, u }()
var s, t = s.f(func() { t() })
var on = off
var off = on
var seen = map[string]int{}
func h() { if on == nil { x["a"] = 1 }; seen["a"]++; go h() }
func f(g func()) (map[string]int, map[string]int) { go g(); return nil, nil }
""",
}


@pytest.mark.parametrize("source", SELF.values(), ids=SELF.keys())
def test_what_is_made_of_itself_is_no_crash(tmp_path: Path, source: str) -> None:
    (tmp_path / "go.mod").write_text("module example.com/m\n")
    (tmp_path / "a.go").write_text(f"package m\n{source}")
    report = pipeline.run(Options(paths=(tmp_path,), cache=False, debug=True))
    assert [g for g in report.gaps if g.reason not in (Reason.TYPES, Reason.ORIGIN)] == []


NEVER = """package p

import "net/http"

type S struct{ hits map[string]int }

func later() string { panic("not written yet") }

func (s *S) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.hits[r.URL.Path]++
	if r.Method == "PUT" {
		%s
	}
	s.hits["all"]++
}
"""


@pytest.mark.parametrize(
    "statement",
    [
        "x := later()",
        "s.hits[later()]++",
        "s.hits[later()] = len(later())",
        "w.Header()[later()] = nil",
        "for range later() { s.hits[later()] = 1 }",
        "for i := 0; i < 9; s.hits[later()]++ { i++ }",
        "switch later() { case later(): s.hits[later()]++ }",
        "if x := later(); x != later() { return }",
        "go func(x string) { s.hits[x]++ }(later())",
        "defer later()",
        "var x, y = later(), s.hits[later()]",
        "_ = append([]string{later()}, later()[1:]...)",
        "delete(s.hits, later())",
        "copy(make([]byte, len(later())), later())",
    ],
)
def test_a_call_that_never_returns_ends_its_path_only(tmp_path: Path, statement: str) -> None:
    (tmp_path / "go.mod").write_text("module example.com/m\n")
    (tmp_path / "a.go").write_text(NEVER % statement)
    report = pipeline.run(Options(paths=(tmp_path,), cache=False, debug=True))
    assert report.gaps == ()
    lines = {a.line for f in report.findings if f.map.name == "hits" for a in f.accesses}
    assert {10, 14} <= lines, "what stands beside the call is seen"
