"""The command that runs a test which leads to a finding: the right test, the right folder, and no command where there is none."""

from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.findings.model import Advice
from scanning import run, tree

MOD = "module example.com/m\n\ngo 1.24\n"
STORE = """package store

import "net/http"

type Store struct {
	cache
	name string
}

type cache struct{ hits map[string]int }

func New() *Store { return &Store{cache: cache{hits: map[string]int{}}} }

func (c *cache) Count(k string) { c.hits[k]++ }

func (s *Store) Serve(w http.ResponseWriter, r *http.Request) { s.handle(r.URL.Path) }

func (s *Store) handle(k string) { s.Count(k) }

func Register(s *Store) { http.HandleFunc("/", s.Serve) }
"""
OTHER = """package store

type other struct{}

type handler interface{ handle(k string) }

func (other) Count(k string) {}

func helper(s *Store) { s.handle("x") }
"""


def advice(root: Path, *more: str, **files: str) -> Advice:
    """The advice of the one finding of a tree with these test files beside the store."""
    tests = {f"svc/store/{name}_test.go": text for name, text in files.items()}
    tree(root, {".git/HEAD": "", "svc/go.mod": MOD, "svc/store/store.go": STORE, "svc/store/other.go": OTHER, **tests})
    options = Options(paths=(root,), cache=False)
    (found,) = pipeline.with_tests(options, pipeline.run(options).findings)
    return found.advice


def go_test(body: str, name: str = "TestIt", package: str = "store", imports: str = "") -> str:
    return f'package {package}\n\nimport (\n\t"testing"\n{imports})\n\nfunc {name}(t *testing.T) {{\n\t{body}\n}}\n'


RUNS = "cd svc && go test -race -run '^TestIt$' ./store"
IMPORTS = '\t"example.com/m/store"\n'
WHEN = "; it shows the race if both accesses happen in it, on two goroutines"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('New().Count("a")', "calls (*cache).Count"),
        ('s := New()\n\ts.Count("a")', "calls (*cache).Count"),
        ('s := &Store{}\n\tgo func() { s.handle("a") }()', "calls (*Store).handle"),
        ('var s Store\n\ts.handle("a")', "calls (*Store).handle"),
        ('s := new(Store)\n\ts.cache.Count("a")', "calls (*cache).Count"),
        ("helper(New())", "leads to (*Store).handle"),
        ("w := made()\n\tw.Serve(nil, nil)", "names Serve"),
        ("var h handler = New()\n\th.handle(k)", "names handle"),
    ],
)
def test_a_test_of_the_package(tmp_path: Path, body: str, says: str) -> None:
    found = advice(tmp_path, a=go_test(body))
    assert (found.test, found.tested) == (RUNS, f"TestIt (svc/store/a_test.go:7) {says}{WHEN}")


@pytest.mark.parametrize("body", ["var o other\n\to.Count(k)", "New()", "t.Log(1)", "other{}.Count(k)"])
def test_no_test_leads_there(tmp_path: Path, body: str) -> None:
    no_tests = go_test("helper(New())", "Testing") + "\nfunc TestMain(m *testing.M) { helper(New()) }\n"
    found = advice(tmp_path, a=go_test(body), b=no_tests)
    assert found.test == ""
    assert found.tested == (
        "no test was found that leads here; one that runs (*cache).Count twice at the same time would show it under go test -race"
    )


def test_what_is_no_data_race_has_no_test_for_the_detector(tmp_path: Path) -> None:
    source = STORE.replace("hits map[string]int }", "hits sync.Map }").replace("c.hits[k]++", "n, _ := c.hits.Load(k); c.hits.Store(k, n)")
    source = source.replace('"net/http"', '"net/http"; "sync"').replace("{hits: map[string]int{}}", "{}")
    tree(tmp_path, {".git/HEAD": "", "go.mod": MOD, "store.go": source})
    options = Options(paths=(tmp_path,), cache=False)
    (found,) = pipeline.with_tests(options, pipeline.run(options).findings)
    assert (found.rule, found.advice.test, found.advice.tested) == ("sync-map-check-then-act", "", "")


