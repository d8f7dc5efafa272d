"""Where the baseline lies, and reading and writing it."""

from pathlib import Path

from mapguard.base import files
from mapguard.base.errors import UsageError
from mapguard.cli.settings import Loaded, inside
from mapguard.findings import baseline
from mapguard.findings.model import Finding

NAME = "mapguard-baseline.json"


def configured(loaded: Loaded, given: Path | None) -> Path | None:
    """The file of the command line, else that of the configuration, else none."""
    if given is not None:
        return given
    name = loaded.settings.baseline
    return inside(loaded.folder, name, "baseline") if name else None


def read(file: Path) -> baseline.Baseline:
    try:
        return baseline.decode(file.read_bytes(), str(file))
    except OSError as error:
        raise UsageError(f"cannot read the baseline {file}: {error.strerror}; mapguard baseline write makes one") from error


def write(file: Path, findings: tuple[Finding, ...]) -> None:
    try:
        files.write(file, baseline.encode(findings))
    except OSError as error:
        raise UsageError(f"cannot write the baseline {file}: {error.strerror}") from error


def shown(file: Path, root: Path) -> str:
    """The file's name for a message: relative to the root where it is below it."""
    resolved = file.resolve()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else str(file)
