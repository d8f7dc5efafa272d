"""Proofs of the new analysis on judged repositories: which true findings are still there, which false ones, and what else is told.

    python tests/corpus/judged.py TREES [JUDGEMENTS…]

TREES has a checkout of each repository at its judged commit, in a folder ``owner+name``; repositories without one are left out.
JUDGEMENTS are files like judged.jsonl (the default). A judgement is met by a finding of at least medium confidence about the map of
that name, or with an access at that place.
"""

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.base.span import line_of
from mapguard.base.stack import deep_stack
from mapguard.evidence.proof import Proof
from mapguard.evidence.proofs import Proofs
from mapguard.heap.index import Index
from mapguard.models.load import load
from mapguard.races.accesses import Access
from mapguard.races.engine import judge_of

JUDGED = Path(__file__).parent / "judged.jsonl"


class Judgement(msgspec.Struct, frozen=True):
    repository: str
    map: str
    place: str
    verdict: str
    reason: str


class Told(NamedTuple):
    """A proof by the names that a judgement may use."""

    name: str
    places: frozenset[str]
    confidence: str


def judgements(files: list[Path]) -> dict[str, list[Judgement]]:
    decoder = msgspec.json.Decoder(Judgement)
    found: dict[str, list[Judgement]] = defaultdict(list)
    for file in files:
        for line in file.read_bytes().splitlines():
            if line:
                found[decoder.decode(line).repository].append(decoder.decode(line))
    return found


def told(folder: Path) -> Iterator[Told]:
    """What the analysis finds in a checkout."""
    for _, program in pipeline.linked(Options(paths=(folder,))):
        with deep_stack():
            judge = judge_of(program, load())
            for proof in Proofs(judge, load()).all():
                sides = frozenset(_place(judge.index, c.access) for c in (proof.a, proof.b))
                yield Told(_name(judge.index, proof), sides, proof.confidence)


def _place(index: Index, access: Access) -> str:
    func = index.funcs[access.func]
    return f"{func.path}:{line_of(func.scope.file.newlines, access.at)}" if func is not None else ""


def _name(index: Index, proof: Proof) -> str:
    """The map as reports name it: ``Type.field``, ``variable``, ``function.variable``."""
    where = proof.where
    if where.kind == "field":
        return f"{where.owner}.{where.last}"
    if where.kind == "global":
        return where.last
    number = index.number[where.name]
    func = index.funcs[number]
    return f"{func.frame.display if func is not None else ''}.{index.bodies[number].names[where.at]}"


def meets(judgement: Judgement, found: Told) -> bool:
    last = judgement.map.rpartition(".")[2]
    return found.confidence != "low" and (found.name == judgement.map or (judgement.place in found.places and found.name.endswith(last)))


def main(arguments: list[str]) -> int:
    trees = Path(arguments[0])
    total: Counter[str] = Counter()
    for repository, judged in sorted(judgements([Path(a) for a in arguments[1:]] or [JUDGED]).items()):
        folder = trees / repository.replace("/", "+")
        if not folder.is_dir():
            continue
        started = time.process_time()
        found = list(told(folder))
        shown = [t for t in found if t.confidence != "low"]
        print(f"{repository}: {len(shown)} findings, {time.process_time() - started:.0f} s")
        total["findings"] += len(shown)
        for judgement in judged:
            kept = any(meets(judgement, t) for t in shown)
            total[f"{judgement.verdict}, {'reported' if kept else 'not reported'}"] += 1
            if judgement.verdict != "undecided" and kept != (judgement.verdict == "true"):
                print(f"  {'FALSE' if kept else 'MISSED'} {judgement.map} {judgement.place}: {judgement.reason[:200]}")
        sys.stdout.flush()
    for name, number in sorted(total.items()):
        print(f"{name}: {number}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
