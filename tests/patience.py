"""Limits that follow the machine: a busy or slow one may take its time, a scan that costs too much fails everywhere.

What a scan costs is counted in processor seconds, which other programs do not use up, and compared with a scan of one small file on the
same machine. Waiting has an end only so that a process that hangs does not stop the whole run.
"""

import functools
import resource
import tempfile
from pathlib import Path

HANG = 3600  # seconds; nothing here takes a tenth of it on a machine that has nothing else to do


def children_cost() -> float:
    """The processor seconds that all processes started by this one have used, once they have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@functools.cache
def small_scan() -> float:
    """The processor seconds of a scan of one small file, on this machine."""
    from scanning import RACE, run, tree

    with tempfile.TemporaryDirectory() as folder:
        root = tree(Path(folder), {"go.mod": "module example.com/m\n", "race.go": RACE})
        return run("scan", ".", cwd=root).cost
