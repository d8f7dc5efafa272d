"""Library calls to the registers whose values they get: arguments as they are, converted, one of several, or among the variadic ones."""

from collections.abc import Iterator, Sequence

from mapguard.heap.index import Index
from mapguard.ir.model import Alloc, Call, Cast, Copy, External, Phi, Reg, Store


class Given:
    """``at`` has the registers by the site of the call, ``to`` the sites by function and register."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.at: dict[int, tuple[Reg, ...]] = {}
        self.to: dict[tuple[int, Reg], list[int]] = {}
        for site, place in enumerate(index.sites):
            event = place.event
            if isinstance(event, Call) and isinstance(event.callee, External):
                self.at[site] = tuple(self._values(place.func, event.args))
                for reg in self.at[site]:
                    self.to.setdefault((place.func, reg), []).append(site)

    def _values(self, func: int, args: Sequence[Reg]) -> Iterator[Reg]:
        pending, seen = list(dict.fromkeys(args)), set(args)
        while pending:
            reg = pending.pop()
            yield reg
            more = [r for r in dict.fromkeys(self._behind(func, reg)) if r not in seen]
            pending.extend(more)
            seen.update(more)

    def _behind(self, func: int, reg: Reg) -> Sequence[Reg]:
        """The registers that have what is in a register, or in the list of variadic arguments that it is."""
        place = self.index.place(func, reg)
        match place.event if place is not None else None:
            case Copy(src=src) | Cast(src=src):
                return (src,)
            case Phi(args=several):
                return several
            case Alloc(how="pack"):
                assert place is not None
                after = self.index.bodies[func].blocks[place.block].events[place.number :]
                return [e.src for e in after if isinstance(e, Store) and e.base == reg]
        return ()
