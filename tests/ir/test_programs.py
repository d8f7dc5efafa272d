"""What bodies mean, by execution: programs that the lowering turned to events print what Go prints."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ir.interpreter import Interpreter
from ir.lowering import bodies_of, program_of
from ir.wellformed import between, problems
from mapguard.program.types import Types

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.go"))


def printed(source: str, old: bool = False) -> str:
    program = program_of(source, old=old)
    bodies = list(bodies_of(program))
    types = Types(program)
    assert [line for body in bodies for line in problems(body, types)] == []
    assert list(between(bodies)) == []
    return Interpreter(program, bodies).main()


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_program(path: Path) -> None:
    assert printed(path.read_text()) == path.with_suffix(".out").read_text()


@pytest.mark.go
@pytest.mark.skipif(shutil.which("go") is None, reason="needs the Go toolchain")
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_what_go_prints(path: Path) -> None:
    """The expected output is Go's own."""
    done = subprocess.run(["go", "run", path.name], cwd=path.parent, capture_output=True, text=True, check=False)
    assert done.stdout == path.with_suffix(".out").read_text(), done.stderr
