"""``python -m engine.found FOLDER`` (in ``tests``): the findings of the new analysis, a line each."""

import sys
from pathlib import Path

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.base.stack import deep_stack
from mapguard.checks import Explainer
from mapguard.checks.sources import Sources
from mapguard.evidence.proofs import Proofs
from mapguard.evidence.twosteps import TwoSteps
from mapguard.findings.model import Finding
from mapguard.models.load import Models, load
from mapguard.races.engine import judge_of
from mapguard.races.judge import Judge


def findings(judge: Judge, models: Models, sources: Sources) -> list[Finding]:
    """What the new checks make of the proofs, and of look-ups that are followed by a store."""
    with deep_stack():
        explainer = Explainer(judge, models, sources)
        races = [explainer.finding(proof) for proof in Proofs(judge, models).all()]
        return [*races, *(explainer.finding(proof, "sync-map-check-then-act") for proof in TwoSteps(judge, models).all())]


def main() -> None:
    models = load()
    for tree, program in pipeline.linked(Options(paths=(Path(sys.argv[1]),), cache=False, jobs=1)):
        sources = Sources(program.files, lambda path, root=tree.root: (root / path).read_bytes())  # type: ignore[misc]
        for found in findings(judge_of(program, models), models, sources):
            access = found.accesses[0]
            print(f"{access.path}:{access.line}:{access.column}: {found.confidence} {found.rule} {found.message}")


if __name__ == "__main__":
    main()
