"""A number of jobs to a pool of parsing processes that never outlives the run, however the run ends."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def workers(jobs: int) -> Iterator[Executor]:
    """The pool. Leaving early (Ctrl-C, an error) waits only for the work in progress."""
    os.environ["PYTHONSAFEPATH"] = "1"  # a spawned worker must not import from the current folder, which may be the scanned one
    pool = ProcessPoolExecutor(jobs, initializer=_start)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _start() -> None:
    # a terminal sends Ctrl-C to every process; the parent handles it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends a worker whose parent was killed: it would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
