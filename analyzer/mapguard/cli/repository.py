"""A folder to what reports say of its repository: the commit, and its address on the web."""

import re
from pathlib import Path

from mapguard.git.program import GitError
from mapguard.git.repository import opened

_REMOTE = re.compile(
    r"(?:https?://(?:[^@/]*@)?|ssh://(?:[^@/]*@)?|git://|[\w.-]+@)(?P<host>[\w.-]+)(?::\d+)?[:/](?P<path>[\w./~-]+?)(?:\.git)?/?"
)


def origin(root: Path) -> tuple[str, str]:
    """The full hash of the commit that is checked out, and ``https://host/owner/name`` of the remote named origin; "" when unknown."""
    try:
        with opened(root) as repository:
            return repository.commit("HEAD"), web_address(repository.config.get("remote.origin.url", ""))
    except GitError:
        return "", ""


def web_address(url: str) -> str:
    """The page of a repository whose clone address is ``url``, without credentials; "" when it is no web host."""
    found = _REMOTE.fullmatch(url)
    return f"https://{found['host']}/{found['path'].strip('/')}" if found is not None else ""
