"""mapguard prove: the test that it writes, and what the race detector says of it."""

from pathlib import Path

import pytest

from git_repository import Repository
from in_process import fingerprint, ran
from mapguard.gotool.races import Stacks, crashed, races
from toolchain import RACE_DETECTOR

GUARDED = """package p

import (
	"net/http"
	"sync"
)

type Clock interface{ Now() int }

type Store struct {
	mu    sync.RWMutex
	clock Clock
	items map[string]int
}

func NewStore(clock Clock, size int) (*Store, error) { return &Store{clock: clock, items: make(map[string]int, size)}, nil }

func (s *Store) put(key string) { s.items[key] = s.clock.Now() }

type Server struct {
	store *Store
}

func New(store *Store) *Server { return &Server{store: store} }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	s.store.put(r.Host)
}
"""
DETECTED = """==================
WARNING: DATA RACE
Read at 0x00c000010000 by goroutine 8:
  runtime.mapaccess1_faststr()
      /usr/local/go/src/runtime/map_faststr.go:13 +0x0
  example.com/m/p.(*S).Get()
      /src/p/p.go:7 +0x44

Previous write at 0x00c000010000 by goroutine 9:
  example.com/m/p.(*S).Put()
      /src/p/p.go:9 +0x55

Goroutine 8 (running) created at:
  example.com/m/p.Run()
      /src/p/p.go:3 +0x10
==================
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository.made(tmp_path / "repo", {"go.mod": "module example.com/m\n\ngo 1.22\n", "p/p.go": GUARDED})


def test_the_object_is_made_as_the_code_does_with_fakes_for_interfaces(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    found = fingerprint(repo, capsys)
    code, out, err = ran(capsys, "prove", found, "--path", str(repo.root))
    assert (code, err) == (0, "")
    assert "shared := New(" in out
    assert out.count('run(func() { shared.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET"') == 2
    assert repo.git("status", "--porcelain") == ""


def test_the_test_is_written_beside_the_code(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    found = fingerprint(repo, capsys)
    code, _, err = ran(capsys, "prove", found, "--path", str(repo.root), "--write")
    name = f"p/mapguard_{found}_test.go"
    assert (code, (repo.root / name).exists()) == (0, True)
    assert f"{name} written; run it with: go test -race -run TestMapguard" in err
    code, _, err = ran(capsys, "prove", found, "--path", str(repo.root), "--write")
    assert (code, err) == (2, f"mapguard: {name} exists already: it is not written\n")


def test_a_finding_that_is_gone(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = ran(capsys, "prove", "nosuch", "--path", str(repo.root))
    assert (code, err) == (2, "mapguard: no finding has the fingerprint nosuch; mapguard scan shows those that there are\n")


def test_what_the_detector_says() -> None:
    frames = ((("/usr/local/go/src/runtime/map_faststr.go", 13), ("/src/p/p.go", 7)), (("/src/p/p.go", 9),))
    assert list(races(DETECTED * 2)) == [Stacks(*frames)] * 2
    assert list(races("ok  	example.com/m/p	0.1s\n")) == []
    assert crashed("fatal error: concurrent map writes\n")
    assert not crashed(DETECTED)


class TestRun:
    pytestmark = RACE_DETECTOR

    def test_the_race_is_shown_and_then_is_not(self, repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
        found = fingerprint(repo, capsys)
        code, out, _ = ran(capsys, "prove", found, "--path", str(repo.root), "--run")
        assert code == 0, out
        assert "the detector's two stacks are the two sides of the finding, p/p.go:18" in out
        assert repo.git("status", "--porcelain") == ""
        code, out, err = ran(capsys, "fix", found, "--path", str(repo.root), "--verify", "--write")
        assert (code, out) == (0, "")
        assert "verify: go vet says nothing new" in err
        assert "s.store.mu.Lock()" in (repo.root / "p/p.go").read_text()
        code, _, err = ran(capsys, "prove", found, "--path", str(repo.root), "--run")
        assert (code, "no finding has the fingerprint" in err) == (2, True)

    def test_a_program_that_does_not_build(self, repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
        found = fingerprint(repo, capsys)
        (repo.root / "p/broken_test.go").write_text("package p\n\nvar x int = y\n")
        code, out, _ = ran(capsys, "prove", found, "--path", str(repo.root), "--run")
        assert code == 1
        assert out.startswith("the test does not build: ")
        assert "undefined: y" in out
