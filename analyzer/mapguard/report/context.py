"""What every report format may know beside the report itself."""

from pathlib import Path

import msgspec

from mapguard import __version__
from mapguard.findings.rules import Rule


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """``root`` is where paths of the report start; ``color`` and ``width`` only matter to text; ``commit`` and ``remote`` may be ""."""

    root: Path
    rules: tuple[Rule, ...] = ()
    color: bool = False
    width: int = 100
    stats: bool = False
    show_suppressed: bool = False
    commit: str = ""
    remote: str = ""
    category: str = ""
    version: str = __version__
