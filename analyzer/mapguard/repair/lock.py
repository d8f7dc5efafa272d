"""A lock as the text of one function writes it."""

from typing import NamedTuple


class Lock(NamedTuple):
    """``written`` is the mutex; readers share one that is ``shared``."""

    written: str
    shared: bool = False

    def takes(self, writes: bool) -> str:
        return f"{self.written}.{self._mode(writes)}Lock()"

    def gives(self, writes: bool) -> str:
        return f"{self.written}.{self._mode(writes)}Unlock()"

    def _mode(self, writes: bool) -> str:
        return "R" if self.shared and not writes else ""
