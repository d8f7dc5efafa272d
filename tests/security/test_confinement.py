"""What is read is what was asked for: no link and no file above it makes it more."""

import json
import os
from pathlib import Path

import pytest

import scanning


def scanned(root: Path, *args: str) -> int:
    done = scanning.run("scan", *args, "--format", "json", cwd=root)
    assert done.code in (0, 1), done.err
    return int(json.loads(done.out)["stats"]["files"])


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return scanning.tree(tmp_path / "outside", {"go.mod": "module o\n", "o.go": scanning.RACE, "sub/s.go": scanning.RACE})


@pytest.mark.parametrize("path", ["link", "link/sub", "link/...", "deep/link/o.go", "./deep/../link"])
@pytest.mark.parametrize("other", [False, True])
def test_a_link_out_of_the_repository_is_refused(tmp_path: Path, outside: Path, path: str, other: bool) -> None:
    root = scanning.tree(tmp_path / "repo", {".git/HEAD": "", "go.mod": "module m\n", "a.go": scanning.RACE, "deep/x": ""})
    if other:
        (outside / ".git").mkdir()
    (root / "link").symlink_to(outside)
    (root / "deep/link").symlink_to("../../outside")
    done = scanning.run("scan", path, cwd=root)
    assert (done.code, done.out) == (2, "")
    assert "leads out of the repository" in done.err
    for command in (("why", "0", "--path"), ("annotate",), ("dump", "facts", "--path")):
        assert scanning.run(*command, path, cwd=root).code == 2


def test_a_link_within_the_repository_is_followed(tmp_path: Path) -> None:
    root = scanning.tree(tmp_path / "repo", {".git/HEAD": "", "go.mod": "module m\n", "p/a.go": scanning.RACE})
    (root / "link").symlink_to("p")
    assert scanned(root, "link") == 1


def test_a_link_to_a_repository_is_followed(tmp_path: Path, outside: Path) -> None:
    (outside / ".git").mkdir()
    (tmp_path / "link").symlink_to(outside)
    assert scanned(tmp_path, "link") == 2


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_where_everybody_can_write_a_go_mod_widens_nothing(tmp_path: Path, mode: int) -> None:
    shared = scanning.tree(tmp_path / "shared", {"go.mod": "module evil\n", "go.work": "use ./mine\n", "more/b.go": scanning.RACE})
    mine = scanning.tree(shared / "mine", {"a.go": scanning.RACE})
    assert scanned(mine, ".") == 2  # the control: a module around it is read as a whole
    shared.chmod(mode)
    assert scanned(mine, ".") == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files to another user")
def test_nor_does_that_of_another_user(tmp_path: Path) -> None:
    shared = scanning.tree(tmp_path / "shared", {"go.mod": "module evil\n", "more/b.go": scanning.RACE})
    mine = scanning.tree(shared / "mine", {"a.go": scanning.RACE})
    os.chown(shared, 12345, 12345)
    assert scanned(mine, ".") == 1
