"""A file's text to whether a program wrote it, by the convention of go.dev/s/generatedcode."""

import re

_GENERATED = re.compile(rb"^// Code generated .* DO NOT EDIT\.\r?$", re.MULTILINE)
_PACKAGE = re.compile(rb"^package\s", re.MULTILINE)


def is_generated(source: bytes) -> bool:
    """Whether a line of its own before the package clause says so."""
    if b"Code generated" not in source[:65536]:
        return False
    package = _PACKAGE.search(source)
    found = _GENERATED.search(source, 0, package.start() if package else len(source))
    return found is not None
