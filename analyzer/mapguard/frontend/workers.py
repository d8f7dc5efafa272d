"""A number of jobs to a pool of processes that do the parsing and never outlive the run, however it ends."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def workers(jobs: int) -> Iterator[Executor]:
    """The pool; whoever leaves early (Ctrl-C, an error) waits for the work at hand only."""
    os.environ["PYTHONSAFEPATH"] = "1"  # a worker that is no fork starts in the current folder, which may be the one that is scanned
    pool = ProcessPoolExecutor(jobs, initializer=_start)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _start() -> None:
    # a terminal sends Ctrl-C to every process: the parent decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed says nothing: its workers would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
