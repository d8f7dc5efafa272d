"""Files in memory: a scan with them says what a scan says after they were written."""

from pathlib import Path

import msgspec
import pytest

from mapguard import pipeline
from mapguard.base.errors import UsageError
from mapguard.base.options import Options
from mapguard.cli.options import NOTHING_GIVEN, TreeGiven
from mapguard.cli.run import Session, run, session
from scanning import RACE, tree

MODULE = "module example.com/m\n\ngo 1.22\n"
QUIET = "package p\n\ntype S struct{ hits int }\n"
OTHER = """package store

import "net/http"

type Store struct{ views map[string]int }

func (s *Store) Get(w http.ResponseWriter, r *http.Request) { s.views[r.URL.Path]++ }

func Serve(s *Store) { http.HandleFunc("/", s.Get) }
"""
OUTSIDE = """package p

import (
	"net/http"

	"example.com/lib"
)

func Handle(l *lib.Lib) {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { l.Names["a"]++ })
}
"""
LIB = "package lib\n\ntype Lib struct{ Names map[string]int }\n"
BASE = {"go.mod": MODULE, "p/s.go": QUIET, "p/t.go": "package p\n", "main.go": "package main\n\nfunc main() {}\n"}

CASES: dict[str, dict[str, str]] = {
    "a file changed": {"p/s.go": RACE},
    "a file made empty": {"p/s.go": ""},
    "a new file": {"p/new.go": RACE.replace("S ", "N ").replace("*S)", "*N)")},
    "a new package": {"store/a/store.go": OTHER},
    "several": {"p/s.go": RACE, "store/store.go": OTHER, "p/t.go": "package p\n\nvar broken = {\n"},
    "what the walk leaves out": {
        "_x/a.go": OTHER,
        "x/.b/a.go": OTHER,
        "x/testdata/q/a.go": OTHER,
        "x/a_test.go": OTHER,
        "gen/no/a.go": OTHER,
    },
    "a vendored package": {"p/use.go": OUTSIDE, "vendor/example.com/lib/lib.go": LIB},
    "line ends and a byte order mark": {"p/s.go": "\ufeff" + RACE.replace("\n", "\r\n")},
    "no text": {"p/s.go": "package p\n\0"},
    "too large": {"p/s.go": "package p\n" + "// x\n" * 20_000},
    "a comment that silences": {"p/s.go": RACE.replace("func (s", "//mapguard:ignore concurrent-map-write one caller\nfunc (s")},
    "a test of the package": {
        "p/s.go": RACE,
        "p/s_test.go": 'package p\n\nimport "testing"\n\nfunc TestS(t *testing.T) { (&S{}).ServeHTTP(nil, nil) }\n',
    },
}


def told(root: Path, files: dict[str, str], **more: object) -> bytes:
    """Everything that a scan says, times aside."""
    with session((root,), _tree(root)) as s:
        options = msgspec.structs.replace(
            s.options, overlay={p: c.encode() for p, c in files.items()}, exclude=("gen/",), max_file_bytes=90_000, **more
        )
        outcome = run(Session(s.root, s.loaded, options), quiet=True)
        report = msgspec.structs.replace(outcome.report, findings=pipeline.with_tests(options, outcome.report.findings))
    report = msgspec.structs.replace(report, stats=msgspec.structs.replace(report.stats, seconds={}))
    return msgspec.json.format(msgspec.json.encode([report, outcome.notices]))


def _tree(root: Path) -> TreeGiven:
    return {**NOTHING_GIVEN, "no_config": True, "jobs": 1, "no_cache": True, "cache_dir": root.parent, "debug": True}


@pytest.mark.parametrize("name", CASES)
def test_the_same_as_written(tmp_path: Path, name: str) -> None:
    root = tree(tmp_path / "tree", dict(BASE))
    for tests in (False, True):
        over = told(root, CASES[name], cache=False, tests=tests)
        written = told(tree(tmp_path / f"written{tests}", {**BASE, **CASES[name]}), {}, cache=False, tests=tests)
        assert over.decode() == written.decode()
        assert over != told(root, {}, cache=False, tests=tests) or name in ("a file made empty", "what the walk leaves out")


def test_the_cache_tells_them_apart(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree", dict(BASE))
    cold = [told(root, files, cache=False) for files in ({}, *CASES.values())]
    first = [told(root, files, cache=True) for files in ({}, *CASES.values())]
    assert first == cold == [told(root, files, cache=True) for files in ({}, *CASES.values())]


def test_a_vendored_package_is_read_for_its_types(tmp_path: Path) -> None:
    over = told(tree(tmp_path / "tree", dict(BASE)), CASES["a vendored package"], cache=False)
    assert b'"name": "Names"' in over


def test_nothing_is_written(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree", dict(BASE))
    told(root, CASES["several"], cache=False)
    assert {p.relative_to(root).as_posix(): p.read_text() for p in root.rglob("*") if p.is_file()} == BASE


@pytest.mark.parametrize("path", ["go.mod", "/etc/a.go", "../a.go", "p//s.go", "p/./s.go", ""])
def test_what_is_no_file_of_the_tree(tmp_path: Path, path: str) -> None:
    root = tree(tmp_path / "tree", dict(BASE))
    with pytest.raises(UsageError, match="a file in memory must be a Go file"):
        pipeline.run(Options(paths=(root,), cache=False, overlay={path: b"package p\n"}))


def test_a_link_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree", dict(BASE))
    (root / "link").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(UsageError, match="symbolic link"):
        pipeline.run(Options(paths=(root,), cache=False, overlay={"link/s.go": b"package p\n"}))
