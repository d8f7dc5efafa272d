"""``mapguard prove``: a finding to a Go test that shows the race, printed, written beside the code, or run with the race detector."""

from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

import click

from mapguard import pipeline
from mapguard.base.errors import UsageError
from mapguard.base.stack import deep_stack
from mapguard.cli.console import say
from mapguard.cli.grouped import GroupedCommand
from mapguard.cli.options import TreeGiven, tree_options
from mapguard.cli.patches import known_or_error
from mapguard.cli.run import Session, session
from mapguard.findings.model import Finding
from mapguard.fix.plan import Change
from mapguard.fix.write import write as write_files
from mapguard.gotool.packages import packages_of
from mapguard.gotool.program import go, race_detector
from mapguard.gotool.races import Stacks, crashed, races
from mapguard.witness.gotypes import MissingError
from mapguard.witness.racing import Witness, witness

_RUNS = 5


@click.command(cls=GroupedCommand)
@click.argument("fingerprint")
@click.option("--path", type=click.Path(path_type=Path), default=Path(), show_default=True, help="The tree to scan.")
@click.option("--write", "how", flag_value="write", help="Write the test beside the code.")
@click.option("--run", "how", flag_value="run", help="Run the test with the race detector; nothing is written.")
@tree_options
def prove(fingerprint: str, path: Path, how: str | None, **given: Unpack[TreeGiven]) -> int:
    """Show a finding, by (the beginning of) its fingerprint, with a Go test that runs both of its sides at the same time.

    The test makes the object as the code does and calls the functions that the two threads of the finding run. What cannot be made has a
    marked place. --run needs Go and a C compiler, and runs the scanned code. Exit code: 0 shown, or printed; 1 not shown.
    """
    with session((path,), given) as s:
        finding, made = _made(s, fingerprint)
        for missing in made.missing:
            say(f"to be filled in: {missing}", err=True)
        if how == "run":
            return _run(s, finding, made)
        if how == "write":
            write_files(s.root, [Change(made.path, None, made.source.encode())])
            say(f"{made.path} written; run it with: go test -race -run {made.name}", err=True)
        else:
            click.echo(made.source, nl=False)
    return 0


def _made(s: Session, fingerprint: str) -> tuple[Finding, Witness]:
    every = [(repairs.explainer, finding, proof) for repairs in pipeline.repairs(s.options) for finding, proof in repairs.proofs.values()]
    wanted = next(known_or_error([finding for _, finding, _ in every], (fingerprint,)))
    explainer, finding, proof = next(one for one in every if one[1] is wanted)
    try:
        with deep_stack():
            return finding, witness(explainer, finding, proof)
    except MissingError as why:
        raise UsageError(f"no test can be made for {finding.fingerprint}: {why}") from why


def _run(s: Session, finding: Finding, made: Witness) -> int:
    """Several runs, because a run may miss the race, or may end with another one first."""
    if not race_detector():
        raise UsageError("the race detector needs a C compiler, and none is on the PATH")
    root = s.root.resolve()
    (package,) = packages_of(root, [made.path])
    seen: list[Stacks] = []
    with go({root / made.path: made.source.encode()}) as tool:
        for number in range(1, _RUNS + 1):
            done = tool.run(package.module, "test", "-race", "-vet=off", "-count=1", "-timeout=60s", f"-run=^{made.name}$", *package.names)
            if "[build failed]" in done.output or "[setup failed]" in done.output:
                lines = [line for line in done.output.splitlines() if line.strip() and not line.startswith(("#", "FAIL"))]
                say(f"the test does not build: {lines[0] if lines else done.output.strip()}")
                return 1
            found = next((r for r in races(done.output) if _is(root, finding, r)), None)
            if found is not None:
                _show(root, finding, found, number)
                return 0
            seen += races(done.output)
            if crashed(done.output) and all(f"{root / a.path}:{a.line}" in done.output for a in finding.accesses[:1]):
                say(f"shown in run {number}: the runtime ended the program with a concurrent map access at {_places(finding)}")
                return 0
    other = f"; the detector saw {len(seen)} other races" if seen else ""
    say(f"not shown in {_RUNS} runs{other}")
    return 1


def _is(root: Path, finding: Finding, found: Stacks) -> bool:
    """Whether the two stacks are the two sides of the finding: each leads through the line of its access."""
    places = [(str(root / a.path), a.line) for a in finding.accesses[: finding.racing]]
    first, second = places[0], places[-1]
    return any(first in one and second in other for one, other in ((found.first, found.second), (found.second, found.first)))


def _show(root: Path, finding: Finding, found: Stacks, number: int) -> None:
    say(f"shown in run {number}: the detector's two stacks are the two sides of the finding, {_places(finding)}")
    for name, stack in (("one side", found.first), ("the other", found.second)):
        for line in _own(root, stack):
            say(f"  {name:10}{line}")
            name = ""


def _own(root: Path, stack: tuple[tuple[str, int], ...]) -> Iterator[str]:
    for file, line in stack:
        if Path(file).is_relative_to(root):
            yield f"{Path(file).relative_to(root).as_posix()}:{line}"


def _places(finding: Finding) -> str:
    return " and ".join(dict.fromkeys(f"{a.path}:{a.line}" for a in finding.accesses[: finding.racing]))
