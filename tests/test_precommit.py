"""The pre-commit hooks: their manifest as pre-commit reads it, and their commands in a commit that git itself makes."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from git_repository import Repository
from test_new_from_rev import FILES, SERVED

ROOT = Path(__file__).parent.parent
HOOKS: dict[str, dict[str, Any]] = {h["id"]: h for h in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
EXAMPLE = yaml.safe_load(re.findall(r"^```yaml\n(repos:.*?)^```$", (ROOT / "docs/ci.md").read_text(), re.M | re.S)[0])


def pre_commit(*args: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).parent / "pre-commit"
    if not program.exists():
        pytest.skip("pre-commit is not installed")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}  # the tests may themselves run in a hook
    env = {**own, "PATH": path, "PRE_COMMIT_HOME": str(cwd / ".home"), "MAPGUARD_CACHE_DIR": str(cwd / ".home")}
    return subprocess.run([str(program), *args], cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    return Repository.made(tmp_path / "shop", {**FILES, ".gitignore": ".home/\n"})


def test_the_manifest_is_one(tmp_path: Path) -> None:
    done = pre_commit("validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"), cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_example_names_hooks_that_exist() -> None:
    assert {h["id"] for r in EXAMPLE["repos"] for h in r["hooks"]} <= set(HOOKS) == {"mapguard", "mapguard-new"}


def test_a_race_has_two_sides_so_no_hook_looks_at_single_files() -> None:
    for hook in HOOKS.values():
        assert (hook["language"], hook["pass_filenames"], hook["require_serial"], hook["types"]) == ("python", False, True, ["go"])


@pytest.mark.parametrize(("hook", "code"), [("mapguard", 1), ("mapguard-new", 0)])
def test_what_was_there_before_blocks_only_the_hook_that_counts_everything(shop: Repository, hook: str, code: int) -> None:
    shop.write({"setup.go": FILES["setup.go"] + "\nfunc Other() {}\n"})
    shop.git("add", "-A")
    assert ran(shop, hook).returncode == code


def test_what_the_commit_brings_blocks_it(shop: Repository) -> None:
    shop.write({"setup.go": SERVED})
    shop.git("add", "-A")
    done = ran(shop, "mapguard-new")
    assert done.returncode == 1
    assert "Store.items" in done.stdout
    assert "hits" not in done.stdout


def test_what_is_not_staged_does_not_count(shop: Repository) -> None:
    shop.write({"store.go": FILES["store.go"] + "\nfunc Other() {}\n"})
    shop.git("add", "-A")
    shop.write({"setup.go": SERVED})
    assert ran(shop, "mapguard-new").returncode == 0
    assert (shop.root / "setup.go").read_text() == SERVED


def test_a_commit_without_go_files_starts_nothing(shop: Repository) -> None:
    shop.write({"notes.md": "n"})
    shop.git("add", "-A")
    assert "Skipped" in ran(shop, "mapguard").stdout


def ran(shop: Repository, hook: str, **changed: bool) -> "subprocess.CompletedProcess[str]":
    """pre-commit with the hook as it is, but with the mapguard that is installed here instead of one built for it."""
    local = {**HOOKS[hook], **changed, "language": "system"}
    config = shop.root / ".home/config.yaml"
    config.parent.mkdir()
    config.write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [local]}]}))
    return pre_commit("run", "--config", str(config), "--verbose", cwd=shop.root)


@pytest.mark.parametrize(("changed", "code"), [("setup.go", 0), ("old.go", 1), ("old_test.go", 0)])
def test_lists_of_files_say_what_is_reported(shop: Repository, changed: str, code: int) -> None:
    """With ``pass_filenames: true`` the findings in the files of the commit count, and the whole tree is read for them."""
    shop.write({changed: FILES.get(changed, "package shop\n") + "\nfunc Other() {}\n"})
    shop.git("add", "-A")
    done = ran(shop, "mapguard", pass_filenames=True)
    assert done.returncode == code, done.stdout
    assert "read 3 files for" in done.stdout


@pytest.mark.parametrize("worktree", [False, True])
def test_the_command_works_inside_a_commit(shop: Repository, tmp_path: Path, worktree: bool) -> None:
    if worktree:
        shop.git("worktree", "add", "-q", str(tmp_path / "tree"))
    tree = Repository(tmp_path / "tree") if worktree else shop
    program, *args = shlex.split(HOOKS["mapguard-new"]["entry"])
    script = shop.root / ".git/hooks/pre-commit"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"#!/bin/sh\nexec {shlex.join([found(program), *args])} --no-cache\n")
    script.chmod(0o755)
    tree.commit({"setup.go": FILES["setup.go"] + "\nfunc Other() {}\n"})
    with pytest.raises(AssertionError, match=r"Store\.items"):
        tree.commit({"setup.go": SERVED})


def found(program: str) -> str:
    here = Path(sys.executable).parent / program
    path = str(here) if here.exists() else shutil.which(program)
    assert path is not None
    return path
