"""Bytes to a file that is whole at any time: whoever reads it meanwhile, or after a run was killed, sees the old content or the new."""

import secrets
from contextlib import suppress
from pathlib import Path


def write(file: Path, data: bytes, mode: int | None = None) -> None:
    """Replaces a file, or a link of that name, keeping its permissions or with ``mode``.

    What is no file (a pipe, a terminal) is written to.
    """
    if file.exists() and not file.is_file():
        file.write_bytes(data)
        return
    try:
        beside = file.parent / f".{file.name[:100]}.{secrets.token_hex(8)}"
        _fill(beside, data, file, mode)
    except OSError:
        if file.is_symlink() or not file.exists():
            raise
        file.write_bytes(data)  # the folder takes no new file, or the name cannot be taken away (a file mounted into a container)


def _fill(beside: Path, data: bytes, file: Path, mode: int | None) -> None:
    try:
        with beside.open("xb") as opened:
            if mode is None and file.is_file() and not file.is_symlink():
                mode = file.stat().st_mode & 0o777
            if mode is not None:
                beside.chmod(mode)
            opened.write(data)
        beside.replace(file)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
