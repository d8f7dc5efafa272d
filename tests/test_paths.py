"""A path is a filter: the run reads what is built together with it, and reports what lies in it."""

from pathlib import Path

import pytest

from corpus.paths import missing
from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.base.scope import Scope
from mapguard.findings import select
from mapguard.findings.model import Finding
from mapguard.frontend.components import components
from mapguard.frontend.discover import discover
from mapguard.frontend.gomod import Module
from scanning import RACE, run, tree

ROOT = Path(__file__).parent.parent
MOD = "module example.com/m\n\ngo 1.24\n"

# the map and its write are in one package, the goroutines that make it a race in another
STORE = """package store

type S struct{ Hits map[string]int }

func (s *S) Add(k string) { s.Hits[k]++ }
"""
MAIN = """package main

import (
	"net/http"

	"example.com/m/store"
)

func main() {
	s := &store.S{Hits: map[string]int{}}
	go fill(s)
	http.HandleFunc("/all", func(w http.ResponseWriter, r *http.Request) { report(s) })
	http.ListenAndServe("", nil)
}

func fill(s *store.S) {
	for _, k := range []string{"a", "b"} {
		s.Add(k)
	}
}
"""
REPORT = """package main

import "example.com/m/store"

func report(s *store.S) {
	for range s.Hits {
	}
}
"""
SHOP: dict[str, str | bytes] = {".git/HEAD": "", "go.mod": MOD, "store/store.go": STORE, "cmd/main.go": MAIN, "cmd/report.go": REPORT}


def found(*paths: Path, **options: object) -> list[Finding]:
    asked = Options(paths=paths, cache=False, **options)  # type: ignore[arg-type]
    scope = pipeline.scope_of(asked)
    return [f for f in pipeline.run(asked).findings if select.lies_in(f, scope)]


def read(*paths: Path, **options: object) -> list[list[str]]:
    return [[f.path for f in part.files] for part in discover(Options(paths=paths, **options))]  # type: ignore[arg-type]


@pytest.mark.parametrize("path", [".", "store", "store/store.go", "cmd", "cmd/report.go"])
def test_a_race_is_found_from_both_of_its_sides(tmp_path: Path, path: str) -> None:
    tree(tmp_path, SHOP)
    assert found(tmp_path / path) == found(tmp_path)
    assert [f.map.name for f in found(tmp_path)] == ["Hits"]


def test_what_lies_elsewhere_is_not_reported(tmp_path: Path) -> None:
    tree(tmp_path, SHOP)
    assert found(tmp_path / "cmd/main.go") == []  # on the way to the race, no side of it
    both = found(tmp_path / "cmd/main.go", tmp_path / "cmd/report.go")
    assert both == found(tmp_path)


@pytest.mark.parametrize("pattern", ["./store/...", "store", "store/store.go"])
def test_the_last_line_says_what_was_read_for_what(tmp_path: Path, pattern: str) -> None:
    done = run("scan", pattern, cwd=tree(tmp_path, SHOP))
    assert done.code == 1
    assert "read 3 files for 1 asked" in done.out.splitlines()[-1]
    assert "asked" not in run("scan", cwd=tmp_path).out


def test_one_run_is_kept_for_all_paths(tmp_path: Path) -> None:
    tree(tmp_path, SHOP)
    store = ("--cache-dir", "kept")
    run("scan", "cmd/report.go", *store, cwd=tmp_path)
    before = run("cache", "status", *store, cwd=tmp_path).out.partition(" entries")[0]
    run("scan", "store", *store, cwd=tmp_path)
    run("scan", *store, cwd=tmp_path)
    assert run("cache", "status", *store, cwd=tmp_path).out.partition(" entries")[0] == before


def test_the_example_is_found_whole_from_each_of_its_files() -> None:
    findings, paths, wrong = missing(ROOT, "examples/tickets")
    assert (findings, wrong) == (5, [])
    assert paths >= 4


def test_without_git_the_module_is_what_belongs_together(tmp_path: Path) -> None:
    files = {name: text for name, text in SHOP.items() if name != ".git/HEAD"}
    tree(tmp_path / "m", files)
    tree(tmp_path, {"other.go": RACE})
    whole = found(tmp_path / "m")
    assert [{a.path for a in f.accesses[:2]} for f in whole] == [{"cmd/report.go", "store/store.go"}]
    assert found(tmp_path / "m/store/store.go") == whole


def test_a_stray_file_is_read_with_its_folder_only(tmp_path: Path) -> None:
    tree(tmp_path, {"a.go": RACE, "b.go": "package p\n", "deep/c.go": "package c\n"})
    assert read(tmp_path / "a.go") == [["a.go", "b.go"]]
    assert read(tmp_path / "a.go", tmp_path) == [["a.go", "b.go", "deep/c.go"]]


