"""A folder to what git knows of it: output of git commands, the commit, the address on the web."""

import os
import re
import subprocess
from pathlib import Path

from mapguard.base.errors import UsageError

_REMOTE = re.compile(
    r"(?:https?://(?:[^@/]*@)?|ssh://(?:[^@/]*@)?|git://|[\w.-]+@)(?P<host>[\w.-]+)(?::\d+)?[:/](?P<path>[\w./~-]+?)(?:\.git)?/?"
)
# nothing that a repository's own configuration names is run
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")


class GitError(Exception):
    """git is not there, or said no."""


def git(root: Path, *args: str) -> str:
    """The output of a git command in ``root``. No prompt, no pager, no lock taken; bytes that are not UTF-8 survive as in file names."""
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    # a hook's GIT_DIR would point git at another repository than the one that is scanned
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF"):
        env.pop(name, None)
    try:
        done = subprocess.run(["git", *_SAFE, *args], cwd=root, env=env, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        raise GitError(done.stderr.decode("utf-8", "replace").strip())
    return os.fsdecode(done.stdout)


def commit(root: Path) -> str:
    """The full hash of the commit that is checked out, "" when there is none."""
    return _quiet(root, "rev-parse", "--verify", "--quiet", "HEAD")


def remote(root: Path) -> str:
    """``https://host/owner/name`` of the remote named origin, without credentials; "" when unknown or not a web host."""
    return web_address(_quiet(root, "config", "--get", "remote.origin.url"))


def web_address(url: str) -> str:
    """The page of a repository whose clone address is ``url``."""
    found = _REMOTE.fullmatch(url)
    return f"https://{found['host']}/{found['path'].strip('/')}" if found is not None else ""


def resolve(root: Path, rev: str) -> str:
    """The commit that ``rev`` names. A ``UsageError`` says what to do when there is none."""
    try:
        git(root, "rev-parse", "--git-dir")
    except GitError as error:
        raise UsageError(f"--new-from-rev needs a git repository: {str(error).splitlines()[0] if str(error) else 'none found'}") from error
    found = "" if rev.startswith("-") else _quiet(root, "rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}")
    if found:
        return found
    shallow = _quiet(root, "rev-parse", "--is-shallow-repository") == "true"
    hint = (
        "; this clone is shallow: fetch more history first (git fetch --unshallow; fetch-depth: 0 for actions/checkout)" if shallow else ""
    )
    raise UsageError(f"no such revision: {rev}{hint}")


def _quiet(root: Path, *args: str) -> str:
    try:
        return git(root, *args).strip()
    except GitError:
        return ""
