"""All findings of a run to those that count: fingerprints, order, rules asked for, confidence."""

import hashlib
from collections.abc import Iterable

import msgspec

from mapguard.findings.model import Confidence, Finding, Severity

_SEVERITY = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_CONFIDENCE = {Confidence.HIGH: 0, Confidence.MEDIUM: 1, Confidence.LOW: 2}


def rank(f: Finding) -> tuple[object, ...]:
    """Sorts worst first, then by place."""
    first = f.accesses[0]
    return (_CONFIDENCE[f.confidence], _SEVERITY[f.severity], first.path, first.line, first.column, f.rule, f.map.owner, f.map.name)


def with_fingerprints(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first, each with an identity that survives moved lines: rule, map, functions, expression; a number tells equal ones apart."""
    seen: dict[str, int] = {}
    out: list[Finding] = []
    for f in sorted(findings, key=rank):
        functions = sorted({a.function for a in f.accesses[: f.racing]})
        parts = [f.rule, f.map.package, f.map.owner, f.map.name, *functions, f.accesses[0].expression]
        print_ = hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
        seen[print_] = seen.get(print_, 0) + 1
        out.append(msgspec.structs.replace(f, fingerprint=print_ if seen[print_] == 1 else f"{print_}-{seen[print_]}"))
    return out


def selected(findings: Iterable[Finding], least: Confidence, rules: tuple[str, ...], disabled: tuple[str, ...]) -> list[Finding]:
    return [
        f for f in findings if _CONFIDENCE[f.confidence] <= _CONFIDENCE[least] and (not rules or f.rule in rules) and f.rule not in disabled
    ]


def at_or_above(f: Finding, gate: str) -> bool:
    """Whether a finding fails the run under ``--fail-on``."""
    return gate != "none" and _SEVERITY[f.severity] <= _SEVERITY[Severity(gate)]