def test_a_module_file_somewhere_above_is_no_reason_to_read_all_that(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": "module example.com/stray\n", "far/x.go": "package x\n", "m/go.mod": MOD, "m/a/a.go": RACE})
    assert read(tmp_path / "m/a") == [["a/a.go"]]


# ---------------------------------------------------------------- which modules belong together


def module(folder: str, path: str, requires: tuple[str, ...] = (), replaces: tuple[tuple[str, str], ...] = ()) -> Module:
    return Module(folder, path, replaces, (), requires)


@pytest.mark.parametrize(
    ("modules", "workspaces", "together"),
    [
        ([module("a", "x/a"), module("b", "x/b")], [], {"a": "a", "b": "b"}),
        ([module("a", "x/a", ("x/b",)), module("b", "x/b"), module("c", "x/c")], [], {"a": "a", "b": "a", "c": "c"}),
        ([module("a", "x/a"), module("b", "x/b", (), (("other", "a"),))], [], {"a": "a", "b": "a"}),
        ([module("a", "x/a"), module("b", "x/b"), module("c", "x/c")], [("b", "c", "gone")], {"a": "a", "b": "b", "c": "b"}),
        (
            [module("a", "a"), module("b", "b", ("c",)), module("c", "c", ("d",)), module("d", "d")],
            [("a", "d")],
            dict.fromkeys("abcd", "a"),
        ),
        ([module("", "x"), module("in", "x/in")], [], {"": "", "in": "in"}),
        ([module("", "x"), module("in", "x/in", ("x",))], [], {"": "", "in": ""}),
    ],
)
def test_modules_that_are_built_together(modules: list[Module], workspaces: list[tuple[str, ...]], together: dict[str, str]) -> None:
    assert components(modules, workspaces) == together
    assert components(reversed(modules), [tuple(reversed(w)) for w in workspaces]) == together


def test_only_what_is_built_together_is_read(tmp_path: Path) -> None:
    mods = {"a": "module a\nrequire b v1.0.0\n", "b": "module b\n", "c": "module c\n"}
    tree(tmp_path, {".git/HEAD": "", **{f"{m}/go.mod": text for m, text in mods.items()}, **{f"{m}/p/x.go": RACE for m in mods}})
    assert read(tmp_path / "b") == [["a/p/x.go", "b/p/x.go"]]
    assert read(tmp_path / "c/p/x.go") == [["c/p/x.go"]]
    assert read(tmp_path) == [["a/p/x.go", "b/p/x.go"], ["c/p/x.go"]]
    assert len(found(tmp_path)) == 3


def test_copies_of_a_module_are_told_apart_the_same_way_from_everywhere(tmp_path: Path) -> None:
    tree(tmp_path, {".git/HEAD": "", **{f"{m}/{name}": text for m in "abc" for name, text in (("go.mod", MOD), ("x.go", RACE))}})
    whole = found(tmp_path)
    assert len({f.fingerprint for f in whole}) == 3
    assert [f for m in "abc" for f in found(tmp_path / m / "x.go")] == whole


def test_a_module_for_tests_is_one_also_by_itself(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {".git/HEAD": "", "go.mod": MOD, "a.go": "package a\n"}
    tree(tmp_path, {**files, "e2e/go.mod": "module example.com/m/e2e\n", "e2e/x.go": RACE})
    assert found(tmp_path) == found(tmp_path / "e2e") == []
    assert found(tmp_path, tests=True) == found(tmp_path / "e2e", tests=True) != []


# ---------------------------------------------------------------- what discovery leaves out, and is asked for by name


@pytest.mark.parametrize("folder", ["testdata/race", "vendor/example.com/v", "_old", ".hidden/x", "ignored/x"])
def test_what_is_left_out_is_read_when_it_is_named(tmp_path: Path, folder: str) -> None:
    tree(tmp_path, {".git/HEAD": "", "go.mod": MOD + "ignore ./ignored\n", "a/a.go": "package a\n", f"{folder}/x.go": RACE})
    assert read(tmp_path) == [["a/a.go"]]
    for path in (folder, f"{folder}/x.go"):
        assert read(tmp_path / path) == [sorted(["a/a.go", f"{folder}/x.go"])]
        assert [f.map.name for f in found(tmp_path / path)] == ["hits"]


def test_a_module_in_a_folder_that_is_left_out_is_read_as_a_whole(tmp_path: Path) -> None:
    inner = {"go.mod": "module example.com/inner\n", "a/a.go": RACE, "b/b.go": "package b\n"}
    tree(tmp_path, {".git/HEAD": "", "go.mod": MOD, "x.go": "package x\n", **{f"testdata/in/{name}": text for name, text in inner.items()}})
    assert read(tmp_path / "testdata/in/a") == [["testdata/in/a/a.go", "testdata/in/b/b.go"]]


def test_vendored_code_is_found_from_the_handlers_that_use_it(tmp_path: Path) -> None:
    main = MAIN.replace("example.com/m/store", "example.com/v/store")
    report = REPORT.replace("example.com/m/store", "example.com/v/store")
    files: dict[str, str | bytes] = {".git/HEAD": "", "go.mod": MOD, "cmd/main.go": main, "cmd/report.go": report}
    tree(tmp_path, {**files, "vendor/example.com/v/store/store.go": STORE})
    (finding,) = found(tmp_path / "vendor/example.com/v/store/store.go")
    assert {a.path for a in finding.accesses[:2]} == {"cmd/report.go", "vendor/example.com/v/store/store.go"}


@pytest.mark.parametrize("name", ["race_test.go", "made.pb.go"])
def test_a_changed_file_that_is_not_read_is_no_mistake(tmp_path: Path, name: str) -> None:
    tree(tmp_path, {".git/HEAD": "", "go.mod": MOD, "race.go": RACE, name: RACE.replace("S ", "T ").replace("*S", "*T")})
    done = run("scan", name, "--exclude", "*.pb.go", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "read 1 file for 0 asked" in done.out
    assert run("scan", name, "race.go", "--exclude", "*.pb.go", cwd=tmp_path).code == 1


@pytest.mark.parametrize("path", ["docs", "notes.md"])
def test_a_path_without_go_files_is_a_mistake(tmp_path: Path, path: str) -> None:
    tree(tmp_path, {".git/HEAD": "", "go.mod": MOD, "race.go": RACE, "docs/x.md": "x", "notes.md": "x"})
    done = run("scan", path, cwd=tmp_path)
    assert (done.code, done.err) == (2, f"mapguard: no Go file found in {path}\n")


# ---------------------------------------------------------------- gaps, comments, scope


def test_gaps_inside_the_path_come_first(tmp_path: Path) -> None:
    broken = "package p\n\nfunc broken( {\n"
    tree(tmp_path, {**SHOP, "a/a.go": broken, "store/z.go": broken, "zz/z.go": broken})
    gaps = [g.path for g in pipeline.run(Options(paths=(tmp_path / "store",), cache=False)).gaps]
    assert gaps[0] == "store/z.go"
    assert gaps[1:] == sorted(gaps[1:])
    assert {"a/a.go", "zz/z.go"} < set(gaps)


def test_a_comment_that_silences_another_path_is_not_unused(tmp_path: Path) -> None:
    silenced = STORE.replace("\nfunc", "\n//mapguard:ignore concurrent-map-iteration only at night\nfunc")
    stale = "package o\n\n//mapguard:ignore map-guard-missed gone\nvar X int\n"
    tree(tmp_path, {**SHOP, "store/store.go": silenced, "other/o.go": stale})
    for path in ("cmd", "store"):
        done = run("scan", path, cwd=tmp_path)
        assert (done.code, "silences nothing" in done.out) == (0, False), done.out
    assert "other/o.go:3: mapguard:ignore map-guard-missed silences nothing" in run("scan", cwd=tmp_path).out


@pytest.mark.parametrize(
    ("scope", "inside", "outside"),
    [
        (Scope(), ["a.go", "a/b.go"], []),
        (Scope(("a",)), ["a/b.go", "a/c/d.go"], ["a.go", "ab/c.go"]),
        (Scope((), frozenset(["a/b.go"])), ["a/b.go"], ["a/b.go/c.go", "a/c.go"]),
    ],
)
def test_scope(scope: Scope, inside: list[str], outside: list[str]) -> None:
    assert [p for p in (*inside, *outside) if scope.has(p)] == inside
    assert scope.whole == (not outside)


def test_what_is_named_changes_nothing_in_the_rest(tmp_path: Path) -> None:
    """Neither a copy of the module among the test data nor a file that is not read tells it apart, or makes it less than the whole."""
    tree(
        tmp_path,
        {".git/HEAD": "", "go.mod": MOD, "mocks/race.go": RACE, "other/go.mod": "module other\n", "other/x_test.go": "package x\n"},
    )
    tree(tmp_path, {"testdata/copy/go.mod": MOD, "testdata/copy/race.go": RACE})
    whole = found(tmp_path)
    assert len(whole) == 1
    copied = found(tmp_path / "testdata/copy")
    assert len(copied) == 1
    assert copied[0].fingerprint != whole[0].fingerprint
    assert found(tmp_path, tmp_path / "testdata/copy") == sorted([*whole, *copied], key=select.rank)
    assert found(tmp_path / "mocks/race.go", tmp_path / "other/x_test.go") == whole
