"""An analysed program to what was not seen of it, and to the counts that every report states."""

from collections import Counter
from collections.abc import Iterable, Sequence

from mapguard.base.gap import Gap, Reason
from mapguard.base.span import line_of
from mapguard.evidence.proof import Proof
from mapguard.evidence.proofs import Proofs
from mapguard.facts.model import FileFacts
from mapguard.findings.model import Stats
from mapguard.ir.lower import Failed
from mapguard.ir.model import ELEM, Call, External, Load, MapOp, Static, Store
from mapguard.program.types import UNKNOWN
from mapguard.races.accesses import Access

_LIBRARY = "init$<model>/"  # in the ids of bodies: what models declare for libraries


class Coverage:
    """Answers for one program, once its maps have been asked for. ``unlowered`` and ``unjudged`` are what defects have hidden."""

    def __init__(self, proofs: Proofs, unlowered: Sequence[Failed], unjudged: Sequence[tuple[Access, Exception]]) -> None:
        self.unlowered = unlowered
        self.unjudged = unjudged
        self.proofs = proofs
        self.judge = proofs.judge
        self.index = proofs.index
        self.typed = 0  # operations on maps
        self.untyped: dict[str, list[int]] = {}  # by file, the places where something of unknown type is indexed
        for number, body in enumerate(self.index.bodies):
            func = self.index.funcs[number]
            for block in body.blocks:
                for event in block.events:
                    if isinstance(event, MapOp):
                        self.typed += 1
                    elif isinstance(event, Load | Store) and event.field == ELEM and body.types[event.base] == UNKNOWN and func is not None:
                        self.untyped.setdefault(func.path, []).append(event.at)

    def gaps(self) -> list[Gap]:
        """What limits, unknown types and defects have hidden."""
        return [*self._untyped(), *self._cut(), *self._unsettled(), *self._crashed()]

    def _untyped(self) -> Iterable[Gap]:
        """One gap for each file in which something is indexed whose type is not known: were it a map, nobody would see that access."""
        for path, places in self.untyped.items():
            lines = {self._line(path, at) for at in places}
            count = len(set(places))
            what = f"{count} indexed {'value' if count == 1 else 'values'} of unknown type, this one first"
            yield Gap(Reason.TYPES, path, min(lines), what)

    def _cut(self) -> Iterable[Gap]:
        for access in self.judge.climber.cut:
            func = self.index.funcs[access.func]
            if func is not None:
                detail = "too many ways lead to this access: not all were followed"
                yield Gap(Reason.LIMIT, func.path, self._line(func.path, access.at), detail)

    def _unsettled(self) -> Iterable[Gap]:
        for ident in self.judge.bodies.unsettled:
            func = self.index.types.program.by_id.get(ident)
            if func is not None:
                detail = f"what '{func.display}' does to the locks of its callers did not settle"
                yield Gap(Reason.LIMIT, func.path, self._line(func.path, func.facts.at), detail)

    def _crashed(self) -> Iterable[Gap]:
        for path, at, error in self.unlowered:
            yield Gap(Reason.CRASH, path, self._line(path, at), f"{type(error).__name__}: {error}")
        for access, error in self.unjudged:
            func = self.index.funcs[access.func]
            path = func.path if func is not None else ""
            yield Gap(Reason.CRASH, path, self._line(path, access.at) if path else 0, f"{type(error).__name__}: {error}")

    def _line(self, path: str, at: int) -> int:
        return line_of(self.index.types.program.files[path].newlines, at)

    def stats(self, files: list[FileFacts], found: Sequence[Proof], seconds: dict[str, float]) -> Stats:
        """``files`` are those that were asked for; pairs are counted by the filter that ended them, for the maps with a proof."""
        ended: Counter[str] = Counter()
        for proof in found:
            ended.update(dict(proof.ended))
        program = self.index.types.program
        support = {f.path for f in files if not f.test and program.scopes[f.path].support}
        named = [f for f in program.funcs if f.outer is None and f.support and f.path not in support and not f.scope.file.test]
        calls = [place.event for place in self.index.sites if _LIBRARY not in self.index.bodies[place.func].func]
        inside = [site for site, place in enumerate(self.index.sites) if self._of_tree(place.event)]
        resolved = sum(self._resolved(site) for site in inside)
        threads = {
            t for number in range(len(self.index.bodies)) for t in self.judge.threads.started(number) if t.kind not in ("init", "unused")
        }
        return Stats(
            files=len(files),
            lines=sum(len(f.newlines) for f in files),
            functions=len(program.funcs),
            support_files=len(support),
            support_functions=len(named),
            calls=len(calls),
            calls_resolved=resolved,
            calls_in_tree=len(inside),
            map_expressions=self.typed + sum(map(len, self.untyped.values())),
            map_expressions_typed=self.typed,
            roots=len(threads),
            maps=len(self.judge.maps()),
            pairs=dict(sorted(ended.items())),
            seconds=seconds,
        )

    def _of_tree(self, event: object) -> bool:
        """Whether a call leads to a function of the tree, as far as its form tells."""
        assert isinstance(event, Call)
        return not isinstance(event.callee, External)

    def _resolved(self, site: int) -> bool:
        event = self.index.sites[site].event
        assert isinstance(event, Call)
        return isinstance(event.callee, Static) or self.judge.heap.targets(site) != 0
