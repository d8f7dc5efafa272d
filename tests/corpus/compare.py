"""Findings on real repositories compared with the judgements in judged.jsonl: what is new, gone and kept, by verdict.

    python tests/corpus/compare.py prometheus/prometheus=../prometheus traefik/traefik=../traefik
    python tests/corpus/compare.py --template prometheus/prometheus=../prometheus >> tests/corpus/judged.jsonl

Each argument names a judged repository and a checkout of it at the judged commit. ``--template`` prints the findings that nobody has
judged yet as lines to fill in. A judgement holds as long as the fingerprint does: rule and map, not lines.
"""

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.findings import select
from mapguard.findings.model import Confidence, Finding

JUDGED = Path(__file__).parent / "judged.jsonl"
VERDICTS = ("true", "false", "undecided")


class Judgement(msgspec.Struct, frozen=True):
    """One finding as a maintainer would see it. ``verdict``: true, false or undecided; ``reason`` in one sentence."""

    repository: str
    commit: str
    fingerprint: str
    rule: str
    confidence: str
    map: str
    place: str
    verdict: str
    reason: str


def judgements() -> list[Judgement]:
    decoder = msgspec.json.Decoder(Judgement)
    return [decoder.decode(line) for line in JUDGED.read_bytes().splitlines() if line]


def findings(folder: Path) -> tuple[list[Finding], int]:
    """What a scan shows by default, and the number of lines it read."""
    report = pipeline.run(Options(paths=(folder,)))
    shown = [f for f in select.with_fingerprints(report.findings) if f.confidence != Confidence.LOW]
    return shown, report.stats.lines


def template(repository: str, folder: Path, found: Iterable[Finding]) -> list[Judgement]:
    """The findings as judgements that are still to be made."""
    head = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    return [
        Judgement(
            repository,
            head,
            f.fingerprint,
            f.rule,
            str(f.confidence),
            f"{f.map.owner}.{f.map.name}".lstrip("."),
            f"{f.accesses[0].path}:{f.accesses[0].line}",
            "",
            "",
        )
        for f in found
    ]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--template", action="store_true", help="print findings without a judgement as lines to fill in")
    parser.add_argument("checkouts", nargs="+", metavar="REPOSITORY=FOLDER")
    given = parser.parse_args(arguments)
    known = judgements()
    totals: Counter[str] = Counter()
    for checkout in given.checkouts:
        repository, _, folder = checkout.partition("=")
        mine = {j.fingerprint: j for j in known if j.repository == repository}
        found, lines = findings(Path(folder))
        new = [f for f in found if f.fingerprint not in mine]
        if given.template:
            sys.stdout.writelines(msgspec.json.encode(j).decode() + "\n" for j in template(repository, Path(folder), new))
            continue
        here = {f.fingerprint for f in found}
        counts = Counter(f"kept {j.verdict}" if j.fingerprint in here else f"gone {j.verdict}" for j in mine.values())
        counts["new"] = len(new)
        totals.update(counts)
        totals["lines"] += lines
        totals["findings"] += len(found)
        print(f"{repository}: {lines} lines, {len(found)} findings;", ", ".join(f"{k} {n}" for k, n in sorted(counts.items())))
        for f in new:
            print(f"  new  {f.rule}  {f.map.owner}.{f.map.name}  {f.accesses[0].path}:{f.accesses[0].line}")
        for j in mine.values():
            if j.fingerprint not in here:
                print(f"  gone {j.verdict}  {j.rule}  {j.map}  {j.place}")
    if not given.template:
        print("total:", ", ".join(f"{k} {n}" for k, n in sorted(totals.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
