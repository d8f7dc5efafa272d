"""The store itself: what goes in comes out, damage costs the entries and nothing else, and several processes can share it."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapguard.base.options import Options
from mapguard.frontend import cache
from mapguard.frontend.cache import Cache, cache_folder, clean, digest, status


def opened(folder: Path) -> dict[bytes, bytes]:
    store = Cache(folder)
    try:
        return store.get_many([b"a", b"b", b"missing"])
    finally:
        store.close()


def filled(folder: Path, entries: dict[bytes, bytes]) -> None:
    store = Cache(folder)
    store.put_many(entries)
    store.close()


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    filled(tmp_path / "new/folder", {b"a": b"one", b"b": b""})
    assert opened(tmp_path / "new/folder") == {b"a": b"one", b"b": b""}
    filled(tmp_path / "new/folder", {b"a": b"two"})
    assert opened(tmp_path / "new/folder") == {b"a": b"two", b"b": b""}


def test_more_keys_than_one_statement_takes(tmp_path: Path) -> None:
    entries = {str(n).encode(): bytes([n % 251]) for n in range(1234)}
    filled(tmp_path, entries)
    store = Cache(tmp_path)
    assert store.get_many([*entries, b"x"]) == entries
    store.close()


def test_no_folder_is_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Cache(None)
    store.put_many({b"a": b"one"})
    assert store.get_many([b"a"]) == {}
    store.close()
    assert list(tmp_path.iterdir()) == []


def one_bit(file: Path) -> None:
    """A value that changed on the disk: SQLite sees nothing wrong."""
    data = bytearray(file.read_bytes())
    data[data.index(b"one")] ^= 1
    file.write_bytes(data)


def table(statement: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        with closing(sqlite3.connect(file)) as db:
            db.execute(statement)
            db.commit()

    return change


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"no database" * 1000),
        lambda file: file.write_bytes(file.read_bytes()[:4096]),
        lambda file: file.write_bytes(file.read_bytes()[:100]),
        lambda file: file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 8192),
        one_bit,
        table("UPDATE entry SET value = 'text'"),
        table("UPDATE entry SET value = 7"),
        table("UPDATE entry SET value = x''"),
        table("DROP TABLE entry"),
        table("ALTER TABLE entry RENAME COLUMN key TO name"),
    ],
    ids="empty garbage page header pages bit text number nothing table column".split(),
)
def test_damage_costs_the_entries_and_nothing_else(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    filled(tmp_path, {b"a": b"one"})
    damage(tmp_path / "facts.sqlite")
    assert opened(tmp_path) == {}
    filled(tmp_path, {b"a": b"again"})
    assert opened(tmp_path) == {b"a": b"again"}, "the store did not recover"


def test_damage_that_shows_only_in_use(tmp_path: Path) -> None:
    filled(tmp_path, {str(n).encode(): bytes(1000) for n in range(200)})
    store = Cache(tmp_path)
    file = tmp_path / "facts.sqlite"
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))
    store.get_many(str(n).encode() for n in range(200))
    store.put_many({b"a": b"one"})
    store.close()
    filled(tmp_path, {b"b": b"two"})
    assert opened(tmp_path)[b"b"] == b"two"


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])  # only writing waits for the other, or opening too
def test_a_store_in_use_is_not_taken_for_a_damaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda file, timeout: connect(file, timeout=0.1))
    filled(tmp_path, {b"a": b"one"})
    with closing(connect(tmp_path / "facts.sqlite")) as other:
        other.execute(f"PRAGMA journal_mode={mode}")
        other.execute("BEGIN EXCLUSIVE")
        filled(tmp_path, {b"b": b"two"})  # cannot be written now
        other.execute("COMMIT")
    assert opened(tmp_path) == {b"a": b"one"}


@pytest.mark.parametrize("place", ["file", "file/below", "folder"])
def test_a_place_where_nothing_can_be_written(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder/facts.sqlite").mkdir(parents=True)
    filled(tmp_path / place, {b"a": b"one"})
    assert opened(tmp_path / place) == {}
    assert status(tmp_path / place) == (0, 0)
    assert clean(tmp_path / place) == 0
    assert (tmp_path / "file").read_text() == "a file"


def test_status_and_clean(tmp_path: Path) -> None:
    assert status(tmp_path) == (0, 0)
    assert list(tmp_path.iterdir()) == []  # asking makes nothing
    filled(tmp_path, {b"a": bytes(100), b"b": bytes(200)})
    entries, size = status(tmp_path)
    assert entries == 2
    assert 300 <= size < 400
    (tmp_path / "mine.txt").write_text("not the cache's")
    assert clean(tmp_path) > 300
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    assert status(tmp_path) == (0, 0)


def test_the_oldest_entries_go_when_it_grows_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_LIMIT_BYTES", 10_000)
    for n in range(30):
        filled(tmp_path, {str(n).encode(): bytes(1000)})
    entries, size = status(tmp_path)
    assert 1 <= entries < 12
    assert size <= 12_000
    store = Cache(tmp_path)
    assert set(store.get_many([b"0", b"29"])) == {b"29"}
    store.close()


def hammered(folder: Path, start: int) -> int:
    """How often a wrong value was read. An entry may be missing: who waits too long for the other process goes on without the cache."""
    wrong = 0
    for n in range(start, start + 40):
        key = digest(str(n % 50).encode())
        store = Cache(folder)
        wrong += store.get_many([key]).get(key, key) != key
        store.put_many({key: key})
        wrong += store.get_many([key]).get(key, key) != key
        store.close()
    return wrong


def test_two_processes_at_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(hammered, [tmp_path, tmp_path], [0, 25])) == [0, 0]
    assert hammered(tmp_path, 0) + hammered(tmp_path, 25) == 0
    assert status(tmp_path)[0] == 50  # nobody else is there: all are kept


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_parts_of_a_digest_do_not_run_into_each_other(a: list[bytes], b: list[bytes]) -> None:
    assert (digest(*a) == digest(*b)) == (a == b)


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAPGUARD_CACHE_DIR", str(tmp_path / "chosen"))
    assert cache_folder(Options()) == tmp_path / "chosen"
    assert cache_folder(Options(cache_dir=tmp_path / "given")) == tmp_path / "given"
    monkeypatch.setenv("MAPGUARD_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder(Options()).name == "mapguard"
