"""Input that no tool likes: each gives a sentence or a gap and the right exit code, in a bounded time, and leaves nothing behind."""

import hashlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from patience import HANG, small_scan
from scanning import RACE, environment, run, tree

MOD = "module example.com/m\n\ngo 1.24\n"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="which signals a process ignores is read from /proc")
FOREIGN = "UPDATE entry SET value = sealed(CAST('{}' AS BLOB))"


def scanned(root: Path, *more: str, scans: float | None = None) -> dict[str, Any]:
    """The JSON report; the race that lies beside the bad input must be found all the same, at the cost of so many small ``scans``."""
    done = run("scan", ".", "--format", "json", *more, cwd=root)
    assert done.code == 1, done.err
    assert scans is None or done.cost < scans * small_scan()
    report: dict[str, Any] = json.loads(done.out)
    return report


def gaps(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(g["reason"], g["path"]) for g in report["gaps"]]


# ---------------------------------------------------------------- nothing to scan


def test_no_such_folder(tmp_path: Path) -> None:
    done = run("scan", "nowhere", cwd=tmp_path)
    assert done.code == 2
    assert "nowhere" in done.err
    assert done.out == ""


@pytest.mark.parametrize("files", [{}, {"README.md": "no Go here\n"}, {"vendor/a/a.go": "package a\n", "testdata/b.go": "package b\n"}])
def test_no_go_file_is_an_error_in_one_sentence(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    done = run("scan", ".", cwd=tree(tmp_path, files))
    assert done.code == 2
    assert "no Go file" in done.err
    assert len(done.err.strip().splitlines()) == 1


# ---------------------------------------------------------------- files


def test_a_folder_or_a_pipe_with_the_name_of_a_file(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": MOD, "race.go": RACE, "folder.go/inner.go": "package inner\n"})
    os.mkfifo(tmp_path / "pipe.go")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(tmp_path / "socket.go"))
        report = scanned(tmp_path)
    assert len(report["findings"]) == 1
    assert gaps(report) == [("UNREADABLE", "pipe.go"), ("UNREADABLE", "socket.go")]


@pytest.mark.parametrize("name", ["go.mod", "go.work"])
def test_a_pipe_in_the_place_of_a_module_file(tmp_path: Path, name: str) -> None:
    tree(tmp_path, {"race.go": RACE})
    os.mkfifo(tmp_path / name)
    assert len(scanned(tmp_path)["findings"]) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_an_unreadable_file(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": MOD, "race.go": RACE, "secret.go": "package p\n"})
    (tmp_path / "secret.go").chmod(0)
    assert gaps(scanned(tmp_path)) == [("UNREADABLE", "secret.go")]


def test_a_broken_link(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": MOD, "race.go": RACE})
    (tmp_path / "gone.go").symlink_to("nowhere.go")
    assert gaps(scanned(tmp_path)) == [("UNREADABLE", "gone.go")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x7fELF\x02\x01\x01" + bytes(4096), "NOT_TEXT"),
        (b'package p\n\nvar s = "\xff\xfe"\n\nfunc f() { \xc3\x28 }\n', None),
        ("package p\n\nfunc f( {\n", "SYNTAX"),
        ("package p\n\nfunc f() {\n\tif x {\n", "SYNTAX"),
        ("", None),
        ("\ufeffpackage p\r\n\r\nvar x = 1\r\n", None),
    ],
    ids=["binary", "invalid UTF-8", "half a head", "half a body", "empty", "mark and CRLF"],
)
def test_a_file_that_is_no_go(tmp_path: Path, content: str | bytes, reason: str | None) -> None:
    report = scanned(tree(tmp_path, {"go.mod": MOD, "race.go": RACE, "odd.go": content}))
    assert [f["map"]["name"] for f in report["findings"]] == ["hits"]
    if reason is not None:
        assert (reason, "odd.go") in gaps(report)


def test_a_file_of_fifty_megabytes(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": MOD, "race.go": RACE, "big.go": b"package p\n\nvar x = `" + b"a" * 50_000_000 + b"`\n"})
    assert gaps(scanned(tmp_path, scans=5)) == [("TOO_LARGE", "big.go")]


_DEEP = 10_000


@pytest.mark.parametrize(
    "body",
    [
        "var x = " + "(" * _DEEP + "1" + ")" * _DEEP,
        "func f() " + "{" * _DEEP + "}" * _DEEP,
        "var x = " + "func() any { return " * _DEEP + "1" + "}" * _DEEP,
        "var x = " + "[]any{" * _DEEP + "1" + "}" * _DEEP,
        "var x = 1" + " + 1" * _DEEP,
        "var x = " + "-" * _DEEP + "1",
        "var x " + "*" * _DEEP + "int",
        "var x " + "map[string]" * _DEEP + "int",
        "func f() {" + "if x {" * _DEEP + "}" * _DEEP + "}",
        "func f() { x" + "()" * _DEEP + " }",
        "func f() { x" + ".y" * _DEEP + " }",
        "func f() { x" + "[0]" * _DEEP + " }",
        "func f() { " + "l: " * _DEEP + "return }",
        "func f() { if x {}" + " else if x {}" * _DEEP + " }",
        "var x " + "chan " * _DEEP + "int",
        "var x " + "func() " * _DEEP + "int",
        "type t " + "struct{ a " * _DEEP + "int" + " }" * _DEEP,
        "func f() { " + "for {" * _DEEP,
    ],
    ids=(
        "parentheses braces literals composites sums signs pointers maps ifs calls selectors "
        "indices labels elses channels results structs unclosed"
    ).split(),
)
def test_ten_thousand_levels(tmp_path: Path, body: str) -> None:
    report = scanned(tree(tmp_path, {"go.mod": MOD, "race.go": RACE, "deep.go": f"package p\n\n{body}\n"}))
    assert [f["map"]["name"] for f in report["findings"]] == ["hits"]
    told = [gap for gap in gaps(report) if gap[0] != "TYPES"]  # nobody knows what x is
    assert told in ([("TOO_DEEP", "deep.go")], [] if " + 1" in body else None)  # a sum of numbers loses nothing


@pytest.mark.parametrize(
    "text",
    [
        "package p\n" + "import (\n" * 200_000,
        "func\n" * 200_000,
        'package p\n\nimport "example.com/m/' + "a" * 5_000 + '"\n',
        "//go:build " + "(" * 450 + "linux\n\npackage p\n",
        "package p\n\n// " + "Code generated " * 50_000 + "\n",
        "package p\n\nvar " + "a" * 1_000_000 + " = map[int]int{}\n",
    ],
    ids="imports heads path constraint marks name".split(),
)
def test_text_that_repeats_itself(tmp_path: Path, text: str) -> None:
    report = scanned(tree(tmp_path, {"go.mod": MOD, "race.go": RACE, "odd.go": text}), scans=20)
    assert [f["map"]["name"] for f in report["findings"]] == ["hits"]
    assert len(report["gaps"]) <= 101
    assert "CRASH" not in {reason for reason, _ in gaps(report)}


def test_very_many_functions_that_call_each_other(tmp_path: Path) -> None:
    ring = "".join(f"func f{n}(m map[int]int) {{ m[{n}] = 1; f{(n + 1) % 2000}(m) }}\n" for n in range(2000))
    report = scanned(tree(tmp_path, {"go.mod": MOD, "race.go": RACE, "ring.go": f"package p\n\n{ring}"}))
    assert "hits" in {f["map"]["name"] for f in report["findings"]}


# ---------------------------------------------------------------- links


def test_links_that_run_in_circles_or_leave_the_root(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", {"go.mod": MOD, "race.go": RACE, "a/b/c.go": "package b\n"})
    tree(tmp_path, {"outside/secret.go": "package secret\n\nvar Password = 1\n"})
    (root / "a/b/up").symlink_to("../..")
    (root / "self").symlink_to("self")
    (root / "out").symlink_to("../outside")
    (root / "secret.go").symlink_to("../outside/secret.go")
    (root / "circle.go").symlink_to("circle.go")
    report = scanned(root)
    assert len(report["findings"]) == 1
    assert gaps(report) == [("OUTSIDE_ROOT", "out"), ("OUTSIDE_ROOT", "secret.go"), ("UNREADABLE", "circle.go")]
    assert str(tmp_path) not in json.dumps(report)
    assert "Password" not in json.dumps(report)


# ---------------------------------------------------------------- modules


@pytest.mark.parametrize(
    "text",
    [
        b"\x00\xff\x00binary",
        b"module example.com/m\nreplace example.com/m => .\n",
        b"module example.com/m\nrequire example.com/x v1.0.0\nreplace example.com/x => ../x\n",
        b"module example.com/m\nreplace example.com/x => ../../../../../../etc\n",
        b"module\n",
        b"module example.com/m // comment\nrequire (\n",
        b"module example.com/m\nreplace example.com/m => ./" + b"a" * 5_000 + b"\n",
        b"module example.com/m\nreplace example.com/x => ./a\0b\n",
    ],
)
def test_odd_go_mod_files(tmp_path: Path, text: bytes) -> None:
    report = scanned(tree(tmp_path / "m", {"go.mod": text, "race.go": RACE}))
    assert len(report["findings"]) == 1


def test_a_workspace_that_names_nothing(tmp_path: Path) -> None:
    report = scanned(tree(tmp_path, {"go.work": "go 1.24\nuse ./nowhere\nuse ../../..\n", "m/go.mod": MOD, "m/race.go": RACE}))
    assert len(report["findings"]) == 1


# ---------------------------------------------------------------- the cache


@pytest.mark.parametrize("damage", [b"", b"garbage" * 1000, None], ids=["empty", "garbage", "truncated"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: bytes | None) -> None:
    root = tree(tmp_path / "m", {"go.mod": MOD, "race.go": RACE})
    folder = tmp_path / "cache"
    first = scanned(root, "--cache-dir", str(folder))
    (file,) = folder.glob("*.sqlite")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2] if damage is None else damage)
    assert scanned(root, "--cache-dir", str(folder)) == first
    assert scanned(root, "--cache-dir", str(folder)) == first


def test_a_cache_of_another_version(tmp_path: Path) -> None:
    """Another table, the same table with other keys, values that fit their checksum but no longer the types."""
    root = tree(tmp_path / "m", {"go.mod": MOD, "race.go": RACE})
    first = scanned(root, "--cache-dir", str(tmp_path / "cache"))
    for statement in ("DROP TABLE entry", "ALTER TABLE entry RENAME COLUMN value TO data", "UPDATE entry SET value = 7", FOREIGN):
        with closing(sqlite3.connect(tmp_path / "cache/facts.sqlite")) as db:
            db.create_function("sealed", 1, lambda data: hashlib.blake2b(data, digest_size=16).digest() + data)
            db.execute(statement)
            db.commit()
        assert scanned(root, "--cache-dir", str(tmp_path / "cache")) == first, statement


def test_gaps_are_said_with_a_warm_cache_too(tmp_path: Path) -> None:
    root = tree(tmp_path / "m", {"go.mod": MOD, "race.go": RACE})
    assert gaps(scanned(root, "--cache-dir", str(tmp_path / "cache"))) == []
    tree(root, {"binary.go": bytes(10)})
    for _ in range(2):
        assert gaps(scanned(root, "--cache-dir", str(tmp_path / "cache"))) == [("NOT_TEXT", "binary.go")]


def test_a_cache_folder_that_cannot_be_written(tmp_path: Path) -> None:
    root = tree(tmp_path / "m", {"go.mod": MOD, "race.go": RACE})
    (tmp_path / "file").write_text("not a folder")
    assert len(scanned(root, "--cache-dir", str(tmp_path / "file/cache"))["findings"]) == 1


def test_two_scans_share_a_cache(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"p{n}/a.go": f"package p{n}\n\nfunc F(m map[int]int) {{ m[{n}] = {n} }}\n" for n in range(60)}
    root = tree(tmp_path / "m", {"go.mod": MOD, "race.go": RACE, **files})
    command = [sys.executable, "-m", "mapguard", "scan", str(root), "--format", "json", "--cache-dir", str(tmp_path / "cache")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) for _ in range(2)]
    outputs = [p.communicate(timeout=HANG) for p in both]
    assert [p.returncode for p in both] == [1, 1], outputs
    assert outputs[0][0] == outputs[1][0]


# ---------------------------------------------------------------- interruption


def started(folder: Path, jobs: str) -> tuple[subprocess.Popen[bytes], float]:
    """A scan that is well under way, in a group of its own, and the seconds in which it should end: they follow those of its start."""
    body = "".join(f"func F{n}(m map[int]int) {{ for i := range {n} {{ m[i]++ }} }}\n" for n in range(400))
    root = tree(folder / "m", {"go.mod": MOD, **{f"p{n}/a.go": f"package p{n}\n\n{body}" for n in range(220)}})
    more = ("--jobs", jobs, "--cache-dir", str(folder / "cache"), "--report", f"json={folder}/out.json")
    begin = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "mapguard", "scan", str(root), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(TMPDIR=str(folder)),
        start_new_session=True,
    )
    # the cache is made right before the first file is parsed
    while process.poll() is None and not ((folder / "cache/facts.sqlite").exists() and ready_workers(process.pid) == (jobs == "2") * 2):
        time.sleep(0.05)
    limit = 20 + 10 * (time.monotonic() - begin)
    time.sleep(0.7)
    assert process.poll() is None, "the run ended before it was interrupted: make the tree larger"
    return process, limit


def ready_workers(pid: int) -> int:
    """How many workers of a scan have decided what a signal means to them."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    statuses = [Path(f"/proc/{child}/status").read_text() for child in children.read_text().split()]
    ignored = [int(line.split()[1], 16) for text in statuses for line in text.splitlines() if line.startswith("SigIgn:")]
    return sum(mask >> (signal.SIGINT - 1) & 1 for mask in ignored)


def nobody_is_left(group: int, limit: float) -> bool:
    """Whether every process of the group ends within the limit."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@linux
@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(("number", "everybody"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False)])
def test_an_interrupted_run_ends_at_once(tmp_path: Path, jobs: str, number: signal.Signals, everybody: bool) -> None:
    """A terminal sends Ctrl-C to every process of the group, a CI runner a signal to the first."""
    process, limit = started(tmp_path, jobs)
    (os.killpg if everybody else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=limit)
    assert process.returncode == 128 + number, err
    assert out == b""
    assert err.strip() == (b"mapguard: interrupted" if number == signal.SIGINT else b"")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "m"]
    assert nobody_is_left(process.pid, limit)


@linux
def test_workers_of_a_killed_run_do_not_stay(tmp_path: Path) -> None:
    process, limit = started(tmp_path, "2")
    process.kill()
    assert process.wait(timeout=limit) == -signal.SIGKILL
    process.communicate(timeout=limit)  # the workers held the other end of the pipes
    assert nobody_is_left(process.pid, limit)
