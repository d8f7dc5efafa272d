"""Python itself: modules that lie in the scanned folder are never imported, whichever way mapguard is started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import scanning

EVIL = "import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n"
NAMES = "json msgspec click rich pathspec jinja2 pygments tomllib platformdirs tree_sitter concurrent multiprocessing sqlite3 sitecustomize"
MANY = {f"p{n}/p.go": f"package p{n}\n" for n in range(210)}  # enough for a pool of workers


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    modules = {f"{name}/__init__.py": EVIL for name in NAMES.split()} | {f"{name}.py": EVIL for name in ("decimal", "pickle", "zipfile")}
    return scanning.tree(tmp_path, {"go.mod": "module example.com/m\n", "a/a.go": scanning.RACE, **MANY, **modules})


@pytest.mark.parametrize("name", ["text", "html", "sarif"])
def test_as_a_module(hostile: Path, name: str) -> None:
    done = scanning.run("scan", ".", "--jobs", "2", "--format", name, "--no-cache", cwd=hostile)
    assert done.code == 1, done.err
    assert not list(hostile.rglob("ran"))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers(hostile: Path, method: str) -> None:
    """Linux forks today, macOS and Windows start anew, Python 3.14 asks a server: all three start in the scanned folder."""
    start = Path(sys.executable).with_name("mapguard")
    if not start.exists():
        pytest.skip("mapguard is not installed")
    script = hostile.parent / "script.py"
    script.write_text(
        "import multiprocessing, sys\nfrom mapguard.cli.main import main\n"
        f"if __name__ == '__main__':\n    multiprocessing.set_start_method({method!r})\n    main(sys.argv[1:])\n"
    )
    command = [sys.executable, str(script), "scan", ".", "--jobs", "2", "--no-cache"]
    done = subprocess.run(command, cwd=hostile, env=scanning.environment(), capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    assert not list(hostile.rglob("ran"))


def test_the_attempt_works_where_python_is_not_told(hostile: Path) -> None:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"}
    subprocess.run([sys.executable, "-c", "import multiprocessing"], cwd=hostile, env=env, check=False)
    assert [file.parent.name for file in hostile.rglob("ran")] == ["multiprocessing"]