def test_the_nearest_test_is_named(tmp_path: Path) -> None:
    found = advice(
        tmp_path, a=go_test("helper(New())", "TestFar"), b=go_test('New().handle("k")', "TestNear"), c=go_test('New().Count("k")')
    )
    assert found.test == RUNS


def test_an_external_test_package(tmp_path: Path) -> None:
    found = advice(tmp_path, a=go_test('store.New().Count("k")', package="store_test", imports=IMPORTS))
    assert found.test == RUNS


def test_tests_of_a_package_that_imports_it(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {"svc/api/api.go": "package api\n", "svc/api/api_test.go": go_test('s := store.New()\n\ts.Count("k")', "TestApi", "api", IMPORTS)},
    )
    found = advice(tmp_path)
    assert found.test == "cd svc && go test -race -run '^TestApi$' ./api"
    assert found.tested == f"TestApi (svc/api/api_test.go:8) calls (*cache).Count{WHEN}"


def test_a_suite_runs_by_the_test_that_starts_it(tmp_path: Path) -> None:
    suite = "\n\ntype Suite struct{ s *Store }\n\nfunc (s *Suite) TestCount() { s.s.Count(k) }\n"
    found = advice(tmp_path, a=go_test("suite.Run(t, new(Suite))", "TestSuite") + suite)
    assert found.test == "cd svc && go test -race -run '^TestSuite$/^TestCount$' ./store"


def test_specs_run_by_the_test_that_runs_all(tmp_path: Path) -> None:
    specs = '\nvar _ = Describe("store", func() {\n\tIt("counts", func() { New().Count("k") })\n})\n'
    found = advice(tmp_path, a=go_test('RunSpecs(t, "all")', "TestSpecs") + specs)
    assert found.test == "cd svc && go test -race -run '^TestSpecs$' ./store"


def test_a_test_for_another_platform_does_not_count(tmp_path: Path) -> None:
    found = advice(tmp_path, a="//go:build windows\n\n" + go_test('New().Count("k")'), b_windows=go_test('New().Count("k")'))
    assert found.test == ""


def test_the_module_at_the_root_needs_no_other_folder(tmp_path: Path) -> None:
    tree(tmp_path, {".git/HEAD": "", "go.mod": MOD, "store.go": STORE, "a_test.go": go_test('New().Count("k")')})
    done = run("scan", cwd=tmp_path)
    assert "  test    go test -race -run '^TestIt$' .\n          TestIt (a_test.go:7) calls (*cache).Count; it shows the race" in done.out


def test_a_kept_run_sees_new_tests(tmp_path: Path) -> None:
    """Test files are no part of what is analysed: they are looked at each time."""
    tree(tmp_path, {".git/HEAD": "", "go.mod": MOD, "store.go": STORE})
    assert "no test was found that leads here" in run("scan", cwd=tmp_path).out
    tree(tmp_path, {"a_test.go": go_test('New().Count("k")')})
    assert "-run '^TestIt$'" in run("scan", cwd=tmp_path).out
    assert "-run '^TestIt$'" in run("scan", "--no-cache", cwd=tmp_path).out


@pytest.mark.parametrize("name", ["it's", "a b", "$(x)"])
def test_folders_are_quoted_for_the_shell(tmp_path: Path, name: str) -> None:
    tree(tmp_path, {".git/HEAD": "", f"{name}/go.mod": MOD, f"{name}/store.go": STORE, f"{name}/a_test.go": go_test('New().Count("k")')})
    options = Options(paths=(tmp_path,), cache=False)
    (found,) = pipeline.with_tests(options, pipeline.run(options).findings)
    quoted = {"it's": "'it'\"'\"'s'", "a b": "'a b'", "$(x)": "'$(x)'"}[name]
    assert found.advice.test == f"cd {quoted} && go test -race -run '^TestIt$' ."


def test_hostile_test_files_end_nothing(tmp_path: Path) -> None:
    found = advice(tmp_path, a="package store\nfunc TestX(t *testing.T) {" + "f(" * 5000, b="\0", c=go_test('New().Count("k")'))
    assert found.test == RUNS
