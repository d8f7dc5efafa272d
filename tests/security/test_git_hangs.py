"""Files of a repository that never end: an archive can bring pipes where git expects files."""

import os
import time
from pathlib import Path

import pytest

from git_repository import Repository
from mapguard.git import program
from mapguard.git.program import GitError
from mapguard.git.repository import opened
from test_new_from_rev import FILES


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_SECONDS", 1.0)


def piped(tmp_path: Path, name: str) -> Path:
    root = Repository.made(tmp_path / "shop", FILES).root
    file = root / name
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(file)
    return root


@pytest.mark.parametrize("name", [".git/HEAD", ".git/commondir", ".git/config", ".git/packed-refs", ".git/shallow", ".git/info/exclude"])
def test_a_pipe_that_git_would_wait_for_is_not_opened(tmp_path: Path, name: str) -> None:
    root = piped(tmp_path, name)
    start = time.monotonic()
    try:
        with opened(root) as repository:
            assert repository.commit("HEAD")
            assert repository.ignored(["new.go"]) == frozenset()
    except GitError as error:
        assert name == ".git/HEAD"
        assert "is no repository" in str(error)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("name", "args"),
    [
        (".git/refs/heads/main", ("rev-parse", "--verify", "main")),
        (".gitignore", ("check-ignore", "-z", "--stdin")),
        (".git/objects/info/alternates", ("cat-file", "-p", "1" * 40)),
    ],
)
def test_where_git_does_wait_it_is_ended(tmp_path: Path, name: str, args: tuple[str, ...]) -> None:
    with opened(piped(tmp_path, name)) as repository, pytest.raises(GitError, match="git did not answer within 1 seconds"):
        repository.git(*args, data=b"new.go\0")


def test_a_git_file_that_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".git")
    with pytest.raises(GitError, match="names no repository"), opened(tmp_path):
        pass
