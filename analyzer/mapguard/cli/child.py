"""One scan in a process of its own: it may take so much memory and no more, and it never outlives who started it.

``python -m mapguard.cli.child BYTES ARGUMENTS``; standard input stays open as long as the parent lives.

A limit of the system (RLIMIT_AS) would raise MemoryError in the middle of the analysis, again and again: the process ends itself instead.
"""

import os
import resource
import sys
import threading
import time

from mapguard.cli.main import main

TOO_MUCH = 125
_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


def _end_with_parent() -> None:
    while os.read(0, 1):  # sys.stdin would be locked when this process ends
        pass
    os._exit(1)


def _end_when_larger(size: int) -> None:
    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT <= size:
        time.sleep(0.1)
    os._exit(TOO_MUCH)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=_end_when_larger, args=(int(sys.argv[1]),), daemon=True).start()
    main(sys.argv[2:])
