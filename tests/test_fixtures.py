"""Every fixture through every driver: in process, command line, cold and warm cache, shuffled files, one and two jobs."""

import functools
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from expect import Fixture, fixtures, problems
from mapguard import pipeline
from mapguard.base.gap import Gap
from mapguard.base.options import Options
from mapguard.facts.model import FileFacts
from mapguard.findings import select
from mapguard.findings.model import Confidence, Finding
from mapguard.findings.rules import all_rules
from mapguard.frontend.extract import Loaded, extract

ROOT = Path(__file__).parent / "fixtures"
ALL = fixtures(ROOT)


def counted(found: tuple[Finding, ...]) -> list[Finding]:
    return [f for f in select.with_fingerprints(found) if f.confidence != Confidence.LOW]


def below_root(findings: list[Finding]) -> list[Finding]:
    """Paths relative to the fixtures: in a checkout the report's root is the repository."""
    prefix = ROOT.relative_to(pipeline.root_of(ROOT)).as_posix() + "/"

    def moved(f: Finding) -> Finding:
        accesses = tuple(msgspec.structs.replace(a, path=a.path.removeprefix(prefix)) for a in f.accesses)
        return msgspec.structs.replace(f, accesses=accesses)

    return [moved(f) for f in findings]


@functools.cache
def in_process() -> list[Finding]:
    return counted(pipeline.run(Options(paths=(ROOT,), cache=False, debug=True)).findings)


@functools.cache
def with_tests(name: str) -> list[Finding]:
    return counted(pipeline.run(Options(paths=(ROOT / name,), tests=True, cache=False, debug=True)).findings)


def problems_of(fixture: Fixture) -> list[str]:
    """What is wrong with the findings in a fixture as it should be analysed; empty when it gives what it expects."""
    if fixture.kind != "TESTS":
        return problems(fixture, below_root(in_process()))
    silent = fixture._replace(wants=(), known=())
    return problems(silent, below_root(in_process())) + problems(fixture, below_root(with_tests(fixture.name)))


@pytest.mark.parametrize("fixture", ALL, ids=lambda f: f.name)
def test_fixture(fixture: Fixture) -> None:
    assert problems_of(fixture) == []


@pytest.mark.parametrize("fixture", ALL, ids=lambda f: f.name)
def test_kind_fits_expectations(fixture: Fixture) -> None:
    rules = {rule.id for rule in all_rules()} | {""}
    assert {want.rule for want in fixture.wants} <= rules
    expects = bool(fixture.wants) or any(mark.kind == "FN" for mark in fixture.known)
    assert expects == (fixture.kind != "SILENT")


def test_there_are_fixtures() -> None:
    assert len(ALL) >= 250


def test_no_finding_outside_of_fixtures() -> None:
    """A finding in the drivers' own helpers, or in a package that states no row, would belong to nobody."""
    places = {a.path for f in below_root(in_process()) for a in f.accesses[: f.racing]}
    assert [p for p in sorted(places) if not any(p.startswith(f.name + "/") for f in ALL)] == []


@functools.cache
def told() -> list[Finding]:
    """The same with the tests that lead there, as the command line adds them."""
    return list(pipeline.with_tests(Options(paths=(ROOT,), cache=False), in_process()))


def test_the_driver_of_a_fixture_is_the_test_that_leads_there() -> None:
    races = [f for f in told() if f.rule != "sync-map-check-then-act"]
    led = [f for f in races if f.advice.test]
    assert len(led) >= 0.95 * len(races)
    for f in led:
        assert f.advice.test.startswith("cd tests/fixtures && go test -race -run '^TestDrive$' ./")
        assert f.advice.tested.startswith("TestDrive (tests/fixtures/")


def command(*more: str) -> list[Finding]:
    done = subprocess.run(
        [sys.executable, "-m", "mapguard", "scan", str(ROOT), "--format", "json", "--quiet", *more],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent / "analyzer")},
    )
    assert done.returncode == 1, done.stderr
    return msgspec.convert(json.loads(done.stdout)["findings"], list[Finding])


def test_command_line_says_the_same() -> None:
    assert command("--no-cache", "--jobs", "1") == told()


def test_two_jobs_say_the_same() -> None:
    assert command("--no-cache", "--jobs", "2") == told()


def test_cold_and_warm_cache_say_the_same(tmp_path: Path) -> None:
    cold = command("--cache-dir", str(tmp_path))
    warm = command("--cache-dir", str(tmp_path))
    assert (tmp_path / "facts.sqlite").exists()
    assert cold == warm == told()


@pytest.mark.parametrize("seed", [7, 8])
def test_file_order_does_not_matter(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    def shuffled(files: list[Loaded], *rest: Any, **more: Any) -> tuple[list[FileFacts], list[Gap]]:
        mixed = list(files)
        random.Random(seed).shuffle(mixed)
        return extract(mixed, *rest, **more)

    monkeypatch.setattr("mapguard.pipeline.phases.extract", shuffled)
    assert counted(pipeline.run(Options(paths=(ROOT,), cache=False)).findings) == in_process()
