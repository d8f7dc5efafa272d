"""A proof to one in which accesses of a variable for a map are accesses of the map in it, as the text shows them."""

from mapguard.evidence.location import reached
from mapguard.evidence.proof import Guard, Proof, Use
from mapguard.evidence.support import with_guard
from mapguard.races.accesses import Access
from mapguard.races.contexts import Context


class Plain:
    """``content`` are the operations on maps of the program: who takes a map out of its variable does something with it."""

    def __init__(self, content: list[Access]) -> None:
        self._content: dict[int, list[Access]] = {}
        for x in content:
            if not x.slot:
                self._content.setdefault(x.func, []).append(x)

    def proof(self, proof: Proof) -> Proof:
        uses: dict[Access, Use] = {}
        for use in proof.uses:
            x = self.access(use.access)
            known = uses.get(x)
            contexts = tuple(self.context(c) for c in use.contexts)
            more = known.contexts if known is not None else ()
            uses[x] = Use(x, tuple(dict.fromkeys((*more, *contexts))), use.private)
        guard = self._guard(proof.guard) if proof.guard is not None else None
        plain = proof._replace(a=self.context(proof.a), b=self.context(proof.b), uses=tuple(uses.values()))
        return with_guard(plain, guard)

    def _guard(self, guard: Guard) -> Guard:
        held = tuple(dict.fromkeys(self.access(x) for x in guard.held))
        return guard._replace(held=held, missed=tuple(x for x in dict.fromkeys(self.access(x) for x in guard.missed) if x not in held))

    def context(self, c: Context) -> Context:
        return c._replace(access=self.access(c.access), map=reached(c)) if c.access.slot else c

    def access(self, x: Access) -> Access:
        """A load as what is done with the map there, else as a read."""
        if not x.slot:
            return x
        path = x.path.plus(x.slot)
        if x.op != "load":
            return x._replace(path=path, slot="")
        used = [y for y in self._content.get(x.func, ()) if y.at <= x.at and x.end <= y.end]
        if used:
            return min(used, key=lambda y: (y.end - y.at, not y.writes))
        return x._replace(path=path, slot="", op="read")
