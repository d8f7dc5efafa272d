"""A linked program to its findings and to what was not seen, within the budget of the run: what was found before it was used up is told."""

from collections.abc import Iterable
from typing import NamedTuple

from mapguard.base.budget import Budget, BudgetError
from mapguard.base.defects import Defects
from mapguard.base.gap import Gap, Reason
from mapguard.base.options import Options
from mapguard.base.stack import deep_stack
from mapguard.checks import Explainer, Sources
from mapguard.evidence.coverage import Coverage
from mapguard.evidence.proof import Proof
from mapguard.evidence.proofs import Proofs
from mapguard.evidence.twosteps import TwoSteps
from mapguard.findings.model import Finding, Stats
from mapguard.pipeline.phases import Clock, Progress, models_of, phase
from mapguard.program.model import Program
from mapguard.races.engine import judge_of
from mapguard.races.judge import Judge
from mapguard.races.limits import gap_at

TWO_STEPS = "sync-map-check-then-act"


class Judged(NamedTuple):
    """``complete``: the budget was enough for everything."""

    findings: list[Finding]
    gaps: list[Gap]
    stats: Stats
    complete: bool


def judged(program: Program, sources: Sources, options: Options, budget: Budget, clock: Clock, progress: Progress | None) -> Judged:
    """Everything that is found in a program. An error hides one function or map, or at worst this program, and nothing else."""
    defects = Defects(keep=not options.debug)
    gaps: list[Gap] = []
    try:
        budget.check()
        with deep_stack(), defects.kept("", 0):
            judge = judge_of(program, models_of(options.models), budget, defects)
            clock.lap("analyse")
            return _of_judge(judge, sources, options, clock, progress)
    except BudgetError as over:
        gaps.append(Gap(Reason.LIMIT, "", 0, f"{over}: no map was judged"))
    gaps.extend(Gap(Reason.CRASH, d.path, 0, f"{type(d.error).__name__}: {d.error}") for d in defects.found)
    return Judged([], gaps, Stats(), False)


def _of_judge(judge: Judge, sources: Sources, options: Options, clock: Clock, progress: Progress | None) -> Judged:
    models = models_of(options.models)
    proofs = Proofs(judge, models)
    found = [(proof, "") for proof in proofs.all(phase(progress, "judge"))]
    gaps: list[Gap] = []
    try:
        found += [(proof, TWO_STEPS) for proof in TwoSteps(judge, models).all()]
    except BudgetError as over:
        gaps.append(Gap(Reason.LIMIT, "", 0, f"{over}: stores that follow a look-up in a concurrent map were not judged"))
    findings, untold = _explained(judge, found, Explainer(judge, models, sources), options.generated)
    gaps.extend(untold)
    clock.lap("judge")
    coverage = Coverage(proofs)
    stats = coverage.stats([proof for proof, _ in found])
    return Judged(findings, [*gaps, *coverage.gaps()], stats, not judge.stopped and not gaps)


def _explained(judge: Judge, found: Iterable[tuple[Proof, str]], explainer: Explainer, generated: bool) -> tuple[list[Finding], list[Gap]]:
    """The findings of some proofs, and gaps for those for which there is no time left; ``generated``: those in generated files count."""
    findings: list[Finding] = []
    untold: list[Gap] = []
    for proof, rule in found:
        access = proof.a.access
        if not generated and explainer.functions.of(access.func).scope.file.generated:
            continue
        try:
            with judge.kept(access):
                findings.append(explainer.finding(proof, rule))
        except BudgetError as over:
            untold.append(gap_at(judge, access.func, access.at, f"{over}: a race was found here, but not its explanation"))
    return findings, untold
