"""Programs become folders of one Go module: for the race detector packages of one binary, for mapguard a command each."""

from pathlib import Path

from differential.generate import Program, program

MODULE = "example.com/drawn"
_GO_MOD = f"module {MODULE}\n\ngo 1.25\n"
_RUN = """package main

import (
	"os"

{imports}
)

var programs = map[string]func(){{
{entries}
}}

func main() {{ programs[os.Args[1]]() }}
"""


def write_commands(programs: list[Program], root: Path) -> None:
    """Each program a command of its own, as a repository would have it."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "go.mod").write_text(_GO_MOD)
    for p in programs:
        _write(p, root / p.name)


def write_binary(programs: list[Program], root: Path) -> None:
    """All programs in one command, which runs the one that its argument names."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "go.mod").write_text(_GO_MOD)
    for p in programs:
        _write(program(p.seed, package=p.name, entry="Main"), root / p.name)
    imports = "\n".join(f'\t"{MODULE}/{p.name}"' for p in programs)
    entries = "\n".join(f'\t"{p.name}": {p.name}.Main,' for p in programs)
    (root / "main.go").write_text(_RUN.format(imports=imports, entries=entries))


def _write(p: Program, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in p.files.items():
        (folder / name).write_text(text)
