"""--new-from-rev on real repositories: what a change brought is new wherever its lines are, what was there before is not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from git_repository import Repository
from mapguard.cli.main import main

MODULE = "module example.com/shop\n\ngo 1.22\n"

# a race that was there before: a package variable that every request writes
OLD = """package shop

import "net/http"

var hits = map[string]int{}

func count(w http.ResponseWriter, r *http.Request) {
	hits[r.URL.Path]++
}

func Routes() {
	http.HandleFunc("/", count)
}
"""

STORE = """package shop

type Store struct {
	items map[string]int
}

func NewStore() *Store {
	return &Store{items: map[string]int{}}
}

func (s *Store) Put(key string, n int) {
	s.items[key] = n
}
"""

# one goroutine fills the store: nothing can meet it
SETUP = """package shop

func Fill() *Store {
	s := NewStore()
	s.Put("a", 1)
	return s
}
"""

# the change: the same method becomes reachable from many requests at once
SERVED = (
    SETUP
    + """
func Serve(s *Store) {
	http.HandleFunc("/put", func(w http.ResponseWriter, r *http.Request) {
		s.Put(r.URL.Path, 1)
	})
}
"""
).replace("package shop\n", 'package shop\n\nimport "net/http"\n')

FILES = {"go.mod": MODULE, "old.go": OLD, "store.go": STORE, "setup.go": SETUP}


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    return Repository.made(tmp_path / "shop", FILES)


def maps(root: Path, *args: str) -> list[str]:
    """The names of the maps that a scan of ``root`` reports."""
    out = root.parent / "report.json"
    with pytest.raises(SystemExit) as stopped:
        main(["scan", str(root), "--no-cache", "--quiet", "--jobs", "1", "--format", "json", "--output", str(out), *args])
    assert stopped.value.code in (0, 1)
    found = [f["map"]["name"] for f in json.loads(out.read_text())["findings"]]
    assert (stopped.value.code == 1) == bool(found)
    return sorted(found)


def refused(root: Path, rev: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(["scan", str(root), "--no-cache", "--new-from-rev", rev])
    assert stopped.value.code == 2
    return capsys.readouterr().err.strip()


def test_without_a_revision_everything_counts(shop: Repository) -> None:
    assert maps(shop.root) == ["hits"]
    shop.commit({"setup.go": SERVED})
    assert maps(shop.root) == ["hits", "items"]


def test_a_change_in_one_file_makes_a_race_in_another(shop: Repository) -> None:
    shop.commit({"setup.go": SERVED})
    assert maps(shop.root, "--new-from-rev", "HEAD~1") == ["items"]


def test_nothing_changed_nothing_is_new(shop: Repository) -> None:
    assert maps(shop.root, "--new-from-rev", "HEAD") == []


def test_another_line_of_the_same_function_counts(shop: Repository) -> None:
    shop.commit({"old.go": OLD.replace("\thits[", "\tw.WriteHeader(200)\n\thits[")})
    assert maps(shop.root, "--new-from-rev", "HEAD~1") == ["hits"]


def test_another_function_of_the_same_file_does_not(shop: Repository) -> None:
    shop.commit({"old.go": OLD + "\nfunc Other() int {\n\treturn 1\n}\n"})
    assert maps(shop.root, "--new-from-rev", "HEAD~1") == []


def test_lines_that_only_moved_are_not_new(shop: Repository) -> None:
    shop.commit({"old.go": OLD.replace("\nvar hits", "\n// Counts requests.\n\nvar hits")})
    assert maps(shop.root, "--new-from-rev", "HEAD~1") == []


def test_a_lock_that_was_removed_is_a_change(shop: Repository) -> None:
    locked = OLD.replace("\thits[", "\tmu.Lock()\n\tdefer mu.Unlock()\n\thits[").replace("var hits", "var mu sync.Mutex\n\nvar hits")
    shop.commit({"old.go": locked.replace('import "net/http"', 'import (\n\t"net/http"\n\t"sync"\n)')})
    assert maps(shop.root) == []
    shop.commit({"old.go": OLD})
    assert maps(shop.root, "--new-from-rev", "HEAD~1") == ["hits"]


def test_a_file_that_was_deleted_is_no_trouble(shop: Repository) -> None:
    shop.git("rm", "-q", "old.go")
    shop.commit({})
    assert maps(shop.root, "--new-from-rev", "HEAD~1") == []


def test_a_renamed_file_is_a_new_one(shop: Repository) -> None:
    shop.git("mv", "old.go", "fresh.go")
    shop.commit({})
    assert maps(shop.root, "--new-from-rev", "HEAD~1") == ["hits"]


@pytest.mark.parametrize("staged", [False, True])
def test_what_is_not_committed_counts(shop: Repository, staged: bool) -> None:
    shop.write({"setup.go": SERVED})
    if staged:
        shop.git("add", "setup.go")
    assert maps(shop.root, "--new-from-rev", "HEAD") == ["items"]


def test_a_file_that_git_does_not_know_yet_counts(shop: Repository) -> None:
    shop.write({"serve.go": SERVED.replace(SETUP.partition("\n\n")[2], "")})
    assert maps(shop.root, "--new-from-rev", "HEAD") == ["items"]


def test_names_that_git_quotes(shop: Repository) -> None:
    name = 'sub dir/größe "1".go'
    shop.commit({name: OLD.replace("package shop", "package sub").replace("hits", "sizes")})
    shop.write({name: OLD.replace("package shop", "package sub").replace("hits", "sizes").replace("++", " += 2")})
    assert maps(shop.root, "--new-from-rev", "HEAD") == ["sizes"]


def test_carriage_returns_are_no_change(shop: Repository) -> None:
    shop.write({"old.go": OLD.replace("\n", "\r\n")})
    assert maps(shop.root, "--new-from-rev", "HEAD") == []


def test_files_whose_differences_git_is_told_not_to_show(shop: Repository) -> None:
    shop.commit({".gitattributes": "*.go -diff\n"})
    shop.commit({"setup.go": SERVED})
    assert maps(shop.root, "--new-from-rev", "HEAD~1") == ["items"]


def test_a_work_tree_beside_the_repository(shop: Repository, tmp_path: Path) -> None:
    shop.git("worktree", "add", "-q", "-b", "change", str(tmp_path / "tree"))
    tree = Repository(tmp_path / "tree")
    tree.commit({"setup.go": SERVED})
    assert maps(tree.root, "--new-from-rev", "main") == ["items"]
    assert maps(shop.root, "--new-from-rev", "main") == []


def test_a_folder_below_the_root_is_compared_too(shop: Repository) -> None:
    shop.commit({"cmd/web/web.go": OLD.replace("package shop", "package web").replace("hits", "visits")})
    assert maps(shop.root / "cmd/web", "--new-from-rev", "HEAD~1") == ["visits"]
    assert maps(shop.root / "cmd/web", "--new-from-rev", "HEAD") == []


def test_what_the_other_branch_did_meanwhile_is_not_ours(shop: Repository) -> None:
    shop.git("checkout", "-q", "-b", "change")
    shop.commit({"setup.go": SERVED})
    shop.git("checkout", "-q", "main")
    shop.commit({"old.go": OLD.replace("++", " += 2")})
    shop.git("checkout", "-q", "change")
    assert maps(shop.root, "--new-from-rev", "main") == ["items"]


def test_the_configuration_of_the_repository_cannot_run_programs(shop: Repository, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    script.chmod(0o755)
    shop.commit({".gitattributes": "*.go diff=evil\n", "setup.go": SERVED})
    for key in ("core.fsmonitor", "diff.external", "diff.evil.textconv", "diff.evil.command", "core.pager"):
        shop.git("config", key, str(script))
    assert maps(shop.root, "--new-from-rev", "HEAD~1") == ["items"]
    assert not mark.exists()


# ---------------------------------------------------------------- clones with a part of the history


def shallow(shop: Repository, folder: Path, depth: int) -> Repository:
    shop.git("clone", "-q", "--depth", str(depth), "--no-local", str(shop.root), str(folder))
    return Repository(folder)


def test_a_shallow_clone_that_has_the_revision(shop: Repository, tmp_path: Path) -> None:
    shop.commit({"setup.go": SERVED})
    assert maps(shallow(shop, tmp_path / "clone", 2).root, "--new-from-rev", "HEAD~1") == ["items"]


def test_a_shallow_clone_into_which_the_revision_was_fetched(shop: Repository, tmp_path: Path) -> None:
    base = shop.git("rev-parse", "HEAD")
    shop.commit({"notes.md": "n"})
    shop.commit({"setup.go": SERVED})
    clone = shallow(shop, tmp_path / "clone", 1)
    clone.git("fetch", "-q", "--depth", "1", "origin", base)
    assert maps(clone.root, "--new-from-rev", base) == ["items"]  # no common ancestor is known: compared as they are


def test_a_shallow_clone_without_the_revision_says_what_to_do(shop: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = shop.git("rev-parse", "HEAD")
    shop.commit({"setup.go": SERVED})
    message = refused(shallow(shop, tmp_path / "clone", 1).root, base, capsys)
    assert message.startswith(f"mapguard: no such revision: {base}; this clone is shallow: ")
    assert "fetch-depth: 0" in message


# ---------------------------------------------------------------- wrong use


@pytest.mark.parametrize("rev", ["nowhere", "--output=x", "HEAD~9", "HEAD^{tree}"])
def test_no_such_revision(shop: Repository, rev: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(shop.root, rev, capsys) == f"mapguard: no such revision: {rev}"


def test_no_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Repository(tmp_path).write(FILES)
    assert refused(tmp_path, "HEAD", capsys).startswith("mapguard: --new-from-rev needs a git repository: ")


def test_a_repository_without_commits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = Repository(tmp_path)
    empty.write(FILES)
    empty.git("init", "-q")
    assert refused(tmp_path, "HEAD", capsys) == "mapguard: no such revision: HEAD"


def test_a_wrong_revision_is_said_before_the_analysis(shop: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    (shop.root / "go.mod").unlink()
    for file in shop.root.glob("*.go"):
        file.unlink()
    assert refused(shop.root, "nowhere", capsys) == "mapguard: no such revision: nowhere"


def test_in_a_hook_git_s_own_variables_do_not_lead_elsewhere(shop: Repository, tmp_path: Path) -> None:
    other = Repository.made(tmp_path / "other", {"a.txt": "a"})
    shop.write({"setup.go": SERVED})
    env = {**os.environ, "GIT_DIR": str(other.root / ".git"), "GIT_INDEX_FILE": str(other.root / ".git/index")}
    done = subprocess.run(
        [sys.executable, "-m", "mapguard", "scan", "--new-from-rev", "HEAD", "--no-cache", "--format", "json", "."],
        cwd=shop.root,
        env=env,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert [f["map"]["name"] for f in json.loads(done.stdout)["findings"]] == ["items"]
