"""A judge's maps to proofs: for each map the surest pair that can race, with everything that the layers above tell about it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from mapguard.base.budget import BudgetError
from mapguard.evidence.caches import Caches
from mapguard.evidence.callers import Callers
from mapguard.evidence.grades import Confidence, confidence
from mapguard.evidence.guard import Guards
from mapguard.evidence.location import Location, Locations, may_hold_map, reached
from mapguard.evidence.proof import Guard, Proof, Use
from mapguard.evidence.provenance import UNKNOWN, Provenance
from mapguard.evidence.support import Support, with_guard
from mapguard.evidence.words import words
from mapguard.models.load import Models
from mapguard.races.accesses import Access
from mapguard.races.contexts import Anchored, Context
from mapguard.races.judge import Judge
from mapguard.races.maps import Map

NO_SUPPORT = "NO_EVIDENCE"  # callers outside the tree, and nothing that shows that several of them are meant to come at a time
_EXAMINED = 50  # pairs of one map that can race, before the surest of them is taken; and pairs alike without support
_RANKS: tuple[Confidence, ...] = ("high", "medium", "low")


class Proofs:
    """The findings of one program. Ask them on a deep stack."""

    def __init__(self, judge: Judge, models: Models) -> None:
        self.judge = judge
        self.index = judge.index
        self.locations = Locations(judge.bodies)
        self.guards = Guards(judge, models)
        self.provenance = Provenance(judge, Callers(judge, words()))
        self._named: dict[Location, list[Access]] | None = None
        self.verdicts: dict[Map, Confidence] = {}  # of the maps with a proof
        self.unsure: set[Map] = set()  # those with more races than were looked at, none of them more than low
        self.support = Support(judge, self.guards, Caches(judge.index, models), words())

    def all(self, done: Callable[[int, int], None] | None = None) -> list[Proof]:
        """One for each map by its name, in the order of names: maps of one field that are made in several places are told as one. Over the
        budget, of those that were judged until then. ``done`` as for the judge."""
        found: dict[Location, Proof] = {}
        for proof in self.judge.each(self.of, done):
            if proof is not None:
                known = found.get(proof.where)
                found[proof.where] = proof if known is None else self._together(known, proof)
        if self.judge.stopped:
            self.judge.heap.budget.extend()
        return [self._completed(found[where]) for where in sorted(found)]

    def _completed(self, proof: Proof) -> Proof:
        """A proof with the other accesses of what has the same name, as far as budget and defects let them be found."""
        full = proof
        with suppress(BudgetError), self.judge.kept(proof.a.access):
            full = self._with_others(proof)
        return full

    def _with_others(self, proof: Proof) -> Proof:
        """A proof with the other accesses of what has the same name: of the map's content, and of the variable that holds it."""
        known = {use.access for use in proof.uses}
        others = [x for x in self.named().get(proof.where, ()) if x not in known]
        if not others:
            return proof
        contexts = {x: tuple(self.judge.contexts(x)) for x in others}
        uses = (*proof.uses, *(Use(x, contexts[x], x in self.judge.private) for x in others))
        return with_guard(proof._replace(uses=uses), self.guards.of(proof.where, uses))

    def named(self) -> dict[Location, list[Access]]:
        """All accesses by the name that their own function gives the map. What only takes a map out of its variable is none."""
        if self._named is None:
            found: dict[Location, list[Access]] = {}
            for x in self.judge.accesses():
                if x.op != "load":
                    found.setdefault(self._own_name(x), []).append(x)
            self._named = found
        return self._named

    def of(self, map_: Map) -> Proof | None:
        """The surest pair of a map that can race; None where every pair is ended by a filter."""
        uses = self.uses(map_)
        guards: dict[Location, Guard | None] = {}
        ended: Counter[str] = Counter()
        best: tuple[tuple[int, int, int], Proof] | None = None
        races = 0
        alone: Counter[tuple[object, ...]] = Counter()  # pairs with nothing that supports them, by what these have in common
        for a, b in self._pairs(map_, uses, ended):
            alike = (a.thread.kind, _home(a), b.thread.kind, _home(b))
            if alone[alike] >= _EXAMINED:
                ended[NO_SUPPORT] += 1
                continue
            reason = self.judge.ordered(a, b)
            if reason is not None:
                ended[reason] += 1
                continue
            where = self._where(a, b, uses)
            if where not in guards:
                guards[where] = self.guards.of(where, uses)
            proof = self._proof(where, a, b, uses, guards[where])
            if proof is None:
                ended[NO_SUPPORT] += 1
                alone[alike] += 1
                continue
            rank = (_RANKS.index(proof.confidence), len(proof.links), len(a.chain) + len(b.chain))
            if best is None or rank < best[0]:
                best = (rank, proof)
            races += 1
            if proof.confidence == "high" or races >= _EXAMINED:
                break
        if best is None:
            return None
        if races >= _EXAMINED and best[1].confidence == "low":
            self.unsure.add(map_)
        self.verdicts[map_] = best[1].confidence
        return best[1]._replace(uses=uses, objects=(map_.obj,), ended=tuple(sorted(ended.items())))

    def uses(self, map_: Map) -> tuple[Use, ...]:
        """Every access of a map."""
        return tuple(Use(x, tuple(self.judge.of_map(map_, x)), x in self.judge.private) for x in map_.accesses)

    def _where(self, a: Context, b: Context, uses: tuple[Use, ...]) -> Location:
        """The name of the map: a field or package variable as one of the two sides reaches it, else as any use does, else the variable."""
        found = self._best(self.locations.of(reached(c)) for c in (a, b))
        if found is None or found.kind not in ("field", "global"):
            found = self._best([*([found] if found else []), *(self.locations.of(reached(c)) for use in uses for c in use.contexts)])
        return self._own_name(a.access) if found is None or not self._has_name(found) else found

    def _own_name(self, x: Access) -> Location:
        """The name that the access's own function gives the map."""
        path = x.path.plus(x.slot) if x.slot else x.path
        return self.locations.of(Anchored(x.func, self.judge.bodies.normal(x.func, path)))

    def _best(self, names: Iterable[Location]) -> Location | None:
        return min((w for w in names if may_hold_map(self.index, w)), key=lambda w: (not self._has_name(w), w.rank), default=None)

    def _has_name(self, where: Location) -> bool:
        """Whether the code gives what lies there a name."""
        number = self.index.number.get(where.name) if where.at >= 0 else None
        return number is None or self.index.bodies[number].names[where.at] != ""

    def _pairs(self, map_: Map, uses: tuple[Use, ...], ended: Counter[str]) -> Iterator[tuple[Context, Context]]:
        """The pairs that their sides do not keep apart, those that promise the surest proof first: both sides have the map from one place.
        ``ended`` counts the others."""
        contexts = sorted((c for use in uses for c in use.contexts), key=self._promise)
        sides = [self.judge.side(c) for c in contexts]
        homes = [_home(c) for c in contexts]
        writing = [number for number, c in enumerate(contexts) if c.access.writes]
        for of_one in (True, False):
            for number, a in enumerate(contexts):
                others = range(number, len(contexts)) if a.access.writes else writing[bisect_left(writing, number) :]
                for other in others:
                    b = contexts[other]
                    if (homes[number] == homes[other]) != of_one:
                        continue
                    reason = self.judge.apart(map_, sides[number], sides[other])
                    if reason is not None:
                        ended[reason] += 1
                    else:
                        yield (a, b) if a.access.writes else (b, a)

    def _promise(self, c: Context) -> tuple[bool, bool, int, bool, int]:
        unsure = sum(link.grade for link in self.provenance.calls(c, c))
        return (c.thread.kind in UNKNOWN, c.access.op in ("len", "replace"), unsure, not c.access.writes, len(c.chain))

    def _proof(self, where: Location, a: Context, b: Context, uses: tuple[Use, ...], guard: Guard | None) -> Proof | None:
        links = self.provenance.links(a, b, guard)
        support = self.support.of(where, a, b, uses, guard)
        if not support and any(link.outside for link in links):
            return None
        reasons = (*(link.reason for link in links), *support)
        return Proof(where, a, b, confidence(links, bool(support)), links, reasons, (), guard, ())

    def _together(self, a: Proof, b: Proof) -> Proof:
        """Two proofs of one name as one: the surer pair (of equals that about the content), all accesses, with the guard of all."""
        better = min(a, b, key=lambda p: (_RANKS.index(p.confidence), bool(p.a.access.slot), len(p.links)))
        by_access: dict[Access, Use] = {}
        for use in (*a.uses, *b.uses):
            known = by_access.get(use.access)
            contexts = use.contexts if known is None else tuple(dict.fromkeys((*known.contexts, *use.contexts)))
            by_access[use.access] = Use(use.access, contexts, use.private)
        uses = tuple(by_access.values())
        ended = Counter(dict(a.ended))
        ended.update(dict(b.ended))
        full = with_guard(better._replace(uses=uses), self.guards.of(better.where, uses))
        return full._replace(objects=(*a.objects, *b.objects), ended=tuple(sorted(ended.items())))


def _home(c: Context) -> object:
    """Where a context has its map from: the variable of a function, or of a package."""
    root = c.map.path.root
    return (c.map.func, root) if isinstance(root, int) else root
