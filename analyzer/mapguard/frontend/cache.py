"""A content-addressed store in SQLite that maps a hash of the input to facts. Deleting it is safe, and no damage to it makes a run fail.

The folder may be shared or come with the scanned tree: an entry counts when it bears the mark of this user's secret.
"""

import hashlib
import hmac
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from mapguard import __version__
from mapguard.base.options import Options
from mapguard.facts.model import SCHEMA
from mapguard.frontend.secret import secret

_LIMIT_BYTES = 512 * 1024 * 1024
_MARK = 16
_NAME = "facts.sqlite"
_FILES = (_NAME, f"{_NAME}-wal", f"{_NAME}-shm")
_TABLE = "CREATE TABLE entry (key BLOB PRIMARY KEY, value BLOB NOT NULL)"
_WAIT = 0.5  # seconds to wait for the lock of another process; after that the run goes on without the cache
# SQLite's errors for a file that is damaged, cut off or foreign; any other error (locked, full, not writable) is no reason to remove it
_DAMAGE = frozenset([sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_IOERR])


def cache_folder(options: Options) -> Path:
    """``--cache-dir``, else $MAPGUARD_CACHE_DIR, else the user's cache folder."""
    if options.cache_dir is not None:
        return options.cache_dir
    chosen = os.environ.get("MAPGUARD_CACHE_DIR")
    return Path(chosen) if chosen else _own_folder()


def _own_folder() -> Path:
    return Path(platformdirs.user_cache_dir("mapguard", appauthor=False))


def digest(*parts: bytes) -> bytes:
    """A hash of the version of mapguard, the version of the facts, and the parts, each delimited from the next."""
    h = hashlib.blake2b(f"{__version__}/{SCHEMA}".encode(), digest_size=24)
    for part in parts:
        h.update(len(part).to_bytes(8, "little"))
        h.update(part)
    return h.digest()


class Cache:
    """Safe with several processes: SQLite locks, and a key is only ever written with one value. Damage means an empty cache."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._db = _open(folder) if folder is not None else None
        self._secret = secret() if folder is not None else b""

    def get_many(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        wanted = list(keys)
        if self._db is None:
            return found
        try:
            for start in range(0, len(wanted), 500):
                part = wanted[start : start + 500]
                marks = ",".join("?" * len(part))
                for key, value in self._db.execute(f"SELECT key, value FROM entry WHERE key IN ({marks})", part):
                    if isinstance(value, bytes) and hmac.compare_digest(self._mark(key, value[_MARK:]), value[:_MARK]):
                        found[key] = value[_MARK:]
        except sqlite3.Error as error:
            self._failed(error)
            return {}
        return found

    def put_many(self, entries: dict[bytes, bytes]) -> None:
        if self._db is None or not entries:
            return
        try:
            with self._db:
                self._db.executemany(
                    "INSERT OR REPLACE INTO entry (key, value) VALUES (?, ?)",
                    [(k, self._mark(k, v) + v) for k, v in sorted(entries.items())],
                )
                self._evict()
        except sqlite3.Error as error:
            self._failed(error)

    def _mark(self, key: bytes, value: bytes) -> bytes:
        """The authentication code of a value under a key: only the owner of the secret can compute it."""
        return hashlib.blake2b(digest(key, value), digest_size=_MARK, key=self._secret).digest()

    def _failed(self, error: sqlite3.Error) -> None:
        """Handles damage that only shows on reading: the rest of this run uses an empty store, or none after any other failure."""
        self.close()
        if self._folder is not None and _damaged(error):
            clean(self._folder)
            self._db = _open(self._folder)

    def _evict(self) -> None:
        assert self._db is not None
        (size,) = self._db.execute("SELECT COALESCE(SUM(LENGTH(value)), 0) FROM entry").fetchone()
        if size > _LIMIT_BYTES:
            self._db.execute(
                "DELETE FROM entry WHERE rowid IN (SELECT rowid FROM entry ORDER BY rowid LIMIT (SELECT COUNT(*) / 2 FROM entry))"
            )

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def _open(folder: Path) -> sqlite3.Connection | None:
    """The open store. A damaged or foreign file is replaced; without a writable folder there is no cache."""
    for _ in range(2):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder == _own_folder():
                folder.chmod(0o700)
            if any(_odd(folder / name) for name in _FILES):
                clean(folder)
            (folder / _NAME).touch(0o600)
            db = sqlite3.connect(folder / _NAME, timeout=_WAIT)
        except (OSError, sqlite3.Error):
            return None
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=OFF")
            db.execute(_TABLE.replace("TABLE", "TABLE IF NOT EXISTS"))
            if db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall() == [(_TABLE,)]:
                return db
            db.close()  # a view or a trigger could do anything when it is read
        except sqlite3.Error as error:
            db.close()
            if not _damaged(error):
                return None
        clean(folder)
    return None


def _odd(file: Path) -> bool:
    """Whether the path is no regular file, for example a link to another file, into which SQLite would write."""
    return file.is_symlink() or (file.exists() and not file.is_file())


def _damaged(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF in _DAMAGE


def clean(folder: Path) -> int:
    """Removes the store; returns the bytes freed."""
    freed = 0
    for name in _FILES:
        file = folder / name
        try:
            size = file.lstat().st_size
            file.unlink()
        except OSError:
            continue
        freed += size
    return freed


def status(folder: Path) -> tuple[int, int]:
    """Entries and bytes of the store."""
    if not (folder / _NAME).exists():
        return 0, 0
    db = _open(folder)
    if db is None:
        return 0, 0
    try:
        count, size = db.execute("SELECT COUNT(*), COALESCE(SUM(LENGTH(value)), 0) FROM entry").fetchone()
    except sqlite3.Error:
        return 0, 0
    finally:
        db.close()
    return int(count), int(size)
