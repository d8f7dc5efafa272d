"""An analysed tree to what repairs its findings."""

from collections.abc import Callable, Iterator

from mapguard.base.budget import Budget
from mapguard.base.defects import Defects
from mapguard.base.options import Options
from mapguard.checks import Explainer, Sources
from mapguard.evidence.proofs import Proofs
from mapguard.evidence.twosteps import TwoSteps
from mapguard.findings.select import rank, with_fingerprints
from mapguard.frontend.tree import Tree
from mapguard.pipeline.inside import answering
from mapguard.pipeline.judged import TWO_STEPS
from mapguard.pipeline.phases import linked, models_of, reader
from mapguard.program.model import Program
from mapguard.races.engine import judge_of
from mapguard.repair.repairs import Repairs


def repairs(options: Options) -> Iterator[Repairs]:
    """Each component's findings, with fingerprints, and what repairs them. Ask them on a deep stack."""
    budget = Budget(options.timeout, options.max_memory)
    for tree, program in linked(options):
        with answering():
            budget.check()
            found = _repairs(tree, program, options, budget)
        yield found


def _repairs(tree: Tree, program: Program, options: Options, budget: Budget) -> Repairs:
    models = models_of(options.models)
    judge = judge_of(program, models, budget, Defects(keep=not options.debug))
    explainer = Explainer(judge, models, Sources(program.files, reader(tree)))
    proofs = [(p, "") for p in Proofs(judge, models).all()]
    proofs += [(p, TWO_STEPS) for p in TwoSteps(judge, models).all()]
    told = sorted(((explainer.finding(p, rule), p) for p, rule in proofs), key=lambda pair: rank(pair[0]))
    findings = with_fingerprints((f for f, _ in told), tree.mark)
    return Repairs(explainer, [(f, p) for f, (_, p) in zip(findings, told, strict=True)], reader(tree), _test_files(tree))


def _test_files(tree: Tree) -> Callable[[str], list[str]]:
    """The test files of a folder, which no scan reads unless it is asked to, but which a patch must not break."""

    def found(folder: str) -> list[str]:
        try:
            names = sorted(
                p.name for p in (tree.root / folder).iterdir() if p.name.endswith("_test.go") and p.is_file() and not p.is_symlink()
            )
        except OSError:
            return []
        return [f"{folder}/{name}" if folder else name for name in names]

    return found
