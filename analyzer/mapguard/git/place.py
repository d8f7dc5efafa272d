"""A folder to where its repository lies. A repository is what a ``.git`` says: a folder that merely looks like one (bare) is none.

git refuses to store anything named ``.git``, so that no commit can bring one.
"""

import os
import re
from pathlib import Path

import msgspec

from mapguard.git.program import GitError, start

_LIMIT = 4_000_000
_GITFILE = re.compile(r"gitdir: (.+)\n*")


class Place(msgspec.Struct, frozen=True):
    """``top`` is the folder of the work tree, ``own`` its git folder, ``common`` the git folder that it shares with other work trees."""

    top: Path
    own: Path
    common: Path


def find(folder: Path) -> Place:
    """The repository of ``folder``: that of the nearest ``.git`` at or above it. One of another owner is refused as git would refuse it."""
    start_at = folder.resolve()
    for top in (start_at, *start_at.parents):
        if os.path.lexists(top / ".git"):
            return place(top)
    raise GitError("no .git at or above it")


def place(top: Path) -> Place:
    """The repository whose ``.git`` lies in ``top``."""
    own = dot = top / ".git"
    if not dot.is_dir():
        found = _GITFILE.fullmatch(text(dot))
        if found is None:
            raise GitError(f"{dot} names no repository")
        own = top / found[1]
    shared = text(own / "commondir").strip()
    common = own / shared if shared else own
    if not text(own / "HEAD") or not (common / "objects").is_dir():
        raise GitError(f"{own} is no repository")
    _check_owner(top, (top, dot, own))
    return Place(top, own.resolve(), common.resolve())


def bare(folder: Path) -> Place | None:
    """The repository without a work tree that ``folder`` is, for who has been told that it is one; None where it looks like none."""
    own = folder.resolve()
    if not text(own / "HEAD") or not (own / "objects").is_dir() or not (own / "refs").is_dir():
        return None
    _check_owner(own, (own,))
    return Place(own, own, own)


def text(file: Path) -> str:
    """The text of a regular file of sensible size, else "": a pipe would never end."""
    try:
        if not file.is_file() or file.stat().st_size > _LIMIT:
            return ""
        return file.read_text("utf-8", "surrogateescape")
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return ""


def _check_owner(top: Path, parts: tuple[Path, ...]) -> None:
    """Where something belongs to another user, git decides with the ``safe.directory`` of this one.

    The command that asks it reads the repository's configuration only when the user has allowed that, and starts nothing.
    """
    if hasattr(os, "geteuid") and all(part.lstat().st_uid == os.geteuid() for part in parts):
        return
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_CEILING_DIRECTORIES": str(top.parent), "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    start(("-c", "safe.bareRepository=explicit", "rev-parse", "--git-dir"), top, env)
