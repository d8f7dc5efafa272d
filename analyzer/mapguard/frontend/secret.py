"""The secret that authenticates cache entries: another user who can write to the cache cannot forge one."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

import platformdirs

from mapguard.base import files

_LENGTH = 32


def secret() -> bytes:
    """From $MAPGUARD_CACHE_KEY (for machines that are created for each run), else from the user's data folder, where it is created once.

    Where none can be kept it is good for this run only.
    """
    given = os.environ.get("MAPGUARD_CACHE_KEY", "")
    if given:
        return hashlib.blake2b(given.encode("utf-8", "surrogateescape"), digest_size=_LENGTH).digest()
    file = Path(platformdirs.user_data_dir("mapguard", appauthor=False)) / "cache-key"
    known = _read(file)
    if known:
        return known
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = secrets.token_bytes(_LENGTH)
        files.write(file, made, mode=0o600)
        return _read(file) or made  # another run may have created one at the same time
    return secrets.token_bytes(_LENGTH)


def _read(file: Path) -> bytes:
    """The secret in the file, if no other user can read or write that file; else b""."""
    try:
        stat = file.lstat()
        mine = not hasattr(os, "geteuid") or (stat.st_uid == os.geteuid() and stat.st_mode & 0o077 == 0)
        data = file.read_bytes() if mine and file.is_file() and not file.is_symlink() and stat.st_size == _LENGTH else b""
    except OSError:
        return b""
    return data
