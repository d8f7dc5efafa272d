"""The reports of separate components to one report."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from mapguard.findings.model import Report, Stats
from mapguard.findings.select import rank


def merged(reports: Sequence[Report]) -> Report:
    """Findings worst first, gaps and files in order, counts added up."""
    if len(reports) == 1:
        return reports[0]
    return Report(
        ".",
        tuple(sorted((f for r in reports for f in r.findings), key=rank)),
        tuple(s for r in reports for s in r.suppressed),
        tuple(sorted({g for r in reports for g in r.gaps})),
        _added([r.stats for r in reports]),
        tuple(sorted({f for r in reports for f in r.files})),
    )


def _added(stats: Sequence[Stats]) -> Stats:
    counts = [f.name for f in msgspec.structs.fields(Stats) if f.type is int]
    pairs: Counter[str] = Counter()
    seconds: dict[str, float] = {}
    for s in stats:
        pairs.update(s.pairs)
        for phase, lap in s.seconds.items():
            seconds[phase] = round(seconds.get(phase, 0.0) + lap, 4)
    return Stats(
        **{name: sum(getattr(s, name) for s in stats) for name in counts},
        pairs=dict(sorted(pairs.items())),
        read_for_types=tuple(sorted({path for s in stats for path in s.read_for_types})),
        seconds=seconds,
    )
