"""The same tree gives the same bytes: whatever the order of files and declarations, the hash seed of the process, and the jobs."""

import random
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mapguard import pipeline
from mapguard.base.gap import Gap
from mapguard.base.options import Options
from mapguard.facts.model import FileFacts
from mapguard.findings.model import Report
from mapguard.frontend.extract import Loaded, extract
from mapguard.program.link import link
from mapguard.program.model import Program
from scanning import run

FIXTURES = Path(__file__).parent / "fixtures"
PARTS = ("accesses", "guards/shards", "guards/leased", "guards/optionallock", "ordering/collected", "ordering/pingpong", "roots/middleware")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some of the fixtures, as a module of their own."""
    root = tmp_path_factory.mktemp("tree")
    shutil.copy(FIXTURES / "go.mod", root)
    for part in ("_stubs", *PARTS):
        shutil.copytree(FIXTURES / part, root / part)
    return root


def told(tree: Path) -> bytes:
    """The whole report, without the time that it took."""
    report: Report = pipeline.run(Options(paths=(tree,), cache=False))
    stats = msgspec.structs.replace(report.stats, seconds={})
    return msgspec.json.encode(msgspec.structs.replace(report, stats=stats))


@pytest.fixture(scope="module")
def plain(tree: Path) -> bytes:
    return told(tree)


def test_something_is_told(plain: bytes) -> None:
    assert len(msgspec.json.decode(plain)["findings"]) >= 30


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_files_and_functions(tree: Path, plain: bytes, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    mixed = random.Random(seed)

    def files(loaded: list[Loaded], *rest: Any, **more: Any) -> tuple[list[FileFacts], list[Gap]]:
        loaded = list(loaded)
        mixed.shuffle(loaded)
        return extract(loaded, *rest, **more)

    def functions(*given: Any) -> Program:
        program = link(*given)
        mixed.shuffle(program.funcs)
        scopes = list(program.scopes.items())
        mixed.shuffle(scopes)
        program.scopes = dict(scopes)
        return program

    monkeypatch.setattr("mapguard.pipeline.phases.extract", files)
    monkeypatch.setattr("mapguard.pipeline.phases.link", functions)
    assert told(tree) == plain


def test_hash_seeds_jobs_and_cache(tree: Path, tmp_path: Path) -> None:
    """Sets of texts have another order in each process."""
    asked = ("scan", tree, "-f", "json", "--min-confidence", "low", "--no-config")
    first = run(*asked, "--jobs", "1", cwd=tmp_path, PYTHONHASHSEED="1").out
    assert first
    for seed, jobs in (("2", "2"), ("3", "1")):  # the third one finds all in the cache
        assert run(*asked, "--jobs", jobs, cwd=tmp_path, PYTHONHASHSEED=seed).out == first
    assert run(*asked, "--no-cache", cwd=tmp_path, PYTHONHASHSEED="4").out == first
