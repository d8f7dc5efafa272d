"""Two contexts to what was said of them before: where a variable may be one of many maps, each of these asks about the same pairs."""

from collections import Counter
from collections.abc import Callable
from typing import Generic, TypeVar

from mapguard.heap.tabling import Bits
from mapguard.races.accesses import Access
from mapguard.races.contexts import Context
from mapguard.races.maps import Maps

_FEW = 4  # maps that are asked each for itself
_Answer = TypeVar("_Answer")


class Pairs(Generic[_Answer]):
    """Remembers a question about pairs whose accesses are both of more than a few maps. There are few answers, so that a set of contexts
    for each takes less room than a table of pairs."""

    def __init__(self, ask: Callable[[Context, Context], _Answer], maps: Maps) -> None:
        self._ask = ask
        self._maps = maps
        self._shared: set[Access] | None = None
        self._numbers: dict[Context, int] = {}
        self._known: dict[Context, dict[_Answer, Bits]] = {}

    def of(self, a: Context, b: Context) -> _Answer:
        """The answer for the two, in this order."""
        if self._shared is None:
            maps = Counter(access for map_ in self._maps.all() for access in map_.accesses)
            self._shared = {access for access, count in maps.items() if count > _FEW}
        if a.access not in self._shared or b.access not in self._shared:
            return self._ask(a, b)
        number = self._numbers.setdefault(b, len(self._numbers))
        known = self._known.setdefault(a, {})
        for answer, others in known.items():
            if others >> number & 1:
                return answer
        answer = self._ask(a, b)
        known[answer] = known.get(answer, 0) | 1 << number
        return answer
