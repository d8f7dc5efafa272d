"""The fixtures are honest: the Go race detector sees a race in every REPORT package that has a driver, and none in the SILENT ones."""

import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from expect import DRIVER, Fixture, fixtures
from patience import HANG
from toolchain import RACE_DETECTOR

ROOT = Path(__file__).parent / "fixtures"
ALL = fixtures(ROOT)
DRIVEN = [f for f in ALL if f.kind == "TESTS" or (ROOT / f.name / DRIVER).exists()]
# What some fixtures show is what vet warns of: copied locks, and Add inside the goroutine that Wait waits for.
_MEANT = re.compile(r"lock by value|copies lock value|WaitGroup\.Add called from inside new goroutine")

pytestmark = RACE_DETECTOR


ATTEMPTS = 4


def go_in(folder: Path, *arguments: str, packages: Sequence[str] = ("./...",)) -> subprocess.CompletedProcess[str]:
    """One run of the go command in a folder, without a network."""
    return subprocess.run(
        ["go", *arguments, *packages],
        cwd=folder,
        env={**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )


def go(*arguments: str, packages: str = "./...") -> subprocess.CompletedProcess[str]:
    """One run of the go command over the fixtures."""
    return go_in(ROOT, *arguments, packages=[packages])


def outputs(packages: str) -> dict[str, tuple[str, bool]]:
    """Output and success by package, from one run of ``go test -race`` over the fixtures."""
    return outputs_of(ROOT, [packages])


def outputs_of(folder: Path, packages: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """The same in another folder that holds the packages."""
    # without debug information a program takes two thirds of the time to link
    done = go_in(folder, "test", "-race", "-json", "-count=1", "-vet=off", "-ldflags=-s -w", "-timeout=15m", packages=packages)
    text: dict[str, list[str]] = {}
    passed: dict[str, bool] = {}
    for line in done.stdout.splitlines():
        event = json.loads(line)
        name = event.get("Package", "").removeprefix("example.com/fixtures/")
        if event["Action"] == "output":
            text.setdefault(name, []).append(event["Output"])
        elif event["Action"] in ("pass", "fail") and "Test" not in event:
            passed[name] = event["Action"] == "pass"
    assert passed, done.stderr
    return {name: ("".join(text.get(name, [])), ok) for name, ok in passed.items()}


@pytest.fixture(scope="session")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, bool]]:
    """What one run over all packages says. The first worker that needs it makes it for all others, which wait for it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return outputs("./...")
    file = tmp_path_factory.getbasetemp().parent / "proofs.json"  # the folder that the workers of one run share
    with FileLock(f"{file}.lock"):
        if not file.exists():
            file.write_text(json.dumps(outputs("./...")))
        return {name: (text, passed) for name, (text, passed) in json.loads(file.read_text()).items()}


def raced(text: str) -> bool:
    return "DATA RACE" in text or "fatal error: concurrent map" in text


@pytest.mark.parametrize("fixture", DRIVEN, ids=lambda f: f.name)
def test_race_detector_agrees(fixture: Fixture, proofs: dict[str, tuple[str, bool]]) -> None:
    text, passed = proofs[fixture.name]
    if fixture.kind not in ("REPORT", "TESTS"):
        assert not raced(text) and passed, text
        return
    # A machine with much else to do may give the goroutines of a package no turn together: one race in a few attempts proves it.
    for _ in range(ATTEMPTS - 1):
        if raced(text):
            return
        text, _ = outputs(f"./{fixture.name}")[fixture.name]
    assert raced(text), text


def test_most_fixtures_are_driven() -> None:
    assert len(DRIVEN) >= 0.8 * len(ALL)


def test_vet_finds_only_what_is_meant() -> None:
    told = [line for line in go("vet").stderr.splitlines() if line and not line.startswith("#")]
    assert [line for line in told if not _MEANT.search(line)] == []
