"""The fixtures are honest: the Go race detector sees a race in every REPORT package that has a driver, and none in the SILENT ones."""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from expect import Fixture, fixtures

ROOT = Path(__file__).parent / "fixtures"
DRIVEN = [f for f in fixtures(ROOT) if (ROOT / f.name / "drive_test.go").exists()]

pytestmark = [
    pytest.mark.go,
    pytest.mark.skipif(shutil.which("go") is None, reason="the Go toolchain is not installed"),
    pytest.mark.skipif(shutil.which("gcc") is None and shutil.which("clang") is None, reason="the race detector needs a C compiler"),
]


@functools.cache
def outputs() -> dict[str, tuple[str, bool]]:
    """Output and success by package, from one run of ``go test -race`` over all of them."""
    env = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GONOSUMDB": "*", "CGO_ENABLED": "1"}
    done = subprocess.run(
        ["go", "test", "-race", "-json", "-count=1", "-vet=off", "-timeout=120s", "./..."],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
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


@pytest.mark.parametrize("fixture", DRIVEN, ids=lambda f: f.name)
def test_race_detector_agrees(fixture: Fixture) -> None:
    text, passed = outputs()[fixture.name]
    raced = "DATA RACE" in text or "fatal error: concurrent map" in text
    if fixture.kind == "REPORT":
        assert raced, text
    else:
        assert not raced and passed, text


def test_most_fixtures_are_driven() -> None:
    assert len(DRIVEN) >= 0.8 * len(fixtures(ROOT))
