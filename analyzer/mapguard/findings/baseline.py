"""Findings to a baseline file and back: sorted, without line numbers or dates, so that the file changes only when the findings do."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from mapguard.base.errors import UsageError
from mapguard.findings.model import Finding, Suppressed


class Entry(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """One recorded finding; everything but the ``fingerprint`` is for people who read the file."""

    fingerprint: str
    rule: str
    map: str
    functions: tuple[str, ...]


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    findings: tuple[Entry, ...]


def entry(f: Finding) -> Entry:
    name = ".".join(part for part in (f.map.package, f.map.owner, f.map.name) if part)
    return Entry(f.fingerprint, f.rule, name, tuple(sorted({a.function for a in f.accesses[: f.racing]})))


def encode(findings: Iterable[Finding]) -> bytes:
    """The file: the same findings give the same bytes."""
    recorded = Baseline(1, tuple(sorted({entry(f) for f in findings})))
    return msgspec.json.format(msgspec.json.encode(recorded), indent=1) + b"\n"


def decode(data: bytes, name: str) -> Baseline:
    """A file's content; ``name`` is for the message when it is not a baseline."""
    try:
        return msgspec.json.decode(data, type=Baseline)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{name} is not a baseline of mapguard: {error}; write it again with mapguard baseline write") from error


def apply(findings: Iterable[Finding], baseline: Baseline) -> tuple[list[Finding], list[Suppressed]]:
    """The findings that are new, and those that were recorded."""
    known = {e.fingerprint for e in baseline.findings}
    new: list[Finding] = []
    recorded: list[Suppressed] = []
    for f in findings:
        if f.fingerprint in known:
            recorded.append(Suppressed(f, "baseline", "recorded in the baseline"))
        else:
            new.append(f)
    return new, recorded


def stale(baseline: Baseline, findings: Iterable[Finding]) -> list[Entry]:
    """The recorded findings that no longer occur; ``findings`` are all of a run, whatever their confidence."""
    present = {f.fingerprint for f in findings}
    return [e for e in baseline.findings if e.fingerprint not in present]
