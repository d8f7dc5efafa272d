"""Contexts to the locks that whoever started their thread holds until they are over: they are lent to the thread.

A starter that waits for its goroutines before it unlocks keeps everybody else away from them, but not the goroutines from each other,
nor from itself. A flag that is claimed and never given back is held for good.
"""

from mapguard.bodies.effects import library_name
from mapguard.bodies.paths import Path
from mapguard.bodies.state import WRITE
from mapguard.bodies.summaries import Bodies
from mapguard.heap.tabling import members
from mapguard.ir.flow import Spot, events
from mapguard.ir.model import Call, Load, MapOp, Return, RunDefers, Store
from mapguard.order.after import SAME, Reach
from mapguard.order.stops import NEVER
from mapguard.order.threads import NO_SITE
from mapguard.races.contexts import Anchored, Context, Lending
from mapguard.races.provenance import Provenance
from mapguard.races.timing import Timing

_SAME = frozenset((SAME,))


class Lent:
    def __init__(self, bodies: Bodies, timing: Timing, provenance: Provenance) -> None:
        self.bodies = bodies
        self.index = bodies.index
        self.timing = timing
        self.provenance = provenance
        self._released: frozenset[str] | None = None

    def with_lent(self, c: Context) -> Context:
        """A context with the locks that are lent to its thread."""
        if c.thread.site == NO_SITE or not any(at.held for at in c.held[: c.inside]):
            return c
        found: set[Lending] = set()
        for number, (edge, at) in enumerate(zip(c.chain[: c.inside], c.held, strict=False)):
            giver = self.index.sites[edge.site].func
            start = next(e.site for e in c.chain[number:] if e.kind in ("go", "root", "parallel"))
            for path, mode in at.held:
                if mode == WRITE and self._keeps(giver, path, start, c):
                    lock = Anchored(giver, self.bodies.normal(giver, path))
                    found |= {Lending(lock, giver), Lending(self.provenance.followed(lock, c.chain), giver)}
        return c._replace(lent=frozenset(found))

    def _keeps(self, giver: int, lock: Path, start: int, c: Context) -> bool:
        """Whether a function holds a lock from a start that leads to the thread of a context until that is over."""
        if self._last(lock) not in self._all_released():
            return True
        return not self._gives_up(giver, lock, self.timing.until(start, c, NEVER, giver))

    def _gives_up(self, func: int, lock: Path, reach: Reach) -> bool:
        """Whether a function can end, or come to an event where it does not hold a lock, in what is reached."""
        for b, p, event in events(self.index.bodies[func]):
            if not isinstance(event, Return | RunDefers | Call | MapOp | Load | Store) or not reach.has((func, b, p), _SAME):
                continue
            if isinstance(event, Return | RunDefers):
                return True
            if getattr(event, "how", "call") != "call":
                continue
            if any((lock, WRITE) not in at.held for at in self.bodies.held(func, b, p)):
                return True
            if isinstance(event, Call) and self._releases(func, (b, p), event, self.bodies.normal(func, lock)):
                return True
        return False

    def _releases(self, func: int, spot: Spot, call: Call, lock: Path) -> bool:
        """Whether a call gives up a lock, itself or in what it runs."""
        given_back = self._given_back(func, call)
        if given_back is not None:
            return given_back == lock
        site = self.index.site_at[func, *spot]
        lost = ((t, path) for t in members(self.bodies.heap.targets(site)) for way in self.bodies.effect(t) for path, _ in way.lost)
        return any(self.bodies.given(site, t, path) == lock for t, path in lost)

    def _given_back(self, func: int, call: Call) -> Path | None:
        """The lock or flag that a call to a library gives back; None where it gives none back."""
        name = library_name(call.callee)
        model = self.bodies.models.function(name) if name and call.args else None
        if model is None or not (model.releases or model.unclaims):
            return None
        return self.bodies.normal(func, self.bodies.paths(func).of(call.args[0]))

    # ------------------------------------------------------------ what is held for good

    def _all_released(self) -> frozenset[str]:
        """The last names of all locks and flags that the program gives back anywhere."""
        if self._released is None:
            found: set[str] = set()
            for func, body in enumerate(self.index.bodies):
                for _, _, event in events(body):
                    match event:
                        case Call():
                            given_back = self._given_back(func, event)
                            if given_back is not None:
                                found.add(self._last(given_back))
                        case Store(base=base, field=field, src=src) if self.bodies.paths(func).constants.get(src) != "true":
                            found.add(self._last(self.bodies.paths(func).member(base, field)))
            self._released = frozenset(found)
        return self._released

    def _last(self, path: Path) -> str:
        """The field or package variable that a path ends in; "" for what a function has of its own."""
        return path.fields[-1] if path.fields else path.root if isinstance(path.root, str) else ""
