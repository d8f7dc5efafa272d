"""All findings of a run to those that count: fingerprints, order, rules asked for, confidence, settings of single paths."""

import hashlib
from collections.abc import Iterable

import msgspec

from mapguard.base.globs import Globs
from mapguard.base.scope import Scope
from mapguard.findings.model import Confidence, Finding, Severity

_SEVERITY = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_CONFIDENCE = {Confidence.HIGH: 0, Confidence.MEDIUM: 1, Confidence.LOW: 2}


class PathRule(msgspec.Struct, frozen=True):
    """Other rules for findings whose first access is in a file that one of ``globs`` (gitignore syntax, from the root) matches."""

    globs: tuple[str, ...]
    disabled: tuple[str, ...] = ()
    least: Confidence | None = None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which findings are wanted: ``rules`` empty means all; the last matching entry of ``paths`` with a ``least`` sets the confidence."""

    least: Confidence = Confidence.MEDIUM
    rules: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    paths: tuple[PathRule, ...] = ()


def rank(f: Finding) -> tuple[object, ...]:
    """Sorts worst first, then by place."""
    first = f.accesses[0]
    place = (first.path, first.line, first.column)
    return (_SEVERITY[f.severity], _CONFIDENCE[f.confidence], *place, f.rule, f.map.package, f.map.owner, f.map.name, f.message)


def fingerprint(f: Finding, mark: str = "") -> str:
    """An identity that survives moved lines: rule, map, functions of the racing accesses, expression of the first.

    ``mark`` is the folder of the module where another one of the repository has the same path.
    """
    functions = sorted({a.function for a in f.accesses[: f.racing]})
    parts = [f.rule, f.map.package, f.map.owner, f.map.name, *functions, f.accesses[0].expression]
    parts += [mark] if mark else []
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def with_fingerprints(findings: Iterable[Finding], mark: str = "") -> list[Finding]:
    """Worst first, each with its fingerprint; a number tells equal ones apart."""
    seen: dict[str, int] = {}
    out: list[Finding] = []
    for f in sorted(findings, key=rank):
        ident = fingerprint(f, mark)
        seen[ident] = seen.get(ident, 0) + 1
        out.append(msgspec.structs.replace(f, fingerprint=ident if seen[ident] == 1 else f"{ident}-{seen[ident]}"))
    return out


def selected(findings: Iterable[Finding], wanted: Selection) -> list[Finding]:
    """The findings of wanted rules that are sure enough, in the given order."""
    paths = [(Globs(p.globs), p) for p in wanted.paths]

    def counts(f: Finding) -> bool:
        least, disabled = wanted.least, set(wanted.disabled)
        for spec, p in paths:
            if spec.match(f.accesses[0].path):
                least = p.least or least
                disabled.update(p.disabled)
        return _CONFIDENCE[f.confidence] <= _CONFIDENCE[least] and f.rule not in disabled and (not wanted.rules or f.rule in wanted.rules)

    return [f for f in findings if counts(f)]


def lies_in(f: Finding, scope: Scope) -> bool:
    """Whether one of the racing accesses, or the declaration of the map, is in what was asked about."""
    places = [a.path for a in f.accesses[: f.racing]]
    return any(scope.has(path) for path in (*places, *([f.map.declared.path] if f.map.declared is not None else [])))


def at_or_above(f: Finding, gate: str) -> bool:
    """Whether a finding fails the run under ``--fail-on``."""
    return gate != "none" and _SEVERITY[f.severity] <= _SEVERITY[Severity(gate)]
