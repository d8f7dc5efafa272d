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


def accesses_at(judge: Judge, path: str, line: int) -> list[Access]:
    """The map accesses that start on a line of a file; the end of its path will do."""
    return [access for access in _accesses_in(judge, path) if _line(access.func, access.at) == line]


def lines_of(judge: Judge, path: str) -> set[int]:
    """The lines of a file that access a map."""
    return {_line(access.func, access.at) for access in _accesses_in(judge, path)}


def why_not(judge: Judge, first: list[Access], second: list[Access]) -> Iterator[str]:
    """Every pair of contexts of the accesses at two places, grouped by the filter that ended it."""
    counts: Counter[str] = Counter()
    shown: dict[str, tuple[Context, Context]] = {}
    for x in first:
        for y in second:
            for p, q in _pairs(judge, x, y):
                possible = judge.possible(p) and judge.possible(q)
                reason = str(judge.decide(p, q) or "RACE") if possible else "IMPOSSIBLE"
                counts[reason] += 1
                shown.setdefault(reason, (p, q))
    for x in dict.fromkeys((*first, *second)):
        yield _show_access(x)
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


def _accesses_in(judge: Judge, path: str) -> Iterator[Access]:
    for unit in judge.analysis.units.values():
        if unit.func.path == path or unit.func.path.endswith("/" + path):
            yield from unit.accesses


def _show_access(x: Access) -> str:
    held = ", ".join(f"{show_path(p)}:{m}" for p, m in x.locks) or "no lock"
    owned = ", owned" if x.owned else ""
    return f"{x.op} {show_path(x.path)} at {x.func.path}:{_line(x.func, x.at)} in {x.func.display} holding {held}{owned}"


def _line(func: Func, at: int) -> int:
    return line_of(list(func.scope.file.newlines), at)


def show_context(c: Context) -> str:
    locks = ", ".join(f"{show_path(p)}:{m}" for p, m in c.locks) or "none"
    chain = " > ".join(e.caller.display for e in c.chain)
    many = " (many)" if c.thread.many else ""
    through = f", through {chain}" if chain else ""
    return f"{c.access.op} {show_path(c.path)} by {c.thread.kind} {c.thread.func.display}{many}, locks {locks}{through}"


def dump(judge: Judge, what: str, name: str) -> Iterator[str]:
    """Lines about every function whose name, with its package, contains ``name``; accesses also of every map whose name does."""
    solved = judge.analysis
    if what == "accesses":
        for where, accesses in sorted(by_location(judge.graph).items()):
            shown = accesses if name in where.name else [x for x in accesses if name in x.func.id]
            if shown:
                yield f"{where.kind} {where.name}"
            for access in sorted(shown, key=lambda x: (x.func.path, x.at)):
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
