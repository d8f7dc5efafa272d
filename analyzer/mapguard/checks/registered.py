"""Threads that begin in a function which is stored in a library's struct to the place where it is stored."""

from mapguard.ir.model import Store
from mapguard.models.load import Models
from mapguard.order.after import Where
from mapguard.order.threads import NO_SITE, Thread
from mapguard.races.judge import Judge


class Registrations:
    def __init__(self, judge: Judge, models: Models) -> None:
        self.judge = judge
        self.models = models
        self._places: dict[int, Where] | None = None

    def of(self, thread: Thread) -> Where | None:
        """The first store of the thread's function into a field whose functions the library runs; None where there is none."""
        return self.places().get(thread.func) if thread.site == NO_SITE else None

    def places(self) -> dict[int, Where]:
        if self._places is None:
            self._places = {}
            for func, body in enumerate(self.judge.index.bodies):
                for b, block in enumerate(body.blocks):
                    for number, event in enumerate(block.events):
                        if not isinstance(event, Store):
                            continue
                        kind, _, name = event.field.rpartition(".")
                        if "." in kind and self.models.field(kind, name) is not None:
                            made = self.judge.index.place(func, event.src)  # the fields of a literal have no place of their own
                            where = (func, b, number) if event.at or made is None else made[:3]
                            for target in self.judge.heap.functions(func, event.src):
                                self._places.setdefault(target, where)
        return self._places
