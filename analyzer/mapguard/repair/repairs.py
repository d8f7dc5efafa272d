"""The proofs of one program to what can be repaired: each finding with its plans, and what a patched tree must not do."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from mapguard.checks import Explainer
from mapguard.evidence.proof import Proof
from mapguard.findings.model import Finding
from mapguard.fix.edit import EditError
from mapguard.fix.plan import Plan
from mapguard.repair.plans import plans
from mapguard.repair.relock import Relock, Relocks
from mapguard.repair.subject import Given, Subject


class Repairs:
    """One program. Ask it on a deep stack. ``found`` are its findings with their fingerprints, each with its proof; ``read`` gives the
    bytes of a file, ``tests`` the test files of a folder."""

    def __init__(
        self,
        explainer: Explainer,
        found: Sequence[tuple[Finding, Proof]],
        read: Callable[[str], bytes],
        tests: Callable[[str], Iterable[str]],
    ) -> None:
        self.explainer = explainer
        self.proofs = {finding.fingerprint: (finding, proof) for finding, proof in found}
        self.given = Given(explainer, read, tests)

    def plans(self, fingerprint: str) -> Iterator[Plan | EditError]:
        """The plans for a finding, the one that fits best first; in the place of what cannot be planned, the reason."""
        finding, proof = self.proofs[fingerprint]
        yield from plans(Subject.of(finding, proof, self.given))

    def relocks(self, paths: Iterable[str]) -> set[Relock]:
        """What blocks for ever, as far as mutexes are concerned that are taken in the files."""
        return Relocks(self.explainer).of(paths)
