"""The command line as a contract: exit codes, what goes to which stream, and one sentence for each wrong use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mapguard import __version__
from scanning import RACE, environment, run, tree

MOD = "module example.com/m\n\ngo 1.24\n"
NOTE = """package p

import (
	"net/http"
	"sync"
)

var seen sync.Map

func handle(w http.ResponseWriter, r *http.Request) {
	n, _ := seen.Load("n")
	seen.Store("n", n.(int)+1)
}

func Register() { http.HandleFunc("/", handle) }
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return tree(tmp_path, {"go.mod": MOD, "race.go": RACE})


# ---------------------------------------------------------------- exit codes


@pytest.mark.parametrize(
    ("source", "more", "code"),
    [
        (RACE, [], 1),
        ("package p\n", [], 0),
        (RACE, ["--fail-on", "none"], 0),
        (RACE, ["--fail-on", "error"], 1),
        (RACE, ["--fail-on", "none", "--format", "json"], 0),
        (RACE, ["--format", "sarif"], 1),  # the format has no say
        (RACE, ["--disable", "concurrent-map-write,concurrent-map-read-write"], 0),
        (RACE, ["--rules", "concurrent-map-iteration"], 0),
        (NOTE, [], 0),
        (NOTE, ["--fail-on", "note"], 1),
        (NOTE, ["--fail-on", "note", "--min-confidence", "high"], 0),
        ("package p\n\nfunc broken( {\n", [], 0),
        ("package p\n\nfunc broken( {\n", ["--strict"], 3),
        ('package p\n\nimport "example.org/q"\n\nfunc set() { q.Table["a"] = 1 }\n', ["--strict"], 3),  # is Table a map?
        (RACE + "\nfunc broken( {\n", ["--strict"], 1),  # findings come before gaps
        (RACE + "\nfunc broken( {\n", ["--strict", "--fail-on", "none"], 3),
    ],
)
def test_exit_codes(tmp_path: Path, source: str, more: list[str], code: int) -> None:
    done = run("scan", *more, cwd=tree(tmp_path, {"go.mod": MOD, "a.go": source}))
    assert done.code == code, done.out + done.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["scna"], "did you mean scan?"),
        (["scan", "--no-such-option"], "No such option"),
        (["scan", "nowhere"], "no such file or folder: nowhere"),
        (["scan", "nowhere/..."], "no such file or folder: nowhere"),
        (["scan", "--rules", "concurrent-map"], "no such rule: concurrent-map"),
        (["scan", "--disable", "x"], "no such rule: x"),
        (["scan", "--format", "xml"], "xml"),
        (["scan", "--report", "json"], "FORMAT=FILE"),
        (["scan", "--report", "json=-"], "only one report can go to standard output"),
        (["scan", "--output", "nowhere/report.txt"], "there is no folder nowhere"),
        (["scan", "--output", "."], "."),
        (["scan", "--jobs", "0"], "--jobs"),
        (["scan", "--baseline", "nowhere.json"], "nowhere.json"),
        (["scan", "--config", "nowhere.toml"], "nowhere.toml"),
        (["scan", "--model", "nowhere.toml"], "nowhere.toml"),
        (["scan", "--config", "a.toml", "--no-config"], "exclude each other"),
        (["scan", "--new-from-rev", "HEAD"], "git repository"),
        (["explain", "x"], "no such rule: x"),
        (["why", "0123456789abcdef"], "0123456789abcdef"),
        (["why-not", "race.go", "race.go:7"], "FILE.go:LINE"),
        (["dump", "dreams", "S"], "dreams"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_wrong_use_is_two_and_a_sentence(repository: Path, args: list[str], said: str) -> None:
    done = run(*args, cwd=repository)
    assert done.code == 2, done.out + done.err
    assert said in done.err
    assert done.out == ""
    assert "internal error" not in done.err


# ---------------------------------------------------------------- streams and files


def test_results_and_only_results_go_to_standard_output(repository: Path) -> None:
    done = run("scan", "--format", "json", cwd=repository)
    assert [f["map"]["name"] for f in json.loads(done.out)["findings"]] == ["hits"]
    assert done.err == ""


def test_notices_go_to_standard_error(tmp_path: Path) -> None:
    unused = RACE.replace("func (s *S)", "//mapguard:ignore map-guard-missed never needed\nfunc (s *S)")
    root = tree(tmp_path, {"go.mod": MOD, "race.go": unused})
    done = run("scan", "--format", "json", cwd=root)
    assert "race.go:7" in done.err
    json.loads(done.out)
    assert run("scan", "--format", "json", "--quiet", cwd=root).err == ""


def test_several_reports_at_once(repository: Path) -> None:
    done = run("scan", "--report", "json=a.json", "--report", "sarif=b.sarif", "--output", "c.txt", cwd=repository)
    assert (done.code, done.out) == (1, "")
    assert json.loads((repository / "a.json").read_text())["findings"]
    assert json.loads((repository / "b.sarif").read_text())["runs"][0]["results"]
    assert "race.go:7" in (repository / "c.txt").read_text()


def test_nothing_is_written_beside_what_is_asked_for(repository: Path) -> None:
    run("scan", "--no-cache", cwd=repository)
    assert sorted(p.name for p in repository.iterdir()) == ["go.mod", "race.go"]


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    files = {f"p{n}/a.go": RACE for n in range(400)}
    tree(tmp_path, {"go.mod": MOD, **files})
    process = subprocess.Popen(
        [sys.executable, "-m", "mapguard", "scan", "--no-cache", "--format", "json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(10)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) in (0, 1)
    assert err == b""


def test_the_same_bytes_every_time(repository: Path) -> None:
    tree(repository, {f"p{n}/a.go": RACE for n in range(20)})
    outputs = {
        run("scan", "--format", "json", "--jobs", jobs, cwd=repository, PYTHONHASHSEED=seed).out for jobs, seed in ("10", "11", "22")
    }
    assert len(outputs) == 1


def test_names_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": MOD, "r\u00e4ce.go": RACE})
    for done in (run("scan", cwd=tmp_path, LC_ALL="C"), run("scan", cwd=tmp_path, PYTHONIOENCODING="ascii")):
        assert done.code == 1, done.err
        assert "r\u00e4ce.go:7" in done.out


def test_an_internal_error_is_one_line_without_debug(repository: Path) -> None:
    """The models of the installation are broken: nobody's input."""
    broken = "import mapguard.pipeline as p\ndef run(*_):\n    raise LookupError('line one\\nline two')\np.run = run\n"
    start = "from mapguard.cli.main import main\nimport sys\n"

    def outcome(*more: str) -> subprocess.CompletedProcess[str]:
        code = f"{broken}{start}sys.argv = {['mapguard', 'scan', *more]!r}\nmain()\n"
        return subprocess.run(
            [sys.executable, "-c", code], cwd=repository, env=environment(), capture_output=True, text=True, check=False, timeout=60
        )

    done = outcome()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mapguard: internal error: LookupError: line one line two (--debug shows where)\n"
    assert "Traceback" in outcome("--debug").stderr


# ---------------------------------------------------------------- the other commands


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["version"], __version__),
        (["--version"], __version__),
        (["--help"], "scan"),
        (["-h"], "scan"),
        (["scan", "--help"], "--fail-on"),
        (["rules"], "concurrent-map-write"),
        (["explain", "concurrent-map-write"], "concurrent-map-write"),
        (["cache", "status", "--cache-dir", "somewhere"], "0 entries"),
        (["cache", "clean", "--cache-dir", "somewhere"], "0.0 MB removed"),
        (["why-not", "race.go:7", "race.go:7"], "race.go"),
        (["dump", "roots", "ServeHTTP"], "ServeHTTP"),
        (["dump", "facts", "ServeHTTP"], "ServeHTTP"),
        (["dump", "accesses", "hits"], "ServeHTTP"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_every_command_answers(repository: Path, args: list[str], said: str) -> None:
    done = run(*args, cwd=repository)
    assert (done.code, done.err) == (0, ""), done.err
    assert said in done.out


def test_the_configuration_says_where_it_is_from(repository: Path) -> None:
    done = run("config", "show", cwd=repository)
    assert (done.code, done.err) == (0, "no configuration file: these are the defaults\n")
    assert json.loads(done.out)["fail-on"] == "warning"


def test_rules_for_programs(repository: Path) -> None:
    rules = json.loads(run("rules", "--format", "json", cwd=repository).out)
    ids = [r["id"] for r in rules]
    assert ids == sorted(ids)
    assert "map-guard-missed" in ids


def test_why_tells_the_evidence_of_a_finding(repository: Path) -> None:
    (found,) = json.loads(run("scan", "--format", "json", cwd=repository).out)["findings"]
    done = run("why", found["fingerprint"], cwd=repository)
    assert done.code in (0, 1), done.err
    assert "race.go:7" in done.out


def test_the_cache_is_filled_said_and_cleaned(repository: Path) -> None:
    folder = ("--cache-dir", "store")
    assert run("scan", *folder, cwd=repository).code == 1
    status = run("cache", "status", *folder, cwd=repository).out
    assert "2 entries" in status  # the facts of the file, and the whole report
    run("cache", "clean", *folder, cwd=repository)
    assert "0 entries" in run("cache", "status", *folder, cwd=repository).out


def test_starting_is_quick_because_formats_are_loaded_late() -> None:
    loaded = "import sys, mapguard.cli.main, mapguard.cli.scan; print([m for m in ('rich', 'pygments', 'jinja2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loaded], env=environment(), capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
