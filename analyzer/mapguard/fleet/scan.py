"""A job to the reports on one repository. It runs wherever an executor runs it; everything that can go wrong becomes a sentence."""

import gzip
import hashlib
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import msgspec

from mapguard.base.errors import UsageError
from mapguard.fleet.layout import commit_of, laid_out
from mapguard.fleet.listing import Entry
from mapguard.pipeline.stored import code_digest

FORMATS = ("json", "sarif", "html")
_LAST = 300
_TOO_MUCH = 125  # as in mapguard.cli.child
_RUNNING: set["subprocess.Popen[bytes]"] = set()
_LOCK = threading.Lock()


class Job(msgspec.Struct, frozen=True):
    """``options`` are those of ``mapguard scan``; ``known`` is the key of what is already there, which need not be made again."""

    entry: Entry
    options: tuple[str, ...]
    memory: int
    seconds: int
    known: str = ""


class Scanned(msgspec.Struct, frozen=True):
    """The reports by format, compressed; none where ``key`` is what was known, or where ``failed`` says what went wrong."""

    commit: str = ""
    key: str = ""
    reports: dict[str, bytes] = {}
    failed: str = ""


def scan(job: Job) -> Scanned:
    """The reports on a repository, from a process that may take ``memory`` bytes and ``seconds``."""
    commit = ""
    try:
        commit = commit_of(job.entry.path, job.entry.revision)
        key = _key(commit, job.options) if commit else ""
        if key and key == job.known:
            return Scanned(commit, key)
        with laid_out(job.entry.path, commit) as tree, tempfile.TemporaryDirectory(prefix="mapguard-fleet-") as made:
            files = {name: Path(made) / name for name in FORMATS}
            reports = [f"--report={name}={file}" for name, file in files.items()]
            _run(job, ["scan", "--quiet", f"--output={Path(made) / 'text'}", *reports, *job.options, "--", str(tree.root)])
            return Scanned(commit, key, {name: gzip.compress(file.read_bytes(), 6, mtime=0) for name, file in files.items()})
    except UsageError as error:
        return Scanned(commit, failed=str(error))
    except OSError as error:
        return Scanned(commit, failed=f"{error.strerror}: {error.filename}" if error.filename else str(error))


def _key(commit: str, options: tuple[str, ...]) -> str:
    """What the reports depend on; files that the options name are taken to stay as they are."""
    parts = [code_digest(), *map(str.encode, (commit, *options))]
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def stop() -> None:
    """Ends what runs in this process's threads: they would go on until their repositories are done."""
    with _LOCK:
        for process in _RUNNING:
            process.kill()


def _run(job: Job, args: list[str]) -> None:
    # -P: nothing is imported from the current folder
    command = [sys.executable, "-P", "-m", "mapguard.cli.child", str(job.memory), *args]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        with _LOCK:
            _RUNNING.add(process)
        try:
            said = _said(process, job.seconds)
        finally:
            with _LOCK:
                _RUNNING.discard(process)
    if process.returncode == _TOO_MUCH:
        raise UsageError(f"the scan took more than {job.memory / (1 << 30):.2g} GB of memory")
    if process.returncode not in (0, 1, 3):
        raise UsageError(said or f"the scan was ended by signal {-process.returncode}")


def _said(process: "subprocess.Popen[bytes]", seconds: int) -> str:
    """The last words of a process, in the time that it has. Its standard input stays open meanwhile."""
    killer = threading.Timer(seconds, process.kill)
    killer.start()
    try:
        assert process.stderr is not None
        said = process.stderr.read()
        process.wait()
    finally:
        late = not killer.is_alive()
        killer.cancel()
        process.kill()
    if late:
        raise UsageError(f"not done after {seconds} seconds")
    return " ".join(said.decode("utf-8", "replace").split())[-_LAST:].removeprefix("mapguard: ")
