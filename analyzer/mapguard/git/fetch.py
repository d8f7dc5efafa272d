"""A commit on the server of a clone to the clone, for the Action: its one use of the network.

The address comes from the runner, the credentials from the configuration that actions/checkout wrote; nothing else of it is used.
"""

import os
from urllib.parse import urlsplit

from mapguard.git.program import GitError, start
from mapguard.git.repository import Repository

_SECONDS = 300.0
_PROTOCOLS = ("https", "http", "file")
# what a runner may need to reach its server; none of these names a program
_KEPT = frozenset(["http.extraheader", "http.proxy", "http.sslcainfo", "http.sslcapath", "http.sslverify"])


def fetch(repository: Repository, url: str, commit: str) -> None:
    """Brings one commit: without its history where the clone is shallow, with what is missing of it elsewhere."""
    protocol = urlsplit(url).scheme
    if protocol not in _PROTOCOLS:
        raise GitError(f"not an address to fetch from: {url}")
    ours = repository.folder / "git"
    (ours / "FETCH_HEAD").unlink(missing_ok=True)  # where it is borrowed, git would write into the clone's
    with (ours / "config").open("a", encoding="utf-8", errors="surrogateescape") as config:
        config.write("[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[http]\n")
        for key, value in _access(repository, url):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            config.write(f'\t{key.removeprefix("http.")} = "{escaped}"\n')
    depth = ("--depth=1",) if repository.shallow() else ()
    args = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", *depth, url, commit)
    repository.git(*args, seconds=_SECONDS, GIT_ALLOW_PROTOCOL=protocol)


def _access(repository: Repository, url: str) -> list[tuple[str, str]]:
    """The settings for this address, of the runner and of the clone. ``git config`` reads them and starts nothing."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_DIR": str(repository.place.own), "LC_ALL": "C"}
    out = start(("config", "-z", "--get-urlmatch", "http", url), repository.folder, env, accepted=(0, 1))
    pairs = (os.fsdecode(entry).partition("\n") for entry in out.split(b"\0") if entry)
    return [(key, value) for key, _, value in pairs if key in _KEPT and "\n" not in value]
