"""What one run of the analysis is asked to do. Only the command line and the configuration file create these."""

from collections.abc import Mapping
from pathlib import Path

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """``paths`` are folders, files or Go patterns. ``models`` are user model files in the format of rules/models.

    ``overlay`` holds Go files, by their paths from the root, as they are to be read: instead of those on the disk, or beside them.
    ``timeout`` in seconds by the clock and ``max_memory`` in megabytes are what the run may cost: over it the rest is a gap.
    """

    paths: tuple[Path, ...] = (Path(),)
    tests: bool = False
    generated: bool = False
    tags: tuple[str, ...] = ()
    goos: str = "linux"
    goarch: str = "amd64"
    exclude: tuple[str, ...] = ()
    max_file_bytes: int = 3_000_000
    jobs: int = 1
    cache: bool = True
    cache_dir: Path | None = None
    models: tuple[Path, ...] = ()
    overlay: Mapping[str, bytes] = {}
    timeout: float | None = None
    max_memory: float | None = None
    debug: bool = False
