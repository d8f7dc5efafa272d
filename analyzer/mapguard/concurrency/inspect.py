"""What the analysis believes, as lines for people: the filter that ended a pair, summaries, edges, roots, accesses."""

from collections import Counter
from collections.abc import Iterator

from mapguard.base.span import line_of
from mapguard.concurrency.contexts import Context
from mapguard.concurrency.domain import Access, Edge, show_path
from mapguard.concurrency.locations import by_location
from mapguard.concurrency.races import Judge
from mapguard.program.model import Func

_PAIR_LIMIT = 2000


def why_not(judge: Judge, a: tuple[str, int], b: tuple[str, int]) -> Iterator[str]:
    """Every pair of contexts of the accesses at the two places, grouped by the filter that ended it."""
    first, second = _accesses(judge, *a), _accesses(judge, *b)
    for place, found in ((a, first), (b, second)):
        if not found:
            yield f"{place[0]}:{place[1]}: no map access is known here"
    counts: Counter[str] = Counter()
    shown: dict[str, tuple[Context, Context]] = {}
    for x in first:
        for y in second:
            for p, q in _pairs(judge, x, y):
                possible = judge.possible(p) and judge.possible(q)
                reason = str(judge.decide(p, q) or "RACE") if possible else "IMPOSSIBLE"
                counts[reason] += 1
                shown.setdefault(reason, (p, q))
    for x in (*first, *second):
        yield x.show()
        if not judge.contexts(x):
            yield "  OWNED: on every way to this access nobody else can reach the map yet"
    for reason, count in sorted(counts.items()):
        p, q = shown[reason]
        yield f"{reason}: {count} pairs, for instance"
        yield f"  {show_context(p)}"
        yield f"  {show_context(q)}"


def _pairs(judge: Judge, x: Access, y: Access) -> Iterator[tuple[Context, Context]]:
    made = 0
    for p in judge.contexts(x):
        for q in judge.contexts(y):
            made += 1
            if made > _PAIR_LIMIT:
                return
            yield p, q


def _accesses(judge: Judge, path: str, line: int) -> list[Access]:
    return [
        access
        for unit in judge.analysis.units.values()
        if unit.func.path == path or unit.func.path.endswith("/" + path)
        for access in unit.accesses
        if _line(unit.func, access.at) == line
    ]


def _line(func: Func, at: int) -> int:
    return line_of(list(func.scope.file.newlines), at)


def show_context(c: Context) -> str:
    locks = ", ".join(f"{show_path(p)}:{m}" for p, m in c.locks) or "none"
    chain = " > ".join(e.caller.display for e in c.chain)
    many = " (many)" if c.thread.many else ""
    through = f", through {chain}" if chain else ""
    return f"{c.access.op} {show_path(c.path)} by {c.thread.kind} {c.thread.func.display}{many}, locks {locks}{through}"


def dump(judge: Judge, what: str, name: str) -> Iterator[str]:
    """Lines about every function (or map) whose id contains ``name``."""
    solved = judge.analysis
    if what == "accesses":
        for where, accesses in sorted(by_location(judge.graph).items()):
            if name in where.name:
                yield f"{where.kind} {where.name}"
                for access in sorted(accesses, key=lambda x: (x.func.path, x.at)):
                    owned = " owned" if access.owned else ""
                    yield f"  {access.op} {access.func.path}:{_line(access.func, access.at)} {access.func.display}{owned}"
        return
    for ident in sorted(solved.units):
        if name not in ident:
            continue
        unit = solved.units[ident]
        match what:
            case "facts" | "program":
                yield f"{ident} {unit.func.path}:{_line(unit.func, unit.func.facts.at)}"
            case "callgraph":
                for edge in unit.edges:
                    yield f"{ident} {_edge(edge)}"
            case "roots":
                root = judge.graph.roots.get(ident)
                if root is not None:
                    yield f"{ident} {root.kind}{' (many)' if root.many else ''}"
            case "summary":
                s = solved.summaries.get(ident)
                if s is not None:
                    yield ident
                    yield f"  acquires {[(show_path(p), m) for p, m in s.acquires]} releases {sorted(show_path(p) for p in s.releases)}"
                    yield f"  escapes {sorted(s.escapes)} spawns {len(s.spawns)} waits {sorted(show_path(p) for p in s.waits)}"
                    yield f"  returns {[[show_path(p) for p in v.paths] for v in s.returns]}"


def _edge(edge: Edge) -> str:
    held = ", ".join(show_path(p) for p, _ in edge.locks)
    return f"{edge.kind} {edge.callee.id} at line {_line(edge.caller, edge.at)}{' holding ' + held if held else ''}"
