"""A place to the address of that line at its commit, where the remote is a host whose addresses are known."""

import re
from urllib.parse import quote, urlsplit

from mapguard.report.context import Context

_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def line_link(context: Context, path: str, line: int) -> str:
    """The page of a line (or, line 0, of the file) on the web, "" when remote or commit are unknown. Safe as the value of an ``href``."""
    remote = urlsplit(context.remote)
    if remote.scheme != "https" or not remote.hostname or not _COMMIT.fullmatch(context.commit):
        return ""
    host = remote.hostname
    base = f"https://{host}{quote(remote.path.rstrip('/'))}"
    # names of files may hold bytes that are no UTF-8
    file = quote(path.encode("utf-8", "surrogateescape"))
    if host == "bitbucket.org":
        return f"{base}/src/{context.commit}/{file}" + (f"#lines-{line}" if line else "")
    if "gitlab" in host:
        return f"{base}/-/blob/{context.commit}/{file}" + (f"#L{line}" if line else "")
    if host == "codeberg.org" or "gitea" in host or "forgejo" in host:
        return f"{base}/src/commit/{context.commit}/{file}" + (f"#L{line}" if line else "")
    return f"{base}/blob/{context.commit}/{file}" + (f"#L{line}" if line else "")
