"""Entries to reports and records below one folder, by any executor: what is there already stays, what fails is said, the rest goes on."""

import gzip
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Executor, Future, as_completed
from pathlib import Path

import msgspec

from mapguard.base import files
from mapguard.fleet.listing import Entry
from mapguard.fleet.scan import FORMATS, Job, Scanned, scan
from mapguard.fleet.state import Record, State

Told = Callable[[int, int, Record], None]


class _Counted(msgspec.Struct, frozen=True):
    fingerprint: str


class _Found(msgspec.Struct, frozen=True):
    """What is read of a JSON report to go on."""

    findings: tuple[_Counted, ...]


class Limits(msgspec.Struct, frozen=True):
    """What one scan may take: ``memory`` in bytes, ``seconds`` by the clock."""

    memory: int
    seconds: int


def run(entries: Sequence[Entry], options: Sequence[str], out: Path, limits: Limits, executor: Executor, told: Told) -> list[Record]:
    """The record of each entry, in their order. ``told`` hears of each repository as it is done, and of how many there are."""
    state = State(out / "state")
    waiting: dict[Future[Scanned], Entry] = {}
    for entry in entries:
        last = state.get(entry.file)
        known = last.key if last is not None and all(report(out, entry, name).is_file() for name in FORMATS) else ""
        waiting[executor.submit(scan, Job(entry, tuple(options), limits.memory, limits.seconds, known))] = entry
    records: dict[str, Record] = {}
    for future in as_completed(list(waiting)):
        entry = waiting.pop(future)
        done = _result(future)
        for name, data in done.reports.items():
            file = report(out, entry, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            files.write(file, gzip.decompress(data))
        records[entry.name] = _record(entry, state.get(entry.file), done, state.run)
        state.put(entry.file, records[entry.name])
        told(len(records), len(entries), records[entry.name])
    state.finish()
    return [records[entry.name] for entry in entries]


def report(out: Path, entry: Entry, name: str) -> Path:
    """Where the report of a repository in a format lies."""
    return out / "repositories" / f"{entry.file}.{name}"


def _result(future: "Future[Scanned]") -> Scanned:
    """Whatever an executor throws is about this repository only: a worker may have been killed, or lost on the way."""
    try:
        return future.result()
    except CancelledError:
        return Scanned(failed="given up before it began")
    except Exception as error:
        return Scanned(failed=f"the worker was lost: {type(error).__name__}: {' '.join(str(error).split())}"[:300])


def _record(entry: Entry, last: Record | None, done: Scanned, run: int) -> Record:
    before = None if last is None else last.before if last.run == run else last.found
    found = None if last is None else last.found
    if done.reports:
        fingerprints = msgspec.json.decode(gzip.decompress(done.reports["json"]), type=_Found).findings
        found = tuple(sorted(f.fingerprint for f in fingerprints))
    return Record(name=entry.name, run=run, commit=done.commit, key=done.key, found=found, before=before, failed=done.failed)
