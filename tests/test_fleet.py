"""``mapguard fleet``: lists, what is scanned, what goes on after a kill, what is new, and that the order changes nothing."""

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from git_repository import Repository
from mapguard.base.errors import UsageError
from mapguard.fleet import listing, pages
from mapguard.fleet.layout import commit_of, laid_out
from mapguard.fleet.run import Limits, run
from mapguard.fleet.scan import Job, Scanned, scan
from patience import HANG
from scanning import RACE, environment, tree
from scanning import run as command
from test_sarif import VALIDATOR

MOD = "module m\n\ngo 1.22\n"
LIMITS = Limits(4 << 30, HANG)
OPTIONS = ("--no-cache",)
MORE = RACE.replace("type S", "type T").replace("s *S", "s *T").replace("hits", "seen")


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """A list with a checkout, a bare repository, a plain folder, and one that is not there."""
    racy = Repository.made(tmp_path / "racy", {"go.mod": MOD, "race.go": RACE})
    racy.git("remote", "add", "origin", "git@github.com:o/racy.git")
    Repository.made(tmp_path / "clean", {"go.mod": MOD, "a.go": "package p\n"})
    Repository(tmp_path).git("clone", "-q", "--bare", str(tmp_path / "clean"), str(tmp_path / "clean.git"))
    tree(tmp_path / "plain", {"go.mod": MOD, "race.go": RACE})
    file = tmp_path / "list"
    file.write_text("# all of ours\nteam/racy racy\nteam/clean clean.git HEAD  # bare\nplain 'plain'\ngone nowhere\n")
    return file


def fleet(listed: Path, *args: str, out: str = "out") -> tuple[int, str, str]:
    done = command("fleet", listed, "--out", listed.parent / out, *args, "--", *OPTIONS, cwd=listed.parent)
    return done.code, done.out, done.err


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Everything below a folder but what it remembers for the next run."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(f.relative_to(folder)): f.read_bytes() for f in files if "state" not in f.parts}


# ---------------------------------------------------------------- the whole


def test_reports_on_each_and_pages_on_all(listed: Path) -> None:
    code, said, err = fleet(listed, "-j", "2")
    assert (code, said) == (3, f"2 findings, 0 new, in 3 of 4 repositories: {listed.parent}/out/index.html\n")
    assert sorted(line.partition(" ")[2] for line in err.splitlines()) == [
        f"gone: there is no folder {listed.parent}/nowhere",
        "plain: 1 finding",
        "team/clean: 0 findings",
        "team/racy: 1 finding",
    ]
    out = listed.parent / "out"
    rows = {row["repository"]: row for row in lines(out / "repositories.jsonl")}
    assert list(rows) == ["gone", "plain", "team/clean", "team/racy"]
    assert (rows["team/racy"]["rules"], rows["team/racy"]["severities"]) == ({"concurrent-map-write": 1}, {"error": 1})
    assert [(f["repository"], f["new"], f["finding"]["map"]["name"]) for f in lines(out / "findings.jsonl")] == [
        ("plain", False, "hits"),
        ("team/racy", False, "hits"),
    ]
    sarif = json.loads((out / "repositories/team+racy.sarif").read_text())
    assert [error.message for error in VALIDATOR.iter_errors(sarif)] == []
    assert sarif["runs"][0]["versionControlProvenance"][0]["repositoryUri"] == "https://github.com/o/racy"
    assert sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "race.go"
    page = (out / "index.html").read_text()
    assert 'href="repositories/team%2Bracy.html#f-' in page
    assert f"there is no folder {listed.parent}/nowhere" in page


def test_what_a_scan_of_the_same_commit_finds(listed: Path) -> None:
    """Fingerprints and paths are those of a scan of the checkout: baselines and earlier reports fit."""
    fleet(listed)
    own = json.loads(command("scan", "-f", "json", cwd=listed.parent / "racy").out)
    there = json.loads((listed.parent / "out/repositories/team+racy.json").read_text())
    assert there["findings"] == own["findings"]


def test_options_of_a_scan_count(listed: Path) -> None:
    done = command("fleet", listed, "--out", "out", "-q", "--", "--no-cache", "--disable", "concurrent-map-write", cwd=listed.parent)
    assert (done.code, done.out, done.err) == (3, "", "")
    assert lines(listed.parent / "out/findings.jsonl") == []


@pytest.mark.parametrize(
    "wrong", [("--output", "x"), ("--format", "json"), ("--jobs", "3"), ("somewhere",), ("--no-such",), ("--rules", "x")]
)
def test_options_that_a_fleet_does_not_take_are_said_first(listed: Path, wrong: tuple[str, ...]) -> None:
    done = command("fleet", listed, "--out", "out", "--", *wrong, cwd=listed.parent)
    assert done.code == 2
    assert not (listed.parent / "out").exists()


