"""A folder and the buffers of an editor to the findings there: one scan at a time, and none that is out of date."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from mapguard.cli.options import NOTHING_GIVEN
from mapguard.cli.run import Session, run, session
from mapguard.findings.model import Finding


class OutdatedError(Exception):
    """The buffers have changed since this scan began."""


def scan(folder: Path, buffers: Mapping[Path, str], outdated: Callable[[], bool]) -> tuple[Path, tuple[Finding, ...]]:
    """The root, and the findings that count by the repository's configuration and baseline.

    ``buffers`` are files as the editor has them. An ``OutdatedError`` ends the scan as soon as ``outdated`` says so.
    """

    def heard(phase: str, done: int, total: int) -> None:
        if outdated():
            raise OutdatedError

    with session((folder,), NOTHING_GIVEN) as s:
        outcome = run(over(s, buffers), quiet=True, recorded=s.recorded(None), heard=heard)
    heard("", 0, 0)
    return s.root, outcome.report.findings


def over(s: Session, buffers: Mapping[Path, str]) -> Session:
    """The session on the files as the editor has them."""
    overlay = {
        file.resolve().relative_to(s.root).as_posix(): text.encode("utf-8", "surrogatepass")
        for file, text in sorted(buffers.items())
        if file.suffix == ".go" and file.resolve().is_relative_to(s.root)
    }
    return msgspec.structs.replace(s, options=msgspec.structs.replace(s.options, overlay=overlay))
