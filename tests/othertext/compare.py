"""Two texts of one module become the folders of which mapguard does not say the same."""

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from mapguard import pipeline
from mapguard.base.options import Options
from othertext.rewriting import Copy, Place

Verdict = frozenset[tuple[str, frozenset[Place]]]  # rules, each with the lines that race
SAME = Copy({}, {})


class Difference(NamedTuple):
    folder: str
    before: Verdict
    after: Verdict

    @property
    def flipped(self) -> bool:
        """Is something found in one text and nothing in the other?"""
        return bool(self.before) != bool(self.after)

    def show(self) -> str:
        return f"{self.folder}: {_shown(self.before)} became {_shown(self.after)}"


def _shown(verdict: Verdict) -> str:
    rules = [
        f"{rule} ({', '.join(f'{Path(path).name}:{line}' for path, line in sorted(places))})" for rule, places in sorted(verdict, key=str)
    ]
    return "; ".join(rules) or "nothing"


def verdicts(module: Path, copy: Copy = SAME) -> dict[str, Verdict]:
    """What is found in each folder, told by the lines of the first text."""
    found: dict[str, set[tuple[str, frozenset[Place]]]] = defaultdict(set)
    for finding in pipeline.run(Options(paths=(module,), cache=False)).findings:
        places = frozenset(copy.origin(a.path, a.line) for a in finding.accesses[: finding.racing])
        for path, _ in places:
            found[str(Path(path).parent)].add((finding.rule, places))
    return {folder: frozenset(verdict) for folder, verdict in found.items()}


def differences(before: dict[str, Verdict], after: dict[str, Verdict]) -> list[Difference]:
    nothing: Verdict = frozenset()
    pairs = [Difference(folder, before.get(folder, nothing), after.get(folder, nothing)) for folder in sorted({*before, *after})]
    return [pair for pair in pairs if pair.before != pair.after]
