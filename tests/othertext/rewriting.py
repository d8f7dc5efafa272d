"""A Go module becomes a copy with other text and the same meaning, by the program in ``rewrite/``."""

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

# rename: all identifiers of the module get names that mean nothing     shuffle: declarations and files in another order
# wrap: statements in literals called at once                            extract: statements in functions of their own
# spawn: what a go statement calls is called by a literal                embed: the mutex of a struct is embedded
# box: a parameter is the field of a struct that is passed instead      export: stores in generic functions of another package
KINDS = ("rename", "shuffle", "wrap", "extract", "spawn", "embed", "box", "export")
_ENVIRONMENT = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOWORK": "off"}
_SOURCE = Path(__file__).parent / "rewrite"
_CONTRACTS = Path(__file__).parents[2] / "rules" / "models" / "contracts.toml"

Place = tuple[str, int]


class Copy(NamedTuple):
    """``changes`` counts them by folder; ``lines`` says where lines of the copy come from that are not where they were."""

    changes: dict[str, int]
    lines: dict[Place, Place]

    def origin(self, path: str, line: int) -> Place:
        return self.lines.get((path, line), (path, line))


def go(*arguments: str | Path, cwd: Path) -> str:
    """Output of the go command without a network; its complaints as an error."""
    done = subprocess.run(["go", *arguments], cwd=cwd, env={**os.environ, **_ENVIRONMENT}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


@cache
def _library_methods() -> str:
    """Names of methods that models of libraries look for: a type has them for a library's sake."""
    text = _CONTRACTS.read_text("utf-8")
    declared = [method for body in re.findall(r"\binterface \{([^}]*)\}", text) for method in re.findall(r"(\w+)\(", body)]
    return ",".join(sorted({*declared, *re.findall(r'\bname = "(\w+)"', text)}))


@cache
def _program() -> Path:
    program = Path(mkdtemp()) / "rewrite"
    go("build", "-o", program, ".", cwd=_SOURCE)
    return program


def plain(module: Path, copy: Path) -> Path:
    """A copy with the same text, as far from any repository as the others are."""
    shutil.copytree(module, copy)
    return copy


def rewrite(kind: str, seed: int, module: Path, copy: Path) -> Copy:
    """Writes the copy into a folder that does not exist yet."""
    done = subprocess.run(
        [_program(), "-kind", kind, "-seed", str(seed), "-keep", _library_methods(), "-from", module, "-to", copy],
        env={**os.environ, **_ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    told = json.loads(done.stdout)
    lines = {
        (path, int(number)): (origin["path"], origin["line"]) for path, moved in told["lines"].items() for number, origin in moved.items()
    }
    return Copy(told["changes"], lines)
