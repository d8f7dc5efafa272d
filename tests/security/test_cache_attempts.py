"""A cache that somebody else can write to, or that comes with the scanned tree: nothing in it counts, and nothing is lost by it."""

import json
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

import scanning
from mapguard.frontend import cache, secret
from mapguard.frontend.cache import Cache


def found(folder: Path) -> dict[bytes, bytes]:
    store = Cache(folder)
    try:
        return store.get_many([b"a", b"b"])
    finally:
        store.close()


def filled(folder: Path, **entries: bytes) -> None:
    store = Cache(folder)
    store.put_many({key.encode(): value for key, value in entries.items()})
    store.close()


def changed(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "facts.sqlite")) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def test_an_entry_of_somebody_else_is_a_miss_and_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAPGUARD_CACHE_KEY", "theirs")
    filled(tmp_path, a=b"nothing to find")
    assert found(tmp_path) == {b"a": b"nothing to find"}
    monkeypatch.setenv("MAPGUARD_CACHE_KEY", "ours")
    assert found(tmp_path) == {}
    filled(tmp_path, a=b"one")
    assert found(tmp_path) == {b"a": b"one"}


def test_a_value_under_another_key_is_a_miss(tmp_path: Path) -> None:
    filled(tmp_path, a=b"one", b=b"two")
    changed(tmp_path, "UPDATE entry SET value = (SELECT value FROM entry WHERE key = x'62') WHERE key = x'61'")
    assert found(tmp_path) == {b"b": b"two"}


def test_a_planted_report_hides_nothing(tmp_path: Path) -> None:
    """The whole way: the report of a clean tree is put under every key of a cache that a racy tree is scanned with."""
    racy = scanning.tree(tmp_path / "racy", {"go.mod": "module m\n", "a.go": scanning.RACE})
    args = ("scan", ".", "--format", "json", "--cache-dir", str(tmp_path / "cache"))
    first = scanning.run(*args, cwd=racy, MAPGUARD_CACHE_KEY="theirs")
    assert len(json.loads(first.out)["findings"]) == 1
    with closing(sqlite3.connect(tmp_path / "cache/facts.sqlite")) as db:
        for key, value in db.execute("SELECT key, value FROM entry").fetchall():
            db.execute("UPDATE entry SET value = ? WHERE key = ?", (value.replace(b"concurrent-map-write", b"nothing-map-write-at"), key))
        db.commit()
    assert scanning.run(*args, cwd=racy, MAPGUARD_CACHE_KEY="theirs").out == first.out
    assert scanning.run(*args, cwd=racy, MAPGUARD_CACHE_KEY="ours").out == first.out


@pytest.mark.parametrize(
    "statements",
    [
        (
            "DROP TABLE entry",
            "CREATE VIEW entry AS WITH RECURSIVE n(key) AS (SELECT x'61' UNION ALL SELECT key FROM n) SELECT key, key AS value FROM n",
        ),
        ("CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END",),
        ("CREATE TABLE other (a)",),
        ("DROP TABLE entry", "CREATE TABLE entry (key, value)"),
    ],
    ids="view trigger table columns".split(),
)
def test_a_schema_that_is_not_ours_is_replaced(tmp_path: Path, statements: tuple[str, ...]) -> None:
    filled(tmp_path, a=b"one")
    changed(tmp_path, *statements)
    start = time.monotonic()
    assert found(tmp_path) == {}
    assert time.monotonic() - start < 5
    filled(tmp_path, a=b"again")
    assert found(tmp_path) == {b"a": b"again"}


@pytest.mark.parametrize("name", ["facts.sqlite", "facts.sqlite-wal", "facts.sqlite-shm"])
def test_a_link_to_another_file_is_not_written_through(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"")
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / name).symlink_to(victim)
    filled(folder, a=b"one")
    assert victim.read_bytes() == b""
    assert found(folder) == {b"a": b"one"}


def test_a_pipe_or_a_folder_instead_of_the_store(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "facts.sqlite")
    filled(tmp_path, a=b"one")
    assert found(tmp_path) == {b"a": b"one"}
    shutil.rmtree(tmp_path)
    (tmp_path / "facts.sqlite/x").mkdir(parents=True)
    filled(tmp_path, a=b"one")
    assert found(tmp_path) == {}


def test_a_lock_costs_no_more_than_a_second(tmp_path: Path) -> None:
    filled(tmp_path, a=b"one")
    with closing(sqlite3.connect(tmp_path / "facts.sqlite")) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN EXCLUSIVE")
        start = time.monotonic()
        store = Cache(tmp_path)
        for n in range(20):
            assert store.get_many([b"a"]) == {}
            store.put_many({b"%d" % n: b"x"})
        store.close()
        assert time.monotonic() - start < 1
        other.execute("COMMIT")
    assert found(tmp_path) == {b"a": b"one"}


def test_a_lock_on_writing_costs_no_more_than_a_second(tmp_path: Path) -> None:
    filled(tmp_path, a=b"one")
    with closing(sqlite3.connect(tmp_path / "facts.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        store = Cache(tmp_path)
        assert store.get_many([b"a"]) == {b"a": b"one"}
        for n in range(20):
            store.put_many({b"%d" % n: b"x"})
        store.close()
        assert time.monotonic() - start < 1


# ---------------------------------------------------------------- the secret


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MAPGUARD_CACHE_KEY")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "mapguard"


def test_the_secret_is_made_once_and_for_nobody_else(home: Path) -> None:
    first = secret.secret()
    assert len(first) == 32
    assert secret.secret() == first
    (file,) = home.iterdir()
    assert (file.read_bytes(), file.stat().st_mode & 0o777, home.stat().st_mode & 0o777) == (first, 0o600, 0o700)


@pytest.mark.parametrize("spoil", ["readable", "short", "link"])
def test_a_secret_that_is_none_is_made_anew(home: Path, spoil: str) -> None:
    known = secret.secret()
    file = home / "cache-key"
    if spoil == "readable":
        file.chmod(0o644)
    elif spoil == "short":
        file.write_bytes(b"")
    else:
        file.rename(home / "theirs")
        file.symlink_to(home / "theirs")
    fresh = secret.secret()
    assert fresh != known
    assert secret.secret() == fresh
    assert not file.is_symlink()


def test_where_none_can_be_kept_it_is_good_for_one_run(home: Path) -> None:
    home.write_text("a file where the folder would be")
    assert secret.secret() != secret.secret()


def test_the_folders_are_the_user_s_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    own = tmp_path / "mapguard"
    own.mkdir(mode=0o755)
    for folder in (own, tmp_path / "new"):
        filled(folder, a=b"one")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    filled(shared, a=b"one")
    assert shared.stat().st_mode & 0o777 == 0o755  # not ours to change
    assert cache.status(shared) == (1, 19)
