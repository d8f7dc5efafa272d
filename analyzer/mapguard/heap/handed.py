"""Library calls to the objects that they are given and whose methods they call: handlers, services, what writes itself into a log."""

from mapguard.heap.index import Index
from mapguard.ir.model import Call, External, Reg
from mapguard.models.load import Models


class Handed:
    """``by_method`` has the sites, with the register of the object, that call a method of this name; ``*`` stands for all exported ones."""

    def __init__(self, index: Index, models: Models) -> None:
        self.by_method: dict[str, list[tuple[int, Reg]]] = {}
        self.at: dict[int, list[Reg]] = {}
        for site, place in enumerate(index.sites):
            event = place.event
            if isinstance(event, Call) and isinstance(event.callee, External):
                self._note(site, event, event.callee.name, models)

    def _note(self, site: int, event: Call, name: str, models: Models) -> None:
        model = models.function(name)
        if model is None:
            return
        wanted = [(root.arg, root.methods) for root in model.root]
        if model.methods:
            wanted.extend((argument, model.methods) for argument in model.calls)
        for argument, methods in wanted:
            for number, reg in enumerate(event.args):
                if argument in (argument_name(name, number), "args"):
                    self.at.setdefault(site, []).append(reg)
                    for method in methods:
                        self.by_method.setdefault(method, []).append((site, reg))

    def of(self, method: str, exported: bool) -> list[tuple[int, Reg]]:
        """The sites that may call a method of this name, with the register of the object."""
        found = list(self.by_method.get(method, ()))
        return [*found, *self.by_method.get("*", ())] if exported else found


def argument_name(function: str, number: int) -> str:
    """What models call the argument ``number`` of a call."""
    if function.startswith("("):
        return f"arg{number - 1}" if number else "recv"
    return f"arg{number}"
