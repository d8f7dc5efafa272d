"""Fields to whether they are flags that are claimed like locks: only where somebody claims one does unsetting it give up anything."""

from mapguard.heap.index import Index
from mapguard.ir.model import CELL


class Flags:
    """Who finds a flag unset under a lock and sets it has it until it is unset. Claims are met while bodies are interpreted; ``new`` has
    the fields of those that came last."""

    def __init__(self, index: Index) -> None:
        self._addressed = index.addressed
        self._claimed: set[str] = set()
        self.new: set[str] = set()

    def claim(self, field: str) -> None:
        """Somebody claims a field."""
        field = self.one(field)
        if field not in self._claimed:
            self._claimed.add(field)
            self.new.add(field)

    def claimed(self, field: str) -> bool:
        return self.one(field) in self._claimed

    def one(self, field: str) -> str:
        """One name for the fields that may be the same variable: what a pointer leads to can be any whose address is taken."""
        return CELL if field in self._addressed else field
