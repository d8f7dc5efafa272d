"""A revision of a repository, bare or not, to a folder that holds what a scan reads of it, as a work tree of that repository."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mapguard.base.errors import UsageError
from mapguard.git.place import Place, bare, place
from mapguard.git.program import GitError
from mapguard.git.repository import Repository, opened

_READ = frozenset([".go", ".mod", ".work", ".toml", ".json"])
_AT_ONCE = 500


class Tree(msgspec.Struct, frozen=True):
    """A folder to scan; ``commit`` is "" for a plain folder."""

    root: Path
    commit: str


def commit_of(path: Path, revision: str) -> str:
    """The full hash of the commit that is wanted, "" for a plain folder. A ``UsageError`` says why there is none."""
    found = _place(path)
    if found is None:
        return ""
    try:
        with opened(found) as repository:
            commit = repository.commit(revision)
    except GitError as error:
        raise UsageError(str(error)) from error
    if not commit:
        raise UsageError(f"no such revision: {revision}")
    return commit


@contextmanager
def laid_out(path: Path, commit: str) -> Iterator[Tree]:
    """The commit in a folder that lasts as long as the context; a plain folder as it is."""
    found = _place(path)
    if found is None:
        yield Tree(path, "")
        return
    with tempfile.TemporaryDirectory(prefix="mapguard-fleet-") as made:
        root = Path(made).resolve() / "tree"
        try:
            with opened(found) as repository:
                _lay_out(repository, commit, root)
        except GitError as error:
            raise UsageError(str(error)) from error
        git = root / ".git"
        git.mkdir(parents=True)
        (git / "HEAD").write_text(f"{commit}\n", "ascii")
        (git / "commondir").write_text(f"{found.common}\n", "utf-8", "surrogateescape")
        yield Tree(root, commit)


def _place(path: Path) -> Place | None:
    if not path.is_dir():
        raise UsageError(f"there is no folder {path}")
    try:
        if os.path.lexists(path / ".git"):
            return place(path)
        return bare(path)
    except GitError as error:
        raise UsageError(str(error)) from error


def _lay_out(repository: Repository, commit: str, root: Path) -> None:
    """Writes the files that a scan may read. A tree may have been made to lead out of the folder: such names are left out."""
    wanted = {path: blob for path, blob in repository.files(commit).items() if Path(path).suffix in _READ and _harmless(path)}
    paths = sorted(wanted)
    for some in (paths[at : at + _AT_ONCE] for at in range(0, len(paths), _AT_ONCE)):
        contents = repository.contents(wanted[path] for path in some)
        for path in some:
            data = contents[wanted[path]]
            file = root / path
            if data is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)


def _harmless(path: str) -> bool:
    parts = path.split("/")
    return "" not in parts and not any(part in (".", "..") or part.lower() == ".git" for part in parts) and "\\" not in path
