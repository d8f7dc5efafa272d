"""Plans together: one text for each file, imports that several need, files for different platforms, one diff."""

from pathlib import Path

import pytest

from git_repository import Repository
from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.fix import statements
from mapguard.fix.diff import diff
from mapguard.fix.edit import EditError
from mapguard.fix.fields import add_field
from mapguard.fix.imports import Import
from mapguard.fix.plan import Needed, Plan, changes
from mapguard.fix.shape import GoFile
from mapguard.fix.write import write

SHARED = "package p\n\ntype Store struct{ views map[string]int }\n"
HANDLER = """package p

import "net/http"

func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.views[r.URL.Path]++ }
"""
TAGGED = """//go:build {tag}

package p

func (s *Store) forget(key string) {{ delete(s.views, key) }}
"""
FILES = {
    "go.mod": "module example.com/m\n\ngo 1.22\n",
    "p/store.go": SHARED,
    "p/handler.go": HANDLER,
    "p/forget_linux.go": TAGGED.format(tag="linux && !slow"),
    "p/forget_other.go": TAGGED.format(tag="!linux || slow"),
    "q/q.go": 'package q\n\nimport "example.com/m/p"\n\nvar S = p.Store{}\n',
}


def read(path: str) -> bytes:
    return FILES[path].encode()


def locked(path: str, statement: str) -> Plan:
    file = GoFile(path, read(path))
    at = file.text.source.index(statement.encode())
    return Plan("mutex", "", statements.around(file, at, at, ["s.mu.Lock()"], ["s.mu.Unlock()"]))


def a_mutex_everywhere() -> list[Plan]:
    file = GoFile("p/store.go", read("p/store.go"))
    new = add_field(file, file.text.source.index(b"views"), "mu sync.Mutex // guards views")
    return [
        Plan("mutex", "", new, (Needed("p/store.go", Import("sync")),)),
        locked("p/handler.go", "s.views"),
        locked("p/forget_linux.go", "delete"),
        locked("p/forget_other.go", "delete"),
    ]


def found(root: Path, goos: str, overlay: dict[str, bytes]) -> list[str]:
    report = pipeline.run(Options(paths=(root,), cache=False, goos=goos, overlay=overlay))
    return [f.rule for f in report.findings]


@pytest.mark.parametrize("goos", ["linux", "windows"])
def test_a_plan_for_files_of_all_platforms(tmp_path: Path, goos: str) -> None:
    repo = Repository.made(tmp_path / "repo", FILES)
    changed = changes(a_mutex_everywhere(), read)
    assert [c.path for c in changed] == ["p/forget_linux.go", "p/forget_other.go", "p/handler.go", "p/store.go"]
    assert found(repo.root, goos, {}) != []
    assert found(repo.root, goos, {c.path: c.new for c in changed}) == []
    (tmp_path / "change.diff").write_bytes(diff(changed))
    repo.git("apply", str(tmp_path / "change.diff"))
    assert all((repo.root / c.path).read_bytes() == c.new for c in changed)
    assert found(repo.root, goos, {}) == []
    repo.git("checkout", "-q", ".")
    write(repo.root, changed)
    assert all((repo.root / c.path).read_bytes() == c.new for c in changed)


def test_the_same_plan_twice_is_the_plan() -> None:
    once = changes(a_mutex_everywhere(), read)
    assert changes([*a_mutex_everywhere(), *reversed(a_mutex_everywhere())], read) == once
    assert {c.path: c.new for c in once}[
        "p/store.go"
    ].decode() == 'package p\n\nimport "sync"\n\ntype Store struct {\n\tmu    sync.Mutex // guards views\n\tviews map[string]int\n}\n'


def test_imports_of_several_plans() -> None:
    sources = {"a.go": b'package p\n\nimport (\n\t"fmt"\n\t"sync"\n)\n\nvar x sync.Map\n'}
    gone = Plan("a", "", (), (Needed("a.go", Import("sync"), gone=True), Needed("a.go", Import("maps"))))
    (alone,) = changes([gone], sources.__getitem__)
    assert alone.new == b'package p\n\nimport (\n\t"fmt"\n\t"maps"\n)\n\nvar x sync.Map\n'
    (both,) = changes([gone, Plan("b", "", (), (Needed("a.go", Import("sync")),))], sources.__getitem__)
    assert both.new == b'package p\n\nimport (\n\t"fmt"\n\t"maps"\n\t"sync"\n)\n\nvar x sync.Map\n'


def test_plans_that_contradict_each_other() -> None:
    file = GoFile("p/store.go", read("p/store.go"))
    at = file.text.source.index(b"map[")
    plans = [Plan(name, "", statements.replace(file, at, at + len("map[string]int"), name)) for name in ("sync.Map", "Views")]
    with pytest.raises(EditError, match=r"^p/store.go: two changes overlap, one to 'sync.Map' and one to 'Views'$"):
        changes(plans, read)


def test_what_cannot_be_read() -> None:
    with pytest.raises(EditError, match=r"^gone.go: the file is empty, or cannot be read$"):
        changes([Plan("a", "", (), (Needed("gone.go", Import("sync")),))], lambda path: b"")