# ---------------------------------------------------------------- order, kills, runs


class Backwards(Executor):
    """Any executor will do: this one does the last first, when somebody waits for it."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Any, Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self.waiting.append((future, fn, args))
        if args[0].entry.name == "team/racy":  # the last of the list
            for one, call, given in reversed(self.waiting):
                one.set_result(call(*given))
        return future


def test_the_order_changes_no_byte(listed: Path) -> None:
    entries = listing.read(listed)
    for name, executor in (("one", ThreadPoolExecutor(3)), ("two", Backwards())):
        out = listed.parent / name
        out.mkdir()
        with executor:
            records = run(entries, OPTIONS, out, LIMITS, executor, lambda *_: None)
        pages.write(entries, records, out)
    assert bytes_of(listed.parent / "one") == bytes_of(listed.parent / "two")
    assert len(bytes_of(listed.parent / "one")) == 3 + 3 * 3


def test_an_executor_that_loses_a_worker_loses_no_run(listed: Path) -> None:
    class Lossy(Backwards):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
            future: Future[Any] = Future()
            if args[0].entry.name == "plain":
                future.set_exception(RuntimeError("killed\nworker"))
            else:
                future.set_result(fn(*args))
            return future

    out = listed.parent / "out"
    records = run(listing.read(listed), OPTIONS, out, LIMITS, Lossy(), lambda *_: None)
    assert [(r.name, r.failed) for r in records if r.failed][1] == ("plain", "the worker was lost: RuntimeError: killed worker")
    assert [r.found is not None for r in records] == [False, False, True, True]


def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(listed: Path) -> None:
    fleet(listed, out="straight")
    slow = Repository(listed.parent / "racy")
    for n in range(3):
        Repository.made(listed.parent / f"r{n}", {"go.mod": MOD, "race.go": RACE})
    with listed.open("a") as file:
        file.writelines(f"more/r{n} r{n}\n" for n in range(3))
    fleet(listed, out="straight")
    assert slow.root.exists()
    args = [sys.executable, "-m", "mapguard", "fleet", str(listed), "--out", "killed", "-j", "1", "--", *OPTIONS]
    fleet_of_four = listed.read_text()
    listed.write_text("".join(line for line in fleet_of_four.splitlines(True) if not line.startswith("more/")))
    fleet(listed, out="killed")  # the run before
    listed.write_text(fleet_of_four)
    with subprocess.Popen(args, cwd=listed.parent, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        while b"more/r0" not in process.stderr.readline():
            pass
        process.kill()
    assert not (listed.parent / "killed/repositories/more+r2.json").exists()
    code, _, err = fleet(listed, "-j", "1", out="killed")
    assert code == 3
    assert "7/7" in err
    assert bytes_of(listed.parent / "killed") == bytes_of(listed.parent / "straight")


def test_nothing_outlives_a_run_that_is_ended(listed: Path) -> None:
    args = [sys.executable, "-m", "mapguard", "fleet", str(listed), "--out", "out", "--", *OPTIONS]
    with subprocess.Popen(args, cwd=listed.parent, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (children := _children(process.pid)):
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANG) == 128 + signal.SIGTERM
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def _children(pid: int) -> list[str]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += (task / "children").read_text().split()
    return found


def test_what_is_new_since_the_last_run(listed: Path) -> None:
    fleet(listed)
    assert "0 new" in fleet(listed)[1]
    Repository(listed.parent / "racy").commit({"more.go": MORE})
    assert "team/racy: 2 findings, 1 new" in fleet(listed)[2]
    new = [f for f in lines(listed.parent / "out/findings.jsonl") if f["new"]]
    assert [(f["repository"], f["finding"]["map"]["name"]) for f in new] == [("team/racy", "seen")]
    assert "0 new" in fleet(listed)[1]


def test_a_scan_that_fails_forgets_nothing(listed: Path) -> None:
    fleet(listed)
    racy, away = listed.parent / "racy", listed.parent / "away"
    racy.rename(away)
    assert "in 2 of 4" in fleet(listed)[1]
    away.rename(racy)
    Repository(racy).commit({"more.go": MORE})
    assert "team/racy: 2 findings, 1 new" in fleet(listed)[2]


def test_what_has_not_changed_is_not_scanned_again(listed: Path) -> None:
    entry = next(e for e in listing.read(listed) if e.name == "team/racy")
    first = scan(Job(entry, OPTIONS, LIMITS.memory, HANG))
    assert set(first.reports) == {"json", "sarif", "html"}
    assert scan(Job(entry, OPTIONS, LIMITS.memory, HANG, first.key)) == Scanned(first.commit, first.key)
    assert scan(Job(entry, ("--no-cache", "--tests"), LIMITS.memory, HANG, first.key)).reports


# ---------------------------------------------------------------- limits, lists, layouts


def test_a_scan_that_takes_too_much_fails_alone(tmp_path: Path) -> None:
    functions = "".join(f'func F{n}(m map[string]int) int {{ m["a"] = {n}; return len(m) }}\n' for n in range(10_000))
    tree(tmp_path / "large", {"go.mod": MOD, "large.go": f"package p\n\n{functions}"})
    entry = listing.Entry("large", tmp_path / "large")
    assert scan(Job(entry, OPTIONS, 60 << 20, 60)).failed == "the scan took more than 0.059 GB of memory"
    assert scan(Job(entry, OPTIONS, LIMITS.memory, 0)).failed == "not done after 0 seconds"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "no repository in it"),
        ("a\n", ":1: a line is NAME PATH"),
        ("a b c d\n", ":1: a line is NAME PATH"),
        ("a b\nA c\n", ":2: A is in the list twice"),
        ("../a b\n", ":1: '../a' is no name"),
        ("a+b c\n", "is no name"),
        ("a 'b\n", ":1: No closing quotation"),
    ],
)
def test_a_list_that_is_none(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "list").write_text(text)
    with pytest.raises(UsageError, match=wrong.replace("(", r"\(")):
        listing.read(tmp_path / "list")


def test_a_commit_is_laid_out_as_a_work_tree(tmp_path: Path) -> None:
    repository = Repository.made(
        tmp_path / "r", {"go.mod": MOD, "a/x.go": "package a\n", "logo.png": "big", "mapguard.toml": "version = 1\n"}
    )
    first = repository.git("rev-parse", "HEAD")
    repository.commit({"a/x.go": "package b\n"})
    assert commit_of(repository.root, "HEAD~1") == first
    with laid_out(repository.root, first) as found:
        there = {p.relative_to(found.root).as_posix() for p in found.root.rglob("*") if p.is_file() and ".git" not in p.parts}
        assert there == {"go.mod", "a/x.go", "mapguard.toml"}
        assert (found.root / "a/x.go").read_text() == "package a\n"
        assert Repository(found.root).git("log", "--format=%H") == first
    assert not found.root.exists()


def test_a_tree_that_leads_out_stays_inside(tmp_path: Path) -> None:
    """A tree object may hold any name: git itself would never check it out."""
    repository = Repository.made(tmp_path / "r", {"go.mod": MOD})
    blob = repository.git("hash-object", "-w", "go.mod")

    def made(*entries: tuple[bytes, str]) -> str:
        raw = b"".join(mode_and_name + b"\0" + bytes.fromhex(name) for mode_and_name, name in entries)
        command = ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"]
        return subprocess.run(command, cwd=repository.root, input=raw, capture_output=True, check=True).stdout.decode().strip()

    inner = made((b"100644 out.go", blob))
    commit = repository.git("commit-tree", "-m", "evil", made((b"40000 ..", inner), (b"100644 a.go", blob)))
    with laid_out(repository.root, commit) as found:
        assert (found.root / "a.go").exists()
        assert not (found.root.parent / "out.go").exists()


# ---------------------------------------------------------------- Dask


@pytest.mark.filterwarnings("ignore")
def test_dask_on_two_workers_gives_the_same_bytes(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra mapguard[dask] is not installed")
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    fleet(listed, out="here")
    (listed.parent / "work").mkdir()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(listed.parent / "work")
    ) as cluster:
        code, said, _ = fleet(listed, "--dask", cluster.scheduler_address, out="there")
        assert (code, said.partition(":")[0]) == (3, "2 findings, 0 new, in 3 of 4 repositories")
        with distributed.Client(cluster) as client:
            done = client.run(lambda dask_worker: dask_worker.state.executed_count)
    assert len(done) == 2
    assert all(done.values()), done
    assert bytes_of(listed.parent / "there") == bytes_of(listed.parent / "here")


def test_no_scheduler_is_said(listed: Path) -> None:
    pytest.importorskip("distributed", reason="the extra mapguard[dask] is not installed")
    env = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    done = command("fleet", listed, "--out", "out", "--dask", "tcp://127.0.0.1:1", cwd=listed.parent, **env)
    assert (done.code, "no Dask scheduler at tcp://127.0.0.1:1" in done.err) == (2, True), done.err
    assert not list((listed.parent / "out").iterdir())
