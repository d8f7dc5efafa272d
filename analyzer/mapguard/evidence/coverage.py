"""An analysed program to what was not seen of it, and to the counts that every report states."""

from collections import Counter
from collections.abc import Iterable, Sequence

from mapguard.base.gap import Gap, Reason
from mapguard.base.span import line_of
from mapguard.evidence.proof import Proof
from mapguard.evidence.proofs import Proofs
from mapguard.evidence.unfollowed import unfollowed
from mapguard.findings.model import Stats
from mapguard.heap.index import Place
from mapguard.heap.tabling import Bits
from mapguard.heap.written import written
from mapguard.ir.model import ELEM, Call, Event, External, Load, MapOp, Static, Store
from mapguard.program.types import UNKNOWN
from mapguard.races import limits
from mapguard.races.walks import DEPTH

_LIBRARY = "init$<model>/"  # in the ids of bodies: what models declare for libraries
_Places = dict[str, set[int]]  # bytes of files


class Coverage:
    """Answers for one program, once its maps have been asked for. Ask it on a deep stack."""

    def __init__(self, proofs: Proofs) -> None:
        self.proofs = proofs
        self.judge = proofs.judge
        self.index = proofs.index
        self.typed = 0  # operations on maps
        self.untyped: dict[str, list[int]] = {}  # by file, the places where something of unknown type is indexed
        for number, body in enumerate(self.index.bodies):
            path = written(self.index, number)[0]
            for block in body.blocks:
                for event in block.events:
                    if isinstance(event, MapOp):
                        self.typed += 1
                    elif isinstance(event, Load | Store) and event.field == ELEM and body.types[event.base] == UNKNOWN:
                        self.untyped.setdefault(path, []).append(event.at)

    # ------------------------------------------------------------ what was not seen

    def gaps(self) -> list[Gap]:
        """What limits, unknown types and defects have hidden, and the maps that come from nowhere known."""
        untyped = {path: set(places) for path, places in self.untyped.items()}
        return [
            *limits.gaps(self.judge),
            *unfollowed(self.proofs),
            *self._by_file(Reason.TYPES, untyped, "indexed value", "of unknown type"),
            *self._by_file(Reason.ORIGIN, self._unmade(), "use", "of a map that is made nowhere known"),
            *self._by_file(
                Reason.LIMIT, self._cut_short(), "call", f"of a library with maps more than {DEPTH} levels deep in its arguments"
            ),
            *self._crashed(),
        ]

    def _by_file(self, reason: Reason, places: _Places, what: str, how: str) -> Iterable[Gap]:
        """One gap for each file, at the first of its places."""
        for path, found in places.items():
            if path:
                count = f"1 {what} {how}" if len(found) == 1 else f"{len(found)} {what}s {how}, this one first"
                yield Gap(reason, path, self._line(path, min(found)), count)

    def _unmade(self) -> _Places:
        """The accesses whose map is no known object, by file, where something fills or sets what has the same name: no pair of these was
        judged. A map that nobody fills is none."""
        found: _Places = {}
        if self.judge.stopped:
            return found
        for group in self.proofs.named().values():
            if any(x.writes for x in group):
                for x in group:
                    with self.judge.kept(x):
                        if not self.judge.resolver.accessed(x):
                            found.setdefault(written(self.index, x.func)[0], set()).add(x.at)
        return found

    def _cut_short(self) -> _Places:
        found: _Places = {}
        for func, at in self.judge.found.walks.cut:
            found.setdefault(written(self.index, func)[0], set()).add(at)
        return found

    def _crashed(self) -> Iterable[Gap]:
        for path, at, error in self.judge.heap.defects.found:
            yield Gap(Reason.CRASH, path, self._line(path, at), f"{type(error).__name__}: {error}")

    def _line(self, path: str, at: int) -> int:
        file = self.index.types.program.files.get(path)
        return line_of(file.newlines, at) if file is not None else 0

    # ------------------------------------------------------------ counts

    def stats(self, found: Sequence[Proof]) -> Stats:
        """What there is and, as far as the maps made it worth asking, what of it was resolved; pairs are counted by the filter that ended
        them, for the maps with a proof."""
        ended: Counter[str] = Counter()
        for proof in found:
            ended.update(dict(proof.ended))
        calls = [(site, place.event) for site, place in enumerate(self.index.sites) if self._is_call_of_tree(place)]
        asked = [targets for site, event in calls if (targets := self._targets(site, event)) is not None]
        return Stats(
            calls=len(calls),
            calls_resolved=sum(targets != 0 for targets in asked),
            calls_in_tree=len(asked),
            map_expressions=self.typed + sum(map(len, self.untyped.values())),
            map_expressions_typed=self.typed,
            roots=sum(t.kind not in ("init", "unused") for t in self.judge.threads.known()),
            maps=self.judge.found.counted,
            pairs=dict(sorted(ended.items())),
        )

    def _is_call_of_tree(self, place: Place) -> bool:
        """Whether the tree makes a call, not what models declare for libraries."""
        return _LIBRARY not in self.index.bodies[place.func].func

    def _targets(self, site: int, event: Event) -> Bits | None:
        """The functions of the tree that a call may run; None where it runs a library's, or where nobody has asked."""
        assert isinstance(event, Call)
        match event.callee:
            case External():
                return None
            case Static():
                return 1
        return self.judge.heap.known_targets(site)
