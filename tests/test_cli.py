"""The command line as a contract: exit codes, what goes to which stream, and one sentence for each wrong use."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mapguard import __version__
from patience import HANG
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
    assert process.wait(timeout=HANG) in (0, 1)
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
            [sys.executable, "-c", code], cwd=repository, env=environment(), capture_output=True, text=True, check=False, timeout=HANG
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
        (["dump", "ir", "ServeHTTP"], "write %"),
        (["dump", "objects", "ServeHTTP"], "m.S from outside"),
        (["dump", "callers", "ServeHTTP"], "(S).ServeHTTP"),
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
    done = subprocess.run([sys.executable, "-c", loaded], env=environment(), capture_output=True, text=True, check=True, timeout=HANG)
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------- for people at a terminal, for editors and scripts


def test_one_line_a_finding(repository: Path) -> None:
    done = run("scan", "-f", "concise", cwd=repository)
    assert done.code == 1
    assert re.fullmatch(r"race\.go:7:65: concurrent-map-write 'S\.hits' is .*\.\n", done.out), done.out


def test_editors_follow_paths_from_where_they_are(repository: Path) -> None:
    tree(repository, {".git/HEAD": "", "a/b/x.go": "package b\n"})
    assert run("scan", "-f", "concise", "..", cwd=repository / "a").out.startswith("../race.go:7:65: ")
    assert run("scan", "..", cwd=repository / "a").out.startswith("error[concurrent-map-write] race.go:7:65")  # a pipe is no terminal
    run("scan", "--report", "concise=out.txt", "..", cwd=repository / "a")
    assert (repository / "a/out.txt").read_text().startswith("race.go:7:65: ")


def test_a_file_name_is_no_command_for_the_build_server(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": MOD, "::error::x/race.go": RACE})
    assert run("scan", "-f", "concise", cwd=tmp_path).out.startswith("./::error::x/race.go:7")


def test_on_a_terminal_paths_start_at_the_current_folder(repository: Path) -> None:
    tree(
        repository,
        {".git/HEAD": "", "a/b/x.go": "package b\n", "x_test.go": "package p\n\nfunc TestX(t *T) { new(S).ServeHTTP(nil, nil) }\n"},
    )
    main, other = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "mapguard", "scan", "..", "--color=never", "--no-cache", "-q"],
        cwd=repository / "a",
        stdout=other,
        stderr=subprocess.PIPE,
        env=environment(COLUMNS="100"),
        check=False,
        timeout=60,
    )
    os.close(other)
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(main, 4096):
            shown += part
    os.close(main)
    text = shown.decode()
    assert (done.returncode, text.count("../race.go:7")) == (1, text.count("race.go:7")), text
    assert "cd .. && go test -race -run '^TestX$' ." in text


@pytest.mark.parametrize(
    ("env", "args", "code"),
    [
        ({"MAPGUARD_FAIL_ON": "none"}, [], 0),
        ({"MAPGUARD_FAIL_ON": "none"}, ["--fail-on", "error"], 1),
        ({"MAPGUARD_DISABLE": "concurrent-map-write"}, [], 0),
        ({"MAPGUARD_EXCLUDE": "x.go race.go", "MAPGUARD_NO_CACHE": "1"}, ["x.go"], 0),
        ({"MAPGUARD_FAIL_ON": "sometimes"}, [], 2),
    ],
)
def test_options_come_from_the_environment_too(repository: Path, env: dict[str, Any], args: list[str], code: int) -> None:
    tree(repository, {"x.go": "package p\n", "y.go": "package p\n", "mapguard.toml": "version = 1\nfail-on = 'error'\n"})
    assert run("scan", *args, cwd=repository, **env).code == code


def test_the_format_of_the_environment(repository: Path) -> None:
    assert json.loads(run("scan", cwd=repository, MAPGUARD_FORMAT="json").out)["findings"]


@pytest.mark.parametrize("command", ["scan", "why", "why-not", "dump", "annotate"])
def test_help_is_grouped_and_whole(repository: Path, command: str) -> None:
    out = run(command, "--help", cwd=repository).out
    assert "What is read:" in out
    assert "How it runs:" in out
    assert out.count("--no-cache") == out.count("-h, --help") == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete(repository: Path, shell: str) -> None:
    program = Path(sys.executable).parent / "mapguard"
    if not program.exists():
        pytest.skip("mapguard is not installed as a command")
    done = subprocess.run(
        [program], env=environment(_MAPGUARD_COMPLETE=f"{shell}_source"), capture_output=True, text=True, check=False, timeout=60
    )
    assert "_MAPGUARD_COMPLETE" in done.stdout, done.stderr


# ---------------------------------------------------------------- looking inside


def test_why_tells_more_than_a_scan(repository: Path) -> None:
    tree(repository, {"count.go": "package p\n\nfunc (s *S) count(k string) int { return s.hits[k] }\n"})
    (found,) = json.loads(run("scan", "-f", "json", cwd=repository).out)["findings"]
    scan, why = run("scan", cwd=repository).out.splitlines(), run("why", found["fingerprint"], cwd=repository).out.splitlines()
    assert len(why) > len(scan)
    told = "\n".join(why)
    for kept in ("thread A", "other accesses", "why ", "fix ", "test "):
        assert kept in told
    assert re.search(r"read +count\.go:3 +\(\*S\)\.count  s\.hits\[k\]  holding no lock", told)
    assert any("mapguard why-not race.go:7 race.go:7" in line for line in why)
    assert any("in (*S).ServeHTTP" in line for line in why)


@pytest.mark.parametrize("fingerprint", ["", "  "])
def test_an_empty_fingerprint_is_an_error(repository: Path, fingerprint: str) -> None:
    done = run("why", fingerprint, cwd=repository)
    assert (done.code, done.out) == (2, "")
    assert "the fingerprint is empty" in done.err


def test_why_not_speaks_of_lines(repository: Path) -> None:
    out = run("why-not", "race.go:7", "race.go:7", cwd=repository).out
    assert "at race.go:7 in (*S).ServeHTTP holding no lock" in out


def test_why_not_takes_the_paths_that_a_terminal_shows(repository: Path) -> None:
    tree(repository, {".git/HEAD": "", "a/race.go": RACE})
    assert "at race.go:7 in" in run("why-not", "../race.go:7", "../race.go:7", "--path", "..", cwd=repository / "a").out
    assert "at a/race.go:7 in" in run("why-not", "race.go:7", "race.go:7", "--path", "..", cwd=repository / "a").out


@pytest.mark.parametrize(
    ("place", "said"),
    [("race.go:6", "no map access at race.go:6; lines with one: 7"), ("gone.go:7", "no map access at gone.go:7: no map access is known")],
)
def test_why_not_of_an_unknown_place_is_an_error(repository: Path, place: str, said: str) -> None:
    done = run("why-not", place, "race.go:7", cwd=repository)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_why_not_of_places_that_are_never_in_one_program(tmp_path: Path) -> None:
    tree(tmp_path, {".git/HEAD": "", **{f"{m}/{n}": t for m in "ab" for n, t in (("go.mod", f"module {m}\n"), ("race.go", RACE))}})
    done = run("why-not", "a/race.go:7", "b/race.go:7", cwd=tmp_path)
    assert (done.code, done.out) == (0, "the two places are in modules that are not built together: they share no memory\n")


def test_dump_filters_by_functions_and_maps(repository: Path) -> None:
    tree(repository, {"more.go": 'package p\n\nvar seen = map[string]int{}\n\nfunc Other() { seen["a"]++ }\n'})
    assert "more.go" not in run("dump", "accesses", "ServeHTTP", cwd=repository).out
    assert "race.go:7 (*S).ServeHTTP" in run("dump", "accesses", "ServeHTTP", cwd=repository).out
    assert "race.go" not in run("dump", "accesses", "seen", cwd=repository).out
    assert run("dump", "accesses", "nothing", cwd=repository).out == ""


# ---------------------------------------------------------------- the baseline and the configuration


def test_writing_a_baseline_says_how_to_use_it(repository: Path) -> None:
    done = run("baseline", "write", cwd=repository)
    assert 'use it with baseline = "mapguard-baseline.json" in mapguard.toml at the root' in done.out
    assert run("scan", cwd=repository).code == 1
    tree(repository, {"mapguard.toml": 'version = 1\nbaseline = "mapguard-baseline.json"\n'})
    assert run("scan", cwd=repository).code == 0
    assert "use it with" not in run("baseline", "write", cwd=repository).out  # it is used already


@pytest.mark.parametrize("entry", ['baseline = "gone.json"', 'models = ["gone.toml"]', 'paths = ["gone"]'])
def test_a_configuration_that_names_a_missing_file(repository: Path, entry: str) -> None:
    tree(repository, {"mapguard.toml": f"version = 1\n{entry}\n"})
    for command in (["scan"], ["config", "verify"]):
        done = run(*command, cwd=repository)
        assert (done.code, done.out) == (2, ""), command
        assert "gone" in done.err


def test_the_configuration_can_say_what_is_reported(repository: Path) -> None:
    tree(repository, {"a/a.go": RACE, "b/b.go": RACE, "mapguard.toml": 'version = 1\npaths = ["a", "./b/..."]\n'})

    def places(*args: str) -> set[str]:
        return {f["accesses"][0]["path"] for f in json.loads(run("scan", "-f", "json", *args, cwd=repository).out)["findings"]}

    assert places() == {"a/a.go", "b/b.go"}
    assert places("race.go") == {"race.go"}
