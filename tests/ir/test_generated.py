"""Programs that a generator writes mean to the lowering what they mean to Go."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ir.generate import program
from ir.test_programs import printed


@pytest.mark.parametrize("seed", range(3))
def test_generated_programs_run(seed: int) -> None:
    """Well formed, and to the end; what they print is compared where there is Go."""
    assert printed(program(seed)).count("\n") > 20


@pytest.mark.go
@pytest.mark.skipif(shutil.which("go") is None, reason="needs the Go toolchain")
@pytest.mark.parametrize("seed", range(100, 108))
def test_generated_programs_print_what_go_prints(tmp_path: Path, seed: int) -> None:
    text = program(seed)
    (tmp_path / "main.go").write_text(text)
    done = subprocess.run(["go", "run", "main.go"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert printed(text) == done.stdout
