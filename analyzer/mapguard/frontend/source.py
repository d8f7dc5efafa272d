"""A source file to its bytes, or to the gap that says why it was not read."""

from pathlib import Path

from mapguard.base.gap import Gap, Reason
from mapguard.base.options import Options
from mapguard.frontend.tree import SourceFile


def read(file: SourceFile, options: Options) -> bytes | Gap:
    """The bytes of the file, or of the one that lies over it, without a byte order mark."""
    limit = options.max_file_bytes
    if file.size > limit:
        return Gap(Reason.TOO_LARGE, file.path, 0, f"{file.size} bytes, the limit is {limit}")
    source = options.overlay.get(file.path)
    if source is None:
        try:
            with Path(file.absolute).open("rb") as stream:
                source = stream.read(limit + 1)
        except OSError as error:
            return Gap(Reason.UNREADABLE, file.path, 0, error.strerror or "unreadable")
    if len(source) > limit:  # it has grown since its size was read
        return Gap(Reason.TOO_LARGE, file.path, 0, f"the limit is {limit} bytes")
    if b"\0" in source:
        return Gap(Reason.NOT_TEXT, file.path, 0, "a NUL byte: this is no Go source")
    return source.removeprefix(b"\xef\xbb\xbf")
