"""A git revision to the lines changed since then, in commits and in the working tree, and to the findings that touch them."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from mapguard.base.errors import UsageError
from mapguard.cli.gofuncs import with_functions
from mapguard.findings.model import Finding
from mapguard.git.diff import changed_lines
from mapguard.git.place import Place, find
from mapguard.git.program import GitError
from mapguard.git.repository import Repository, opened


class Base:
    """The files of a commit, to be compared with those that lie below ``root`` now."""

    def __init__(self, root: Path, place: Place, commit: str, files: dict[str, str]) -> None:
        self._root = root
        self._place = place
        self._commit = commit
        self._files = files
        self._prefix = "" if root == place.top else f"{root.relative_to(place.top).as_posix()}/"

    def touched(self, findings: Iterable[Finding], read: Callable[[str], bytes]) -> list[Finding]:
        """The findings of which a step of a trace or a racing access is on a changed line or in a changed function.

        ``read`` gives a file's bytes. Only files that a finding names are compared.
        """
        found = list(findings)
        try:
            changes = self._changes({path for f in found for path, _ in _places(f)}, read)
        except GitError as error:
            raise _incomparable(self._commit, error) from error
        return [f for f in found if any(line in changes[path] for path, line in _places(f))]

    def _changes(self, paths: set[str], read: Callable[[str], bytes]) -> "dict[str, _Lines]":
        now = {path: read(path) for path in sorted(paths) if not self._elsewhere(path)}
        known = {path: self._files[self._prefix + path] for path in now if self._prefix + path in self._files}
        differ = {path: blob for path, blob in known.items() if _hash(now[path], blob) != blob}
        new = [path for path in now if path not in known]
        with opened(self._place) as repository:
            ignored = repository.ignored(self._prefix + path for path in new)
            old = repository.contents(differ.values())
            pairs = {path: (before, now[path]) for path, blob in differ.items() if (before := old[blob]) is not None}
            lines = changed_lines(repository, pairs)
        changes = {path: _Lines(frozenset()) for path in paths}
        for path, some in lines.items():
            text = now[path].decode("utf-8", "replace").split("\n")
            changes[path] = _Lines(frozenset(with_functions(text, some)))
        for path in (*differ.keys() - pairs.keys(), *(path for path in new if self._prefix + path not in ignored)):
            changes[path] = _Lines(None)
        return changes

    def _elsewhere(self, path: str) -> bool:
        """Whether a repository inside this one (a submodule) holds the file: what changed there is not said by this one."""
        above = path.split("/")[:-1]
        return any(os.path.lexists(Path(self._root, *above[: n + 1], ".git")) for n in range(len(above)))


class _Lines:
    """Lines of a file; None is all of them."""

    def __init__(self, lines: frozenset[int] | None) -> None:
        self._lines = lines

    def __contains__(self, line: int) -> bool:
        return self._lines is None or line in self._lines


def base(root: Path, rev: str) -> Base:
    """Where the current branch left ``rev``. A ``UsageError`` says what to do when there is no such revision."""
    try:
        place = find(root)
    except GitError as error:
        raise UsageError(f"--new-from-rev needs a git repository: {error}") from error
    try:
        with opened(place) as repository:
            commit = _resolved(repository, rev)
            # what the other branch did meanwhile is no change of ours; unrelated or cut histories are compared as they are
            commit = repository.merge_base(commit, "HEAD") or commit
            return Base(root, place, commit, repository.files(commit))
    except GitError as error:
        raise _incomparable(rev, error) from error


def _resolved(repository: Repository, rev: str) -> str:
    found = repository.commit(rev)
    if found:
        return found
    hint = "this clone is shallow: fetch more history first (git fetch --unshallow; fetch-depth: 0 for actions/checkout)"
    raise UsageError(f"no such revision: {rev}{f'; {hint}' if repository.shallow() else ''}")


def _incomparable(rev: str, error: GitError) -> UsageError:
    return UsageError(f"git cannot compare with {rev}: {error}")


def _places(f: Finding) -> set[tuple[str, int]]:
    racing = f.accesses[: f.racing]
    return {(a.path, a.line) for a in racing} | {(s.path, s.line) for a in racing for s in a.trace}


def _hash(data: bytes, like: str) -> str:
    """The hash under which git stores a file, of the kind that ``like`` is."""
    h = hashlib.sha1(usedforsecurity=False) if len(like) == 40 else hashlib.sha256()
    h.update(f"blob {len(data)}\0".encode())
    h.update(data)
    return h.hexdigest()
