"""What the commands that look inside ask of an analysed tree: ``why-not``, ``dump``, ``annotate``."""

from collections.abc import Iterator
from contextlib import contextmanager

from mapguard.base.budget import Budget, BudgetError
from mapguard.base.errors import UsageError
from mapguard.base.options import Options
from mapguard.base.stack import deep_stack
from mapguard.checks import Sources
from mapguard.checks.guarded import GuardedField
from mapguard.checks.guarded import guarded_fields as find_guarded_fields
from mapguard.checks.inspect import Inspector
from mapguard.evidence.proofs import Proofs
from mapguard.frontend.discover import scope_of
from mapguard.heap.show import callers, objects
from mapguard.ir.lower import Lowerer
from mapguard.ir.show import show
from mapguard.pipeline.phases import linked, models_of, reader
from mapguard.program.model import Program
from mapguard.program.types import Types
from mapguard.races.engine import heap_of, judge_of


def _analyses(options: Options) -> Iterator[tuple[Proofs, Sources]]:
    """Each component solved, with its source text. Ask the proofs on a deep stack."""
    models = models_of(options.models)
    budget = Budget(options.timeout, options.max_memory)
    for tree, program in linked(options):
        budget.check()
        yield Proofs(judge_of(program, models, budget), models), Sources(program.files, reader(tree))


@contextmanager
def answering() -> Iterator[None]:
    """A question that is asked on a deep stack; half an answer would be a wrong one."""
    try:
        with deep_stack():
            yield
    except BudgetError as over:
        raise UsageError(f"{over} before the question was answered") from over


def why_not(options: Options, a: tuple[str, int], b: tuple[str, int]) -> Iterator[str]:
    """For every pair of ways to the two places: the filter that ended it. A place without a map access is a ``UsageError``."""
    known: set[tuple[str, int]] = set()
    near: dict[str, set[int]] = {a[0]: set(), b[0]: set()}
    together = False
    with answering():
        for proofs, sources in _analyses(options):
            inspector = Inspector(proofs, sources)
            first, second = inspector.accesses_at(*a), inspector.accesses_at(*b)
            known |= ({a} if first else set()) | ({b} if second else set())
            for path, lines in near.items():
                lines |= inspector.lines_of(path)
            if first and second:
                together = True
                yield from inspector.why_not(first, second)
    for path, line in (a, b):
        if (path, line) not in known:
            closest = sorted(near[path], key=lambda other: (abs(other - line), other))[:5]
            hint = f"; lines with one: {', '.join(map(str, sorted(closest)))}" if closest else ": no map access is known in that file"
            raise UsageError(f"no map access at {path}:{line}{hint}")
    if not together:
        yield "the two places are in modules that are not built together: they share no memory"


def dump(options: Options, what: str, name: str) -> Iterator[str]:
    """What the analysis believes of the functions whose name contains ``name``."""
    with answering():
        if what in ("ir", "objects", "callers"):
            for _, program in linked(options):
                yield from _bodies(program, name) if what == "ir" else _heap(program, options, what, name)
        else:
            for proofs, sources in _analyses(options):
                yield from Inspector(proofs, sources).dump(what, name)


def _bodies(program: Program, name: str) -> Iterator[str]:
    """The events of the bodies whose id contains ``name``. The id of a body in a function is that of the function, $ and a number."""
    for body in Lowerer(Types(program)).everything(name.partition("$")[0]):
        if name in body.func:
            yield from show(body)


def _heap(program: Program, options: Options, what: str, name: str) -> Iterator[str]:
    """The objects, or the callers, of the functions whose id contains ``name``."""
    heap = heap_of(program, models_of(options.models), Budget(options.timeout, options.max_memory))
    yield from objects(heap, name) if what == "objects" else callers(heap, name)


def guarded_fields(options: Options) -> tuple[GuardedField, ...]:
    """The map fields in the given paths whose guard is clear from their accesses and not declared yet."""
    scope = scope_of(options)
    found: list[GuardedField] = []
    with answering():
        for proofs, sources in _analyses(options):
            found.extend(find_guarded_fields(proofs, sources, options.generated))
    return tuple(sorted(field for field in found if scope.has(field.path)))
