"""What the analysis believes, as lines for people: the filter that ended a pair, calls, effects on locks, threads, accesses."""

from collections import Counter
from collections.abc import Iterator

from mapguard.base.span import line_of
from mapguard.bodies.state import Held
from mapguard.checks.functions import Functions
from mapguard.checks.names import Names
from mapguard.checks.sources import Sources
from mapguard.checks.variables import Variables
from mapguard.evidence.proofs import Proofs
from mapguard.order.edges import Edge
from mapguard.order.threads import NO_SITE
from mapguard.races.accesses import Access
from mapguard.races.contexts import Anchored, Context

_PAIR_LIMIT = 2000
NO_MAP = "DIFFERENT_OBJECT"


class Inspector:
    """Answers for one program. Ask it on a deep stack."""

    def __init__(self, proofs: Proofs, sources: Sources) -> None:
        self.proofs = proofs
        self.judge = proofs.judge
        self.index = proofs.index
        self.functions = Functions(self.index)
        self.names = Names(self.index, self.functions, Variables(self.functions), sources)
        self._accesses = self.judge.accesses()

    # ------------------------------------------------------------ why not

    def accesses_at(self, path: str, line: int) -> list[Access]:
        """The map accesses that start on a line of a file; the end of its path will do."""
        return [x for x in self._in(path) if self._line(x.func, x.at) == line]

    def lines_of(self, path: str) -> set[int]:
        """The lines of a file that access a map."""
        return {self._line(x.func, x.at) for x in self._in(path)}

    def _in(self, path: str) -> Iterator[Access]:
        for x in self._accesses:
            file = self.functions.of(x.func).path
            if file == path or file.endswith("/" + path):
                yield x

    def why_not(self, first: list[Access], second: list[Access]) -> Iterator[str]:
        """Every pair of contexts of the accesses at two places, grouped by the filter that ended it."""
        counts: Counter[str] = Counter()
        shown: dict[str, tuple[Context, Context]] = {}
        for p, q, reason in self._pairs(first, second):
            counts[reason] += 1
            shown.setdefault(reason, (p, q))
        for x in dict.fromkeys((*first, *second)):
            yield self._access(x)
            if not self.judge.resolver.accessed(x):
                yield "  NO_MAP: nothing is known that this map may be"
            elif not self.judge.contexts(x):
                private = x in self.judge.private
                yield f"  {'OWNED: nobody else can reach the map yet' if private else 'NO_THREAD: no thread is known to get here'}"
        for reason, count in sorted(counts.items()):
            yield f"{reason}: {count} {'pair' if count == 1 else 'pairs'}, for instance"
            yield from (f"  {self._context(c)}" for c in shown[reason])

    def _pairs(self, first: list[Access], second: list[Access]) -> Iterator[tuple[Context, Context, str]]:
        """The pairs of ways to two places, each with the filter that ended it, or how sure the race is."""
        made = 0
        maps = [m for m in self.judge.maps() if any(x in m.accesses for x in first) and any(y in m.accesses for y in second)]
        for x in first:
            for y in second:
                ours = [m for m in maps if x in m.accesses and y in m.accesses]
                for p in self.judge.contexts(x):
                    for q in self.judge.contexts(y):
                        made += 1
                        if made > _PAIR_LIMIT:
                            yield p, q, f"NOT_ASKED: of more than {_PAIR_LIMIT} pairs those after the first {_PAIR_LIMIT}"
                            return
                        reasons = [str(self.judge.decide(m, p, q) or "RACE") for m in ours]
                        yield p, q, "RACE" if "RACE" in reasons else reasons[0] if reasons else NO_MAP

    def _access(self, x: Access) -> str:
        at = self.judge.bodies.held(*x.where)
        held = self._locks(x.func, frozenset.intersection(*(a.held for a in at)) if at else frozenset())
        func = self.functions.of(x.func)
        map_ = self.names.path(Anchored(x.func, x.path))
        return f"{x.op} {map_} at {func.path}:{self._line(x.func, x.at)} in {func.display} holding {held or 'no lock'}"

    def _context(self, c: Context) -> str:
        locks = ", ".join(f"{self.names.path(lock)}:{mode}" for lock, mode in sorted(c.locks, key=repr)) or "none"
        chain = " > ".join(self.functions.of(self.index.sites[e.site].func).display for e in c.chain)
        many = " (many)" if self.judge.timing.many(c.thread) else ""
        through = f", through {chain}" if chain else ""
        runs = self.functions.of(c.thread.func).display
        return f"{c.access.op} {self.names.path(c.map)} by {c.thread.kind} {runs}{many}, locks {locks}{through}"

    # ------------------------------------------------------------ dump

    def dump(self, what: str, name: str) -> Iterator[str]:
        """Lines about every function whose name, with its package, contains ``name``; accesses also of every map whose name does."""
        if what == "accesses":
            yield from self._maps(name)
            return
        for number, body in enumerate(self.index.bodies):
            func = self.functions.of(number)
            if name not in body.func or func.path.startswith("<model>"):
                continue
            match what:
                case "facts" | "program":
                    yield f"{body.func} {func.path}:{self._line(number, func.facts.at)}"
                case "callgraph":
                    yield from (f"{body.func} {self._edge(e)}" for e in self._out(number))
                case "roots":
                    for t in self.judge.threads.started(number):
                        start = f" started at {self._site(t.site)}" if t.site != NO_SITE else ""
                        yield f"{body.func} {t.kind}{' (many)' if t.many else ''}{start}"
                case "summary":
                    for way in self.judge.bodies.effect(number):
                        taken, lost = (self._locks(number, held) or "nothing" for held in (way.taken, way.lost))
                        yield f"{body.func} takes {taken}, gives up {lost}"

    def _maps(self, name: str) -> Iterator[str]:
        grouped: dict[str, list[Access]] = {}
        for x in self._accesses:
            where = self.proofs.locations.of(Anchored(x.func, self.judge.bodies.normal(x.func, x.path)))
            if name in where.name or name in self.index.bodies[x.func].func:
                grouped.setdefault(f"{where.kind} {where.name}", []).append(x)
        for named, found in sorted(grouped.items()):
            yield named
            for x in sorted(found, key=lambda x: (self.functions.of(x.func).path, x.at, x.op)):
                func = self.functions.of(x.func)
                yield f"  {x.op} {func.path}:{self._line(x.func, x.at)} {func.display}"

    def _out(self, number: int) -> list[Edge]:
        sites = [site for site, place in enumerate(self.index.sites) if place.func == number]
        return [edge for site in sites for edge in self.judge.edges.out(site)]

    def _edge(self, edge: Edge) -> str:
        kind = edge.root or edge.kind
        return f"{kind}{' (many)' if edge.many else ''} {self.index.bodies[edge.func].func} at {self._site(edge.site)}"

    def _locks(self, func: int, held: Held) -> str:
        return ", ".join(f"{self.names.path(Anchored(func, path))}:{mode}" for path, mode in sorted(held, key=repr))

    def _site(self, site: int) -> str:
        place = self.index.sites[site]
        return f"{self.functions.of(place.func).path}:{self._line(place.func, self.functions.at(place[:3])[0])}"

    def _line(self, func: int, at: int) -> int:
        return line_of(self.functions.of(func).scope.file.newlines, at)
