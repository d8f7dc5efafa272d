"""Errors of mapguard itself to what they hide: one function or one map, while the rest is analysed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from mapguard.base.budget import NO_MEMORY, BudgetError


class Defect(NamedTuple):
    """``path`` and ``at``, a byte of that file, say where an error was raised."""

    path: str
    at: int
    error: Exception


class Defects:
    """``found`` collects them where they are to be kept; else they are raised, as ``--debug`` wants it."""

    def __init__(self, keep: bool = False) -> None:
        self.found: list[Defect] = []
        self._keep = keep

    @contextmanager
    def kept(self, path: str, at: int) -> Iterator[None]:
        """An error in the block is noted for this place, and what follows the block goes on. A budget that is used up is no defect."""
        try:
            yield
        except BudgetError:
            raise
        except MemoryError:  # the next map would end the same way
            raise BudgetError(NO_MEMORY) from None
        except Exception as error:
            if not self._keep:
                raise
            self.found.append(Defect(path, at, error))
