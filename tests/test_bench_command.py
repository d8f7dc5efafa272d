"""mapguard bench: the profile of a finding, the benchmark of it, and what is made of its figures."""

import subprocess
from pathlib import Path

import pytest

from git_repository import Repository
from in_process import fingerprint, ran
from mapguard.witness.benchmark import CPUS, MODULE, benchmark, choice, rows
from mapguard.witness.profile import Profile
from scanning import RACE
from toolchain import GO

FIGURES = """goos: linux
BenchmarkMutex      	 100	 100.0 ns/op
BenchmarkMutex-4    	 100	 90.0 ns/op
BenchmarkMutex-16   	 100	 {mutex} ns/op
BenchmarkSyncMap    	 100	 50.0 ns/op
BenchmarkSyncMap-4  	 100	 40.0 ns/op
BenchmarkSyncMap-16 	 100	 60.0 ns/op
BenchmarkSharded    	 100	 50.0 ns/op
PASS
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    more = "\nfunc (s *S) Count() int { return len(s.hits) }\n"
    more += "\nfunc (s *S) Each() (n int) {\n\tfor range s.hits {\n\t\tn++\n\t}\n\treturn n\n}\n"
    return Repository.made(tmp_path / "repo", {"go.mod": "module example.com/m\n\ngo 1.22\n", "p/race.go": RACE + more})


def test_the_benchmark_uses_the_map_as_the_code_does(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    found = fingerprint(repo, capsys)
    code, out, _ = ran(capsys, "bench", found, "--path", str(repo.root), "--keys", "50")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert {"reads = 1", "writes = 1", "iterations = 1", "keys = 50", "key = string", "value = int"} <= set(lines)
    code, out, _ = ran(capsys, "bench", found, "--path", str(repo.root), "--reads", "90", "--writes", "10", "--iterations", "0")
    assert "reads      = 90\n" in out
    code, _, err = ran(capsys, "bench", found, "--path", str(repo.root), "--reads", "0", "--writes", "0", "--iterations", "0")
    assert (code, "must be more than 0" in err) == (2, True)


@pytest.mark.parametrize(
    ("mutex", "name", "why"),
    [
        ("70.0", "sync.Mutex", "with 16 processors only sync.Map is faster, by less than 30 %, and it is simpler."),
        ("90.0", "sync.Map", "it is the fastest with 16 processors."),
    ],
)
def test_the_simplest_of_those_that_are_about_as_fast(mutex: str, name: str, why: str) -> None:
    measured = rows(FIGURES.format(mutex=mutex))
    assert [r.name for r in measured] == ["sync.Mutex", "sync.Map"]  # the figures of the last one are not complete
    assert measured[1].times == (50.0, 40.0, 60.0)
    assert choice(measured) == (name, why)


class TestRun:
    pytestmark = GO

    @pytest.mark.parametrize("key", ["string", "int"])
    def test_it_builds_as_gofmt_leaves_it(self, key: str, tmp_path: Path) -> None:
        text = benchmark(Profile(key, "*int", 3, 1, 0))
        (tmp_path / "go.mod").write_bytes(MODULE)
        (tmp_path / "bench_test.go").write_text(text)
        assert subprocess.run(["gofmt", "-l", "."], cwd=tmp_path, capture_output=True, text=True, check=True).stdout == ""
        args = ["go", "test", "-run=^$", "-bench=.", "-benchtime=1x", f"-cpu={','.join(map(str, CPUS))}"]
        done = subprocess.run(args, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert [r.name for r in rows(done.stdout)] == ["sync.Mutex", "sync.RWMutex", "sync.Map", "copy-on-write", "sharded"]

    def test_a_table_and_a_page(self, repo: Repository, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        found = fingerprint(repo, capsys)
        page = tmp_path / "bench.html"
        code, out, _ = ran(capsys, "bench", found, "--path", str(repo.root), "--run", "--time", "0.01", "--html", str(page))
        assert code == 0
        assert out.startswith("hits: map[string]int with 1000 keys; 1 reads to 1 writes to 1 iterations")
        assert "\ntake " in out
        assert page.read_text().count("<rect") == 5
