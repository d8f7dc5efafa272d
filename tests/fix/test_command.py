"""mapguard fix: patches that hold, what they leave alone, and the sentences for what cannot be patched."""

from pathlib import Path

import pytest

from git_repository import Repository
from in_process import ran
from mapguard.findings.model import Finding
from mapguard.fix import remedies
from mapguard.fix.edit import Edit
from mapguard.fix.plan import Plan
from mapguard.fix.shape import GoFile
from scanning import RACE

STORE = """package p

import (
	"net/http"
	"sync"
)

type Store struct {
	mu    sync.Mutex
	items map[string]int
	n     int // of writes
}

func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.items["a"]++
	s.items["b"]++
	s.n++
	s.mu.Unlock()
	s.items["c"]++
}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    files = {"go.mod": "module example.com/m\n\ngo 1.22\n", "p/race.go": RACE, "p/store.go": STORE}
    return Repository.made(tmp_path / "repo", files)


def fix(repo: Repository, capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    return ran(capsys, "fix", "--path", str(repo.root), *args)


def found(repo: Repository, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The rules that a scan names, in order."""
    _, out, _ = ran(capsys, "scan", str(repo.root), "-f", "concise", "--min-confidence", "low")
    return sorted(line.split(": ", 1)[1].split()[0] for line in out.splitlines())


def test_a_comment_that_silences(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert found(repo, capsys) == ["concurrent-map-write", "map-guard-missed"]
    args = ("--all", "--remedy", "ignore", "--reason", "one client  only")
    code, out, err = fix(repo, capsys, *args)
    assert (code, err) == (0, "2 findings to patch; --write changes the files\n")
    assert [line for line in out.splitlines() if line[:1] in "+-" and line[:3] not in ("---", "+++")] == [
        "+//mapguard:ignore concurrent-map-write one client only",
        "+	//mapguard:ignore map-guard-missed one client only",
    ]
    assert repo.git("status", "--porcelain") == ""
    (repo.root.parent / "change.diff").write_text(out)
    repo.git("apply", str(repo.root.parent / "change.diff"))
    applied = repo.git("diff")
    repo.git("checkout", "-q", ".")
    assert fix(repo, capsys, *args, "--write") == (0, "", "2 findings patched\n")
    assert repo.git("diff") == applied
    assert found(repo, capsys) == []
    assert fix(repo, capsys, *args) == (0, "", "0 findings to patch; --write changes the files\n")


def test_a_comment_that_declares_the_guard(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = fix(repo, capsys, "--all", "--remedy", "declare-guard", "--write")
    assert (code, out) == (1, "")
    assert "no lock is held at most accesses of hits" in err
    assert err.endswith("1 finding patched\n")
    assert (repo.root / "p/store.go").read_text() == STORE.replace("items map[string]int", "items map[string]int // guarded by mu").replace(
        "n     int //", "n     int            //"
    )
    code, _, err = fix(repo, capsys, "--all", "--remedy", "declare-guard")
    assert "items declares a guard already" in err


def test_what_is_asked_wrongly(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert "give fingerprints, or --all" in fix(repo, capsys, "--remedy", "declare-guard")[2]
    assert "give fingerprints, or --all" in fix(repo, capsys, "--all", "abc", "--remedy", "declare-guard")[2]
    assert "--remedy ignore needs a --reason" in fix(repo, capsys, "--all", "--remedy", "ignore", "--reason", " ")[2]
    assert "--reason goes with --remedy ignore" in fix(repo, capsys, "--all", "--remedy", "declare-guard", "--reason", "x")[2]
    code, _, err = fix(repo, capsys, "nosuch", "--remedy", "declare-guard")
    assert (code, err) == (2, "mapguard: no finding has the fingerprint nosuch; mapguard scan shows those that there are\n")


def test_what_must_not_be_written_says_so(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    (repo.root / "p/race.go").chmod(0o444)
    code, _, err = fix(repo, capsys, "--all", "--remedy", "ignore", "--reason", "x", "--write")
    assert code == 1
    assert "p/race.go is read-only: it is not written\n1 finding patched\n" in err
    assert (repo.root / "p/race.go").read_text() == RACE
    assert "//mapguard:ignore" in (repo.root / "p/store.go").read_text()


ANOTHER = "\ntype X struct{ m map[string]int }\n\nfunc (x *X) ServeHTTP(w http.ResponseWriter, r *http.Request) { x.m[``]++ }\n"


@pytest.mark.parametrize(
    ("kept", "more", "why"),
    [
        (False, "\n// nothing changes\n", "with the patch {} would still be found"),
        (True, ANOTHER, "the patch would bring concurrent-map-write at p/race.go:12"),
        (
            True,
            "\n//mapguard:ignore map-guard-missed x\nvar y int\n",
            "with the patch a scan would say: mapguard:ignore map-guard-missed silences",
        ),
    ],
)
def test_a_patch_that_does_not_hold_is_not_shown(
    repo: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kept: bool, more: str, why: str
) -> None:
    real = remedies.ignore

    def wrong(findings: tuple[Finding, ...], file: GoFile, reason: str) -> Plan:
        plan = real(findings, file, reason)
        end = len(file.text.source)
        added = Edit(file.path, end, end, more.encode())
        return plan if file.path != "p/race.go" else Plan("ignore", "", (*(plan.edits if kept else ()), added))

    monkeypatch.setattr(remedies, "ignore", wrong)
    code, out, err = fix(repo, capsys, "--all", "--remedy", "ignore", "--reason", "x")
    failed = err.partition(":")[0]
    assert code == 1
    assert err.startswith(f"{failed}: {why.format(failed)}")
    assert "p/race.go" not in out
    assert "+\t//mapguard:ignore map-guard-missed x" in out  # the other one holds
