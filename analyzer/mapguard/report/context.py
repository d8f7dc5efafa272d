"""What every report format may know beside the report itself."""

from pathlib import Path

import msgspec

from mapguard import __version__
from mapguard.findings.rules import Rule
from mapguard.findings.suppress import Notice


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """``root`` is where the paths of the report start; ``commit`` and ``remote`` (https://host/owner/name) are "" when unknown.

    ``color``, ``width``, ``full`` and ``elapsed`` matter to text only: ``full`` shows every access and gap, ``elapsed`` is None where the
    output has to be the same in every run. ``notices`` are about comments and the baseline.
    """

    root: Path
    rules: tuple[Rule, ...] = ()
    color: bool = False
    width: int = 100
    full: bool = False
    elapsed: float | None = None
    stats: bool = False
    show_suppressed: bool = False
    notices: tuple[Notice, ...] = ()
    commit: str = ""
    remote: str = ""
    category: str = ""
    version: str = __version__
