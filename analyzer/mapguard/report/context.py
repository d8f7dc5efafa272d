"""What every report format may know beside the report itself."""

import os
from pathlib import Path

import msgspec

from mapguard import __version__
from mapguard.findings.rules import Rule
from mapguard.findings.suppress import Notice


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """``root`` is where the paths of the report start; text shows them relative to ``folder`` where there is one.

    ``commit`` and ``remote`` (https://host/owner/name) are "" when unknown. The rest but ``notices``, which are about comments and the
    baseline, matters to text only: ``full`` shows every access and gap, ``evidence`` also what holds at each step, ``elapsed`` is None
    where the output has to be the same in every run.
    """

    root: Path
    folder: Path | None = None
    rules: tuple[Rule, ...] = ()
    color: bool = False
    width: int = 100
    full: bool = False
    evidence: bool = False
    elapsed: float | None = None
    stats: bool = False
    show_suppressed: bool = False
    notices: tuple[Notice, ...] = ()
    commit: str = ""
    remote: str = ""
    category: str = ""
    version: str = __version__

    def shown(self, path: str) -> str:
        """A path of the report as a person follows it."""
        if self.folder is None:
            return path
        return Path(os.path.relpath(self.root / path, self.folder)).as_posix()
