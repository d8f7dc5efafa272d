"""File names and build lines, as ``go list`` decides with the same name, line, platform and tags: where it is installed, it is asked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mapguard.base.options import Options
from mapguard.frontend.constraints import matches

PACKAGE = b"package p\n"


NAMES = [
    ("a.go", "linux", "amd64", True),
    ("a_linux.go", "linux", "amd64", True),
    ("a_linux.go", "darwin", "arm64", False),
    ("a_linux_test.go", "darwin", "arm64", False),
    ("a_arm64.go", "darwin", "arm64", True),
    ("a_darwin_arm64.go", "darwin", "arm64", True),
    ("a_darwin_arm64.go", "darwin", "amd64", False),
    ("a_arm64_darwin.go", "darwin", "amd64", True),  # only the last part counts in this order
    ("linux.go", "windows", "amd64", True),  # nothing before the underscore: a plain name
    ("_linux.go", "windows", "amd64", False),
    ("a_linux.pb.go", "windows", "amd64", False),  # the name ends at its first dot
    ("a.b_linux.go", "windows", "amd64", True),
    ("a_unix.go", "windows", "amd64", True),  # unix is a tag, not a suffix
    ("a_linux.go", "android", "arm64", True),
    ("a_darwin.go", "ios", "arm64", True),
    ("a_solaris.go", "illumos", "amd64", True),
    ("a_android.go", "linux", "amd64", False),
    ("a_test.go", "linux", "amd64", True),
    ("a_windows_linux.go", "linux", "amd64", True),
]

LINES = [
    ("//go:build linux", True),
    ("//go:build windows", False),
    ("//go:build !windows", True),
    ("//go:build linux && arm64", False),
    ("//go:build linux || arm64", True),
    ("//go:build windows || linux && amd64", True),
    ("//go:build (windows || linux) && !amd64", False),
    ("//go:build !(windows || darwin)", True),
    ("//go:build unix", True),
    ("//go:build fast", True),
    ("//go:build !fast", False),
    ("//go:build slow", False),
    ("//go:build ignore", False),
    ("//go:build go1.21", True),
    ("//go:build cgo", True),
    ("//go:build tag.with.dots", False),
    ("// +build linux", True),
    ("// +build windows", False),
    ("// +build windows linux", True),  # or
    ("// +build linux,arm64", False),  # and
    ("// +build !windows", True),
    ("// +build linux\n// +build arm64", False),  # lines: and
    ("//go:build linux\n// +build windows", True),  # the new line wins
    ("// a build of linux", True),
]


@pytest.mark.parametrize(("name", "goos", "goarch", "expected"), NAMES)
def test_names(name: str, goos: str, goarch: str, expected: bool) -> None:
    assert matches(name, PACKAGE, Options(goos=goos, goarch=goarch)) is expected


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_build_lines(line: str, expected: bool) -> None:
    assert matches("a.go", headed(line), Options(tags=("fast",))) is expected


def headed(line: str) -> bytes:
    return f"// Copyright\n\n{line}\n\n".encode() + PACKAGE


def listed(folder: Path, goos: str, goarch: str) -> set[str]:
    """The files that the go command compiles."""
    (folder / "go.mod").write_text("module example.com/p\n\ngo 1.21\n")
    env = {**os.environ, "GOOS": goos, "GOARCH": goarch, "CGO_ENABLED": "1", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    command = ["go", "list", "-e", "-tags", "fast", "-f", "{{range .GoFiles}}{{.}}\n{{end}}{{range .TestGoFiles}}{{.}}\n{{end}}", "."]
    return set(subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.go
@pytest.mark.skipif(shutil.which("go") is None, reason="no go command")
@pytest.mark.parametrize(("goos", "goarch"), sorted({row[1:3] for row in NAMES}))
def test_go_decides_the_same_of_names(tmp_path: Path, goos: str, goarch: str) -> None:
    names = {n: expected for n, system, machine, expected in NAMES if (system, machine) == (goos, goarch) and not n.startswith("_")}
    for name in names:
        (tmp_path / name).write_bytes(PACKAGE)
    assert listed(tmp_path, goos, goarch) == {n for n, expected in names.items() if expected}


@pytest.mark.go
@pytest.mark.skipif(shutil.which("go") is None, reason="no go command")
def test_go_decides_the_same_of_lines(tmp_path: Path) -> None:
    for number, (line, _) in enumerate(LINES):
        (tmp_path / f"f{number}.go").write_bytes(headed(line))
    assert listed(tmp_path, "linux", "amd64") == {f"f{n}.go" for n, (_, expected) in enumerate(LINES) if expected}


def test_only_the_header_counts() -> None:
    assert matches("a.go", PACKAGE + b"\n//go:build windows\n", Options())


@pytest.mark.parametrize("text", ["", "(", ")", "&&", "a b", "!", "linux &&", "((((", "windows )", "!" * 5000 + "linux", "(" * 5000])
def test_what_cannot_be_read_is_no_crash(text: str) -> None:
    assert matches("a.go", f"//go:build {text}\n\n".encode() + PACKAGE, Options()) in (True, False)


@pytest.mark.parametrize("text", ["windows )", "windows windows", "!" * 5000 + "linux"])
def test_what_cannot_be_read_counts_as_matching(text: str) -> None:
    assert matches("a.go", f"//go:build {text}\n\n".encode() + PACKAGE, Options())
