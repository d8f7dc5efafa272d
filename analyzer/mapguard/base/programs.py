"""The name of a program to where it is installed."""

import os
import shutil
from pathlib import Path


def installed(name: str) -> str | None:
    """The program on the PATH, its relative entries left out: they would lead into the folder that is scanned. None where there is none."""
    for entry in os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = shutil.which(name, path=entry) if Path(entry).is_absolute() else None
        if found is not None and Path(found).parent == Path(entry):
            return found
    return None
